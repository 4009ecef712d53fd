"""The mapping versions that deliveries name, each once, and indexes of the list of mapping files

Revision: 0035, after 0034
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    named = op.create_table(
        "named_mapping_versions",
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["mapping_versions.id"],
            name=op.f("fk_named_mapping_versions_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_named_mapping_versions_organization_id"),
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_named_mapping_versions")),
    )
    # Ids are of letters and digits: one stands in the text of the JSON as it is.
    told = sa.table("deliveries", sa.column("mapping_versions", sa.JSON()))
    texts = sa.select(sa.cast(told.c.mapping_versions, sa.Text()).label("text")).distinct()
    versions = sa.table("mapping_versions", sa.column("id"), sa.column("organization_id"))
    distinct = texts.subquery()
    found = sa.select(versions.c.id, versions.c.organization_id).where(
        sa.exists().where(distinct.c.text.contains(versions.c.id))
    )
    op.execute(sa.insert(named).from_select(["version_id", "organization_id"], found))
    for column in ("kind", "updated_at"):
        op.create_index(
            f"ix_mapping_files_{column}", "mapping_files", ["organization_id", column, "name_key"]
        )
