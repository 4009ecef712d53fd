"""What is told of documents is written in the transaction of the change, thin and in order."""

from __future__ import annotations

import json

import pytest

from ionport.documents.model import DocumentStatus
from ionport.documents.webhooks.model import Event, EventType, MessageState, event_groups
from ionport.identity.access import Access
from tests.support.manual_blocks import block
from tests.unit.documents.webhooks.conftest import ACME, ALL, OPERATOR, OTHER, UBL, Told


def _names(told: object) -> object:
    return {name: _names(told[name]) for name in told} if isinstance(told, dict) else None


TO_COME = [EventType.DOCUMENT_RECEIVED, EventType.VALIDATED_PENDING_EXPORT, EventType.REJECTED]


@pytest.mark.on_each_database
def test_each_change_of_status_is_one_message_for_each_endpoint_that_wants_it(told: Told) -> None:
    every, _secret = told.add()
    some, _secret = told.add(events=["document.rejected"])
    told.add(scope=OTHER)
    document_id = told.receive("R-7")
    told.reject(document_id)
    found = list(reversed(told.messages(every.id).messages))
    assert [message.type for message in found] == [each.value for each in TO_COME]
    assert [message.type for message in told.messages(some.id).messages] == ["document.rejected"]
    bodies = [json.loads(message.body) for message in found]
    assert [body["data"]["sequence"] for body in bodies] == [1, 2, 3]
    shown = json.loads(block("webhooks", '{\n  "type": "document.exported"'))
    assert _names(bodies[2]) == _names(shown)
    assert bodies[2] == {
        "type": "document.rejected",
        "timestamp": "2026-03-05T10:00:00.000Z",
        "data": {
            "document": document_id,
            "number": "R-7",
            "document_type": "INVOICE",
            "previous_status": "validated_pending_export",
            "status": "rejected",
            "sequence": 3,
            "links": {
                "document": f"https://ionport.example/documents/{document_id}",
                "document_api": f"https://ionport.example/api/v1/documents/{document_id}",
            },
        },
    }


@pytest.mark.on_each_database
def test_what_is_rolled_back_is_not_told(told: Told) -> None:
    endpoint, _secret = told.add()
    prepared = told.documents.prepare_receipt(ACME, UBL, "a.xml")

    def receive_and_fail() -> None:
        with told.database.write() as work:
            told.documents.receive(Access(work, ACME, OPERATOR), prepared)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        receive_and_fail()
    assert told.messages(endpoint.id).messages == []
    assert told.send_due() == 0
    assert told.receiver.calls == []


def test_a_held_document_is_told_as_ready_for_validation(told: Told) -> None:
    endpoint, _secret = told.add()
    told.receive("R-1")
    content = UBL.replace(b"RE-2026-0417", b"R-1").replace(b"30 Tage netto", b"sofort")
    prepared = told.documents.prepare_receipt(ACME, content, "again.xml")
    with told.database.write() as work:
        told.documents.receive(Access(work, ACME, OPERATOR), prepared)
    newest = told.messages(endpoint.id).messages[0]
    assert newest.type == "document.ready_for_validation"


def test_the_events_that_come_by_status_are_those_of_the_life_cycle() -> None:
    told_of = {EventType.of_status(each) for each in DocumentStatus if each != "new"}
    others = {EventType.DOCUMENT_RECEIVED, *(each for each in EventType if each.is_of_delivery)}
    connections = {EventType.CREDENTIALS_END, EventType.CONNECTION_PAUSED}
    assert told_of | others | connections == set(EventType)
    assert {each for _label, group in event_groups() for each in group} == set(EventType)
    assert all(EventType(each).label for each in ALL)


def test_a_paused_endpoint_keeps_what_happens_and_one_that_is_off_does_not(told: Told) -> None:
    endpoint, _secret = told.add(events=["document.received"])
    with told.database.write() as work:
        told.webhooks.pause(Access(work, ACME, OPERATOR), endpoint.id)
    told.receive("R-1")
    assert told.send_due() == 0
    with told.database.write() as work:
        told.webhooks.resume(Access(work, ACME, OPERATOR), endpoint.id)
    assert told.send_due() == 1
    told.receiver.answer(410)
    told.receive("R-2")
    told.send_due()
    told.receive("R-3")
    states = [message.state for message in told.messages(endpoint.id).messages]
    assert states == [MessageState.WAITING, MessageState.DELIVERED]


def test_deleting_an_endpoint_takes_what_waits_for_it(told: Told) -> None:
    endpoint, _secret = told.add()
    told.receive()
    with told.database.write() as work:
        told.webhooks.delete(Access(work, ACME, OPERATOR), endpoint.id)
    assert told.send_due() == 0
    assert told.receiver.calls == []


def test_what_is_told_of_a_connection_names_no_document(told: Told) -> None:
    endpoint, _secret = told.add(events=["connection.credentials_end"])
    details = {"connection": "con_1", "days_left": "7"}
    event = Event(EventType.CREDENTIALS_END, "", told.clock.now(), details=details)
    with told.database.write() as work:
        told.documents.events.tell(work.within(ACME), [event])
    (message,) = told.messages(endpoint.id).messages
    assert message.document_id is None
    assert json.loads(message.body)["data"] == {
        **details,
        "links": {
            "connection": "https://ionport.example/settings/connections/con_1",
            "connection_api": "https://ionport.example/api/v1/connections/con_1",
        },
    }
    assert told.send_due() == 1
