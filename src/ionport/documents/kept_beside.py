"""What triggers of the database keep up to date: counts by status, and the search index.

SQLite has one writer, which adds to the rows of `document_counts`. On PostgreSQL each change adds
rows, so that no transaction waits for another one's, and every hundredth change adds rows together;
the sum is always right.

The search index has all sequences of three characters: SQLite's FTS5, and on PostgreSQL
an array of them under a GIN index, which needs no extension.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import DDL, Table, event

PENDING_KIB: Final = 256
"""How much PostgreSQL's index takes up unsorted: each search reads all of it. 4,096 as shipped."""
_SAME: Final = (
    "organization_id = {row}.organization_id AND status = {row}.status"
    " AND document_type = {row}.document_type"
)
_LESS: Final = f"UPDATE document_counts SET number = number - 1 WHERE {_SAME.format(row='OLD')};"  # noqa: S608
_MORE: Final = (
    f"UPDATE document_counts SET number = number + 1 WHERE {_SAME.format(row='NEW')};"  # noqa: S608
    " INSERT INTO document_counts (organization_id, status, document_type, number)"
    " SELECT NEW.organization_id, NEW.status, NEW.document_type, 1"
    f" WHERE NOT EXISTS (SELECT 1 FROM document_counts WHERE {_SAME.format(row='NEW')});"
)
_FIND: Final = (
    "INSERT INTO document_search_texts (rowid, search_text)"
    " SELECT id, NEW.search_text FROM document_search WHERE document_id = NEW.id;"
)
_FORGET: Final = (
    "INSERT INTO document_search_texts (document_search_texts, rowid, search_text)"
    " SELECT 'delete', id, OLD.search_text FROM document_search WHERE document_id = OLD.id;"
)
ON_SQLITE: Final = (
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
ON_POSTGRESQL: Final = (
    (
        "CREATE TABLE document_search (document_id text PRIMARY KEY, organization_id text NOT NULL,"
        " search_text text NOT NULL, trigrams text[] NOT NULL)"
    ),
    (
        "CREATE INDEX ix_document_search_trigrams ON document_search USING gin (trigrams)"
        f" WITH (gin_pending_list_limit = {PENDING_KIB})"
    ),
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


def keep_beside(documents: Table) -> None:
    """Have counts, index and triggers made together with the table `documents`."""
    ddl: Callable[[str], Any] = DDL
    for dialect, statements in (("sqlite", ON_SQLITE), ("postgresql", ON_POSTGRESQL)):
        for statement in statements:
            event.listen(documents, "after_create", ddl(statement).execute_if(dialect=dialect))
