"""Every form in which ION takes a message, through the gateway.

Source: docs/reference/ion-messaging.md#forms-of-a-message.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from html import escape
from typing import Any

import httpx2
import pytest

from ionport.core.ids import new_uuid
from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.sandbox.messaging.model import Message, MessageFilter
from tests.support.infor_side import OPERATOR, SCOPE, InforSide, infor_side_on
from tests.support.ion import BASE, bod, parameters, publish


@pytest.fixture(scope="module", params=["sqlite"])
def side(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InforSide]:
    yield from infor_side_on(request.param, tmp_path_factory.mktemp("side"))


def kept(side: InforSide, text: str) -> tuple[Message, bytes]:
    with side.database.read() as work:
        access = Access(work, SCOPE, OPERATOR)
        filters = MessageFilter(text=text)
        page = side.inspection.list_messages(access, PageRequest(), filters)
        (message,) = page.items
        return message, side.inspection.message_bod(access, message.id)


def as_json(values: dict[str, Any], value: str) -> dict[str, Any]:
    packing = {name: values.pop(name) for name in ("encoding", "characterSet")}
    return {**values, "document": {"value": value, **packing}}


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("encoding", ["NONE", "DEFLATE"])
def test_a_json_message_is_kept_with_its_document(
    side: InforSide, client: httpx2.Client, version: str, encoding: str
) -> None:
    values = parameters(encoding=encoding, accountingEntity="001_100")
    document = bod()
    packed = base64.b64encode(zlib.compress(document)) if encoding == "DEFLATE" else document
    answer = client.post(f"{BASE}/{version}/message", json=as_json(values, packed.decode()))
    assert answer.status_code == 201
    assert answer.json() == {"status": "OK", "message": "Published successfully"}
    message, content = kept(side, values["messageId"])
    assert content == document
    assert message.findings == ()
    assert message.parameters["accountingEntity"] == "001_100"


@pytest.mark.parametrize("wrap", [lambda text: f"<![CDATA[{text}]]>", escape])
def test_an_xml_message_is_kept_with_its_document(
    side: InforSide, client: httpx2.Client, wrap: Any
) -> None:
    values = parameters()
    document = bod().decode().partition("?>")[2].strip()
    head = "".join(
        f"<{name}>{values[name]}</{name}>"
        for name in ("documentName", "fromLogicalId", "toLogicalId", "messageId")
    )
    body = (
        f"<messageRequest>{head}<document><value>{wrap(document)}</value>"
        "<encoding>NONE</encoding><characterSet>UTF-8</characterSet></document></messageRequest>"
    )
    headers = {"Content-Type": "application/xml; charset=UTF-8"}
    answer = client.post(f"{BASE}/v2/message", content=body, headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (201, "OK")
    message, content = kept(side, values["messageId"])
    assert (content.decode(), message.findings) == (document, ())


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", "{}"),
        ("application/json", "no json"),
        ("application/json", '{"document": "text"}'),
        ("application/json", '{"document": {"value": 5}}'),
        ("application/json", '{"document": {"value": "x"}}'),
        ("application/xml", "<other/>"),
        ("application/xml", "<messageRequest>"),
        ("application/xml", "<messageRequest><document><value/></document></messageRequest>"),
        ("text/xml", "<messageRequest><document><value><a/></value></document></messageRequest>"),
        ("text/xml", "<!DOCTYPE a><messageRequest/>"),
        ("", ""),
    ],
)
def test_a_malformed_v2_message_is_412_with_a_message(
    client: httpx2.Client, kind: str, body: str
) -> None:
    answer = client.post(f"{BASE}/v2/message", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 412, answer.text
    assert answer.json()["message"]


def test_a_v3_multipart_message_is_202(side: InforSide, client: httpx2.Client) -> None:
    values = parameters()
    assert publish(client, values, version="v3").status_code == 202
    assert kept(side, values["messageId"])[1] == bod()


def test_a_malformed_v3_message_is_400_with_a_list_of_errors(client: httpx2.Client) -> None:
    for values in (parameters(documentName=None), parameters(batchSize="many"), []):
        answer = publish(client, values, version="v3")
        assert answer.status_code == 400, answer.text
        (text,) = answer.json()["errors"]
        assert text
    too_long = publish(client, parameters(), b"<a>" + b" " * 6_000_000 + b"</a>", version="v3")
    assert (too_long.status_code, list(too_long.json())) == (413, ["errors"])


def ion_headers(**changes: str) -> dict[str, str]:
    values = {
        "documentName": "Sync.CaptureDocument",
        "encoding": "NONE",
        "fromLogicalId": "lid://infor.ims.headers",
        **changes,
    }
    return {f"X-Infor-ION-{name}": value for name, value in values.items()}


def test_the_header_form_takes_parts_and_plain_bodies(
    side: InforSide, client: httpx2.Client
) -> None:
    """The bytes of the two known clients: one part of any name, or JSON as the body."""
    address = f"{BASE}/v3/message/multipart"
    for number in range(3):
        sender = f"lid://infor.ims.h{number}_{new_uuid()}"
        headers = ion_headers(fromLogicalId=sender, variationId="7", Custom_One="x")
        if number == 0:
            answer = client.post(address, files={"MessagePayload": bod()}, headers=headers)
        elif number == 1:
            answer = client.post(address, files={"file": bod()}, headers=headers)
        else:
            headers["Content-Type"] = "application/xml"
            answer = client.post(address, content=bod(), headers=headers)
        assert answer.status_code == 202, answer.text
        message, content = kept(side, sender)
        assert content == bod()
        assert message.to_logical_id == "lid://default"
        assert message.parameters["variationId"] == "7"
        assert message.parameters["Custom_one"] == "x"


def test_the_header_form_without_a_document_name_is_400(client: httpx2.Client) -> None:
    headers = ion_headers()
    del headers["X-Infor-ION-documentName"]
    answer = client.post(
        f"{BASE}/v3/message/multipart", files={"MessagePayload": bod()}, headers=headers
    )
    assert answer.status_code == 400
    assert "documentName" in answer.json()["errors"][0]


def test_a_document_that_differs_from_the_schema_is_kept_with_findings(
    side: InforSide, client: httpx2.Client
) -> None:
    values = parameters()
    odd = bod().replace(b"<CaptureDocument>", b"<CaptureDocument><Colour>red</Colour>")
    assert publish(client, values, odd).status_code == 201
    message, _content = kept(side, values["messageId"])
    (finding,) = message.findings
    assert finding.startswith("/SyncCaptureDocument/DataArea/CaptureDocument[1]/Colour: ")
