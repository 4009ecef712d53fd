"""What the ERP says of documents and deliveries, and where it says so

Revision: 0038, after 0037
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.add_column("documents", sa.Column("erp_status", sa.Text(), nullable=True))
    op.add_column("documents", sa.Column("erp_reference", sa.Text(), nullable=True))
    op.add_column("deliveries", sa.Column("erp_status", sa.Text(), nullable=True))
    op.add_column(
        "deliveries", sa.Column("erp_text", sa.Text(), nullable=False, server_default=sa.text("''"))
    )
    op.add_column("deliveries", sa.Column("erp_voucher", sa.Text(), nullable=True))
    op.add_column("deliveries", sa.Column("erp_changed_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "erp_endpoints",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("token_digest", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_erp_endpoints_connection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_erp_endpoints_organization_id")
        ),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_erp_endpoints")),
    )
    op.create_table(
        "erp_acknowledgements",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("bod_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("voucher", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("content_digest", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("last_received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_erp_acknowledgements_connection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_erp_acknowledgements_delivery_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_erp_acknowledgements_organization_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erp_acknowledgements")),
        sa.UniqueConstraint(
            "connection_id", "content_digest", name="uq_erp_acknowledgements_content"
        ),
    )
    op.create_index("ix_erp_acknowledgements_delivery_id", "erp_acknowledgements", ["delivery_id"])
    op.create_index(
        "ix_erp_acknowledgements_connection_id_received_at",
        "erp_acknowledgements",
        ["connection_id", "received_at"],
    )
