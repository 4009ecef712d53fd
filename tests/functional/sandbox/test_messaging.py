"""ION messaging through the gateway (docs/reference/ion-messaging.md#endpoints)."""

from __future__ import annotations

import base64
import json
import socket
import zlib
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from ionport.core.errors import NotFound
from ionport.core.ids import new_uuid
from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.sandbox.control.recorder.model import CallFilter
from ionport.sandbox.messaging.model import Message, MessageFilter
from ionport.store import TenantScope
from tests.support.infor_side import (
    OPERATOR,
    OTHER_TENANT,
    SCOPE,
    TENANT,
    InforSide,
    in_threads,
)

BASE = "/IONSERVICES/api/ion/messaging/service"
PUBLISH = f"{BASE}/v2/multipartMessage"
BOD = b"""<SyncCaptureDocument xmlns='http://schema.infor.com/InforOAGIS/2' releaseID='9.2'>
<ApplicationArea><CreationDateTime>2026-03-05T10:11:12Z</CreationDateTime></ApplicationArea>
<DataArea><Sync/><CaptureDocument/></DataArea></SyncCaptureDocument>"""


def parameters(**changes: Any) -> dict[str, Any]:
    values = {
        "documentName": "Sync.CaptureDocument",
        "messageId": new_uuid(),
        "fromLogicalId": "lid://infor.ims.docbits",
        "toLogicalId": "lid://default",
        "encoding": "NONE",
        "characterSet": "UTF-8",
        **changes,
    }
    return {name: value for name, value in values.items() if value is not None}


def publish(client: httpx2.Client, values: Any, payload: bytes = BOD) -> httpx2.Response:
    files = {
        "ParameterRequest": ("filename", json.dumps(values), "application/json"),
        "MessagePayload": ("filename", payload, "application/octet-stream"),
    }
    return client.post(PUBLISH, files=files)


def messages(side: InforSide, message_id: str) -> list[Message]:
    with side.database.read() as work:
        filters = MessageFilter(document_name="Sync.CaptureDocument", text=message_id)
        page = side.inspection.list_messages(Access(work, SCOPE, OPERATOR), PageRequest(), filters)
        return list(page.items)


def bod(side: InforSide, message: Message) -> bytes:
    with side.database.read() as work:
        return side.inspection.message_bod(Access(work, SCOPE, OPERATOR), message.id)


def test_ping_versions_and_protocol_answer(client: httpx2.Client) -> None:
    for address in ("ping", "versions", "protocol"):
        assert client.get(f"{BASE}/{address}").status_code == 200


@pytest.mark.on_each_database
def test_a_published_message_is_kept_with_its_bod(side: InforSide, client: httpx2.Client) -> None:
    values = parameters(accountingEntity="001_100", Custom_One="x", unheardOf="ignored")
    answer = publish(client, values)
    assert answer.status_code == 201
    assert answer.json() == {"status": "OK", "message": "Published successfully"}
    (message,) = messages(side, values["messageId"])
    assert message.document_name == "Sync.CaptureDocument"
    assert message.from_logical_id == "lid://infor.ims.docbits"
    assert message.parameters["Custom_One"] == "x"
    assert "unheardOf" not in message.parameters
    assert message.client_id.startswith(f"{TENANT}~")
    assert message.findings == ()
    assert message.arrivals == 1
    assert bod(side, message) == BOD


