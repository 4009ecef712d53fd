"""Suppliers, and the accounts that are known of them

What was delivered makes its account known.

Revision: 0013, after 0012
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_AT_A_TIME = 500


def _organization(table: str) -> list[Any]:
    key = op.f(f"fk_{table}_organization_id")
    return [
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=key),
    ]


def upgrade() -> None:
    op.create_table(
        "suppliers",
        sa.Column("id", sa.Text(), nullable=False),
        *_organization("suppliers"),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("vat_id", sa.Text(), nullable=False),
        sa.Column("tax_number", sa.Text(), nullable=False),
        sa.Column("gln", sa.Text(), nullable=False),
        sa.Column("accounts", sa.JSON(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppliers")),
        sa.UniqueConstraint(
            "organization_id", "number", name=op.f("uq_suppliers_organization_id_number")
        ),
    )
    op.create_table(
        "supplier_identities",
        *_organization("supplier_identities"),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("supplier_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["supplier_id"],
            ["suppliers.id"],
            name=op.f("fk_supplier_identities_supplier_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("supplier_id", "identity", name=op.f("pk_supplier_identities")),
    )
    op.create_index(
        "ix_supplier_identities_identity", "supplier_identities", ["organization_id", "identity"]
    )
    op.create_table(
        "known_accounts",
        *_organization("known_accounts"),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_known_accounts_document_id")
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "identity", "account", name=op.f("pk_known_accounts")
        ),
    )
    op.create_index("ix_known_accounts_document_id", "known_accounts", ["document_id"])
    op.create_table(
        "account_locks",
        *_organization("account_locks"),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "identity", name=op.f("pk_account_locks")),
    )
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    """Make the accounts of delivered invoices known, the oldest first."""
    claims = sa.table(
        "invoice_claims",
        *(sa.column(name) for name in ("id", "organization_id", "document_id", "claimed_at")),
        sa.column("suppliers", sa.JSON),
    )
    documents = sa.table("documents", sa.column("id"), sa.column("fields", sa.JSON))
    after = ""
    while True:
        rows = connection.execute(
            sa.select(claims, documents.c.fields)
            .join(documents, documents.c.id == claims.c.document_id)
            .where(claims.c.id > after)
            .order_by(claims.c.id)
            .limit(_AT_A_TIME)
        ).all()
        if not rows:
            return
        after = rows[-1].id
        for row in rows:
            _learn(connection, row)


def _learn(connection: sa.Connection, row: sa.Row[Any]) -> None:
    account = _account(row.fields)
    known = sa.table(
        "known_accounts",
        *(sa.column(n) for n in ("organization_id", "identity", "account", "document_id")),
        sa.column("known_at"),
    )
    for identity in row.suppliers if account else ():
        key = {"organization_id": row.organization_id, "identity": identity, "account": account}
        there = sa.select(known.c.account).where(*(known.c[n] == key[n] for n in key))
        if connection.execute(there).first() is None:
            values = {**key, "document_id": row.document_id, "known_at": row.claimed_at}
            connection.execute(sa.insert(known).values(values))


def _account(fields: dict[str, str]) -> str:
    number, bank = (
        "".join(sign for sign in fields.get(name, "").upper() if sign.isalnum())
        for name in ("supplier_iban", "bank_id")
    )
    return number if not bank or number[:2].isalpha() else f"{number}/{bank}"
