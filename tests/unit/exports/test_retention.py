"""Retention removes the content of what is done long enough, and never evidence of a delivery."""

from __future__ import annotations

import hashlib
import io
import json
import os
import threading
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from ionport.core.paging import PageRequest
from ionport.documents.invoice.rendering.model import Language
from ionport.documents.model import Document, DocumentStatus
from ionport.documents.readable_pages.service import ReadablePageService
from ionport.documents.repository import search_text
from ionport.documents.retention.model import Swept
from ionport.documents.retention.service import RetentionService
from ionport.documents.samples import CII_INVOICE, read_sample
from ionport.documents.tables import documents
from ionport.exports.archive import DocumentArchive
from ionport.exports.engine.runner import DeliveryRunner
from ionport.identity.access import Access
from ionport.identity.model import Actor
from tests.support.exporting import OPERATOR, DocumentSide, invoice
from tests.support.pdfs import pdf_with
from tests.unit.exports.conftest import Walk

YEAR = timedelta(days=367)


def _pages(side: DocumentSide) -> ReadablePageService:
    return ReadablePageService(side.database, side.documents, side.blobs, side.clock)


def _retention(side: DocumentSide) -> RetentionService:
    pages = _pages(side)
    return RetentionService(
        side.database, side.clock, side.audit, side.blobs, side.documents, pages
    )


def _keep(side: DocumentSide, years: int | None, actor: Actor = OPERATOR) -> None:
    with side.database.write() as work:
        _retention(side).keep(Access(work, side.scope, actor), "INVOICE", years)


def _document(side: DocumentSide, document_id: str) -> Document:
    with side.database.read() as work:
        return side.documents.get(work.within(side.scope), document_id)


def _reject(side: DocumentSide, document_id: str) -> None:
    with side.database.write() as work:
        side.documents.decisions.reject(Access(work, side.scope, OPERATOR), document_id, "not ours")


def _age(side: DocumentSide) -> None:
    """Let every stored file be as old as the clock says it is."""
    folder = side.blobs._folder
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (0, 0))


def _move(side: DocumentSide, by: timedelta) -> None:
    assert isinstance(side.clock, MovableClock)
    side.clock.advance(by)


def _stored(side: DocumentSide) -> set[str]:
    folder: Path = side.blobs._folder
    return {path.name for path in folder.rglob("*") if path.is_file()}


def _searched_by(side: DocumentSide, document_id: str) -> str:
    with side.database.read() as work:
        query = select(documents.c.search_text).where(documents.c.id == document_id)
        return work.connection.execute(query).scalar_one()


def test_an_exported_document_loses_its_content_and_keeps_its_evidence(
    walk: Walk, runner: DeliveryRunner
) -> None:
    side, retention = walk.side, _retention(walk.side)
    document_id = side.receive()
    delivery = side.export(document_id)
    walk.run(runner, delivery.id)
    before, sent = _document(side, document_id), side.detail(delivery.id)
    assert before.status is DocumentStatus.EXPORTED
    page = _pages(side).pdf_digest(side.scope, document_id, Language.ENGLISH)
    assert retention.run(side.scope) == Swept()
    _keep(side, 1)
    _move(side, YEAR - timedelta(days=3))
    assert retention.run(side.scope) == Swept()
    _move(side, timedelta(days=4))
    with side.database.read() as work:
        (due,) = retention.due(Access(work, side.scope, OPERATOR))
    assert (due.count, due.keep_years) == (1, 1)
    assert retention.tidy(side.database) == 1
    assert retention.run(side.scope) == Swept()

    after = _document(side, document_id)
    assert after.purged_at == side.clock.now()
    for name in ("invoice_id", "supplier_name", "total_amount", "currency", "amount_due"):
        assert after.fields[name] == before.fields[name]
    assert "supplier_address" not in after.fields
    assert _searched_by(side, document_id) == search_text(
        after.filename, document_id, after.fields
    ), "what is gone is not searched either"
    assert after.tables == {}
    assert after.content_sha256 == before.content_sha256
    kept = side.detail(delivery.id)
    assert (kept.delivery, kept.steps, kept.attempts) == (sent.delivery, sent.steps, sent.attempts)
    assert kept.purged_at == after.purged_at
    assert "The content was removed" in side.timeline(document_id)[0]
    assert before.content_sha256 in side.timeline(document_id)[0]

    # Files go when nobody can be about to name them; what was sent stays.
    assert {before.content_sha256, page} <= _stored(side)
    _move(side, timedelta(hours=2))
    _age(side)
    assert retention.tidy(side.database) == 2
    left = _stored(side)
    assert not {before.content_sha256, page} & left
    assert {step.payload_digest for step in sent.steps if step.payload_digest} <= left

    archive = DocumentArchive(side.database, side.documents, side.deliveries, side.blobs)
    with zipfile.ZipFile(io.BytesIO(archive.make(side.scope, OPERATOR, document_id))) as packed:
        names = packed.namelist()
        assert not [name for name in names if name.startswith("original/")]
        assert [name for name in names if name.startswith("sent/")]
        assert "was removed on" in packed.read("document.txt").decode()
        assert json.loads(packed.read("document.json"))["document"]["purged_at"]


