"""M3 is asked about what it has accepted, where a configuration wants it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from ionport.connections.intake import prepare_connection
from ionport.connections.model import CheckStatus
from ionport.core.i18n import speaking
from ionport.documents.bulk.service import BulkService
from ionport.documents.model import ErpStatus
from ionport.exports.acknowledgements.bod_reader import read_acknowledgement
from ionport.exports.acknowledgements.expected import HEARD_WITHIN, expected_of
from ionport.exports.acknowledgements.model import Result
from ionport.exports.acknowledgements.polling import GONE_AFTER, TOLD_WITHIN, ErpPoller
from ionport.exports.acknowledgements.service import AcknowledgementService
from ionport.exports.destinations.questions import captured
from ionport.exports.destinations.questions.model import ASK_OPTION, FOR, WORD_OPTION, AskWhen
from ionport.exports.error_queue.service import ErrorQueue
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.model import GONE_FROM_ERP, Delivery, ExportMethod
from ionport.identity.access import Access
from ionport.ionapi import IonApiClient, M3Request
from ionport.sandbox.books.ln import LnBooks
from ionport.sandbox.ln.service import LnService, LnSettings
from ionport.sandbox.messaging.flows.acknowledge_bod import InvoiceDocument
from ionport.sandbox.messaging.flows.erp_invoice import read_invoice
from ionport.sandbox.messaging.flows.model import Booked
from ionport.store import SystemScope
from ionport.web.locales import speech_of
from tests.support import erp_mappings
from tests.support.acknowledging import ACCEPTED, acknowledgement
from tests.support.exporting import QUICK, closing
from tests.support.infor_side import OPERATOR
from tests.unit.exports.conftest import SCOPE as TENANT_SCOPE
from tests.unit.exports.conftest import Opened, Walk


def test_a_silence_that_a_process_has_not_told_before_it_ended_is_told_by_the_next(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {ASK_OPTION: AskWhen.NEVER.value, WORD_OPTION: "5"}
    walk = opened(ExportMethod.INFOR_IDM_BOD, b"", **options)
    delivery = delivered(walk, "ASK-20")
    walk.clock.advance(timedelta(hours=6))
    with monkeypatch.context() as patch:
        patch.setattr(AcknowledgementService, "asked", _broken_off)
        with pytest.raises(KeyboardInterrupt):
            poller_of(walk).look()
    walk.clock.advance(TOLD_WITHIN)
    poller = poller_of(walk)
    assert poller.look() == 1
    assert walk.side.detail(delivery.id).delivery.erp_status is ErpStatus.NO_WORD
    walk.clock.advance(TOLD_WITHIN)
    assert poller.look() == 0
    assert walk.side.detail(delivery.id).delivery.erp_ask_at is None


def _broken_off(*_told: object) -> Result:
    raise KeyboardInterrupt


FLOW_DIVISION = "100"
"""That of the accounting entity in ionport's own BOD mapping."""
SCOPE = SystemScope("a batch that a person has deleted in M3")
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def service_of(walk: Walk) -> AcknowledgementService:
    side = walk.side
    return AcknowledgementService(
        side.clock, side.keys, side.audit, side.connections, side.documents
    )


def poller_of(walk: Walk) -> ErpPoller:
    side, service = walk.side, service_of(walk)
    return ErpPoller(side.database, side.clock, side.blobs, side.connections, service, QUICK)


def delivered(walk: Walk, number: str) -> Delivery:
    delivery_id = walk.exported(number)
    with closing(walk.side.runner()) as runner:
        walk.run(runner, delivery_id)
    return walk.side.detail(delivery_id).delivery


def post(client: IonApiClient, delivery: Delivery, division: str = "AAA") -> None:
    """Approve and validate an invoice in M3."""
    named = {"INBN": delivery.erp_reference or ""}
    for program, transaction in (
        ("APS450MI", "ApproveInvoice"),
        ("APS455MI", "ValidByBatchNo"),
    ):
        (result,) = client.m3.bulk(
            program, [M3Request(transaction, named)], company="1", division=division
        )
        assert result.error is None, result.error


def enter(
    client: IonApiClient,
    delivery: Delivery,
    correlation_id: str = "",
    issued: str = "20260801",
) -> str:
    """Enter the invoice of a delivery in M3, as a document flow does; returns its batch number."""
    record = {
        "SUNO": "20001",
        "SINO": delivery.document_name.removesuffix(".xml"),
        "IVDT": issued,
        "CUCD": "EUR",
        "CUAM": "119.00",
        "CORI": correlation_id or delivery.correlation_id,
    }
    (made,) = client.m3.bulk(
        "APS450MI", [M3Request("AddHead", record)], company="1", division=FLOW_DIVISION
    )
    assert made.error is None, made.error
    return made.first("INBN")


