"""How much of the search's index is read unsorted by each search, on PostgreSQL

Revision: 0062, after 0061
"""

from __future__ import annotations

from alembic import op

revision = "0062"
down_revision = "0061"


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    connection.exec_driver_sql(
        "ALTER INDEX ix_document_search_trigrams SET (gin_pending_list_limit = 256)"
    )
    connection.exec_driver_sql("SELECT gin_clean_pending_list('ix_document_search_trigrams')")
