from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ionport.core.blobs import FolderBlobs
from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from ionport.core.paging import PageRequest
from ionport.documents.listing.model import Cursor, ListQuery
from ionport.documents.model import (
    DocumentFilter,
    DocumentSort,
    DocumentStatus,
    DocumentSummary,
    TimelineKind,
)
from ionport.documents.samples import CII_INVOICE, UBL_INVOICE, read_sample
from ionport.documents.service import DocumentService
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, Organization, OrganizationRole
from ionport.identity.repository import OrganizationRepository
from ionport.store import Database, OrganizationScope, SystemScope
from tests.support.exporting import holding

ACME, OTHER = OrganizationScope("org_acme"), OrganizationScope("org_other")
ANNA = Actor(
    "usr_anna", "anna", organization_roles=frozenset({("org_acme", OrganizationRole.USER)})
)
UBL, CII = read_sample(UBL_INVOICE), read_sample(CII_INVOICE)


@pytest.fixture(autouse=True)
def _organizations(database: Database, clock: MovableClock) -> None:
    with database.write() as work:
        repository = OrganizationRepository(work.connection)
        for id_, parent in (("org_acme", None), ("org_other", None), ("org_sub", "org_acme")):
            organization = Organization(id_, id_, parent)
            repository.add(SystemScope("test"), organization, clock.now())


@pytest.fixture
def service(clock: MovableClock, tmp_path: Path) -> DocumentService:
    return DocumentService(clock, FolderBlobs(tmp_path / "blobs"), AuditLog(clock))


def _receive(
    service: DocumentService,
    database: Database,
    content: bytes = UBL,
    name: str = "invoice.xml",
    scope: OrganizationScope = ACME,
) -> str:
    prepared = service.prepare_receipt(scope, content, name)
    with database.write() as work:
        return service.receive(Access(work, scope, Actor.operator()), prepared).id


def _variant(number: str, supplier: str = "DE123456789") -> bytes:
    return UBL.replace(b"RE-2026-0417", number.encode()).replace(b"DE123456789", supplier.encode())


@pytest.mark.on_each_database
def test_a_received_invoice_is_kept_whole(service: DocumentService, database: Database) -> None:
    with database.write() as work:
        received = service.receive(
            Access(work, ACME, ANNA), service.prepare_receipt(ACME, UBL, "c:\\temp\\invoice.xml")
        )
    with database.read() as work:
        access = work.within(ACME)
        document = service.get(access, received.id)
        assert document == received
        assert service.content(access, received.id) == UBL
    assert document.status is DocumentStatus.VALIDATED_PENDING_EXPORT
    assert (document.filename, document.size_bytes) == ("invoice.xml", len(UBL))
    assert document.fields["total_amount"] == "2808.81"
    assert len(document.tables["INVOICE_TABLE"]) == 3
    assert document.created_by == "anna"


@pytest.mark.on_each_database
def test_an_invoice_with_values_longer_than_an_index_holds_is_received_and_recognised(
    service: DocumentService, database: Database
) -> None:
    """Signs that no database makes shorter, in each value by which documents are found."""
    long = "".join(map(chr, range(0x4E00, 0x4E00 + 5_000)))
    text = UBL.decode()
    for name in ("cbc:ID", "cbc:DueDate", "cbc:RegistrationName", "cbc:CompanyID"):
        text = re.sub(f"(<{name}[^>]*>)[^<]*", lambda found: found[1] + long, text)
    first = _receive(service, database, text.encode())
    second = _receive(service, database, text.replace("30 Tage netto", "sofort").encode())
    with database.read() as work:
        access = work.within(ACME)
        document = service.get(access, second)
        assert (document.duplicate_of, document.fields["supplier_id"]) == (first, long)
        for sort in DocumentSort:
            query = ListQuery(sort=sort, limit=1)
            page = service.browse(access, query)
            assert page.next is not None
            place = Cursor.read(page.next.text, is_before=False)
            assert place == page.next
            rest = service.browse(access, replace(query, cursor=place))
            assert {one.id for one in (*page.items, *rest.items)} == {first, second}


@pytest.mark.on_each_database
def test_the_same_content_twice_is_refused_with_the_first_ones_id(
    service: DocumentService, database: Database
) -> None:
    first = _receive(service, database)
    with database.write() as work:
        access = Access(work, ACME, ANNA)
        with pytest.raises(Conflict) as caught:
            service.receive(access, service.prepare_receipt(ACME, UBL, "again.xml"))
        # The other file of the same upload is kept all the same.
        service.receive(access, service.prepare_receipt(ACME, CII, "second.xml"))
    assert caught.value.existing_id == first
    with database.read() as work:
        assert service.list(work.within(ACME), PageRequest()).total == 2


