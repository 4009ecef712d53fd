"""Configurations pin mapping versions

An export configuration names the version of each mapping file that it uses, in a table of its own,
so that methods with other kinds of mapping files need no columns. Each takes the newest version,
which is what it used so far; deliveries keep the versions that they were rendered with.

Revision: 0033, after 0032
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"

_PIN_IDM = """
INSERT INTO configuration_mappings
    (configuration_id, kind, organization_id, mapping_id, version_id)
SELECT c.id, 'idm', c.organization_id, f.id, v.id
FROM export_configurations AS c
JOIN mapping_files AS f ON f.id = c.idm_mapping_id
JOIN mapping_versions AS v ON v.mapping_id = f.id AND v.number = f.latest_number
"""
# Only where the method uses it: a column may have stayed from another method.
_PIN_BOD = """
INSERT INTO configuration_mappings
    (configuration_id, kind, organization_id, mapping_id, version_id)
SELECT c.id, 'bod', c.organization_id, f.id, v.id
FROM export_configurations AS c
JOIN mapping_files AS f ON f.id = c.bod_mapping_id
JOIN mapping_versions AS v ON v.mapping_id = f.id AND v.number = f.latest_number
WHERE c.method = 'infor-idm-bod'
"""


def upgrade() -> None:
    op.create_table(
        "configuration_mappings",
        sa.Column("configuration_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("mapping_id", sa.Text(), nullable=False),
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["configuration_id"],
            ["export_configurations.id"],
            name=op.f("fk_configuration_mappings_configuration_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_configuration_mappings_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["mapping_id"],
            ["mapping_files.id"],
            name=op.f("fk_configuration_mappings_mapping_id"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["mapping_versions.id"],
            name=op.f("fk_configuration_mappings_version_id"),
        ),
        sa.PrimaryKeyConstraint("configuration_id", "kind", name=op.f("pk_configuration_mappings")),
    )
    for column in ("mapping_id", "version_id"):
        op.create_index(
            op.f(f"ix_configuration_mappings_{column}"), "configuration_mappings", [column]
        )
    op.execute(_PIN_IDM)
    op.execute(_PIN_BOD)
    op.add_column(
        "deliveries", sa.Column("mapping_versions", sa.JSON(), nullable=False, server_default="{}")
    )
    op.add_column("deliveries", sa.Column("erp_reference", sa.Text(), nullable=True))
    _keep_versions_of_deliveries()
    # Not in a batch, which would copy the table: no index or reference has these columns.
    op.drop_column("deliveries", "idm_mapping_version_id")
    op.drop_column("deliveries", "bod_mapping_version_id")
    with op.batch_alter_table("export_configurations") as batch_op:
        batch_op.add_column(sa.Column("options", sa.JSON(), nullable=False, server_default="{}"))
        for kind in ("idm", "bod"):
            batch_op.drop_index(batch_op.f(f"ix_export_configurations_{kind}_mapping_id"))
            batch_op.drop_constraint(
                batch_op.f(f"fk_export_configurations_{kind}_mapping_id"), type_="foreignkey"
            )
            batch_op.drop_column(f"{kind}_mapping_id")


def _keep_versions_of_deliveries() -> None:
    deliveries = sa.table(
        "deliveries",
        sa.column("id", sa.Text()),
        sa.column("mapping_versions", sa.JSON()),
        sa.column("idm_mapping_version_id", sa.Text()),
        sa.column("bod_mapping_version_id", sa.Text()),
    )
    connection = op.get_bind()
    pairs = (deliveries.c.idm_mapping_version_id, deliveries.c.bod_mapping_version_id)
    used = connection.execute(sa.select(*pairs).where(pairs[0].is_not(None)).distinct()).all()
    # There are few pairs of versions, and many deliveries.
    for idm, bod in used:
        versions = {"idm": idm} | ({"bod": bod} if bod is not None else {})
        connection.execute(
            sa.update(deliveries)
            .where(pairs[0] == idm, pairs[1].is_not_distinct_from(bod))
            .values(mapping_versions=versions)
        )
