"""A document flow answers invoices at a registered API, over real sockets.

Source: docs/reference/ion-messaging.md#document-flows.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from aiohttp import web

from ionport.core import xml
from ionport.core.paging import PageRequest
from ionport.gateway.proxy.outgoing import OutgoingCalls
from ionport.gateway.suites.model import EndpointDraft, SuiteDraft
from ionport.gateway.targets.addresses import AddressPolicy
from ionport.gateway.targets.security import KeyMode, KeyParameter, SecurityDraft, SecurityType
from ionport.gateway.targets.upstream import Upstream
from ionport.identity.access import Access
from ionport.sandbox.messaging.flows.model import (
    LEASE,
    MAX_ATTEMPTS,
    AckFilter,
    Acknowledgement,
    AckState,
    Comparison,
    DocumentFlow,
    FlowDraft,
    FlowTarget,
    Rejects,
    Rule,
)
from ionport.sandbox.messaging.flows.runner import FlowRunner
from ionport.testing.running import running_infor
from tests.conftest import ALL_DATABASES
from tests.support.custom_suites import TargetServer
from tests.support.infor_side import OPERATOR, SCOPE, InforSide, infor_side_on
from tests.support.ion import bod, parameters, publish
from tests.support.ports import free_port
from tests.support.sides import until

NS = "{http://schema.infor.com/InforOAGIS/2}"
PATH = "/infor/idm/handle_ack_bod"
KEY = "k" * 32
SECONDS = 10.0


class Receiver:
    """The vendor's API: takes forms with a file, and answers as it is told."""

    def __init__(self) -> None:
        self._gates: list[threading.Event] = []
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.open()
        self.forms: list[dict[str, str]] = []
        self.keys: list[str] = []
        self.status = 200
        self.arrived = 0

    def hold(self) -> None:
        """Let requests that come from now on wait for their answer."""
        self._gates.append(threading.Event())

    def open(self) -> None:
        """Let requests that come from now on pass."""
        self._gates.append(threading.Event())
        self._gates[-1].set()

    def release(self) -> None:
        """Answer whoever still waits."""
        for gate in self._gates:
            gate.set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        gate, forms = self._gates[-1], self.forms
        form = await request.post()
        fields = {"path": request.path}
        for name, value in form.items():
            if isinstance(value, web.FileField):
                with value.file:
                    fields[name] = value.file.read().decode()
                fields["filename"] = value.filename
            else:
                fields[name] = str(value)
        self.arrived += 1
        await asyncio.to_thread(gate.wait)
        forms.append(fields)
        self.keys.append(request.headers.get("X-API-KEY", ""))
        return web.json_response({"taken": len(self.forms)}, status=self.status)


