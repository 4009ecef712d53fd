"""More columns of the list of documents, each with an index for its order

Revision: 0061, after 0060
"""

from __future__ import annotations

from math import isfinite
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"

_FIELDS: Final = ("due_date", "purchase_order", "supplier_id", "total_net_amount")
_SORTS: Final = ("due_date", "purchase_order", "supplier_id", "net_number")
_AT_ONCE: Final = 1_000
_LONGEST: Final = 300  # PostgreSQL refuses longer ones in an index.


def upgrade() -> None:
    connection = op.get_bind()
    for name in _FIELDS:
        op.add_column("documents", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column(
        "documents", sa.Column("net_number", sa.Double(), nullable=False, server_default="0")
    )
    _fill(connection)
    if connection.dialect.name != "sqlite":
        # New rows name their values; SQLite cannot drop a default without making the table anew.
        for name in (*_FIELDS, "net_number"):
            op.alter_column("documents", name, server_default=None)
    for name in _SORTS:
        op.create_index(
            f"ix_documents_organization_id_{name}", "documents", ["organization_id", name, "id"]
        )


def _fill(connection: sa.Connection) -> None:
    """Write the fields of the documents that are there into their columns, some at a time."""
    documents = sa.table(
        "documents",
        sa.column("id", sa.Text),
        sa.column("fields", sa.JSON),
        *(sa.column(name, sa.Text) for name in _FIELDS),
        sa.column("net_number", sa.Double),
    )
    c, last = documents.c, ""
    change = (
        sa.update(documents)
        .where(c.id == sa.bindparam("key"))
        .values({name: sa.bindparam(f"new_{name}") for name in (*_FIELDS, "net_number")})
    )
    while True:
        # The database takes them out of the JSON.
        page = (
            sa.select(c.id, *(c.fields[name].as_string().label(name) for name in _FIELDS))
            .where(c.id > last)
            .order_by(c.id)
            .limit(_AT_ONCE)
        )
        rows = connection.execute(page).all()
        if not rows:
            return
        connection.execute(change, [_values(row) for row in rows])
        last = rows[-1].id


def _values(row: sa.Row[Any]) -> dict[str, Any]:
    texts = {name: (getattr(row, name) or "")[:_LONGEST] for name in _FIELDS}
    values = {f"new_{name}": text for name, text in texts.items()}
    return {**values, "key": row.id, "new_net_number": _number(texts["total_net_amount"])}


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if isfinite(number) else 0.0