def test_nothing_more_is_decided_about_a_purged_document_or_sent_of_it(
    walk: Walk, runner: DeliveryRunner
) -> None:
    side = walk.side
    sent, rejected = side.receive("1"), side.receive("2")
    delivery = side.export(sent)
    walk.run(runner, delivery.id)
    _reject(side, rejected)
    _keep(side, 1)
    _move(side, YEAR)
    assert _retention(side).run(side.scope) == Swept(purged=2)
    documents, scope = side.documents, side.scope
    for document_id in (sent, rejected):
        with side.database.write() as work:
            for refused in (
                lambda work=work: documents.decisions.hold(
                    Access(work, scope, OPERATOR), sent, "why"
                ),
                lambda work=work: documents.decisions.delete(
                    Access(work, scope, OPERATOR), sent, "why"
                ),
                lambda work=work: documents.moving.move(Access(work, scope, OPERATOR), sent, ""),
                lambda work=work: side.deliveries.export(
                    Access(work, scope, OPERATOR), sent, accept_findings="all the same"
                ),
                lambda work=work: side.deliveries.re_export(
                    Access(work, scope, OPERATOR), sent, "again"
                ),
            ):
                with pytest.raises(Conflict) as error:
                    refused()
                assert error.value.code == "purged"
        with pytest.raises(Conflict) as corrected:
            documents.corrections.correct(
                side.database, scope, OPERATOR, document_id, {"due_date": "2031-01-01"}
            )
        assert corrected.value.code == "purged"
        with pytest.raises(Conflict):
            documents.decisions.undo_any(side.database, scope, OPERATOR, rejected)
        with side.database.read() as work, pytest.raises(NotFound) as gone:
            documents.content(work.within(scope), document_id)
        assert gone.value.code == "purged"
        with pytest.raises(NotFound):
            _pages(side).invoice(scope, document_id)
    # The same file is known by its digest, and the same invoice by its number.
    with pytest.raises(Conflict) as again:
        side.receive("1")
    assert again.value.existing_id == sent
    assert "removed by retention on" in again.value.text


def test_what_waits_is_on_hold_or_is_being_delivered_stays_whole(walk: Walk) -> None:
    side = walk.side
    waits, held, open_, done = (side.receive(number) for number in "1234")
    with side.database.write() as work:
        side.documents.decisions.hold(Access(work, side.scope, OPERATOR), held, "why")
    side.export(open_)
    _reject(side, open_)
    _reject(side, done)
    _keep(side, 1)
    _move(side, 3 * YEAR)
    swept = _retention(side).run(side.scope)
    assert swept.purged + swept.left == 2
    assert _document(side, done).purged_at
    with side.database.read() as work:
        is_open = side.documents.review.deliveries.has_open(work.within(side.scope), open_)
    assert (_document(side, open_).purged_at is None) is is_open
    assert [_document(side, one).purged_at for one in (waits, held)] == [None, None]