def prove(walk: Walk) -> None:
    """Prove the connection, which reaches M3."""
    walk.side.prove(walk.configuration.connection_id)


def test_what_m3_posts_later_is_known(opened: Opened, client: IonApiClient) -> None:
    walk = opened(ExportMethod.INFOR_IDM_M3, erp_mappings.M3, **{ASK_OPTION: "on"})
    delivery = delivered(walk, "ASK-1")
    assert delivery.erp_status == "accepted"
    poller = poller_of(walk)
    assert poller.look() == 0
    walk.clock.advance(timedelta(seconds=4))
    assert poller.look() == 0
    post(client, delivery)
    assert poller.look() == 0  # It was asked a moment ago.
    walk.clock.advance(timedelta(seconds=11))
    assert poller.look() == 1
    found = walk.side.detail(delivery.id).delivery
    assert (found.erp_status, bool(found.erp_voucher)) == ("posted", True)
    assert found.erp_ask_at is None
    poller.close()


def test_m3_is_asked_about_its_own_batches_only_where_a_configuration_wants_it(
    opened: Opened, client: IonApiClient
) -> None:
    walk = opened(ExportMethod.INFOR_IDM_M3, erp_mappings.M3)
    delivery = delivered(walk, "ASK-2")
    post(client, delivery)
    poller = poller_of(walk)
    walk.clock.advance(timedelta(minutes=10))
    assert poller.look() == 0
    found = walk.side.detail(delivery.id).delivery
    assert (found.erp_status, found.erp_ask_at) == ("accepted", None)
    poller.close()


def test_an_invoice_that_a_flow_brought_into_m3_is_found_there(
    opened: Opened, client: IonApiClient
) -> None:
    walk = opened(ExportMethod.INFOR_IDM_BOD, b"")
    delivery = delivered(walk, "ASK-3")
    assert delivery.erp_status == "handed_over"
    poller = poller_of(walk)
    walk.clock.advance(timedelta(seconds=4))
    assert poller.look() == 0
    enter(client, delivery, "00000000-0000-4000-8000-000000000000", "20240801")
    number = enter(client, delivery)
    walk.clock.advance(timedelta(seconds=11))
    assert poller.look() == 0  # No proof has reached M3 yet: nobody knows that it can be asked.
    prove(walk)
    walk.clock.advance(timedelta(seconds=11))
    assert poller.look() == 1
    found = walk.side.detail(delivery.id).delivery
    assert (found.erp_status, found.erp_reference) == (ErpStatus.ACCEPTED, number)
    post(client, found, FLOW_DIVISION)
    walk.clock.advance(timedelta(seconds=11))
    assert poller.look() == 1
    found = walk.side.detail(delivery.id).delivery
    assert (found.erp_status, bool(found.erp_voucher)) == (ErpStatus.POSTED, True)
    poller.close()


def test_m3_that_has_no_such_invoice_is_told_and_not_asked_for_ever(opened: Opened) -> None:
    walk = opened(ExportMethod.INFOR_IDM_BOD, b"")
    prove(walk)
    delivery = delivered(walk, "ASK-4")
    poller = poller_of(walk)
    walk.clock.advance(timedelta(seconds=4))
    assert poller.look() == 0
    assert walk.side.detail(delivery.id).delivery.erp_missed_at is None
    walk.clock.advance(timedelta(minutes=2))
    assert poller.look() == 0
    missed = walk.side.detail(delivery.id).delivery
    assert (missed.erp_status, missed.erp_missed_at) == ("handed_over", walk.clock.now())
    walk.clock.advance(FOR)
    assert poller.look() == 1
    walk.clock.advance(TOLD_WITHIN)
    assert poller.look() == 0
    found = walk.side.detail(delivery.id).delivery
    assert (found.erp_status, found.erp_ask_at) == ("no_word", None)
    poller.close()


