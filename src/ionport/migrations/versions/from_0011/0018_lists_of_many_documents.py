"""Lists of many documents: an index for each order, counts, and what is searched

Revision: 0018, after 0017
"""

from __future__ import annotations

from math import isfinite

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_AT_A_TIME = 500
_SAME = (
    "organization_id = {row}.organization_id AND status = {row}.status"
    " AND document_type = {row}.document_type"
)
_LESS = f"UPDATE document_counts SET number = number - 1 WHERE {_SAME.format(row='OLD')};"  # noqa: S608
_MORE = (
    f"UPDATE document_counts SET number = number + 1 WHERE {_SAME.format(row='NEW')};"  # noqa: S608
    " INSERT INTO document_counts (organization_id, status, document_type, number)"
    " SELECT NEW.organization_id, NEW.status, NEW.document_type, 1"
    f" WHERE NOT EXISTS (SELECT 1 FROM document_counts WHERE {_SAME.format(row='NEW')});"
)
_FIND = (
    "INSERT INTO document_search_texts (rowid, search_text)"
    " SELECT id, NEW.search_text FROM document_search WHERE document_id = NEW.id;"
)
_FORGET = (
    "INSERT INTO document_search_texts (document_search_texts, rowid, search_text)"
    " SELECT 'delete', id, OLD.search_text FROM document_search WHERE document_id = OLD.id;"
)
_ON_SQLITE = (
    # Its own numbers: those of rows of `documents` change when a database is packed.
    (
        "CREATE TABLE document_search (id INTEGER PRIMARY KEY, document_id TEXT NOT NULL UNIQUE,"
        " organization_id TEXT NOT NULL)"
    ),
    (
        "CREATE VIRTUAL TABLE document_search_texts USING"
        " fts5(search_text, content='', tokenize='trigram case_sensitive 1')"
    ),
    (
        "CREATE TRIGGER documents_added AFTER INSERT ON documents BEGIN"  # noqa: S608
        f" {_MORE} INSERT INTO document_search (document_id, organization_id)"
        f" VALUES (NEW.id, NEW.organization_id); {_FIND} END"
    ),
    (
        "CREATE TRIGGER documents_moved AFTER UPDATE OF status, document_type ON documents"
        " WHEN OLD.status <> NEW.status OR OLD.document_type <> NEW.document_type"
        f" BEGIN {_LESS} {_MORE} END"
    ),
    (
        "CREATE TRIGGER documents_reworded AFTER UPDATE OF search_text ON documents"
        f" WHEN OLD.search_text <> NEW.search_text BEGIN {_FORGET} {_FIND} END"
    ),
    (
        "CREATE TRIGGER documents_removed AFTER DELETE ON documents"  # noqa: S608
        f" BEGIN {_LESS} {_FORGET} DELETE FROM document_search WHERE document_id = OLD.id; END"
    ),
)
_ON_POSTGRESQL = (
    (
        "CREATE TABLE document_search (document_id text PRIMARY KEY, organization_id text NOT NULL,"
        " search_text text NOT NULL, trigrams text[] NOT NULL)"
    ),
    "CREATE INDEX ix_document_search_trigrams ON document_search USING gin (trigrams)",
    (
        "CREATE FUNCTION document_trigrams(words text) RETURNS text[]"
        " LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT coalesce(array_agg(DISTINCT"
        " substr(words, place, 3)), '{}') FROM generate_series(1, length(words) - 2) AS place $$"
    ),
    """CREATE FUNCTION keep_beside_documents() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE made bigint;
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM document_search WHERE document_id = OLD.id;
  ELSIF TG_OP = 'INSERT' THEN
    INSERT INTO document_search VALUES
      (NEW.id, NEW.organization_id, NEW.search_text, document_trigrams(NEW.search_text));
  ELSIF OLD.search_text <> NEW.search_text THEN
    UPDATE document_search SET search_text = NEW.search_text,
      trigrams = document_trigrams(NEW.search_text) WHERE document_id = NEW.id;
  END IF;
  IF TG_OP = 'UPDATE' THEN
    IF OLD.status = NEW.status AND OLD.document_type = NEW.document_type THEN
      RETURN NULL;
    END IF;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO document_counts (organization_id, status, document_type, number)
      VALUES (OLD.organization_id, OLD.status, OLD.document_type, -1);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO document_counts (organization_id, status, document_type, number)
      VALUES (NEW.organization_id, NEW.status, NEW.document_type, 1) RETURNING id INTO made;
    IF mod(made, 101) = 0 THEN
      WITH old AS (
        DELETE FROM document_counts WHERE id IN (
          SELECT id FROM document_counts WHERE organization_id = NEW.organization_id
          FOR UPDATE SKIP LOCKED)
        RETURNING status, document_type, number)
      INSERT INTO document_counts (organization_id, status, document_type, number)
        SELECT NEW.organization_id, status, document_type, sum(number) FROM old
        GROUP BY status, document_type HAVING sum(number) <> 0;
    END IF;
  END IF;
  RETURN NULL;
END $$""",
    (
        "CREATE TRIGGER documents_kept_beside AFTER INSERT OR DELETE"
        " OR UPDATE OF status, document_type, search_text ON documents"
        " FOR EACH ROW EXECUTE FUNCTION keep_beside_documents()"
    ),
)
_SORTS = (
    "updated_at",
    "filename",
    "document_type",
    "number_key",
    "supplier_name",
    "invoice_date",
    "total_number",
)