def test_the_bytes_of_inforion_are_taken_under_its_fixed_host_header(
    side: InforSide, token: str
) -> None:
    """Hard-coded Host and User-Agent, X-TenantId, X-ClientId.

    Source: docs/reference/known-clients.md#inforion.
    """
    message_id = new_uuid()
    values = json.dumps(parameters(messageId=message_id, fromLogicalId="lid://infor.ims.own"))
    boundary = "7a1c9ff1d3e84b6f8e6f3f0c8a1d2b3c"
    body = (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="ParameterRequest"; filename="filename"\r\n'
        "Content-Type: application/json\r\n\r\n"
        f"{values}\r\n--{boundary}\r\n"
        'Content-Disposition: form-data; name="MessagePayload"; filename="filename"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
        f"{BOD.decode()}\r\n--{boundary}--\r\n"
    ).encode()
    head = (
        f"POST /{TENANT}{PUBLISH} HTTP/1.1\r\n"
        "Host: mingle-ionapi.eu1.inforcloudsuite.com\r\n"
        "User-Agent: FellowConsultingAGRuntime/7.22.0\r\n"
        "Accept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: close\r\n"
        f"X-TenantId: {TENANT}\r\nX-ClientId: {TENANT}~own\r\nCache-Control: no-cache\r\n"
        f"Authorization: Bearer {token}\r\n"
        f"Content-Type: multipart/form-data; boundary={boundary}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    parts = urlsplit(side.url)
    with socket.create_connection((parts.hostname, parts.port or 80)) as connection:
        connection.sendall(head + body)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 201 ")
    (message,) = messages(side, message_id)
    assert bod(side, message) == BOD
    with side.database.read() as work:
        filters = CallFilter(operation="publish")
        call = side.recorder.list(Access(work, SCOPE, OPERATOR), PageRequest(), filters).items[0]
    assert call.facts.headers["host"] == "mingle-ionapi.eu1.inforcloudsuite.com"


@pytest.mark.parametrize("on_top", [bytes, base64.b64encode])
def test_a_deflated_payload_is_unpacked(
    side: InforSide, client: httpx2.Client, on_top: Any
) -> None:
    values = parameters(encoding="DEFLATE")
    assert publish(client, values, on_top(zlib.compress(BOD))).status_code == 201
    (message,) = messages(side, values["messageId"])
    assert bod(side, message) == BOD


def test_a_payload_in_base64_is_unpacked_and_what_is_none_is_refused(
    side: InforSide, client: httpx2.Client
) -> None:
    values = parameters(encoding="BASE64")
    assert publish(client, values, base64.encodebytes(BOD)).status_code == 201
    (message,) = messages(side, values["messageId"])
    assert bod(side, message) == BOD
    refused = publish(client, parameters(encoding="BASE64"), b"%%%")
    assert refused.status_code < 500
    assert "not base64" in refused.text


@pytest.mark.on_each_database
def test_a_repeated_message_is_kept_once_and_every_arrival_counted(
    side: InforSide, client: httpx2.Client
) -> None:
    values = parameters()
    for _again in range(3):
        assert publish(client, values).status_code == 201
    (message,) = messages(side, values["messageId"])
    assert (message.arrivals, message.findings) == (3, ())
    with side.database.read() as work:
        arrivals = side.inspection.arrivals(Access(work, SCOPE, OPERATOR), message.id)
    assert [arrival.is_identical for arrival in arrivals] == [True] * 3
    assert len({arrival.payload_sha256 for arrival in arrivals}) == 1
    assert len({arrival.request_id for arrival in arrivals}) == 3


def test_a_message_id_with_other_content_is_a_finding(
    side: InforSide, client: httpx2.Client
) -> None:
    values = parameters()
    publish(client, values)
    other = BOD.replace(b"9.2", b"9.3")
    assert publish(client, values, other).status_code == 201
    assert publish(client, values, other).status_code == 201
    (message,) = messages(side, values["messageId"])
    assert message.arrivals == 3
    assert len(message.findings) == 1
    assert bod(side, message) == BOD
    with side.database.read() as work:
        arrivals = side.inspection.arrivals(Access(work, SCOPE, OPERATOR), message.id)
    assert [arrival.is_identical for arrival in arrivals] == [True, False, False]


@pytest.mark.on_each_database
def test_one_message_id_of_two_senders_is_two_messages(
    side: InforSide, client: httpx2.Client
) -> None:
    message_id = new_uuid()
    for sender in ("lid://infor.ims.one", "lid://infor.ims.two"):
        publish(client, parameters(messageId=message_id, fromLogicalId=sender))
    assert {m.from_logical_id[-3:] for m in messages(side, message_id)} == {"one", "two"}


def test_without_a_message_id_every_arrival_is_a_message(
    side: InforSide, client: httpx2.Client
) -> None:
    sender = f"lid://infor.ims.{new_uuid()}"
    for _again in range(2):
        publish(client, parameters(messageId=None, fromLogicalId=sender))
    assert len(messages(side, sender)) == 2


@pytest.mark.on_each_database
def test_many_arrivals_at_once_are_one_message(side: InforSide, token: str) -> None:
    values = parameters()

    def send(_number: int) -> int:
        with side.client(token) as client:
            return publish(client, values).status_code

    assert in_threads(8, send) == [201] * 8
    (message,) = messages(side, values["messageId"])
    assert message.arrivals == 8
    with side.database.read() as work:
        filters = CallFilter(operation="publish")
        calls = side.recorder.list(Access(work, SCOPE, OPERATOR), PageRequest(per_page=8), filters)
    assert {call.outcome.effects for call in calls.items} == {(message.id,)}


@pytest.mark.on_each_database
def test_another_tenants_message_is_not_there(side: InforSide, client: httpx2.Client) -> None:
    values = parameters()
    publish(client, values)
    (message,) = messages(side, values["messageId"])
    with side.database.read() as work, pytest.raises(NotFound):
        side.inspection.get_message(Access(work, TenantScope(OTHER_TENANT), OPERATOR), message.id)


MALFORMED = {
    "documentName": [None, "", "CaptureDocument", "Sync.Capture Document", "x" * 251, 5, {}],
    "fromLogicalId": [
        None,
        "lid://",
        "lid://infor",
        "lid://infor.ims",
        "infor.ims.docbits",
        "lid://infor.ims.DocBits",
        "lid://a.b." + "c" * 250,
    ],
    "toLogicalId": [None, "nowhere"],
    "messageId": ["x" * 251, ["a"]],
    "encoding": ["GZIP"],
    "characterSet": ["latin-1"],
    "accountingEntity": ["x" * 23],
    "documentId": ["x" * 101],
    "variationId": ["one"],
    "Custom_A": ["x" * 251],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in MALFORMED.items() for value in values]
)
def test_a_wrong_parameter_is_412_and_named(
    side: InforSide, client: httpx2.Client, name: str, value: object
) -> None:
    values = parameters(fromLogicalId="lid://infor.ims.malformed")
    values[name] = value
    answer = publish(client, values)
    assert answer.status_code == 412, answer.text
    assert name in answer.json()["message"]
    assert messages(side, "lid://infor.ims.malformed") == []


