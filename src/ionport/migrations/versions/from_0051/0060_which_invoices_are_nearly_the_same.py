"""Which invoices are nearly the same

Revision: 0060, after 0059
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"

_AT_ONCE: Final = 1_000
_INVOICED: Final = ("invoice", "credit_note")


def upgrade() -> None:
    # Not in batch mode: SQLite would make the table anew.
    op.add_column(
        "invoice_identities", sa.Column("likeness", sa.Text(), nullable=False, server_default="")
    )
    _fill(op.get_bind())
    op.create_index(
        "ix_invoice_identities_likeness",
        "invoice_identities",
        ["organization_id", "kind", "likeness"],
    )


def _fill(connection: sa.Connection) -> None:
    documents = sa.table("documents", *map(sa.column, ("id", "total_amount", "currency")))
    identities = sa.table(
        "invoice_identities", *map(sa.column, ("document_id", "kind", "number", "likeness"))
    )
    change = (
        sa.update(identities)
        .where(identities.c.document_id == sa.bindparam("key"))
        .values(likeness=sa.bindparam("new"))
    )
    last = ""
    while True:
        page = (
            sa.select(
                identities.c.document_id,
                identities.c.number,
                documents.c.total_amount,
                documents.c.currency,
            )
            .join(documents, documents.c.id == identities.c.document_id)
            .where(identities.c.document_id > last, identities.c.kind.in_(_INVOICED))
            .order_by(identities.c.document_id)
            .limit(_AT_ONCE)
        )
        rows = connection.execute(page).all()
        if not rows:
            return
        connection.execute(change, [{"key": row[0], "new": _likeness(*row[1:])} for row in rows])
        last = rows[-1].document_id


def _likeness(number: str, total: str, currency: str) -> str:
    folded = unicodedata.normalize("NFKC", number.casefold())
    signs = "".join(sorted(filter(str.isalnum, folded.replace("0", ""))))
    if not signs or not total.strip("-0."):
        return ""
    key = "\n".join((currency, total, signs))
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