class World:
    """An Infor side with a registered API, and who listens behind it."""

    client: httpx2.Client

    def __init__(self, side: InforSide, receiver: Receiver, credentials: dict[str, str]) -> None:
        self.side = side
        self.receiver = receiver
        self.credentials = credentials

    def register(self, url: str, context: str) -> None:
        security = SecurityDraft(
            SecurityType.API_KEY, parameters=(KeyParameter(KeyMode.HEADER, "X-API-KEY", KEY),)
        )
        endpoint = EndpointDraft(url, "Test", "Sandbox", security=security)
        with self.side.database.write() as work:
            draft = SuiteDraft("DocBits", "Sandbox", "Test", context)
            suites = self.side.services.custom_apis.suites
            suites.create_suite(Access(work, SCOPE, OPERATOR), draft, [endpoint])

    def add_flow(self, rule: Rule | None = None, **fields: Any) -> DocumentFlow:
        """Make the only flow there is."""
        flows = self.side.services.ion.flows
        target = FlowTarget("DocBits", "Sandbox", PATH, parameters={"acl_from": "Public"})
        draft = FlowDraft(
            **{
                "name": "DocBits_Export_to_M3",
                "document_name": "Sync.CaptureDocument",
                "rule": rule or Rule(),
                "target": target,
                **fields,
            }
        )
        with self.side.database.write() as work:
            access = Access(work, SCOPE, OPERATOR)
            for old in flows.list_flows(access):
                flows.delete_flow(access, old.id)
            return flows.create_flow(access, draft)

    def acks(self, flow: DocumentFlow) -> Sequence[Acknowledgement]:
        with self.side.database.read() as work:
            return self.side.services.ion.flows.list_acknowledgements(
                Access(work, SCOPE, OPERATOR), PageRequest(), AckFilter(flow.id)
            ).items

    def send(self, flow: DocumentFlow, document: bytes, **changes: Any) -> Acknowledgement:
        """Publish a document and wait until its acknowledgement has been tried."""
        assert publish(self.client, parameters(**changes), document).status_code == 201
        return self.tried(flow, 1)

    def tried(self, flow: DocumentFlow, times: int) -> Acknowledgement:
        def is_tried() -> bool:
            (ack,) = self.acks(flow)
            texts = self.attempt_texts(ack)
            return len(texts) == times and texts[-1] is not None

        assert until(is_tried, SECONDS), self.acks(flow)
        return self.acks(flow)[0]

    def attempt_texts(self, ack: Acknowledgement) -> list[str | None]:
        with self.side.database.read() as work:
            attempts = self.side.services.ion.flows.attempts(Access(work, SCOPE, OPERATOR), ack.id)
        return [one.sentence if one.ended_at else None for one in attempts]


@pytest.fixture(scope="module", params=ALL_DATABASES)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    receiver = Receiver()
    with TargetServer(receiver.handle) as target:
        for side in infor_side_on(request.param, tmp_path_factory.mktemp("side")):
            world = World(side, receiver, side.credentials())
            world.register(target.url, "DocBits")
            world.register(f"http://127.0.0.1:{free_port()}", "Nobody")
            yield world


@pytest.fixture
def world(served: World) -> Iterator[World]:
    served.receiver.forget()
    side = served.side
    runner = side.services.flow_runner
    runner.launch()
    # The tests move the clock, so the last token may have expired.
    with side.client(side.log_in(served.credentials)) as served.client:
        yield served
    runner.close()
    served.receiver.release()


def test_an_invoice_is_acknowledged_at_the_registered_api(world: World) -> None:
    flow = world.add_flow()
    correlation_id = "4f3c9d0e-0000-4000-8000-000000000001"
    ack = world.send(flow, bod("471102", correlation_id))
    assert (ack.state, ack.outcome, ack.attempts) == (AckState.SENT, "Accepted", 1)
    (form,) = world.receiver.forms
    assert form["path"] == PATH
    assert form["acl_from"] == "Public"
    assert form["filename"] == "Acknowledge.SupplierInvoice.xml"
    assert world.receiver.keys == [KEY]
    root = xml.parse(form["file"].encode())
    assert root.tag == f"{NS}AcknowledgeSupplierInvoice"
    acknowledged = root.find(f"{NS}DataArea/{NS}Acknowledge")
    assert acknowledged is not None
    expression = acknowledged.find(f"{NS}ResponseCriteria/{NS}ResponseExpression")
    assert expression is not None
    assert expression.get("actionCode") == "Accepted"
    assert acknowledged.findtext(f"{NS}AccountingEntityID") == "001_100"
    original = acknowledged.findtext(f"{NS}OriginalApplicationArea/{NS}BODID") or ""
    assert root.findtext(f"{NS}ApplicationArea/{NS}BODID") == (
        original.replace("verb=Sync", "verb=Acknowledge") + "&sequence=1"
    )
    header = root.find(f"{NS}DataArea/{NS}SupplierInvoice/{NS}SupplierInvoiceHeader")
    assert header is not None
    assert header.findtext(f"{NS}DocumentID/{NS}ID") == "471102"
    assert header.findtext(f"{NS}AlternateDocumentID/{NS}ID") == correlation_id