BOUNDARY = {"Content-Type": "multipart/form-data; boundary=b"}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "application/json"}, b"{}"),
        ({"Content-Type": "multipart/form-data"}, b""),
        ({"Content-Type": "multipart/form-data; boundary=" + "b" * 5000}, b""),
        (BOUNDARY, b""),
        (BOUNDARY, b"--b--\r\n"),
        (BOUNDARY, b'--b\r\nContent-Disposition: form-data; name="MessagePayload"\r\n\r\nx'),
        (BOUNDARY, b"--b\r\n\xff\xfe: x\r\n\r\nx\r\n--b--\r\n"),
        (BOUNDARY, b"--b\r\nA: x\r\n\r\nx\r\n" * 20 + b"--b--\r\n"),
    ],
)
def test_a_body_that_is_no_multipart_message_is_412(
    client: httpx2.Client, headers: dict[str, str], body: bytes
) -> None:
    answer = client.post(PUBLISH, content=body, headers=headers)
    assert answer.status_code == 412
    assert answer.json()["message"]


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"documentName": "\\ud800"}', "[" * 9000])
def test_a_parameter_part_that_is_no_object_is_412(client: httpx2.Client, text: str) -> None:
    files = {"ParameterRequest": ("f", text), "MessagePayload": ("f", BOD)}
    assert client.post(PUBLISH, files=files).status_code == 412


@pytest.mark.parametrize("payload", [b"", b"not zlib", zlib.compress(BOD)[:-5], b"QUJD"])
def test_a_payload_that_does_not_unpack_is_412(client: httpx2.Client, payload: bytes) -> None:
    assert publish(client, parameters(encoding="DEFLATE"), payload).status_code == 412


def test_documents_over_the_size_limit_are_413_as_sent_or_unpacked(
    side: InforSide, client: httpx2.Client
) -> None:
    large = b"<a>" + b" " * 6_000_000 + b"</a>"
    assert publish(client, parameters(), large).status_code == 413
    bomb = zlib.compress(large)
    answer = publish(client, parameters(encoding="DEFLATE"), bomb)
    assert answer.status_code == 413
    assert "6000000" in answer.json()["message"]
    values = parameters()
    assert publish(client, values, large[:5_500_000] + b"</a>").status_code == 201
    (message,) = messages(side, values["messageId"])
    assert any("5 MB" in finding for finding in message.findings)


@pytest.mark.parametrize("document", [b"no xml", b"<Other/>", b"<!DOCTYPE a><a/>"])
def test_a_document_that_is_no_such_bod_is_taken_with_a_finding(
    side: InforSide, client: httpx2.Client, document: bytes
) -> None:
    values = parameters()
    assert publish(client, values, document).status_code == 201
    (message,) = messages(side, values["messageId"])
    assert message.findings


def test_an_operation_that_is_not_imitated_is_an_error(client: httpx2.Client) -> None:
    for address in ("v3/message", "v9/nothing", ""):
        answer = client.post(f"{BASE}/{address}")
        assert answer.status_code == 404
        assert answer.json()["message"]
