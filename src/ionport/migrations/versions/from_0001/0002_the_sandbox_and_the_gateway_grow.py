"""The sandbox and the gateway grow

Revision: 0002, after 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "catalog_objects",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("schema", sa.JSON(), nullable=False),
        sa.Column("properties", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_catalog_objects")),
    )
    op.create_table(
        "control_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_control_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_control_keys_digest")),
    )
    with op.batch_alter_table("control_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_control_keys_tenant_id"), ["tenant_id"], unique=False)

    op.create_table(
        "idm_entities",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("default_acl", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_idm_entities")),
    )
    op.create_table(
        "idm_entity_acls",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("entity_name", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "entity_name", "name", name=op.f("pk_idm_entity_acls")
        ),
    )
    op.create_table(
        "idm_entity_attributes",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("entity_name", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("default_value", sa.Text(), nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("is_unique", sa.Boolean(), nullable=False),
        sa.Column("is_searchable", sa.Boolean(), nullable=False),
        sa.Column("max_length", sa.Integer(), nullable=True),
        sa.Column("value_list", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "entity_name", "name", name=op.f("pk_idm_entity_attributes")
        ),
    )
    op.create_table(
        "ion_connection_points",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("logical_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_automatic", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ion_connection_points")),
        sa.UniqueConstraint("tenant_id", "logical_id", name="uq_ion_connection_points_logical_id"),
    )
    op.create_table(
        "ion_document_flows",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("document_name", sa.Text(), nullable=False),
        sa.Column("document_type", sa.Text(), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("target", sa.JSON(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ion_document_flows")),
    )
    with op.batch_alter_table("ion_document_flows", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_ion_document_flows_tenant_id"), ["tenant_id"], unique=False
        )

    op.create_table(
        "ion_settings",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("is_strict", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_ion_settings")),
    )
    op.create_table(
        "lake_objects",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("document_name", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lake_objects")),
    )
    with op.batch_alter_table("lake_objects", schema=None) as batch_op:
        batch_op.create_index(
            "ix_lake_objects_stored", ["tenant_id", "stored_at", "id"], unique=False
        )

    op.create_table(
        "ln_companies",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_invoice", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "number", name=op.f("pk_ln_companies")),
    )
    op.create_table(
        "ln_invoices",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("company", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("invoice_number", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("processing", sa.Text(), nullable=False),
        sa.Column("header", sa.JSON(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("messages", sa.JSON(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "company", "number", name=op.f("pk_ln_invoices")),
        sa.UniqueConstraint(
            "tenant_id",
            "company",
            "supplier",
            "invoice_number",
            name="uq_ln_invoices_supplier_invoice",
        ),
    )
    with op.batch_alter_table("ln_invoices", schema=None) as batch_op:
        batch_op.create_index(
            "ix_ln_invoices_created_at", ["tenant_id", "created_at"], unique=False
        )

    op.create_table(
        "ln_receipts",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("company", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("receipt_line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("packing_slip", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "company", "receipt", "receipt_line", name=op.f("pk_ln_receipts")
        ),
    )
    with op.batch_alter_table("ln_receipts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_ln_receipts_order", ["tenant_id", "company", "order"], unique=False
        )

    op.create_table(
        "released_blobs",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("released_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_released_blobs")),
    )
    with op.batch_alter_table("released_blobs", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_released_blobs_released_at"), ["released_at"], unique=False
        )

    op.create_table(
        "sandbox_controls",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("clock_offset_microseconds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_sandbox_controls")),
    )
    op.create_table(
        "sandbox_faults",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("figure", sa.Float(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("after_commit", sa.Boolean(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("hits", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_faults")),
    )
    with op.batch_alter_table("sandbox_faults", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_sandbox_faults_tenant_id"), ["tenant_id"], unique=False
        )

    op.create_table(
        "sandbox_snapshots",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_snapshots")),
        sa.UniqueConstraint("tenant_id", "name", name="uq_sandbox_snapshots_name"),
    )
    op.create_table(
        "sandbox_token_marks",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("expired_before", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_sandbox_token_marks")),
    )
    op.create_table(
        "idm_version_resources",
        sa.Column("item_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("mime_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_number"],
            ["idm_items.number"],
            name=op.f("fk_idm_version_resources_item_number"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "item_number", "version", "position", name=op.f("pk_idm_version_resources")
        ),
    )
    op.create_table(
        "idm_versions",
        sa.Column("item_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("acl", sa.Text(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_number"],
            ["idm_items.number"],
            name=op.f("fk_idm_versions_item_number"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("item_number", "version", name=op.f("pk_idm_versions")),
    )
    op.create_table(
        "ion_acknowledgements",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("bod_sha256", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_attempt", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["flow"],
            ["ion_document_flows.id"],
            name=op.f("fk_ion_acknowledgements_flow"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message"],
            ["ion_messages.id"],
            name=op.f("fk_ion_acknowledgements_message"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ion_acknowledgements")),
        sa.UniqueConstraint("flow", "message", name="uq_ion_acknowledgements_message"),
    )
    with op.batch_alter_table("ion_acknowledgements", schema=None) as batch_op:
        batch_op.create_index("ix_ion_acknowledgements_due", ["state", "next_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_ion_acknowledgements_message"), ["message"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_ion_acknowledgements_tenant_id"), ["tenant_id"], unique=False
        )

    op.create_table(
        "ion_point_documents",
        sa.Column("point", sa.Text(), nullable=False),
        sa.Column("document_name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["point"],
            ["ion_connection_points.id"],
            name=op.f("fk_ion_point_documents_point"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("point", "document_name", name=op.f("pk_ion_point_documents")),
    )
    op.create_table(
        "sandbox_snapshot_files",
        sa.Column("snapshot_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["sandbox_snapshots.id"],
            name=op.f("fk_sandbox_snapshot_files_snapshot_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "sha256", name=op.f("pk_sandbox_snapshot_files")),
    )
    op.create_table(
        "api_suite_icons",
        sa.Column("suite_id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["suite_id"],
            ["api_suites.id"],
            name=op.f("fk_api_suite_icons_suite_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_api_suite_icons_tenant_id")
        ),
        sa.PrimaryKeyConstraint("suite_id", name=op.f("pk_api_suite_icons")),
    )
    op.create_table(
        "ion_ack_attempts",
        sa.Column("acknowledgement", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["acknowledgement"],
            ["ion_acknowledgements.id"],
            name=op.f("fk_ion_ack_attempts_acknowledgement"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("acknowledgement", "number", name=op.f("pk_ion_ack_attempts")),
    )
    with op.batch_alter_table("idm_attributes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("order_key", sa.LargeBinary(), nullable=True))

    with op.batch_alter_table("idm_items", schema=None) as batch_op:
        batch_op.add_column(sa.Column("checked_out_by", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("checked_out_at", sa.BigInteger(), nullable=True))

    with op.batch_alter_table("sandbox_calls", schema=None) as batch_op:
        batch_op.add_column(sa.Column("fault", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("response_type", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("response_body", sa.LargeBinary(), nullable=True))