def test_a_rule_rejects_with_its_reason(world: World) -> None:
    rule = Rule(Rejects.WHEN, "SupplierID", Comparison.EQUALS, "SUP999", "AP01", "Unknown supplier")
    flow = world.add_flow(rule)
    assert world.send(flow, bod("1", SupplierID="SUP001")).outcome == "Accepted"
    flow = world.add_flow(rule)
    ack = world.send(flow, bod("2", SupplierID="SUP999"))
    assert (ack.outcome, ack.reason) == ("Rejected", "Unknown supplier")
    rejected = world.receiver.forms[-1]["file"]
    assert 'actionCode="Rejected"' in rejected
    assert "<ReasonCode>AP01</ReasonCode><Reason>Unknown supplier</Reason>" in rejected


@pytest.mark.on_each_database
def test_a_repeated_message_is_acknowledged_once(world: World) -> None:
    flow = world.add_flow()
    values = parameters()
    for _again in range(3):
        publish(world.client, values, bod("3"))
    world.tried(flow, 1)
    assert len(world.acks(flow)) == 1
    assert len(world.receiver.forms) == 1


def test_a_receiver_that_is_away_is_asked_again_and_not_for_ever(world: World) -> None:
    flow = world.add_flow()
    world.receiver.status = 503
    ack = world.send(flow, bod("4"))
    assert (ack.state, ack.attempts) == (AckState.WAITING, 1)
    for number in range(2, MAX_ATTEMPTS + 1):
        world.side.clock.advance(timedelta(minutes=11))
        ack = world.tried(flow, number)
    assert (ack.state, ack.attempts) == (AckState.FAILED, MAX_ATTEMPTS)
    world.side.clock.advance(timedelta(days=1))
    assert len(world.receiver.forms) == MAX_ATTEMPTS
    world.receiver.status = 200
    with world.side.database.write() as work:
        world.side.services.ion.flows.send_again(Access(work, SCOPE, OPERATOR), ack.id)
    assert world.tried(flow, MAX_ATTEMPTS + 1).state is AckState.SENT
    assert len({form["file"] for form in world.receiver.forms}) == 1, "the bytes differ"


def test_a_receiver_that_refuses_is_not_asked_again(world: World) -> None:
    flow = world.add_flow()
    world.receiver.status = 422
    ack = world.send(flow, bod("5"))
    assert ack.state is AckState.FAILED
    assert world.attempt_texts(ack) == ['{"taken": 1}']


def test_nobody_at_the_address_is_told_and_tried_again(world: World) -> None:
    flow = world.add_flow(target=FlowTarget("Nobody", "Sandbox", PATH))
    ack = world.send(flow, bod("6"))
    assert ack.state is AckState.WAITING
    assert "takes no connection" in str(world.attempt_texts(ack)[0])


def test_an_api_that_is_not_registered_fails_at_once(world: World) -> None:
    flow = world.add_flow(target=FlowTarget("Nowhere", "Sandbox", PATH))
    ack = world.send(flow, bod("7"))
    assert ack.state is AckState.FAILED
    assert "CustomerApi/Nowhere/Sandbox" in str(world.attempt_texts(ack)[0])


def test_a_document_that_cannot_be_read_is_not_answered(world: World) -> None:
    flow = world.add_flow()
    ack = world.send(flow, b"<Other/>")
    assert (ack.state, ack.outcome, world.receiver.forms) == (AckState.FAILED, "", [])


def test_a_flow_takes_the_document_type_that_it_names(world: World) -> None:
    flow = world.add_flow(document_type="M3_DeliveryNote")
    ack = world.send(flow, bod("8"))
    assert (ack.state, world.receiver.forms) == (AckState.PASSED_OVER, [])