def test_of_a_bod_without_a_number_nobody_says_that_the_erp_has_no_such_invoice(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = opened(ExportMethod.INFOR_IDM_BOD, b"")
    prove(walk)
    delivery = delivered(walk, "ASK-16")
    read = captured.read_invoice
    monkeypatch.setattr(captured, "read_invoice", lambda bod: replace(read(bod), number=""))
    poller = poller_of(walk)
    walk.clock.advance(timedelta(minutes=3))
    assert poller.look() == 0
    found = walk.side.detail(delivery.id).delivery
    assert (found.erp_status, found.erp_missed_at) == ("handed_over", None)
    poller.close()


def document_status(walk: Walk, delivery: Delivery) -> str:
    with walk.side.database.read() as work:
        access = work.within(walk.side.scope)
        return walk.side.documents.get(access, delivery.document_id).status.value


def test_an_erp_that_says_nothing_in_time_is_an_export_error_until_it_does(
    opened: Opened, client: IonApiClient
) -> None:
    walk = opened(ExportMethod.INFOR_IDM_BOD, b"", **{WORD_OPTION: "2"})
    prove(walk)
    delivery = delivered(walk, "ASK-10")
    poller = poller_of(walk)
    walk.clock.advance(timedelta(minutes=119))
    assert poller.look() == 0
    assert document_status(walk, delivery) == "exported"
    walk.clock.advance(timedelta(minutes=1))
    assert poller.look() == 1
    assert walk.side.detail(delivery.id).delivery.erp_status is ErpStatus.NO_WORD
    assert document_status(walk, delivery) == "export_error"
    with walk.side.database.read() as work:
        access = Access(work, walk.side.scope, OPERATOR)
        (group,) = ErrorQueue(BulkService(walk.clock, walk.side.audit)).groups(access)
    assert (group.cause.key, group.newest_id) == ("no_word", delivery.id)
    assert any(
        "said nothing in the time" in text for text in walk.side.timeline(delivery.document_id)
    )
    # It is asked all the same, and what is found late counts.
    number = enter(client, delivery)
    walk.clock.advance(timedelta(minutes=6))
    assert poller.look() == 1
    found = walk.side.detail(delivery.id).delivery
    assert (found.erp_status, found.erp_reference) == (ErpStatus.ACCEPTED, number)
    assert document_status(walk, delivery) == "exported"
    poller.close()


def test_the_word_of_an_erp_that_was_not_asked_while_ionport_was_off_is_asked_for_first(
    opened: Opened, client: IonApiClient
) -> None:
    walk = opened(ExportMethod.INFOR_IDM_BOD, b"")
    prove(walk)
    delivery = delivered(walk, "ASK-11")
    enter(client, delivery)
    walk.clock.advance(timedelta(days=2))
    poller = poller_of(walk)
    assert poller.look() == 1
    assert walk.side.detail(delivery.id).delivery.erp_status is ErpStatus.ACCEPTED
    assert not any("said nothing" in text for text in walk.side.timeline(delivery.document_id))
    poller.close()


@pytest.mark.parametrize(
    ("hours", "has_endpoint", "awaited"),
    [("", True, 24), ("", False, None), ("0", True, None), ("5", False, 5)],
)
def test_word_is_expected_where_somebody_tells_it_or_a_person_says_so(
    opened: Opened, hours: str, has_endpoint: bool, awaited: int | None
) -> None:
    options = {ASK_OPTION: AskWhen.NEVER.value, WORD_OPTION: hours}
    walk = opened(ExportMethod.INFOR_IDM_BOD, b"", **options)
    if has_endpoint:
        with walk.side.database.write() as work:
            access = Access(work, walk.side.scope, OPERATOR)
            service_of(walk).make_token(access, walk.configuration.connection_id)
    delivery = delivered(walk, f"ASK-12-{hours}-{has_endpoint}")
    poller = poller_of(walk)
    walk.clock.advance(timedelta(seconds=4))
    assert poller.look() == 0
    found = walk.side.detail(delivery.id).delivery
    due = (delivery.finished_at or delivery.created_at) + timedelta(hours=awaited or 0)
    assert found.erp_ask_at == (due if awaited else None)
    walk.clock.advance(timedelta(hours=25))
    assert poller.look() == (1 if awaited else 0)
    status = "no_word" if awaited else "handed_over"
    assert walk.side.detail(delivery.id).delivery.erp_status == status
    poller.close()


def test_m3_is_not_asked_where_an_endpoint_takes_its_answer(
    opened: Opened, client: IonApiClient
) -> None:
    for number, option in (("ASK-5", ""), ("ASK-6", AskWhen.NEVER.value)):
        walk = opened(ExportMethod.INFOR_IDM_BOD, b"", **{ASK_OPTION: option})
        prove(walk)
        if not option:
            with walk.side.database.write() as work:
                access = Access(work, walk.side.scope, OPERATOR)
                service_of(walk).make_token(access, walk.configuration.connection_id)
        delivery = delivered(walk, number)
        enter(client, delivery)
        poller = poller_of(walk)
        walk.clock.advance(timedelta(minutes=2))
        assert poller.look() == 0
        found = walk.side.detail(delivery.id).delivery
        assert (found.erp_status, found.erp_missed_at) == ("handed_over", None)
        poller.close()
        with walk.side.database.write() as work:
            access = Access(work, walk.side.scope, OPERATOR)
            walk.side.configurations.deactivate(access, walk.configuration.id)


def test_a_batch_that_is_gone_from_m3_keeps_no_other_from_being_asked_about(
    opened: Opened, client: IonApiClient
) -> None:
    walk = opened(ExportMethod.INFOR_IDM_M3, erp_mappings.M3, **{ASK_OPTION: "on"})
    deleted, other = delivered(walk, "ASK-8"), delivered(walk, "ASK-9")
    with walk.side.database.write() as work:
        gone = {"erp_reference": "999999999"}
        DeliveryRepository(work.connection).update(SCOPE, deleted.id, gone)
    post(client, other)
    poller = poller_of(walk)
    walk.clock.advance(timedelta(minutes=2))
    assert poller.look() == 1
    assert walk.side.detail(other.id).delivery.erp_status == "posted"
    # What M3 does not have is known as such, as where a document flow was to bring it.
    assert walk.side.detail(deleted.id).delivery.erp_missed_at is not None
    walk.clock.advance(timedelta(minutes=1))
    assert poller.look() == 0
    assert walk.side.detail(deleted.id).delivery.erp_status == "accepted"
    # For longer than any mistake lasts: it needs a person.
    walk.clock.advance(GONE_AFTER)
    assert poller.look() == 1
    found = walk.side.detail(deleted.id).delivery
    assert (found.erp_status, found.erp_text) == ("rejected", GONE_FROM_ERP)
    assert document_status(walk, deleted) == "export_error"
    with speaking(speech_of("de")):
        texts = walk.side.timeline(deleted.document_id)
    assert "Vom ERP abgelehnt: Sie ist nicht mehr" in texts[0], texts
    with walk.side.database.read() as work:
        access = Access(work, walk.side.scope, OPERATOR)
        (group,) = ErrorQueue(BulkService(walk.clock, walk.side.audit)).groups(access)
    assert group.cause.key == "rejected_gone_from_erp"
    poller.close()


def test_a_refused_credential_is_proved_once_and_not_tried_at_each_question(
    opened: Opened,
    client: IonApiClient,
    user_credentials: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    walk = opened(ExportMethod.INFOR_IDM_M3, erp_mappings.M3, **{ASK_OPTION: "on"})
    delivery = delivered(walk, "ASK-40")
    post(client, delivery)
    asked, ask = [], ErpPoller._ask
    monkeypatch.setattr(ErpPoller, "_ask", lambda *told: asked.append(1) or ask(*told))
    poller = poller_of(walk)

    def use_file(**changes: str) -> None:
        file = {**user_credentials, "iu": walk.proxy.url, **changes}
        prepared = prepare_connection(json.dumps(file).encode())
        with walk.side.database.write() as work:
            access = Access(work, walk.side.scope, OPERATOR)
            walk.side.connections.files.replace(access, delivery.connection_id, prepared)

    use_file(sask="wrong")
    for _ in range(3):
        walk.clock.advance(timedelta(minutes=6))
        assert poller.look() == 0
    assert len(asked) == 1
    with walk.side.database.read() as work:
        access = Access(work, walk.side.scope, OPERATOR)
        proof, *_before = walk.side.connections.proofs(access, delivery.connection_id)
        expected = expected_of(access, walk.configuration)
    assert (proof.started_by, proof.status) == ("erp-answers", CheckStatus.FAILED)
    # Its word is missed all the same.
    assert (expected.asked, expected.within) == (False, HEARD_WITHIN)
    use_file()
    prove(walk)
    walk.clock.advance(timedelta(minutes=6))
    assert poller.look() == 1
    assert walk.side.detail(delivery.id).delivery.erp_status is ErpStatus.POSTED
    poller.close()


def test_what_ln_processes_later_is_known(opened: Opened, client: IonApiClient) -> None:
    walk = opened(ExportMethod.INFOR_IDM_LN, erp_mappings.LN, "SUP000001", **{ASK_OPTION: "on"})
    delivery = delivered(walk, "ASK-14")
    assert delivery.erp_status == "accepted"
    poller = poller_of(walk)
    walk.clock.advance(timedelta(seconds=4))
    assert poller.look() == 0
    service = LnService(walk.infor.clock, LnSettings())
    company, number = (int(part) for part in str(delivery.erp_reference).split("-"))
    with walk.infor.database.write() as work:
        (processed,) = service.process(work.within(TENANT_SCOPE), [(company, number)])
    assert processed.processing.value == "Processed", processed.messages
    walk.clock.advance(timedelta(seconds=11))
    assert poller.look() == 1
    found = walk.side.detail(delivery.id).delivery
    assert (found.erp_status, found.erp_reference) == ("posted", delivery.erp_reference)
    poller.close()


def test_an_invoice_that_a_flow_brought_into_ln_is_found_there(opened: Opened) -> None:
    walk = opened(ExportMethod.INFOR_IDM_BOD, b"", "SUP000001", **{ASK_OPTION: "ln"})
    ours, foreign = delivered(walk, "ASK-30"), delivered(walk, "ASK-31")
    poller = poller_of(walk)
    walk.clock.advance(timedelta(seconds=4))
    assert poller.look() == 0
    booked = book_in_ln(walk, ours, ours.correlation_id)
    book_in_ln(walk, foreign, "00000000-0000-4000-8000-000000000000")
    walk.clock.advance(timedelta(seconds=11))
    assert poller.look() == 1
    found = walk.side.detail(ours.id).delivery
    assert (found.erp_status, found.erp_reference) == ("posted", booked.number)
    assert walk.side.detail(foreign.id).delivery.erp_status == "handed_over"
    poller.close()


def test_what_the_erp_itself_has_accepted_is_not_deleted_there_where_it_is_not_found(
    opened: Opened,
) -> None:
    walk = opened(ExportMethod.INFOR_IDM_BOD, b"", "SUP000001", **{ASK_OPTION: "ln"})
    delivery, service = delivered(walk, "ASK-32"), service_of(walk)
    # A document flow that does not bring the correlation id to LN.
    book_in_ln(walk, delivery, "")
    told = read_acknowledgement(acknowledgement(delivery.correlation_id, ACCEPTED))
    with walk.side.database.write() as work:
        access = Access(work, walk.side.scope, OPERATOR)
        secret = service.make_token(access, delivery.connection_id)
        service.receive(work, service.caller(work, delivery.connection_id, secret), told)
    poller = poller_of(walk)
    for _ in range(3):
        walk.clock.advance(GONE_AFTER)
        poller.look()
    found = walk.side.detail(delivery.id).delivery
    assert (found.erp_status, found.erp_text, found.erp_missed_at) == ("accepted", "", None)
    poller.close()


def book_in_ln(walk: Walk, delivery: Delivery, correlation_id: str) -> Booked:
    """Have LN book the message of a delivery, as a document flow does."""
    (message,) = walk.messages(walk.side.detail(delivery.id))
    content = walk.infor.blobs.get(message.bod_sha256)
    invoice = read_invoice(InvoiceDocument.read(content, message.document_name))
    books = LnBooks(LnService(walk.infor.clock, LnSettings()))
    with walk.infor.database.write() as work:
        as_wanted = replace(invoice, correlation_id=correlation_id, lines=())
        return books.book(work.within(TENANT_SCOPE), as_wanted)


def test_an_ln_that_cannot_list_says_nothing_of_its_invoices(opened: Opened) -> None:
    options = {ASK_OPTION: "on", "ln_list": "Search"}
    walk = opened(ExportMethod.INFOR_IDM_LN, erp_mappings.LN, "SUP000001", **options)
    delivery = delivered(walk, "ASK-15")
    poller = poller_of(walk)
    for _ in range(3):
        walk.clock.advance(timedelta(hours=7))
        assert poller.look() == 0
    found = walk.side.detail(delivery.id).delivery
    assert (found.erp_status, found.erp_missed_at) == ("accepted", None)
    poller.close()


def test_a_batch_that_m3_finds_again_was_not_deleted(opened: Opened, client: IonApiClient) -> None:
    walk = opened(ExportMethod.INFOR_IDM_M3, erp_mappings.M3, **{ASK_OPTION: "on"})
    delivery = delivered(walk, "ASK-13")
    poller = poller_of(walk)
    for reference in ("999999999", delivery.erp_reference, "999999999"):
        with walk.side.database.write() as work:
            values = {"erp_reference": reference}
            DeliveryRepository(work.connection).update(SCOPE, delivery.id, values)
        walk.clock.advance(timedelta(minutes=6))
        assert poller.look() == 0
        missed = walk.side.detail(delivery.id).delivery.erp_missed_at
        assert (missed is None) is (reference == delivery.erp_reference)
    poller.close()
