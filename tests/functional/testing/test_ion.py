"""ION in the hands of a test: connection points, and receivers of acknowledgements."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from aiohttp import web

from ionport.core.errors import Conflict, InvalidInput
from ionport.manual import read_page
from ionport.sandbox.messaging.flows.model import Comparison, Rejects, Rule
from ionport.testing.infor import Infor
from tests.support.custom_suites import TargetServer
from tests.support.ion import bod, parameters, publish
from tests.support.sides import until

SECONDS = 10.0


class Receiver:
    """Keeps the bodies that came; answers the first ones with 503."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.keys: list[str] = []
        self.fails = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append((await request.read()).decode())
        self.keys.append(request.headers.get("X-API-KEY", ""))
        self.fails -= 1
        return web.Response(status=503 if self.fails >= 0 else 200)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def url(receiver: Receiver) -> Iterator[str]:
    with TargetServer(receiver.handle) as target:
        yield f"{target.url}/acknowledge"


def send(
    infor: Infor, document: bytes, file: Mapping[str, Any] | None = None, **changes: str
) -> int:
    headers = {"Authorization": f"Bearer {infor.token(file)}"}
    with httpx2.Client(base_url=f"{infor.url}/{infor.tenant}", headers=headers) as client:
        return publish(client, parameters(**changes), document).status_code


def test_nothing_runs_before_a_message_starts_a_flow(infor: Infor) -> None:
    assert "flow_runner" not in vars(infor._parts.side)
    assert send(infor, bod()) == 201
    # The flow that the sandbox opens by itself answers nobody.
    assert until(lambda: infor.ion.acknowledgement().state == "kept", SECONDS)


def test_strangers_are_refused_when_told_so(infor: Infor) -> None:
    infor.ion.refuse_strangers()
    assert send(infor, bod()) == 412
    client_id = json.loads(infor.ionapi_file().read_text())["ci"]
    logical_id = infor.ion.add_connection_point("Others", client_id)
    assert logical_id == "lid://infor.ims.others"
    assert send(infor, bod(), fromLogicalId=logical_id) == 403
    with pytest.raises(Conflict):
        infor.ion.add_connection_point("others", client_id)
    infor.ion.refuse_strangers(False)
    assert send(infor, bod()) == 201


def test_a_receiver_gets_the_answer_to_an_invoice(
    infor: Infor, receiver: Receiver, url: str
) -> None:
    rule = Rule(Rejects.WHEN, "SupplierID", Comparison.IS_MISSING, reason="No supplier")
    infor.ion.answer_invoices(
        url, rejects=rule, headers={"X-API-KEY": "k" * 20}, parameters={"acl_to": "Private"}
    )
    send(infor, bod("1"), messageId="m-1")
    send(infor, bod("2", SupplierID="S1"), messageId="m-2")
    assert until(lambda: len(infor.ion.acknowledgements(state="sent")) == 2, SECONDS)
    rejected = infor.ion.acknowledgement(message_id="m-1")
    assert (rejected.outcome, rejected.reason, rejected.statuses) == (
        "Rejected",
        "No supplier",
        (200,),
    )
    assert b'actionCode="Rejected"' in rejected.bod
    assert infor.ion.acknowledgement(message_id="m-2").outcome == "Accepted"
    assert receiver.keys == ["k" * 20] * 2
    assert all('name="acl_to"' in body for body in receiver.bodies)


def test_the_test_of_the_page_about_ion_passes(infor: Infor, url: str) -> None:
    example = re.search(r"```python\n(def .*?)```", read_page("sandbox-ion").text, re.DOTALL)
    assert example is not None
    file = json.loads(infor.ionapi_file().read_text())
    logical_id = "lid://infor.ims.docbits_export"
    namespace: dict[str, Any] = {
        "client_id": file["ci"],
        "export": lambda: send(infor, bod(), file, fromLogicalId=logical_id),
    }
    code = example[1].replace("...  # your exporter", "export()  # your exporter")
    exec(compile(code, "sandbox-ion.md", "exec"), namespace)
    namespace["test_a_rejected_invoice_is_marked"](infor, SimpleNamespace(url=url))


def test_the_clock_brings_the_next_attempt_forward(
    infor: Infor, receiver: Receiver, url: str
) -> None:
    receiver.fails = 1
    infor.ion.answer_invoices(url, rejects=True)
    send(infor, bod())
    assert until(lambda: infor.ion.acknowledgement().statuses == (503,), SECONDS)
    infor.clock.jump(seconds=6)
    assert until(lambda: infor.ion.acknowledgement().statuses == (503, 200), SECONDS)


def test_a_reset_ends_answers(infor: Infor, receiver: Receiver, url: str) -> None:
    infor.ion.answer_invoices(url)
    infor.reset()
    send(infor, bod())
    assert until(lambda: infor.ion.acknowledgement().state == "kept", SECONDS)
    assert receiver.bodies == []


def test_a_wrong_address_is_told(infor: Infor) -> None:
    with pytest.raises(InvalidInput):
        infor.ion.answer_invoices("http://example.com/not/https")


def test_connection_points_and_objects_are_seeded(infor: Infor) -> None:
    client_id = json.loads(infor.ionapi_file().read_text())["ci"]
    point = {"name": "Seeded", "clientId": client_id, "documents": ["Sync.CaptureDocument"]}
    infor.seed({"ion": [point], "catalog": [{"name": "Orders", "type": "ANY"}]})
    assert send(infor, bod(), fromLogicalId="lid://infor.ims.seeded") == 403
    assert send(infor, b"1,2", documentName="Orders") == 201
    for wrong in ({**point, "name": "a b"}, {**point, "colour": "red"}, {**point, "documents": 5}):
        with pytest.raises(InvalidInput, match=r"^\$\.ion\[0\]: "):
            infor.seed({"ion": [wrong]})
    with pytest.raises(InvalidInput, match=r"^\$\.catalog\[0\]: "):
        infor.seed({"catalog": [{"name": "A"}]})