def test_an_exported_document_stays_whole_until_a_person_decides_about_its_findings(
    walk: Walk, runner: DeliveryRunner
) -> None:
    side = walk.side
    exported, rejected = side.receive("1"), side.receive("2")
    delivery = side.export(exported)
    walk.run(runner, delivery.id)
    double = {"step": "idm_create", "first_id": "A", "second_id": "B", "delivery_id": delivery.id}
    with side.database.write() as work:
        for each in (exported, rejected):
            side.documents.add_finding(work.within(side.scope), each, "two_items", double)
    _reject(side, rejected)
    _keep(side, 1)
    _move(side, YEAR)
    with side.database.read() as work:
        (due,) = _retention(side).due(work.within(side.scope))
    assert due.count == 1
    assert _retention(side).run(side.scope) == Swept(purged=1)
    assert _document(side, rejected).purged_at
    assert _document(side, exported).purged_at is None
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        found = side.documents.findings_of(access, side.documents.get(access, exported))
        ids = {finding.id for finding in found if finding.is_open}
        side.documents.decisions.accept(access, exported, "one was removed at Infor", ids)
    _move(side, YEAR)
    assert _retention(side).run(side.scope) == Swept(purged=1)


def test_a_cancelled_delivery_of_a_purged_document_is_not_tried_again(walk: Walk) -> None:
    side = walk.side
    document_id = side.receive()
    delivery = side.export(document_id)
    with side.database.write() as work:
        side.deliveries.cancel(Access(work, side.scope, OPERATOR), delivery.id)
    _reject(side, document_id)
    _keep(side, 1)
    _move(side, YEAR)
    assert _retention(side).run(side.scope) == Swept(purged=1)
    with side.database.write() as work, pytest.raises(Conflict) as refused:
        side.deliveries.retry(Access(work, side.scope, OPERATOR), delivery.id)
    assert refused.value.code == "purged"
    assert side.detail(delivery.id).delivery.status.value == "cancelled"


def test_a_file_that_another_document_holds_stays(side: DocumentSide) -> None:
    retention = _retention(side)
    xml = read_sample(CII_INVOICE)
    inside, alone = side.add_document("a.pdf", pdf_with(("a.xml", xml))), ""
    files = _pages(side).embedded_files(side.scope, inside)
    assert files[0][1] == hashlib.sha256(xml).hexdigest()
    alone = side.add_document("b.xml", xml)
    _reject(side, inside)
    _keep(side, 1)
    _move(side, YEAR)
    assert retention.run(side.scope).purged == 1
    _move(side, timedelta(hours=2))
    _age(side)
    retention.delete_files()
    assert _document(side, inside).content_sha256 not in _stored(side)
    with side.database.read() as work:
        assert side.documents.content(work.within(side.scope), alone) == xml
    # Once nobody names it, it goes too.
    _reject(side, alone)
    _move(side, YEAR)
    retention.run(side.scope)
    _move(side, timedelta(hours=2))
    _age(side)
    retention.delete_files()
    assert hashlib.sha256(xml).hexdigest() not in _stored(side)


def test_an_export_and_a_purge_at_the_same_moment_never_both_happen(walk: Walk) -> None:
    side = walk.side
    document_id = side.receive()
    _reject(side, document_id)
    _keep(side, 1)
    _move(side, YEAR)
    start, results = threading.Barrier(2), list[str]()

    def purge() -> None:
        start.wait()
        results.append(f"purged {_retention(side).run(side.scope).purged}")

    def restore_and_export() -> None:
        start.wait()
        try:
            side.documents.decisions.undo_any(side.database, side.scope, OPERATOR, document_id)
            side.export(document_id)
            results.append("exported")
        except Conflict as error:
            results.append(error.code)

    threads = [threading.Thread(target=each) for each in (purge, restore_and_export)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) in (["exported", "purged 0"], ["purged", "purged 1"])
    assert (_document(side, document_id).purged_at is None) is ("exported" in results)


def test_who_keeps_what_how_long_is_an_administrators_and_told(side: DocumentSide) -> None:
    for years in (0, 101, -1):
        with pytest.raises(InvalidInput):
            _keep(side, years)
    with pytest.raises(Forbidden):
        _keep(side, 1, Actor("usr_1", "eve"))
    _keep(side, 10)
    _keep(side, None)
    document_id = side.add_document("a.xml", invoice("1"))
    _reject(side, document_id)
    _move(side, 100 * YEAR)
    assert _retention(side).run(side.scope) == Swept()
    with side.database.read() as work:
        entries = side.audit.list(work.within(side.scope), PageRequest()).items
    changes = [each.details["INVOICE"] for each in entries if each.action == "retention.changed"]
    assert changes == ["10 years → for ever", "for ever → 10 years"]
