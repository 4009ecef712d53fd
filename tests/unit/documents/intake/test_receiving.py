"""Many files at once: each is told of, none stops another, and what is told is committed."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from ionport.core.blobs import FolderBlobs
from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from ionport.core.paging import PageRequest
from ionport.core.scanning import Clamd
from ionport.documents.intake import receiving
from ionport.documents.intake.containers import ReceivedFile, files_at
from ionport.documents.intake.limits import IntakeLimits
from ionport.documents.intake.receiving import COMMIT_TOGETHER, Receiver
from ionport.documents.model import Document, DocumentFilter, DocumentStatus, TimelineKind
from ionport.documents.repository import DocumentRepository
from ionport.documents.review.claim_repository import ClaimRepository
from ionport.documents.review.claims import DUPLICATE_NUMBER
from ionport.documents.review.decisions.model import DecisionKind
from ionport.documents.review.decisions.repository import DecisionRepository
from ionport.documents.samples import CII_INVOICE, UBL_INVOICE, read_sample
from ionport.documents.service import DocumentService
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, Organization
from ionport.identity.repository import OrganizationRepository
from ionport.store import Database, OrganizationScope, SystemScope
from tests.support.clamd import EICAR, FakeClamd
from tests.support.pdfs import pdf_with

ACME, OPERATOR = OrganizationScope("org_acme"), Actor.operator()
UBL, CII = read_sample(UBL_INVOICE), read_sample(CII_INVOICE)


@pytest.fixture
def database(database: Database, clock: MovableClock) -> Database:
    with database.write() as work:
        acme = Organization("org_acme", "Acme", None)
        OrganizationRepository(work.connection).add(SystemScope("test"), acme, clock.now())
    return database


def receiver_on(
    database: Database,
    clock: MovableClock,
    folder: Path,
    limits: IntakeLimits | None = None,
    scanner: Clamd | None = None,
) -> Receiver:
    audit = AuditLog(clock)
    blobs = FolderBlobs(folder / "blobs")
    documents = DocumentService(clock, blobs, audit, limits=limits, scanner=scanner)
    return Receiver(database, documents, audit)


def _numbered(number: int) -> ReceivedFile:
    return ReceivedFile(f"{number}.xml", UBL.replace(b"RE-2026-0417", b"N-%d" % number))


def _count(database: Database, clock: MovableClock) -> int:
    service = DocumentService(clock, FolderBlobs(Path("nowhere")), AuditLog(clock))
    with database.read() as work:
        return service.list(work.within(ACME), PageRequest()).total


def test_many_files_share_commits_and_each_is_told_of_in_its_order(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    files = [_numbered(number) for number in range(COMMIT_TOGETHER)]
    bad, again = ReceivedFile("bad.xml", b"<a"), ReceivedFile("again.xml", files[3].content)
    told = receiver_on(database, clock, tmp_path).receive(
        ACME, OPERATOR, [*files[:10], bad, *files[10:], again]
    )
    first = next(told)
    assert first.document is not None
    assert _count(database, clock) == COMMIT_TOGETHER - 1
    outcomes = [first, *told]
    names = [outcome.name for outcome in outcomes]
    assert names == [
        *(f.name for f in files[:10]),
        "bad.xml",
        *(f.name for f in files[10:]),
        "again.xml",
    ]
    refused = {outcome.name: outcome.code for outcome in outcomes if outcome.document is None}
    assert refused == {"bad.xml": "xml_not_well_formed", "again.xml": "document_exists"}
    assert outcomes[3].document is not None
    assert outcomes[-1].existing_id == outcomes[3].document.id
    assert _count(database, clock) == len(files)


@pytest.mark.on_each_database
def test_copies_among_files_that_come_in_together_name_the_first_of_them(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    copies = [ReceivedFile(f"{n}.xml", UBL + b"\n" * n) for n in range(3)]
    receiver = receiver_on(database, clock, tmp_path)
    outcomes = list(receiver.receive(ACME, OPERATOR, [copies[0], _numbered(1), *copies[1:]]))
    made = [outcome.document for outcome in outcomes if outcome.document]
    first, other, second, third = made
    assert [first.duplicate_of, other.duplicate_of] == [None, None]
    assert second.duplicate_of == third.duplicate_of == first.id
    named = [
        [each.parameters["document"] for each in outcome.findings if each.code == DUPLICATE_NUMBER]
        for outcome in outcomes
    ]
    assert named == [[], [], [first.id], [first.id, second.id]]
    with database.read() as work:
        access = work.within(ACME)
        for outcome, document in zip(outcomes, made, strict=True):
            kept = receiver.documents.findings(access, document.id)
            assert sorted(each.id for each in kept) == sorted(each.id for each in outcome.findings)
            assert document == receiver.documents.get(access, document.id)
            told = receiver.documents.timeline(access, document.id)
            assert len(told) == 1 + len(kept)
            assert told[-1].kind is TimelineKind.RECEIVED


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_file_that_another_process_keeps_at_the_same_moment_is_here_already(
    database: Database, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver, add_all = receiver_on(database, clock, tmp_path), DocumentRepository.add_all
    others, tried = _numbered(1), []

    def late(self: DocumentRepository, scope: OrganizationScope, new: Sequence[Document]) -> bool:
        """Have another one keep the file after it was looked for."""
        if not tried:
            tried.append(new)
            with database.write() as work:
                prepared = receiver.documents.prepare_receipt(ACME, others.content, "theirs.xml")
                receiver.documents.receive(Access(work, ACME, OPERATOR), prepared)
        return add_all(self, scope, new)

    monkeypatch.setattr(DocumentRepository, "add_all", late)
    # As if the files were no invoices: those that are nearly the same wait for each other.
    monkeypatch.setattr(ClaimRepository, "lock_near", lambda *_of: None)
    outcomes = list(receiver.receive(ACME, OPERATOR, [_numbered(2), others, _numbered(3)]))
    assert [outcome.code for outcome in outcomes] == ["", "document_exists", ""]
    with database.read() as work:
        known = DocumentRepository(work.connection).find_by_contents(
            ACME, [outcome.document.content_sha256 for outcome in outcomes if outcome.document]
        )
        assert len(known) == 2
        assert outcomes[1].existing_id
        theirs = receiver.documents.get(work.within(ACME), outcomes[1].existing_id)
    assert theirs.filename == "theirs.xml"
    assert _count(database, clock) == 3


def test_documents_of_a_list_are_received_and_corrected_like_any_other(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    fields = {
        "invoice_date": "2026-03-01",
        "currency": "EUR",
        "supplier_name": "Nordwerk GmbH",
        "buyer_name": "Adler AG",
        "total_net_amount": 100,
        "total_amount": 119.00,
        "amount_due": 119,
    }
    listed = [
        {"fields": fields | {"invoice_id": "J-1", "total_tax_amount": 19}},
        {"fields": fields | {"invoice_id": "J-2", "total_tax_amount": 18}},
    ]
    receiver = receiver_on(database, clock, tmp_path)
    file = ReceivedFile("list.json", json.dumps(listed).encode())
    right, wrong = [each.document for each in receiver.receive(ACME, OPERATOR, [file])]
    assert right
    assert wrong
    assert right.filename == "list-1.json"
    assert right.status is DocumentStatus.VALIDATED_PENDING_EXPORT
    assert wrong.status is DocumentStatus.READY_FOR_VALIDATION
    values = {"total_tax_amount": "19.00"}
    assert receiver.documents.corrections.correct(database, ACME, OPERATOR, wrong.id, values)
    with database.read() as work:
        access = work.within(ACME)
        now = receiver.documents.get(access, wrong.id)
        assert receiver.documents.content(access, wrong.id) == json.dumps(listed[1]).encode()
    assert now.status is DocumentStatus.VALIDATED_PENDING_EXPORT
    assert now.fields["total_tax_amount"] == "19.00"


def test_a_file_over_the_limit_is_refused_with_the_number_and_the_others_come_in(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    limits = IntakeLimits(file_bytes=1024 * 1024)
    large = ReceivedFile("large.pdf", b"%PDF-" + b" " * 1024 * 1024)
    outcomes = list(
        receiver_on(database, clock, tmp_path, limits).receive(
            ACME, OPERATOR, [large, _numbered(1)]
        )
    )
    assert outcomes[0].error == "large.pdf has more than 1 MB, which is the limit of one file."
    assert outcomes[1].document is not None


HEADING_TOO_LONG = b'invoice_id;"' + b"a" * 140_000 + b'"\n1;2'


def test_a_csv_heading_over_the_limit_of_a_cell_is_refused_with_its_line(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    files = [_numbered(1), ReceivedFile("x.csv", HEADING_TOO_LONG), _numbered(2)]
    outcomes = list(receiver_on(database, clock, tmp_path).receive(ACME, OPERATOR, files))
    assert [outcome.code for outcome in outcomes] == ["", "invalid_import", ""]
    assert outcomes[1].error.startswith("line 1: field larger than field limit")


@pytest.mark.parametrize("step", ["unpack", "read", "keep", "write"])
def test_a_file_that_ionport_fails_at_is_refused_and_the_others_come_in(
    database: Database,
    clock: MovableClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    step: str,
) -> None:
    poison = _numbered(2)
    receiver = receiver_on(database, clock, tmp_path)

    def failing_at(place: Any, name: str, is_poison: Callable[..., bool]) -> None:
        proper = getattr(place, name)

        def fail(*values: Any) -> Any:
            if is_poison(*values):
                raise ValueError("a fault of ours")
            return proper(*values)

        monkeypatch.setattr(place, name, fail)

    match step:
        case "unpack":
            failing_at(receiving, "unpack", lambda file, _most: file is poison)
        case "read":
            failing_at(receiver.documents, "read_receipt", lambda *values: poison.content in values)
        case "keep":
            failing_at(receiver.documents, "keep", lambda content: content == poison.content)
        case "write":
            failing_at(
                receiver.documents,
                "receive_all",
                lambda *values: any(each.filename == poison.name for each in values[1]),
            )
    files = [_numbered(1), poison, _numbered(3)]
    outcomes = list(receiver.receive(ACME, OPERATOR, files))
    assert [outcome.code for outcome in outcomes] == ["", "internal", ""]
    assert "report it" in outcomes[1].error
    assert outcomes[1].document is None
    assert _count(database, clock) == 2
    assert "a fault of ours" in caplog.text
    assert "2.xml" in caplog.text


def test_a_database_that_is_away_refuses_no_file(
    database: Database, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = receiver_on(database, clock, tmp_path)

    def away(*_values: object) -> None:
        raise OperationalError("INSERT", {}, OSError("gone"))

    monkeypatch.setattr(receiver.documents, "receive_all", away)
    with pytest.raises(OperationalError):
        list(receiver.receive(ACME, OPERATOR, [_numbered(1)]))


def test_nobody_takes_files_in_for_an_organization_of_others(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    stranger = Actor("usr_1", "eve")
    with pytest.raises(Forbidden):
        list(receiver_on(database, clock, tmp_path).receive(ACME, stranger, [_numbered(1)]))


def test_malware_is_refused_and_audited_and_the_files_beside_it_come_in(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    with FakeClamd() as server:
        receiver = receiver_on(database, clock, tmp_path, scanner=Clamd("127.0.0.1", server.port))
        files = [_numbered(1), ReceivedFile("eicar.xml", EICAR), _numbered(2)]
        outcomes = list(receiver.receive(ACME, OPERATOR, files))
    assert [outcome.is_here for outcome in outcomes] == [True, False, True]
    assert outcomes[1].code == "malware_found"
    with database.read() as work:
        entries = AuditLog(clock).list(work.within(ACME), PageRequest()).items
    (entry,) = [each for each in entries if each.action == "document.malware_refused"]
    assert entry.details["file"] == "eicar.xml"
    assert "Eicar-Test-Signature" in entry.details["reason"]


def test_malware_in_an_archive_that_is_refused_whole_is_told_and_audited(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.xml", UBL)
        archive.writestr("b.xml", EICAR)
    both = ReceivedFile("both.zip", packed.getvalue())
    with FakeClamd() as server:
        receiver = receiver_on(database, clock, tmp_path, scanner=Clamd("127.0.0.1", server.port))
        with pytest.raises(InvalidInput) as refused:
            receiver.receive_one(ACME, OPERATOR, both)
    assert refused.value.code == "malware_found"
    with database.read() as work:
        entries = AuditLog(clock).list(work.within(ACME), PageRequest()).items
    assert [each.action for each in entries].count("document.malware_refused") == 1
    away = Clamd("127.0.0.1", server.port, wait_seconds=0)
    receiver = receiver_on(database, clock, tmp_path, scanner=away)
    with pytest.raises(InvalidInput) as several:
        receiver.receive_one(ACME, OPERATOR, both)
    assert several.value.code == "several_documents"


def test_while_the_scanner_is_away_files_wait_and_come_in_when_it_is_back(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    with FakeClamd() as server:
        port = server.port
    scanner = Clamd("127.0.0.1", port, wait_seconds=0)
    receiver = receiver_on(database, clock, tmp_path, scanner=scanner)
    outcomes = list(receiver.receive(ACME, OPERATOR, [_numbered(1), _numbered(2)]))
    assert all(outcome.is_postponed for outcome in outcomes)
    assert "send the file again" in outcomes[1].error
    assert _count(database, clock) == 0
    with FakeClamd() as server:
        back = receiver_on(database, clock, tmp_path, scanner=Clamd("127.0.0.1", server.port))
        assert all(outcome.is_here for outcome in back.receive(ACME, OPERATOR, [_numbered(1)]))


def test_a_person_chooses_which_invoice_of_a_pdf_counts_and_corrections_stay(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    pdf = pdf_with(("a.xml", UBL), ("b.xml", CII), ("b.xml", UBL))
    files = [ReceivedFile("cii.xml", CII), ReceivedFile("three.pdf", pdf)]
    before, held = (
        each.document
        for each in receiver_on(database, clock, tmp_path).receive(ACME, OPERATOR, files)
    )
    assert before is not None
    assert held is not None
    documents = DocumentService(clock, FolderBlobs(tmp_path / "blobs"), AuditLog(clock))
    corrections = documents.corrections
    assert corrections.choices(held) == ["a.xml", "b.xml", "b.xml (2)"]
    with pytest.raises(NotFound, match=r"It has: a\.xml, b\.xml"):
        corrections.choose(database, ACME, OPERATOR, held.id, "c.xml")
    with pytest.raises(Conflict, match="no invoices to choose from"):
        corrections.choose(database, ACME, OPERATOR, before.id, "b.xml")

    corrections.choose(database, ACME, OPERATOR, held.id, "b.xml")
    with database.read() as work:
        access = work.within(ACME)
        document = documents.get(access, held.id)
        found = documents.list(access, PageRequest(), DocumentFilter(text="re-2026-0418"))
        findings = documents.findings(access, held.id)
    assert document.fields == before.fields
    assert document.content_sha256 == held.content_sha256
    assert held.id in {each.id for each in found.items}
    # It is judged as one that comes in now: the same invoice is here already.
    assert [each.code for each in findings if each.is_open] == ["duplicate_number"]

    corrections.correct(database, ACME, OPERATOR, held.id, {"invoice_id": "B-1"})
    with database.read() as work:
        document = documents.get(work.within(ACME), held.id)
    assert document.fields == {**before.fields, "invoice_id": "B-1"}
    assert document.status is DocumentStatus.VALIDATED_PENDING_EXPORT

    with database.read() as work:
        made = DecisionRepository(work.connection).of_document(ACME, held.id, DecisionKind.CHOOSE)
    corrections.choose(database, ACME, OPERATOR, held.id, "a.xml")
    documents.decisions.undo_any(database, ACME, OPERATOR, held.id, made[0].id)
    with database.read() as work:
        access = work.within(ACME)
        assert documents.get(access, held.id).fields["invoice_id"] == "B-1"
        assert documents.get(access, held.id).tables != before.tables


_MEASURED = r"""
import re
from pathlib import Path
from ionport.core.errors import IonportError
from ionport.documents.intake.containers import ReceivedFile, unpack
from ionport.documents.intake.reading import read_file
root = b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2">'
content = root + b"<a>12</a>" * 2_100_000 + b"</Invoice>"
try:
    for file in unpack(ReceivedFile("many.xml", content), 40_000_000):
        read_file(file.content)
except IonportError as error:
    # Unlike getrusage's, this peak begins anew with the program.
    print(error.code, re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
"""


def test_two_million_elements_are_refused_in_less_than_150_megabytes() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _MEASURED], capture_output=True, text=True, check=True, timeout=120
    )
    code, kilobytes = ran.stdout.split()
    assert code == "xml_too_many_elements"
    assert int(kilobytes) < 150_000


def test_of_a_huge_pdf_no_more_is_read_than_tells_that_it_is_too_large(tmp_path: Path) -> None:
    huge = tmp_path / "huge.pdf"
    huge.write_bytes(b"%PDF-1.7\n")
    os.truncate(huge, 200_000_000)
    (file,) = files_at((huge,), IntakeLimits().file_bytes)
    assert len(file.content) == IntakeLimits().file_bytes + 1