def upgrade() -> None:
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    number_key = sa.Text() if is_sqlite else sa.Text(collation="C")
    op.add_column(
        "documents", sa.Column("number_key", number_key, nullable=False, server_default="")
    )
    op.add_column(
        "documents", sa.Column("total_number", sa.Double(), nullable=False, server_default="0")
    )
    _fill(connection)
    if not is_sqlite:
        # New rows name their values; SQLite cannot drop a default without making the table anew.
        op.alter_column("documents", "number_key", server_default=None)
        op.alter_column("documents", "total_number", server_default=None)
    for name in _SORTS:
        op.create_index(
            f"ix_documents_organization_id_{name}", "documents", ["organization_id", name, "id"]
        )
    op.create_table(
        "document_counts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("organization_id", "status", "document_type")
        ),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_counts")),
    )
    op.create_index(
        "ix_document_counts_organization_id",
        "document_counts",
        ["organization_id", "status", "document_type"],
    )
    for statement in _ON_SQLITE if is_sqlite else _ON_POSTGRESQL:
        connection.exec_driver_sql(statement)
    _count_and_index(connection, is_sqlite=is_sqlite)


def _fill(connection: sa.Connection) -> None:
    """Write what lists sort by for the documents that are there."""
    documents = sa.table(
        "documents",
        *(sa.column(n) for n in ("id", "number", "total_amount", "number_key", "total_number")),
    )
    after = ""
    while True:
        rows = connection.execute(
            sa.select(documents.c.id, documents.c.number, documents.c.total_amount)
            .where(documents.c.id > after)
            .order_by(documents.c.id)
            .limit(_AT_A_TIME)
        ).all()
        if not rows:
            return
        after = rows[-1].id
        connection.execute(
            sa.update(documents)
            .where(documents.c.id == sa.bindparam("of_id"))
            .values(number_key=sa.bindparam("key"), total_number=sa.bindparam("total")),
            [
                {
                    "of_id": row.id,
                    "key": row.number.casefold(),
                    "total": _number(row.total_amount),
                }
                for row in rows
            ],
        )


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if isfinite(number) else 0.0


def _count_and_index(connection: sa.Connection, *, is_sqlite: bool) -> None:
    connection.exec_driver_sql(
        "INSERT INTO document_counts (organization_id, status, document_type, number)"
        " SELECT organization_id, status, document_type, count(*) FROM documents"
        " GROUP BY organization_id, status, document_type"
    )
    if not is_sqlite:
        connection.exec_driver_sql(
            "INSERT INTO document_search SELECT id, organization_id, search_text,"
            " document_trigrams(search_text) FROM documents"
        )
        return
    connection.exec_driver_sql(
        "INSERT INTO document_search (document_id, organization_id)"
        " SELECT id, organization_id FROM documents ORDER BY created_at, id"
    )
    connection.exec_driver_sql(
        "INSERT INTO document_search_texts (rowid, search_text)"
        " SELECT s.id, d.search_text FROM document_search AS s"
        " JOIN documents AS d ON d.id = s.document_id"
    )
