"""Findings hold documents

Warnings become findings: undecided where the document still waits for validation.

Revision: 0004, after 0003
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_WAITING = "ready_for_validation"
_AT_A_TIME = 500

_documents = sa.table(
    "documents",
    sa.column("id", sa.Text),
    sa.column("organization_id", sa.Text),
    sa.column("status", sa.Text),
    sa.column("warnings", sa.JSON),
    sa.column("duplicate_of", sa.Text),
    sa.column("open_findings", sa.Integer),
    sa.column("created_at", sa.BigInteger),
    sa.column("updated_at", sa.BigInteger),
)


def upgrade() -> None:
    op.create_table(
        "document_findings",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_text", sa.Text(), nullable=False),
        sa.Column("delivery_ids", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_document_findings_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_document_findings_organization_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_findings")),
        sa.UniqueConstraint("document_id", "code", "fingerprint", name="uq_document_findings_key"),
    )
    with op.batch_alter_table("document_findings", schema=None) as batch_op:
        batch_op.create_index(
            "ix_document_findings_organization_id",
            ["organization_id", "document_id"],
            unique=False,
        )
    # Not in batch mode: SQLite would drop the table that others refer to.
    op.execute("ALTER TABLE documents RENAME COLUMN warning_count TO open_findings")
    _move_warnings(op.get_bind())
    op.execute("ALTER TABLE documents DROP COLUMN warnings")


def _move_warnings(connection: sa.Connection) -> None:
    findings = sa.table(
        "document_findings",
        *(sa.column(name) for name in ("id", "organization_id", "document_id", "code", "effect")),
        sa.column("parameters", sa.JSON),
        *(sa.column(name) for name in ("fingerprint", "created_at", "decided_by", "decided_at")),
        *(sa.column(name) for name in ("reason", "decided_text")),
        sa.column("delivery_ids", sa.JSON),
    )
    after = ""
    while True:
        rows = connection.execute(
            sa.select(_documents)
            .where(_documents.c.open_findings > 0, _documents.c.id > after)
            .order_by(_documents.c.id)
            .limit(_AT_A_TIME)
        ).all()
        if not rows:
            break
        after = rows[-1].id
        found = {values["id"]: values for row in rows for values in _findings_of(row)}
        connection.execute(sa.insert(findings), list(found.values()))
    connection.execute(
        sa.update(_documents)
        .where(_documents.c.open_findings > 0, _documents.c.status != _WAITING)
        .values(open_findings=0)
    )


def _findings_of(row: sa.Row[Any]) -> list[dict[str, object]]:
    decided = {
        "decided_by": "ionport",
        "decided_at": row.updated_at,
        "reason": "Exported by a version that did not hold documents.",
    }
    undecided = {"decided_by": None, "decided_at": None, "reason": ""}
    is_open = row.status == _WAITING
    made: dict[str, dict[str, object]] = {}
    for warning in row.warnings:
        parameters = {"text": warning["text"]}
        if warning["code"] == "duplicate_number" and row.duplicate_of:
            parameters["document"] = row.duplicate_of
        text = json.dumps(parameters, sort_keys=True, ensure_ascii=True)
        fingerprint = hashlib.sha256(text.encode()).hexdigest()
        made[warning["code"] + fingerprint] = {
            "id": f"fnd_{uuid.uuid4().hex}",
            "organization_id": row.organization_id,
            "document_id": row.id,
            "code": warning["code"],
            "effect": "holds",
            "parameters": parameters,
            "fingerprint": fingerprint,
            "created_at": row.created_at,
            **(undecided if is_open else decided),
            "decided_text": "" if is_open else warning["text"],
            "delivery_ids": [],
        }
    return list(made.values())
