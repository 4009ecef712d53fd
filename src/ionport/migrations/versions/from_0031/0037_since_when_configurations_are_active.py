"""Since when configurations are active, and document types that export nothing by themselves

What nothing holds is exported by itself in organizations made from now on. Those that are there
keep what they have: each document type without settings of its own gets the ones it had, with that
switched off.

Revision: 0037, after 0036
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"

_APPROVALS = {
    "first_from": None,
    "second_from": None,
    "second_is_another_person": True,
    "who_changed_may_not_approve": True,
    "exports_by_itself": False,
}


def upgrade() -> None:
    op.add_column("export_configurations", sa.Column("activated_at", sa.BigInteger()))
    settings = sa.table(
        "document_type_settings",
        sa.column("organization_id", sa.Text()),
        sa.column("document_type", sa.Text()),
        sa.column("settings", sa.JSON()),
        sa.column("updated_at", sa.BigInteger()),
        sa.column("updated_by", sa.Text()),
    )
    connection = op.get_bind()
    organizations = (
        connection.execute(sa.text("SELECT id FROM organizations WHERE parent_id IS NULL"))
        .scalars()
        .all()
    )
    stored = {
        tuple(row)
        for row in connection.execute(
            sa.select(settings.c.organization_id, settings.c.document_type)
        )
    }
    now = int(datetime.now(UTC).timestamp() * 1_000_000)
    rows = [
        {
            "organization_id": organization,
            "document_type": kind,
            "settings": {
                "document_type": kind,
                "fields": {},
                "effects": {},
                "approvals": _APPROVALS,
            },
            "updated_at": now,
            "updated_by": "ionport",
        }
        for organization in organizations
        for kind in ("INVOICE", "CREDIT_NOTE")
        if (organization, kind) not in stored
    ]
    if rows:
        connection.execute(sa.insert(settings), rows)
