from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from ionport.core.errors import Conflict, Unauthenticated
from ionport.core.secrets import Secret
from ionport.documents.model import ErpStatus
from ionport.documents.webhooks.model import Event, EventType
from ionport.exports.acknowledgements.bod_reader import read_acknowledgement
from ionport.exports.acknowledgements.model import MAX_UNMATCHED, Received, Result
from ionport.exports.acknowledgements.repository import ReceivedRepository
from ionport.exports.acknowledgements.service import AcknowledgementService
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.model import Delivery, DeliveryStatus, ExportMethod
from ionport.identity.access import Access
from ionport.sandbox.messaging.flows.acknowledge_bod import Verdict
from ionport.store import OrganizationScope, ScopedWork, SystemScope
from tests.support.acknowledging import (
    ACCEPTED,
    POSTED,
    REJECTED,
    acknowledgement,
    confirmation,
    confirmation_of_bod,
)
from tests.support.exporting import OPERATOR, DocumentSide
from tests.unit.connections.conftest import credential
from tests.unit.exports.conftest import Walk

_ERP = (EventType.ERP_ACCEPTED, EventType.ERP_POSTED, EventType.ERP_REJECTED)


@dataclass(slots=True)
class Told:
    """Keeps what webhooks would be told."""

    events: list[Event]

    def tell(self, access: ScopedWork[OrganizationScope], events: Sequence[Event]) -> None:
        """Keep the events."""
        self.events.extend(events)


class Erp:
    """An endpoint of a connection, and who posts to it."""

    def __init__(self, side: DocumentSide, connection_id: str) -> None:
        self.side = side
        self.connection_id = connection_id
        self.service = AcknowledgementService(
            side.clock, side.keys, side.audit, side.connections, side.documents
        )
        self.token = self.new_token()

    def new_token(self) -> Secret:
        with self.side.database.write() as work:
            access = Access(work, self.side.scope, OPERATOR)
            return self.service.make_token(access, self.connection_id)

    def tell(self, content: bytes, token: Secret | None = None) -> Received:
        told = read_acknowledgement(content)
        with self.side.database.write() as work:
            endpoint = self.service.caller(work, self.connection_id, token or self.token)
            return self.service.receive(work, endpoint, told)

    def say(self, delivery: Delivery, verdict: Verdict = POSTED, number: str = "1") -> Result:
        return self.tell(acknowledgement(delivery.correlation_id, verdict, number)).result

    def delivery(self, delivery: Delivery) -> Delivery:
        return self.side.detail(delivery.id).delivery

    def end(self, delivery: Delivery) -> None:
        with self.side.database.write() as work:
            DeliveryRepository(work.connection).update(
                SystemScope("test"),
                delivery.id,
                {"status": DeliveryStatus.DELIVERED, "due_at": None},
            )


@pytest.fixture
def erp(side: DocumentSide) -> Erp:
    """An endpoint beside one active configuration that nobody runs."""
    connection_id = side.connect(credential_of())
    side.configure(connection_id)
    return Erp(side, connection_id)


def credential_of() -> dict[str, str]:
    content: dict[str, str] = json.loads(credential())
    return content


@pytest.mark.on_each_database
def test_what_the_erp_says_stands_at_delivery_and_document(erp: Erp) -> None:
    side = erp.side
    document_id = side.receive()
    delivery = side.export(document_id)
    erp.end(delivery)
    assert erp.say(delivery, ACCEPTED) is Result.APPLIED
    assert erp.delivery(delivery).erp_status is ErpStatus.ACCEPTED
    assert erp.say(delivery, POSTED) is Result.APPLIED
    found = erp.delivery(delivery)
    assert (found.erp_status, found.erp_reference, found.erp_voucher) == (
        ErpStatus.POSTED,
        "1-1001",
        "30000001",
    )
    with side.database.read() as work:
        document = side.documents.get(work.within(side.scope), document_id)
    assert (document.status, document.erp_status, document.erp_reference) == (
        "exported",
        ErpStatus.POSTED,
        "30000001",
    )
    assert "Posted in the ERP as 1-1001, voucher 30000001." in side.timeline(document_id)