def test_an_inactive_flow_and_other_documents_start_nothing(world: World) -> None:
    flow = world.add_flow()
    publish(world.client, parameters(documentName="Sync.PurchaseOrder"), b"<A/>")
    with world.side.database.write() as work:
        world.side.services.ion.flows.set_active(
            Access(work, SCOPE, OPERATOR), flow.id, active=False
        )
    publish(world.client, parameters(), bod("9"))
    assert list(world.acks(flow)) == []


@pytest.mark.on_each_database
def test_what_was_under_way_when_the_process_ended_is_posted_again(world: World) -> None:
    flow = world.add_flow()
    world.receiver.hold()
    publish(world.client, parameters(), bod("10"))
    assert until(lambda: world.receiver.arrived == 1, SECONDS)
    runner = world.side.services.flow_runner
    runner.close()
    (ack,) = world.acks(flow)
    assert (ack.state, world.attempt_texts(ack)) == (AckState.WAITING, [None])
    world.receiver.open()
    runner.launch()
    world.side.clock.advance(LEASE + timedelta(seconds=1))
    ack = world.tried(flow, 2)
    assert ack.state is AckState.SENT
    assert world.attempt_texts(ack)[0] is None


@pytest.mark.on_each_database
def test_a_message_that_came_while_nobody_sent_is_not_lost(world: World) -> None:
    flow = world.add_flow()
    runner = world.side.services.flow_runner
    runner.close()
    publish(world.client, parameters(), bod("11"))
    assert world.acks(flow)[0].attempts == 0
    runner.launch()
    assert world.tried(flow, 1).state is AckState.SENT


@pytest.mark.on_each_database
def test_two_processes_post_each_acknowledgement_once(world: World) -> None:
    flow = world.add_flow()
    side = world.side
    directory = side.services.custom_apis.outgoing._directory
    outgoing = OutgoingCalls(directory, Upstream(AddressPolicy()))
    other = FlowRunner(side.database, side.blobs, side.clock, outgoing, every_seconds=0.01)
    with other.running():
        for number in range(20):
            publish(world.client, parameters(), bod(f"T-{number}"))
        assert until(lambda: len(world.receiver.forms) >= 20, SECONDS)
        done = {AckState.SENT}
        assert until(lambda: {ack.state for ack in world.acks(flow)} == done, SECONDS)
    assert [ack.attempts for ack in world.acks(flow)] == [1] * 20
    assert len(world.receiver.forms) == 20


def test_a_slow_receiver_holds_up_nobody_else(world: World) -> None:
    world.add_flow()
    world.receiver.hold()
    publish(world.client, parameters(), bod("slow"))
    assert until(lambda: world.receiver.arrived == 1, SECONDS)
    world.receiver.open()
    publish(world.client, parameters(), bod("quick"))
    assert until(lambda: len(world.receiver.forms) == 1, SECONDS)
    assert ">quick<" in world.receiver.forms[0]["file"]


def test_a_test_suites_tenant_sends_too() -> None:
    receiver = Receiver()
    with TargetServer(receiver.handle) as target, running_infor() as infor:
        side, scope = infor._parts.side, infor._parts.scope
        with infor._parts.database.write() as work:
            access = Access(work, scope, OPERATOR)
            side.custom_apis.suites.create_suite(
                access,
                SuiteDraft("DocBits", "Sandbox", "Test", "DocBits"),
                [EndpointDraft(target.url, "Test", "Sandbox")],
            )
            draft = FlowDraft(
                "Flow",
                "Sync.CaptureDocument",
                Rule(Rejects.ALWAYS),
                FlowTarget("DocBits", "Sandbox", PATH),
            )
            side.ion.flows.create_flow(access, draft)
        headers = {"Authorization": f"Bearer {infor.token()}"}
        base = f"{infor.url}/{infor.tenant}"
        with httpx2.Client(base_url=base, headers=headers) as client:
            assert publish(client, parameters(), bod()).status_code == 201
        assert until(lambda: len(receiver.forms) == 1, SECONDS)
        assert 'actionCode="Rejected"' in receiver.forms[0]["file"]