@pytest.mark.on_each_database
def test_another_organization_may_have_the_same_content(
    service: DocumentService, database: Database
) -> None:
    first = _receive(service, database)
    second = _receive(service, database, scope=OTHER)
    with database.read() as work:
        assert service.get(work.within(OTHER), second).duplicate_of is None
        for scope, foreign in ((ACME, second), (OTHER, first)):
            with pytest.raises(NotFound):
                service.get(work.within(scope), foreign)
            with pytest.raises(NotFound):
                service.content(work.within(scope), foreign)
            with pytest.raises(NotFound):
                service.timeline(work.within(scope), foreign)


def test_each_organization_lists_and_counts_its_own_documents_alone(
    service: DocumentService, database: Database, clock: MovableClock
) -> None:
    long_ago = clock.now() - timedelta(days=1)
    _receive(service, database)
    own = _receive(service, database, scope=OTHER)
    with database.read() as work:
        others = work.within(OTHER)
        listed = service.list(others, PageRequest())
        assert [document.id for document in listed.items] == [own]
        assert service.count(others, DocumentFilter()) == 1
        assert service.count_since(others, long_ago) == 1
        assert service.count_of_place(others, None) == 1


@pytest.mark.on_each_database
def test_the_same_supplier_and_number_warns_and_marks(
    service: DocumentService, database: Database
) -> None:
    first = _receive(service, database, name="first.xml")
    again = UBL.replace(b"RE-2026-0417", b" re-2026-0417 ").replace(b"DE123456789", b"DE 123456789")
    second = _receive(service, database, again)
    third = _receive(service, database, again.replace(b"30 Tage netto", b"sofort"))
    with database.read() as work:
        access = work.within(ACME)
        document = service.get(access, second)
        assert document.duplicate_of == first
        assert document.status is DocumentStatus.READY_FOR_VALIDATION
        (finding,) = holding(service.findings(access, second))
        assert (finding.code, finding.parameters["document"]) == ("duplicate_number", first)
        assert "first.xml" in finding.text
        assert service.get(access, third).duplicate_of == first


def test_another_suppliers_same_number_is_no_duplicate(
    service: DocumentService, database: Database
) -> None:
    _receive(service, database)
    content = _variant("RE-2026-0417", "DE000000001")
    for own, others in ((b"Nordwerk", b"Suedwerk"), (b"70012", b"70013"), (b"HRB 0", b"HRB 1")):
        content = content.replace(own, others)
    other = _receive(service, database, content)
    with database.read() as work:
        assert service.get(work.within(ACME), other).duplicate_of is None


def test_a_mismatch_waits_for_a_person(service: DocumentService, database: Database) -> None:
    wrong = UBL.replace(b"2808.81</cbc:PayableAmount", b"2808.80</cbc:PayableAmount")
    id_ = _receive(service, database, wrong)
    with database.read() as work:
        access = work.within(ACME)
        document = service.get(access, id_)
        entries = service.timeline(access, id_)
        (finding,) = holding(service.findings(access, id_))
    assert document.status is DocumentStatus.READY_FOR_VALIDATION
    kinds = [entry.kind for entry in entries]
    assert kinds == [TimelineKind.WARNING, TimelineKind.WARNING, TimelineKind.RECEIVED]
    assert entries[1].text == finding.text
    assert "No account of" in entries[0].text


def test_what_cannot_be_read_leaves_nothing(service: DocumentService, database: Database) -> None:
    with pytest.raises(InvalidInput):
        service.prepare_receipt(ACME, b"<a/>", "x.xml")
    with database.read() as work:
        assert service.list(work.within(ACME), PageRequest()).total == 0


def test_only_members_may_receive(service: DocumentService, database: Database) -> None:
    with database.write() as work, pytest.raises(Forbidden):
        service.receive(
            Access(work, OTHER, ANNA), service.prepare_receipt(OTHER, UBL, "invoice.xml")
        )


@pytest.mark.on_each_database
def test_a_document_may_belong_to_an_own_sub_organization_only(
    service: DocumentService, database: Database
) -> None:
    with database.write() as work:
        access = Access(work, ACME, ANNA)
        document = service.receive(access, service.prepare_receipt(ACME, UBL, "a.xml"), "org_sub")
        assert document.sub_organization_id == "org_sub"
        for foreign in ("org_other", "org_acme", "org_none"):
            with pytest.raises(NotFound):
                service.receive(access, service.prepare_receipt(ACME, CII, "b.xml"), foreign)


