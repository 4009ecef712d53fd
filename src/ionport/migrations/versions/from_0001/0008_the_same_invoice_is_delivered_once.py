"""The same invoice is delivered once

Every invoice gets an identity, and those with a delivery claim theirs.

Revision: 0008, after 0007
"""

from __future__ import annotations

import unicodedata
import uuid
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_AT_A_TIME = 500
_KINDS = {"INVOICE": "invoice", "CREDIT_NOTE": "credit_note"}
_KEY = ("organization_id", "kind", "number")


def upgrade() -> None:
    op.create_table(
        "invoice_identities",
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("suppliers", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_invoice_identities_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_invoice_identities_organization_id"),
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_invoice_identities")),
    )
    op.create_index("ix_invoice_identities_number", "invoice_identities", list(_KEY))
    op.create_table(
        "invoice_numbers",
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_invoice_numbers_organization_id"),
        ),
        sa.PrimaryKeyConstraint(*_KEY, name=op.f("pk_invoice_numbers")),
    )
    op.create_table(
        "invoice_claims",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("suppliers", sa.JSON(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_invoice_claims_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_invoice_claims_organization_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_claims")),
    )
    op.create_index("ix_invoice_claims_number", "invoice_claims", list(_KEY))
    op.create_index("ix_invoice_claims_document_id", "invoice_claims", ["document_id"])
    _fill(op.get_bind())
    # Not in batch mode: SQLite would drop the table that others refer to.
    op.drop_index("ix_documents_organization_id_duplicate_key", table_name="documents")
    op.execute("ALTER TABLE documents DROP COLUMN duplicate_key")


def _fill(connection: sa.Connection) -> None:
    documents = sa.table(
        "documents",
        *(sa.column(name) for name in ("id", "organization_id", "document_type")),
        sa.column("fields", sa.JSON),
    )
    deliveries = sa.table("deliveries", sa.column("document_id"), sa.column("created_at"))
    identities = _table("invoice_identities", "document_id")
    claims = _table("invoice_claims", "id", "document_id", "claimed_at")
    first_delivery = (
        sa.select(sa.func.min(deliveries.c.created_at))
        .where(deliveries.c.document_id == documents.c.id)
        .scalar_subquery()
    )
    after = ""
    while True:
        rows = connection.execute(
            sa.select(documents, first_delivery.label("claimed_at"))
            .where(documents.c.document_type.in_(_KINDS), documents.c.id > after)
            .order_by(documents.c.id)
            .limit(_AT_A_TIME)
        ).all()
        if not rows:
            return
        after = rows[-1].id
        made = [(row, _identity(row)) for row in rows]
        connection.execute(sa.insert(identities), [identity for _row, identity in made])
        claimed = [
            {**identity, "id": f"clm_{uuid.uuid4().hex}", "claimed_at": row.claimed_at}
            for row, identity in made
            if row.claimed_at is not None
        ]
        if claimed:
            connection.execute(sa.insert(claims), claimed)


def _table(name: str, *own: str) -> sa.TableClause:
    columns: list[sa.ColumnClause[Any]] = [sa.column(one) for one in (*own, *_KEY, "year")]
    return sa.table(name, *columns, sa.column("suppliers", sa.JSON))


def _identity(row: sa.Row[Any]) -> dict[str, object]:
    fields = row.fields
    number = "".join(sign for sign in _folded(fields.get("invoice_id", "")) if _counts(sign))
    ids = (fields.get("supplier_tax_id", ""), fields.get("supplier_id", ""))
    suppliers = {f"id:{plain}" for one in ids if (plain := _plain(one))}
    if name := _plain(fields.get("supplier_name", "")):
        suppliers.add(f"name:{name}")
    year = fields.get("invoice_date", "")[:4]
    return {
        "document_id": row.id,
        "organization_id": row.organization_id,
        "kind": _KINDS[row.document_type],
        "number": number.lstrip("0") or number[-1:],
        "year": int(year) if year.isdigit() else 0,
        "suppliers": sorted(suppliers),
    }


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _counts(sign: str) -> bool:
    return not sign.isspace() and unicodedata.category(sign) not in ("Cf", "Cc")


def _plain(text: str) -> str:
    return "".join(sign for sign in _folded(text) if sign.isalnum())