@pytest.mark.on_each_database
def test_a_rejection_puts_the_document_into_export_error_until_it_is_exported_anew(
    erp: Erp,
) -> None:
    side = erp.side
    document_id = side.receive()
    delivery = side.export(document_id)
    erp.end(delivery)
    assert erp.say(delivery, REJECTED) is Result.APPLIED
    assert side.status(document_id) == "export_error"
    reason = "Rejected by the ERP: WSU0103: Supplier 99 does not exist."
    assert reason in side.timeline(document_id)
    # Exporting it once more without a person's reason makes nothing; a retry is refused.
    assert side.export(document_id).id == delivery.id
    with side.database.write() as work, pytest.raises(Conflict):
        side.deliveries.retry(Access(work, side.scope, OPERATOR), delivery.id)
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        (again,) = side.deliveries.re_export(access, document_id, "The supplier is there now")
    assert (again.generation, side.status(document_id)) == (2, "exporting")
    # What the ERP says of the first one now changes nothing any more.
    assert erp.say(delivery, POSTED) is Result.SUPERSEDED
    assert erp.delivery(delivery).erp_status is ErpStatus.REJECTED


def test_an_earlier_export_that_the_erp_took_after_all_holds_the_document(erp: Erp) -> None:
    side = erp.side
    document_id = side.receive()
    delivery = side.export(document_id)
    erp.end(delivery)
    erp.say(delivery, REJECTED)
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        side.deliveries.re_export(access, document_id, "The supplier is there now")
    assert erp.say(delivery, POSTED) is Result.SUPERSEDED
    with side.database.read() as work:
        access = work.within(side.scope)
        assert side.documents.is_held(access, document_id)
        found = side.documents.review.list(access, document_id)
    (number,) = [each.parameters["number"] for each in found if each.code == "posted_before"]
    assert number == "1-1001"


@pytest.mark.on_each_database
def test_a_replay_a_foreign_and_an_unknown_one_change_nothing_and_are_kept(
    erp: Erp, side: DocumentSide
) -> None:
    document_id = side.receive()
    delivery = side.export(document_id)
    content = acknowledgement(delivery.correlation_id)
    first = erp.tell(content)
    lines = side.timeline(document_id)
    again = erp.tell(content)
    assert (again.id, again.times, again.result) == (first.id, 2, Result.APPLIED)
    assert side.timeline(document_id) == lines
    assert erp.tell(acknowledgement()).result is Result.UNKNOWN
    file = credential_of() | {"ci": "ACME_TST~another", "saak": "another"}
    other = Erp(side, side.connect(file))
    foreign = other.tell(acknowledgement(delivery.correlation_id, REJECTED))
    assert (foreign.result, foreign.delivery_id) == (Result.UNKNOWN, None)
    assert erp.delivery(delivery).erp_status is ErpStatus.POSTED
    with side.database.read() as work:
        access = Access(work, side.scope, OPERATOR)
        assert [each.result for each in erp.service.received(access, erp.connection_id)] == [
            Result.UNKNOWN,
            Result.APPLIED,
        ]


def test_what_is_posted_is_never_rejected(erp: Erp) -> None:
    delivery = erp.side.export(erp.side.receive())
    assert erp.say(delivery, POSTED) is Result.APPLIED
    assert erp.say(delivery, ACCEPTED) is Result.KNOWN
    assert erp.say(delivery, REJECTED) is Result.LATE
    assert erp.tell(confirmation(delivery.correlation_id)).result is Result.LATE
    assert erp.delivery(delivery).erp_status is ErpStatus.POSTED


def test_a_new_token_ends_the_one_before_it(erp: Erp) -> None:
    old, new = erp.token, erp.new_token()
    with pytest.raises(Unauthenticated):
        erp.tell(acknowledgement(), old)
    assert erp.tell(acknowledgement(), new).result is Result.UNKNOWN
    with erp.side.database.write() as work:
        access = Access(work, erp.side.scope, OPERATOR)
        assert erp.service.endpoint(access, erp.connection_id) is not None
        erp.service.remove(access, erp.connection_id)
        assert erp.service.endpoint(access, erp.connection_id) is None
    with pytest.raises(Unauthenticated):
        erp.tell(acknowledgement(), new)