@pytest.mark.on_each_database
def test_lists_filter_search_sort_and_page(
    service: DocumentService, database: Database, clock: MovableClock
) -> None:
    for number in ("B-2", "A-1", "C_3", "C%4"):
        clock.advance(timedelta(minutes=1))
        _receive(service, database, _variant(number), name=f"Rechnung {number}.xml")
    with database.read() as work:
        access = work.within(ACME)

        def numbers(
            text: str = "", sort: DocumentSort = DocumentSort.CREATED_AT, *, descending: bool = True
        ) -> list[str]:
            page = service.list(
                access,
                PageRequest(),
                DocumentFilter(text=text),
                sort,
                descending=descending,
            )
            return [document.number for document in page.items]

        assert numbers() == ["C%4", "C_3", "A-1", "B-2"]
        assert numbers(sort=DocumentSort.NUMBER, descending=False)[:2] == ["A-1", "B-2"]
        assert numbers("RECHNUNG a") == ["A-1"]
        assert numbers("nordwerk werkzeuge") == ["C%4", "C_3", "A-1", "B-2"]
        assert numbers("C_3") == ["C_3"]
        assert numbers("nung C%") == ["C%4"]
        # One sign or two are the beginning of a number.
        assert (numbers("C%"), numbers("%")) == (["C%4"], [])
        assert numbers("A\0-1") == ["A-1"]
        for sort in DocumentSort:
            assert len(numbers(sort=sort)) == 4
        second = service.list(access, PageRequest(number=2, per_page=3))
        assert ([d.number for d in second.items], second.total, second.pages) == (["B-2"], 4, 2)
        exported = DocumentFilter(statuses=frozenset({DocumentStatus.EXPORTED}))
        assert service.list(access, PageRequest(), exported).total == 0
        notes = DocumentFilter(document_types=frozenset({"CREDIT_NOTE"}))
        assert service.list(access, PageRequest(), notes).total == 0
        summary = service.list(access, PageRequest()).items[-1]
    assert isinstance(summary, DocumentSummary)
    assert (summary.total_amount, summary.currency, summary.invoice_date) == (
        "2808.81",
        "EUR",
        "2026-03-02",
    )


@pytest.mark.on_each_database
def test_the_exports_status_is_told_in_the_timeline(
    service: DocumentService, database: Database, clock: MovableClock
) -> None:
    id_ = _receive(service, database)
    for status, text in (
        (DocumentStatus.EXPORTING, "To M3."),
        (DocumentStatus.EXPORTING, ""),
        (DocumentStatus.EXPORTING, "Still to M3."),
        (DocumentStatus.EXPORT_ERROR, "IDM refused it."),
    ):
        clock.advance(timedelta(seconds=5))
        with database.write() as work:
            service.export_status.record(work.within(ACME), id_, status, text)
    with database.read() as work:
        access = work.within(ACME)
        entries = service.timeline(access, id_)
        document = service.get(access, id_)
        assert service.count_by_status(access) == {DocumentStatus.EXPORT_ERROR: 1}
    assert document.status is DocumentStatus.EXPORT_ERROR
    assert document.updated_at > document.created_at
    assert [(e.kind, e.previous_status, e.status, e.text) for e in entries[:3]] == [
        (
            TimelineKind.STATUS_CHANGE,
            DocumentStatus.EXPORTING,
            DocumentStatus.EXPORT_ERROR,
            "IDM refused it.",
        ),
        (TimelineKind.NOTE, None, None, "Still to M3."),
        (
            TimelineKind.STATUS_CHANGE,
            DocumentStatus.VALIDATED_PENDING_EXPORT,
            DocumentStatus.EXPORTING,
            "To M3.",
        ),
    ]


def test_only_statuses_of_an_export_can_be_recorded(
    service: DocumentService, database: Database
) -> None:
    id_ = _receive(service, database)
    with database.write() as work:
        access = work.within(ACME)
        with pytest.raises(ValueError, match="does not follow"):
            service.export_status.record(access, id_, DocumentStatus.READY_FOR_VALIDATION, "")
        with pytest.raises(NotFound):
            service.export_status.record(work.within(OTHER), id_, DocumentStatus.EXPORTED, "")
        with pytest.raises(NotFound):
            service.add_note(work.within(OTHER), id_, "hello")
        service.add_note(access, id_, "hello", "anna")
    with database.read() as work:
        assert service.timeline(work.within(ACME), id_)[0].text == "hello"


def test_receiving_is_audited(
    service: DocumentService, database: Database, clock: MovableClock
) -> None:
    id_ = _receive(service, database)
    with database.read() as work:
        entry = AuditLog(clock).list(work.within(ACME), PageRequest()).items[0]
    assert (entry.action, entry.subject) == ("document.received", id_)


def test_every_status_has_a_label() -> None:
    assert all(status.label for status in DocumentStatus)
