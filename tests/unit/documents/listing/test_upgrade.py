"""What documents of the versions before are found and sorted by."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text

from ionport.core.ids import key_text
from ionport.documents.kept_beside import PENDING_KIB
from ionport.documents.listing.model import ListQuery
from ionport.documents.listing.repository import ListRepository
from ionport.documents.model import DocumentFilter, DocumentSort, DocumentSummary
from ionport.migrations import _config, upgrade
from ionport.store import Database, OrganizationScope

pytestmark = pytest.mark.on_each_database
SCOPE = OrganizationScope("org_1")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


def _fill(database: Database, revision: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Make the schema of an older version, with documents."""
    config = _config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    with database.write() as work:
        work.connection.execute(
            text("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 1)")
        )
        names = ", ".join(rows[0])
        values = ", ".join(f":{name}" for name in rows[0])
        insert = text(f"INSERT INTO documents ({names}) VALUES ({values})")
        work.connection.execute(insert, rows)


def _row(number: int, **fields: str | None) -> dict[str, Any]:
    return {
        "id": f"doc_{number}", "organization_id": "org_1", "document_type": "INVOICE",
        "filename": "a.xml", "mime_type": "application/xml", "size_bytes": 1,
        "content_sha256": str(number), "status": "ready_for_validation",
        "fields": json.dumps(fields), "tables": "{}", "open_findings": 0, "created_at": 1,
        "created_by": "ada", "updated_at": 1, "number": "RE-1", "supplier_name": "",
        "invoice_date": "", "total_amount": "", "currency": "", "number_key": "re-1",
        "total_number": 0.0, "search_text": "a.xml\nre-1",
    }  # fmt: skip


def _found(database: Database, query: ListQuery) -> Sequence[DocumentSummary]:
    with database.read() as work:
        lists = ListRepository(work.connection)
        return lists.page(SCOPE, query, lists.counts(SCOPE)).items


def test_documents_of_the_version_before_are_found_by_their_other_values(
    database: Database,
) -> None:
    iban = "DE89370400440532013000"
    _fill(database, "0057", [_row(1, invoice_id="RE-1", supplier_iban=iban), _row(2)])
    upgrade(database)
    wanted = DocumentFilter(text="0440532013")
    assert [each.id for each in _found(database, ListQuery(wanted))] == ["doc_1"]


def test_documents_of_the_version_before_have_the_newer_columns_and_are_sorted_by_them(
    database: Database,
) -> None:
    """More of them than are written at a time, with and without these fields."""
    told = {
        2: {"due_date": "2026-04-01", "total_net_amount": "9.50"},
        1500: {"supplier_id": "77", "purchase_order": "PO-1", "total_net_amount": "10"},
    }
    rows = [
        _row(n, **told.get(n, {"due_date": None, "total_net_amount": "NaN"})) for n in range(1501)
    ]
    _fill(database, "0060", rows)
    upgrade(database)

    def first(sort: DocumentSort, limit: int = 1) -> list[Mapping[str, str]]:
        names = ("due_date", "supplier_id", "purchase_order", "total_net_amount")
        items = _found(database, ListQuery(sort=sort, limit=limit))
        return [
            {name: getattr(each, name) for name in names if getattr(each, name)} for each in items
        ]

    assert first(DocumentSort.TOTAL_NET_AMOUNT, 2) == [told[1500], told[2]]
    assert first(DocumentSort.DUE_DATE) == [told[2]]
    assert first(DocumentSort.SUPPLIER_ID) == first(DocumentSort.PURCHASE_ORDER) == [told[1500]]


def test_values_of_the_version_before_that_no_index_holds_do_not_stop_the_upgrade(
    database: Database,
) -> None:
    long = "".join(map(chr, range(0x4E00, 0x4E00 + 5_000)))
    fields = dict.fromkeys(("due_date", "supplier_id", "purchase_order"), long)
    row = _row(1, **fields, total_net_amount="1")
    if database.is_sqlite:
        row["supplier_name"] = row["number_key"] = long
    _fill(database, "0060", [row])
    identity = {"number": long if database.is_sqlite else "1"}
    with database.write() as work:
        work.connection.execute(
            text(
                "INSERT INTO invoice_identities"
                " (document_id, organization_id, kind, number, year, suppliers)"
                " VALUES ('doc_1', 'org_1', 'invoice', :number, 0, '[]')"
            ),
            identity,
        )
    upgrade(database)
    found = _found(database, ListQuery())[0]
    assert (found.due_date, found.supplier_id, found.purchase_order) == (long[:300],) * 3
    assert found.supplier_name == (long[:300] if database.is_sqlite else "")
    with database.read() as work:
        number = work.connection.execute(text("SELECT number FROM invoice_identities")).scalar()
    assert number == key_text(identity["number"])


def test_a_search_on_postgresql_reads_little_that_its_index_has_not_sorted(
    database: Database,
) -> None:
    if database.is_sqlite:
        pytest.skip("its index has no such list")
    config = _config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0061")
    upgrade(database)
    options = text("SELECT reloptions FROM pg_class WHERE relname = 'ix_document_search_trigrams'")
    limit = [f"gin_pending_list_limit={PENDING_KIB}"]
    with database.read() as work:
        assert work.connection.execute(options).scalar() == limit
