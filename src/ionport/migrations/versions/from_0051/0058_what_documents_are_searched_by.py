"""What documents are searched by

Revision: 0058, after 0057
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"

_SEARCHED: Final = (
    *("supplier_name", "supplier_id", "supplier_tax_id", "supplier_tax_number", "supplier_iban"),
    *("buyer_name", "purchase_order", "sales_order", "reference", "contract_reference"),
    *("payment_reference", "preceding_invoice", "despatch_advice", "total_amount", "amount_due"),
)
_AT_ONCE: Final = 1_000


def upgrade() -> None:
    connection = op.get_bind()
    documents = sa.table(
        "documents",
        *(sa.column(name, sa.Text) for name in ("id", "filename", "number", "search_text")),
        sa.column("fields", sa.JSON),
    )
    c, last = documents.c, ""
    change = (
        sa.update(documents)
        .where(c.id == sa.bindparam("key"))
        .values(search_text=sa.bindparam("text"))
    )
    while True:
        # The triggers of the table keep the index.
        page = (
            sa.select(c.id, c.filename, c.number, c.fields)
            .where(c.id > last)
            .order_by(c.id)
            .limit(_AT_ONCE)
        )
        rows = connection.execute(page).all()
        if not rows:
            return
        connection.execute(change, [{"key": row.id, "text": _text(row)} for row in rows])
        last = rows[-1].id


def _text(row: sa.Row[Any, Any, Any, Any]) -> str:
    searched = (row.fields.get(name, "") for name in _SEARCHED)
    texts = dict.fromkeys((row.filename, row.id, row.number, *searched))
    return "\n".join(filter(None, texts)).casefold()
