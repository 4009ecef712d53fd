"""The method Infor ION BOD: a document that reaches M3 through ION, with no item in IDM.

Source: docs/reference/document-system.md#export-methods.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ionport.core.clock import MovableClock
from ionport.core.paging import PageRequest
from ionport.exports.acknowledgements.bod_reader import read_acknowledgement
from ionport.exports.acknowledgements.model import Result
from ionport.exports.acknowledgements.polling import ErpPoller
from ionport.exports.acknowledgements.service import AcknowledgementService
from ionport.exports.model import AttemptState, DeliveryDetail, DeliveryStatus, ExportMethod
from ionport.identity.access import Access
from ionport.sandbox.control.controls.faults import FaultDraft, FaultKind, FaultTarget, Trigger
from ionport.sandbox.m3.inspection import M3Inspection
from ionport.sandbox.messaging.model import Arrival
from ionport.store import Database
from tests.support.acknowledging import confirmation_of_bod
from tests.support.exporting import QUICK, DocumentSide, closing, document_side, was_unknown
from tests.support.infor_side import OPERATOR, SCOPE, InforSide, infor_side_on
from tests.support.oauth import add_user
from tests.support.sides import until

PUBLISH = FaultTarget("IONSERVICES", "publish")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InforSide]:
    for side in infor_side_on("sqlite", tmp_path_factory.mktemp("infor")):
        with side.services.flow_runner.running():
            yield side


@pytest.fixture(scope="module")
def credentials(sandbox: InforSide) -> dict[str, str]:
    """M3 acts for the user of the service account."""
    user = add_user(sandbox.database, sandbox.clock, "erp", tenant_id=SCOPE.tenant_id)
    return sandbox.credentials(name="Over ION", user_id=user.user_id)


@pytest.fixture
def side(
    database: Database,
    tmp_path: Path,
    clock: MovableClock,
    sandbox: InforSide,
    credentials: dict[str, str],
) -> DocumentSide:
    with sandbox.database.write() as work:
        sandbox.services.control.state.reset(Access(work, SCOPE, OPERATOR))
    side = document_side(database, tmp_path / "blobs", clock)
    side.supplier = "20001"
    connection_id = side.connect(credentials)
    side.prove(connection_id)
    side.configure(connection_id, ExportMethod.INFOR_ION_BOD)
    return side


def deliver(side: DocumentSide, clock: MovableClock, number: str = "471102") -> DeliveryDetail:
    """Export an invoice and go on, as a worker does, until it is delivered."""
    delivery_id = side.export(side.receive(number)).id
    with closing(side.runner()) as runner:

        def is_delivered() -> bool:
            outcome = runner.run(delivery_id)
            clock.advance(timedelta(seconds=outcome.seconds))
            return side.detail(delivery_id).delivery.status is DeliveryStatus.DELIVERED

        assert until(is_delivered), side.detail(delivery_id)
    return side.detail(delivery_id)


def arrivals(sandbox: InforSide) -> list[Arrival]:
    """Every arrival of the one message that ION has."""
    with sandbox.database.read() as work:
        access = Access(work, SCOPE, OPERATOR)
        (message,) = sandbox.inspection.list_messages(access, PageRequest()).items
        return list(sandbox.inspection.arrivals(access, message.id))


@pytest.mark.on_each_database
def test_an_invoice_over_ion_alone_is_posted_in_m3_once_and_known_to_be(
    side: DocumentSide, sandbox: InforSide, clock: MovableClock
) -> None:
    detail = deliver(side, clock)
    assert [step.kind.value for step in detail.steps] == ["render", "ion_publish"]
    assert detail.delivery.idm_pid is None
    acknowledgements = AcknowledgementService(
        clock, side.keys, side.audit, side.connections, side.documents
    )
    poller = ErpPoller(side.database, clock, side.blobs, side.connections, acknowledgements, QUICK)

    def is_posted() -> bool:
        clock.advance(timedelta(seconds=11))
        poller.look()
        return side.detail(detail.delivery.id).delivery.erp_status == "posted"

    try:
        assert until(is_posted), side.detail(detail.delivery.id)
    finally:
        poller.close()
    found = side.detail(detail.delivery.id).delivery
    assert found.erp_voucher
    with sandbox.database.read() as work:
        access = Access(work, SCOPE, OPERATOR)
        assert sandbox.inspection.list_items(access, PageRequest()).total == 0
        (booked,) = M3Inspection().list_invoices(access, PageRequest()).items
    assert booked.head["CORI"] == found.correlation_id
    assert len(arrivals(sandbox)) == 1


def test_a_message_alone_whose_answer_was_lost_goes_again_with_the_same_bytes_and_id(
    side: DocumentSide, sandbox: InforSide, clock: MovableClock
) -> None:
    draft = FaultDraft(
        FaultKind.CUT_AFTER_COMMIT, target=PUBLISH, trigger=Trigger.NEXT, figure=1, seconds=1
    )
    with sandbox.database.write() as work:
        sandbox.services.control.faults.add(Access(work, SCOPE, OPERATOR), draft)
    detail = deliver(side, clock)
    lost, answered = detail.attempts
    assert was_unknown(lost)
    assert answered.state is AttemptState.SUCCEEDED
    first, second = arrivals(sandbox)
    assert first.is_identical
    assert second.is_identical


def test_a_confirm_bod_with_the_bodid_alone_settles_a_message_alone(
    side: DocumentSide, clock: MovableClock
) -> None:
    service = AcknowledgementService(clock, side.keys, side.audit, side.connections, side.documents)
    for number, is_success in (("ALONE-1", True), ("ALONE-2", False)):
        sent = deliver(side, clock, number).delivery
        assert (sent.erp_status, sent.idm_pid) == ("handed_over", None)
        assert sent.bod_name
        with side.database.write() as work:
            access = Access(work, side.scope, OPERATOR)
            token = service.make_token(access, sent.connection_id)
            endpoint = service.caller(work, sent.connection_id, token)
            told = read_acknowledgement(confirmation_of_bod(sent.bod_name, is_success=is_success))
            received = service.receive(work, endpoint, told)
        assert (received.delivery_id, received.result) == (sent.id, Result.APPLIED)
        found = side.detail(sent.id).delivery
        if is_success:
            assert (found.erp_status, found.erp_text) == ("accepted", "")
            assert side.status(sent.document_id) == "exported"
        else:
            assert (found.erp_status, found.erp_text) == ("rejected", "The supplier is not known.")
            assert side.status(sent.document_id) == "export_error"
