"""Values from outside are as long as the indexes of PostgreSQL hold

SQLite has kept longer ones, with which an installation could not be moved to PostgreSQL.

Revision: 0064, after 0063
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"

_LONGEST: Final = 300
_SHOWN: Final = (
    *("number_key", "supplier_name", "invoice_date", "due_date", "purchase_order", "supplier_id"),
    *("total_amount", "total_net_amount", "currency"),
)
_NUMBERED: Final = ("invoice_identities", "invoice_numbers", "invoice_claims")


def upgrade() -> None:
    connection = op.get_bind()
    documents = sa.table("documents", *(sa.column(name, sa.Text) for name in _SHOWN))
    cut = {name: sa.func.substr(documents.c[name], 1, _LONGEST) for name in _SHOWN}
    is_long = sa.or_(*(sa.func.length(documents.c[name]) > _LONGEST for name in _SHOWN))
    connection.execute(sa.update(documents).where(is_long).values(cut))
    for name in _NUMBERED:
        number = sa.column("number", sa.Text)
        table = sa.table(name, number)
        long = (
            sa.select(number).distinct().select_from(table).where(sa.func.length(number) > _LONGEST)
        )
        for text in connection.execute(long).scalars().all():
            digest = blake2b(text.encode(), digest_size=32).hexdigest()
            connection.execute(sa.update(table).where(number == text).values(number=digest))
