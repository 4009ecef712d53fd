"""An invoice that is nearly another one does not go through without a word."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from ionport.core.blobs import FolderBlobs
from ionport.core.clock import MovableClock
from ionport.documents.intake.reading import read_file
from ionport.documents.model import DocumentStatus
from ionport.documents.review.identity import near
from ionport.documents.review.model import Finding
from ionport.documents.samples import UBL_INVOICE, read_sample
from ionport.documents.service import DocumentService
from ionport.documents.tables import documents
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, Organization
from ionport.identity.repository import OrganizationRepository
from ionport.store import Database, OrganizationScope, SystemScope
from tests.support.beside import Beside
from tests.support.statements import statements_of

ACME = OrganizationScope("org_acme")
UBL = read_sample(UBL_INVOICE)
TOTAL, DAY = b"2808.81", re.search(rb"<cbc:IssueDate>([\d-]+)<", UBL)
Receive = Callable[[bytes], str]


def _file(number: str, *, day: str = "", total: bytes = TOTAL) -> bytes:
    assert DAY is not None
    changed = UBL.replace(b"RE-2026-0417", number.encode()).replace(TOTAL, total)
    return changed.replace(b"IssueDate>" + DAY[1], b"IssueDate>" + (day.encode() or DAY[1]))


@pytest.fixture
def service(database: Database, clock: MovableClock, tmp_path: Path) -> DocumentService:
    with database.write() as work:
        organizations = OrganizationRepository(work.connection)
        organizations.add(SystemScope("test"), Organization("org_acme", "Acme", None), clock.now())
    return DocumentService(clock, FolderBlobs(tmp_path / "blobs"), AuditLog(clock))


@pytest.fixture
def receive(service: DocumentService, database: Database) -> Receive:
    def one(content: bytes) -> str:
        prepared = service.prepare_receipt(ACME, content, "invoice.xml")
        with database.write() as work:
            return service.receive(Access(work, ACME, Actor.operator()), prepared).id

    return one


def _of_another(service: DocumentService, database: Database, document_id: str) -> list[Finding]:
    with database.read() as work:
        found = service.findings(work.within(ACME), document_id)
    return [each for each in found if "document" in each.parameters and each.resolved_at is None]


@pytest.mark.parametrize(
    ("number", "found"),
    [
        ("RE20260417", "similar_number"),
        ("RE/2026.417", "similar_number"),
        ("RE-2026-4017", "transposed_number"),
        ("RE-2026-0471", "transposed_number"),
        ("RE-2026-0418", ""),
        ("RE-2026-0414", ""),
        ("ER-2026-0417", ""),
        ("RE-2026-04170", ""),
        ("RE-2-0260417", ""),
    ],
)
def test_a_number_is_near_by_punctuation_zeros_or_one_transposed_pair(
    number: str, found: str
) -> None:
    first, other = (read_file(_file(each)).identity for each in ("RE-2026-0417", number))
    assert (near(first, other), near(other, first)) == (found, found)


def test_months_and_flats_that_share_their_digits_are_not_near() -> None:
    flats = [read_file(_file(each)).identity for each in ("1-11", "11-1")]
    assert near(*flats) == ""


@pytest.mark.on_each_database
def test_a_number_in_another_spelling_holds_and_names_the_other_document(
    service: DocumentService, database: Database, receive: Receive
) -> None:
    first, second = receive(_file("RE-2026-0417")), receive(_file("RE 2026/417"))
    (finding,) = _of_another(service, database, second)
    assert (finding.code, finding.is_open) == ("similar_number", True)
    assert finding.parameters["document"] == first
    assert "invoice.xml" in finding.text
    with database.read() as work:
        document = service.get(work.within(ACME), second)
    assert document.status is DocumentStatus.READY_FOR_VALIDATION
    # It is nearly the same, which is not said to be the same.
    assert document.duplicate_of is None


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_of_two_that_come_in_at_one_moment_the_second_names_the_first(
    service: DocumentService, database: Database, receive: Receive
) -> None:
    prepared = service.prepare_receipt(ACME, _file("RE-2026-0417"), "invoice.xml")
    with database.write() as work:
        first = service.receive(Access(work, ACME, Actor.operator()), prepared).id
        other = Beside(lambda: receive(_file("RE20260417")))
        other.ends_or_waits(database)
    assert other.ends()
    with database.read() as work:
        (second,) = set(work.connection.scalars(select(documents.c.id))) - {first}
    assert [each.code for each in _of_another(service, database, second)] == ["similar_number"]


def test_transposed_digits_are_noted_and_hold_nothing(
    service: DocumentService, database: Database, receive: Receive
) -> None:
    receive(_file("RE-2026-0417"))
    second = receive(_file("RE-2026-0471"))
    (finding,) = _of_another(service, database, second)
    assert (finding.code, finding.is_open) == ("transposed_number", False)


def test_rent_with_numbers_that_count_on_is_not_held(
    service: DocumentService, database: Database, receive: Receive
) -> None:
    # The same total and the same day, as of a landlord with ten flats.
    flats = [receive(_file(f"M-2026-{number:04}")) for number in range(1, 11)]
    # The same total each month.
    days = [f"2026-{month:02}-01" for month in (1, 2, 10)]
    months = [receive(_file(f"R-{day[5:7]}", day=day)) for day in days]
    found = [each for one in (*flats, *months) for each in _of_another(service, database, one)]
    assert not any(each.is_open for each in found)
    # 0001 and 0010 of one day: nobody knows that this was no slip.
    assert [each.code for each in found] == ["transposed_number"]


@pytest.mark.parametrize(
    ("day", "total"), [("", b"2808.82"), ("2026-01-02", TOTAL)], ids=["total", "day"]
)
def test_another_total_or_another_month_is_another_invoice(
    service: DocumentService, database: Database, receive: Receive, day: str, total: bytes
) -> None:
    receive(_file("RE-2026-0417"))
    other = receive(_file("RE2026-0417", day=day, total=total))
    assert _of_another(service, database, other) == []


def test_the_same_number_with_another_total_is_the_same_invoice(
    service: DocumentService, database: Database, receive: Receive
) -> None:
    receive(_file("RE-2026-0417"))
    other = receive(_file("RE-2026-0417", total=b"2808.82"))
    assert [each.code for each in _of_another(service, database, other)] == ["duplicate_number"]


def test_what_may_be_near_is_found_by_an_index(database: Database, receive: Receive) -> None:
    receive(_file("RE-2026-0417"))
    with statements_of(database) as asked:
        receive(_file("RE2026-0417"))
    plans = ["\n".join(plan) for plan in asked.plans(database)]
    near_ones = [plan for plan in plans if "ix_invoice_identities_likeness" in plan]
    assert len(near_ones) == 1
    assert "(organization_id=? AND kind=? AND likeness=?)" in near_ones[0]
