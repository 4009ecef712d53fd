"""The list of documents: pages by keyset, counts that the database keeps, and the search."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import delete, func, select, update

from ionport.core.errors import InvalidInput
from ionport.documents.listing.model import Counts, Cursor, ListPage, ListQuery
from ionport.documents.listing.repository import ListRepository
from ionport.documents.model import Document, DocumentFilter, DocumentSort, DocumentStatus
from ionport.documents.repository import DocumentRepository
from ionport.documents.tables import documents
from ionport.identity.model import Organization
from ionport.identity.repository import OrganizationRepository
from ionport.store import Database, OrganizationScope, SystemScope
from tests.support.schema import create_schema

pytestmark = pytest.mark.on_each_database
ACME, OTHER = OrganizationScope("org_acme"), OrganizationScope("org_other")
START = datetime(2026, 1, 1, tzinfo=UTC)
STATUSES = (
    DocumentStatus.READY_FOR_VALIDATION,
    DocumentStatus.EXPORTED,
    DocumentStatus.VALIDATED_PENDING_EXPORT,
)
MANY = 37


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    create_schema(database)
    with database.write() as work:
        for scope in (ACME, OTHER):
            organization = Organization(scope.organization_id, scope.organization_id, None)
            OrganizationRepository(work.connection).add(SystemScope("test"), organization, START)
        for number in range(MANY):
            _add(DocumentRepository(work.connection), ACME, number)
        _add(DocumentRepository(work.connection), OTHER, 1_000)
    yield database
    database.close()


def _add(repository: DocumentRepository, scope: OrganizationScope, number: int) -> None:
    fields = {
        "invoice_id": f"Rä-{number % 10}{number:03}",
        "supplier_name": f"Lieferant {number % 4}",
        "supplier_iban": f"DE{number:020}",
        "invoice_date": f"2026-01-{number % 7 + 1:02}",
        "total_amount": "" if number % 9 == 0 else f"{number * 7 % 100}.50",
        "total_net_amount": "" if number % 8 == 0 else f"{number * 3 % 50}.5",
        "due_date": "" if number % 6 == 0 else f"2026-02-{number % 11 + 1:02}",
        "supplier_id": f"{number % 4}",
        "purchase_order": f"PO-{number % 3}",
        "currency": "EUR",
    }
    document = Document(
        id=f"doc_{number:04}",
        organization_id=scope.organization_id,
        sub_organization_id=None,
        document_type="INVOICE" if number % 5 else "CREDIT_NOTE",
        filename=f"file {number % 6}.xml",
        mime_type="application/xml",
        size_bytes=1,
        content_sha256=str(number),
        status=STATUSES[number % 3],
        fields=fields,
        tables={},
        duplicate_of=None,
        open_findings=0,
        created_at=START + timedelta(minutes=number // 2),
        created_by="ada",
        updated_at=START - timedelta(minutes=number),
    )
    assert repository.add_all(scope, [document])


def _page(database: Database, query: ListQuery) -> ListPage:
    with database.read() as work:
        repository = ListRepository(work.connection)
        return repository.page(ACME, query, repository.counts(ACME))


def _walk(database: Database, query: ListQuery, *, back: bool = False) -> list[str]:
    """Return the ids of all pages, from one end to the other."""
    found: list[str] = []
    cursor = Cursor(is_before=True) if back else None
    while True:
        page = _page(database, replace(query, cursor=cursor))
        ids = [item.id for item in page.items]
        found = [*ids, *found] if back else [*found, *ids]
        assert len(found) <= MANY
        cursor = page.previous if back else page.next
        if cursor is None:
            return found
        read = Cursor.read(cursor.text, is_before=back)
        assert read == cursor
        cursor = read


def test_every_order_shows_each_document_once_forwards_and_back(database: Database) -> None:
    for sort, descending in product(DocumentSort, (True, False)):
        query = ListQuery(sort=sort, descending=descending, limit=9)
        forwards = _walk(database, query)
        assert len(forwards) == len(set(forwards)) == MANY
        assert _walk(database, query, back=True) == forwards
        filtered = replace(query, wanted=DocumentFilter(statuses=frozenset({STATUSES[1]})))
        expected = [each for each in forwards if int(each[4:]) % 3 == 1]
        assert _walk(database, filtered) == expected
        assert _walk(database, filtered, back=True) == expected


def test_amounts_are_sorted_as_numbers_and_numbers_without_case(database: Database) -> None:
    query = ListQuery(descending=False, limit=200)
    for sort in (DocumentSort.TOTAL_AMOUNT, DocumentSort.TOTAL_NET_AMOUNT):
        items = _page(database, replace(query, sort=sort)).items
        amounts = [float(getattr(item, sort) or 0) for item in items]
        assert len(set(amounts)) > 20
        assert amounts == sorted(amounts)
    query = replace(query, sort=DocumentSort.NUMBER)
    numbers = [item.number.casefold() for item in _page(database, query).items]
    assert numbers == sorted(numbers)


def test_a_corrected_value_is_the_one_that_the_list_shows_and_is_sorted_by(
    database: Database,
) -> None:
    fields = {"due_date": "2030-01-01", "purchase_order": "Z-9", "supplier_id": "z"}
    fields |= {"total_net_amount": "1000000"}
    with database.write() as work:
        DocumentRepository(work.connection).set_values(
            ACME, "doc_0011", "INVOICE", fields, {}, "corrected", START
        )
    for sort in map(DocumentSort, fields):
        first = _page(database, ListQuery(sort=sort, limit=1)).items[0]
        assert {name: getattr(first, name) for name in fields} == fields
        assert first.id == "doc_0011"


def test_a_place_that_is_none_of_the_order_is_refused(database: Database) -> None:
    texts = ("W10", "WzEsMl0", "WyJhIiwiXHUwMDAwIl0", "W05hTiwieCJd")
    for sort, text in product(DocumentSort, texts):
        cursor = Cursor.read(text, is_before=False)
        if cursor is None or not cursor.values:
            continue
        with pytest.raises(InvalidInput, match="Send the cursor"):
            _page(database, ListQuery(sort=sort, limit=5, cursor=cursor))
    forged = Cursor(("filename", "a", 7)), Cursor(("created_at", 2**61, "x"))
    for cursor in forged:
        with pytest.raises(InvalidInput):
            _page(database, ListQuery(sort=DocumentSort(cursor.values[0]), cursor=cursor))
    for text in ("", "!", "a" * 500, "WyJcdWQ4MDAiLCJ4Il0", "WyJ4IiwiXHVkODAwIl0"):
        assert Cursor.read(text, is_before=False) is None


def test_the_place_of_one_order_is_none_of_another(database: Database) -> None:
    for sort, other in product(DocumentSort, DocumentSort):
        place = _page(database, ListQuery(sort=sort, limit=5)).next
        assert place is not None
        query = ListQuery(sort=other, limit=5, cursor=place)
        if sort is other:
            assert _page(database, query).items
            continue
        with pytest.raises(InvalidInput) as error:
            _page(database, query)
        assert error.value.code == "cursor_invalid"


def _numbers(found: Iterable[str]) -> set[int]:
    return {int(each.removeprefix("doc_")) for each in found}


@pytest.mark.parametrize("most_sorted", [0, MANY], ids=["among many", "few"])
def test_due_dates_suppliers_and_orders_narrow_down_every_order(
    database: Database, monkeypatch: pytest.MonkeyPatch, most_sorted: int
) -> None:
    monkeypatch.setattr("ionport.documents.listing.repository._most_sorted", lambda _n: most_sorted)
    with database.write() as work:
        no_day = update(documents).values(due_date="soon")
        work.connection.execute(no_day.where(documents.c.id == "doc_0012"))
    every = range(MANY)
    due = {n: n % 11 + 1 for n in every if n % 6}
    cases: list[tuple[DocumentFilter, set[int]]] = [
        (DocumentFilter(supplier_id="3"), {n for n in every if n % 4 == 3}),
        (DocumentFilter(purchase_order="PO-1"), {n for n in every if n % 3 == 1}),
        (
            DocumentFilter(supplier_id="3", statuses=frozenset({STATUSES[1]})),
            {n for n in every if n % 12 == 7},
        ),
        (DocumentFilter(due_since="2026-02-10"), {n for n, day in due.items() if day >= 10}),
        (DocumentFilter(due_until="2026-02-02"), {n for n, day in due.items() if day <= 2}),
        (
            DocumentFilter(due_since="2026-02-03", due_until="2026-02-05", text="lieferant"),
            {n for n, day in due.items() if 3 <= day <= 5},
        ),
        (DocumentFilter(supplier_id="3'; --"), set()),
    ]
    for (wanted, expected), sort in product(cases, DocumentSort):
        query = ListQuery(wanted, sort, limit=3)
        forwards = _walk(database, query)
        assert _numbers(forwards) == expected
        assert len(forwards) == len(expected)
        assert _walk(database, query, back=True) == forwards
        page = _page(database, query)
        assert (page.total, page.has_more) == (len(expected), False)
        with database.read() as work:
            assert ListRepository(work.connection).count(ACME, wanted) == len(expected)


def _recount(database: Database, scope: OrganizationScope) -> Mapping[tuple[str, str], int]:
    c = documents.c
    with database.read() as work:
        rows = work.connection.execute(
            select(c.status, c.document_type, func.count())
            .where(c.organization_id == scope.organization_id)
            .group_by(c.status, c.document_type)
        )
        return {(status, kind): number for status, kind, number in rows}


def _counts(database: Database, scope: OrganizationScope) -> Counts:
    with database.read() as work:
        return ListRepository(work.connection).counts(scope)


def test_the_counts_are_those_of_the_documents_after_every_change(database: Database) -> None:
    for turn in range(4):
        with database.write() as work:
            repository = DocumentRepository(work.connection)
            for number in range(MANY):
                status = STATUSES[(number + turn) % 3]
                repository.set_status(ACME, f"doc_{number:04}", status, START)
            kind = "DELIVERY_NOTE" if turn % 2 else "INVOICE"
            repository.set_values(ACME, "doc_0003", kind, {}, {}, "nothing", START)
        if turn == 2:
            with database.write() as work:
                work.connection.execute(delete(documents).where(documents.c.id == "doc_0005"))
        for scope in (ACME, OTHER):
            assert dict(_counts(database, scope).numbers) == _recount(database, scope)
    counts = _counts(database, ACME)
    assert dict(counts.numbers) == _recount(database, ACME)
    assert sum(counts.by_status().values()) == sum(counts.by_type().values()) == counts.total


FOUND: Mapping[str, set[int]] = {
    "rä-0": {0, 10, 20, 30},
    "Ä-0010": {10},
    "file 5": {5, 11, 17, 23, 29, 35},
    "doc_0036": {36},
    "lieferant 3": set(range(3, MANY, 4)),
    "%": set(),
    "_": set(),
    'a"b': set(),
    "100%_": set(),
    "nowhere": set(),
    f"de{17:020}": {17},
    # As anybody writes an amount.
    "21,50": {n for n in range(MANY) if n % 9 and n * 7 % 100 == 21},
    "21.50": {n for n in range(MANY) if n % 9 and n * 7 % 100 == 21},
    "rä": set(range(MANY)),
    "R": set(range(MANY)),
    "ä-": set(),
}


def test_a_search_finds_parts_and_one_or_two_letters_the_beginning_of_numbers(
    database: Database,
) -> None:
    for text, found in FOUND.items():
        wanted = DocumentFilter(text=text)
        page = _page(database, ListQuery(wanted, limit=200))
        assert {int(each.id[4:]) for each in page.items} == found, text
        assert (page.total, page.has_more) == (len(found), False)
        with database.read() as work:
            assert ListRepository(work.connection).count(ACME, wanted) == len(found)


def test_what_is_corrected_is_found_by_its_new_words_alone(database: Database) -> None:
    with database.write() as work:
        DocumentRepository(work.connection).set_values(
            ACME, "doc_0007", "INVOICE", {"invoice_id": "NEW-1"}, {}, "new-1 corrected", START
        )
    for text, found in (("corrected", ["doc_0007"]), ("ne", ["doc_0007"]), ("rä-7007", [])):
        assert _walk(database, ListQuery(DocumentFilter(text=text))) == found


def test_times_narrow_down_every_order(database: Database) -> None:
    since, until = START + timedelta(minutes=3), START + timedelta(minutes=5)
    wanted = DocumentFilter(received_since=since, received_until=until)
    for sort in DocumentSort:
        found = _walk(database, ListQuery(wanted, sort, limit=2))
        assert sorted(found) == [f"doc_{number:04}" for number in range(6, 12)]


def test_changes_at_the_same_time_are_all_counted(database: Database) -> None:
    """A transaction that is open keeps nobody else from counting, and its own is not lost."""
    if database.is_sqlite:
        pytest.skip("one writer at a time")
    with database.write() as first:
        repository = DocumentRepository(first.connection)
        repository.set_status(ACME, "doc_0001", DocumentStatus.DELETED, START)
        for number in range(10, MANY):
            with database.write() as second:
                DocumentRepository(second.connection).set_status(
                    ACME, f"doc_{number:04}", DocumentStatus.REJECTED, START
                )
        repository.set_status(ACME, "doc_0002", DocumentStatus.REJECTED, START)
    assert dict(_counts(database, ACME).numbers) == _recount(database, ACME)
    assert Counter(_counts(database, ACME).by_status())[DocumentStatus.REJECTED] == MANY - 9