def test_of_what_names_no_delivery_the_oldest_is_forgotten(
    erp: Erp, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_UNMATCHED >= 100
    monkeypatch.setattr("ionport.exports.acknowledgements.repository.MAX_UNMATCHED", 3)
    for _each in range(5):
        erp.tell(acknowledgement())
    with erp.side.database.read() as work:
        kept = ReceivedRepository(work.connection).of_connection(
            erp.side.scope, erp.connection_id, 100
        )
    assert len(kept) == 3


@pytest.mark.on_each_database
def test_an_answer_that_comes_before_our_own_call_is_written_down_is_not_lost(
    walk: Walk, runner: DeliveryRunner
) -> None:
    """The ERP answers while the step of the delivery is still under way."""
    erp = Erp(walk.side, walk.configuration.connection_id)
    delivery_id = walk.exported()
    delivery = walk.side.detail(delivery_id).delivery
    assert erp.say(delivery, POSTED) is Result.APPLIED
    assert walk.side.status(delivery.document_id) == "exporting"
    walk.run(runner, delivery_id)
    assert erp.delivery(delivery).erp_status is ErpStatus.POSTED
    assert walk.side.status(delivery.document_id) == "exported"


def test_a_delivery_over_ion_is_handed_over_until_the_erp_has_answered(
    walk: Walk, runner: DeliveryRunner
) -> None:
    assert walk.configuration.method is ExportMethod.INFOR_IDM_BOD
    delivery_id = walk.exported()
    walk.run(runner, delivery_id)
    assert walk.side.detail(delivery_id).delivery.erp_status is ErpStatus.HANDED_OVER


def test_webhooks_are_told_what_the_erp_says_once(erp: Erp) -> None:
    told: list[Event] = []
    erp.side.documents.events = Told(told)
    delivery = erp.side.export(erp.side.receive())
    erp.end(delivery)
    for verdict in (ACCEPTED, REJECTED, REJECTED, POSTED):
        erp.say(delivery, verdict)
    assert [
        (each.type.value, each.previous_status, each.status) for each in told if each.type in _ERP
    ] == [
        ("delivery.accepted", None, "accepted"),
        ("delivery.rejected", "accepted", "rejected"),
        ("delivery.posted", "rejected", "posted"),
    ]
    details = [each.details for each in told if each.type in _ERP]
    assert {each["delivery"] for each in details} == {delivery.id}
    assert details[1]["erp_text"] == "WSU0103: Supplier 99 does not exist"
    assert (details[2]["erp_reference"], details[2]["erp_voucher"]) == ("1-1001", "30000001")


@pytest.mark.on_each_database
def test_a_confirm_bod_with_the_bodid_alone_settles_its_delivery(
    walk: Walk, runner: DeliveryRunner
) -> None:
    erp = Erp(walk.side, walk.configuration.connection_id)
    delivery_id = walk.exported("CONFIRM-1")
    walk.run(runner, delivery_id)
    sent = walk.side.detail(delivery_id).delivery
    assert sent.bod_name is not None
    assert sent.bod_name.startswith("infor-nid:ACME_TST:001_100::CONFIRM-1:")
    received = erp.tell(confirmation_of_bod(sent.bod_name))
    assert (received.delivery_id, received.result) == (delivery_id, Result.APPLIED)
    found = erp.delivery(sent)
    assert (found.erp_status, found.erp_text) == (
        ErpStatus.REJECTED,
        "The supplier is not known.",
    )
    other = erp.tell(confirmation_of_bod(sent.bod_name.replace("CONFIRM-1", "CONFIRM-2")))
    assert (other.delivery_id, other.result) == (None, Result.UNKNOWN)


def test_a_bodid_of_two_documents_names_neither(walk: Walk, runner: DeliveryRunner) -> None:
    erp = Erp(walk.side, walk.configuration.connection_id)
    first, second = walk.exported("CONFIRM-3"), walk.exported("CONFIRM-4")
    for delivery_id in (first, second):
        walk.run(runner, delivery_id)
    name = walk.side.detail(first).delivery.bod_name
    assert name is not None
    with walk.side.database.write() as work:
        # As where two suppliers use one number.
        deliveries = DeliveryRepository(work.connection)
        deliveries.update(walk.side.scope, second, {"bod_name": name})
    assert erp.tell(confirmation_of_bod(name)).result is Result.UNKNOWN
