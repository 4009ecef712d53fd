"""ION gets exactly the documented multipart message."""

from __future__ import annotations

import asyncio
import email.parser
import email.policy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ionport.ionapi import (
    AnswerRefused,
    AsyncIonApiClient,
    BodMessage,
    IonApiClient,
    IonApiFile,
    Published,
    RequestRefused,
    ServiceError,
)
from tests.unit.ionapi.loopback import TENANT, Loopback, Received, Reply, SmallInfor

BASE = f"/{TENANT}/IONSERVICES/api/ion/messaging/service"
BOD = '<?xml version="1.0" encoding="UTF-8"?><SyncCaptureDocument>ü</SyncCaptureDocument>'.encode()
MESSAGE = BodMessage(
    document_name="Sync.CaptureDocument",
    message_id="5f0c4c6e-0000-4000-8000-0000000000aa",
    from_logical_id="lid://infor.ims.docbits",
    payload=BOD,
)


@pytest.fixture
def client(file: IonApiFile) -> Iterator[IonApiClient]:
    with IonApiClient(file) as client:
        yield client


def parts_of(request: Received) -> list[tuple[str, str, str, bytes]]:
    """Name, file name, type and content of each part, read by an independent parser."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    parser = email.parser.BytesParser(policy=email.policy.HTTP)
    message = parser.parsebytes(head + request.body)
    found = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        found.append((str(name), str(part.get_filename()), part.get_content_type(), content))
    return found


def test_a_message_has_the_documented_form(server: Loopback, client: IonApiClient) -> None:
    assert client.messaging.publish(MESSAGE) == Published(
        MESSAGE.message_id, "OK", "Published successfully"
    )
    request = server.received[-1]
    assert (request.method, request.path) == ("POST", f"{BASE}/v2/multipartMessage")
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert request.headers["x-tenantid"] == TENANT
    assert request.headers["x-clientid"].startswith(f"{TENANT}~")
    parameters, payload = parts_of(request)
    assert parameters[:3] == ("ParameterRequest", "filename", "application/json")
    assert parameters[3].decode() == (
        '{"documentName":"Sync.CaptureDocument",'
        '"messageId":"5f0c4c6e-0000-4000-8000-0000000000aa",'
        '"fromLogicalId":"lid://infor.ims.docbits","toLogicalId":"lid://default",'
        '"encoding":"NONE","characterSet":"UTF-8"}'
    )
    assert payload == ("MessagePayload", "filename", "application/octet-stream", BOD)


def test_a_repeat_has_equal_bytes_and_another_message_other_ones(
    server: Loopback, client: IonApiClient
) -> None:
    client.messaging.publish(MESSAGE)
    client.messaging.publish(MESSAGE)
    client.messaging.publish(replace(MESSAGE, message_id="other"))
    first, second, third = (
        request for request in server.received if request.method == "POST" and "ION" in request.path
    )
    assert first.body == second.body
    assert first.headers["content-type"] == second.headers["content-type"]
    assert third.headers["content-type"] != first.headers["content-type"]


def test_all_parameters_are_sent_under_infors_names(server: Loopback, client: IonApiClient) -> None:
    client.messaging.publish(
        replace(
            MESSAGE,
            tenant_id="ACME_TST",
            accounting_entity="1_DE",
            location="1_A",
            document_id="INV-1",
            revision_id="2",
            variation_id=3,
            batch_id="b",
            batch_sequence=1,
            batch_size=2,
            source="ionport",
            custom={"Custom_Entity": "ü"},
        )
    )
    sent: dict[str, Any] = json.loads(parts_of(server.received[-1])[0][3])
    assert list(sent)[6:] == [
        "tenantId",
        "accountingEntity",
        "location",
        "documentId",
        "revisionId",
        "variationId",
        "batchId",
        "batchSequence",
        "batchSize",
        "source",
        "Custom_Entity",
    ]
    assert sent["variationId"] == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"document_name": "CaptureDocument"},
        {"document_name": ""},
        {"message_id": ""},
        {"message_id": "x" * 251},
        {"from_logical_id": "lid://"},
        {"from_logical_id": "infor.ims.docbits"},
        {"to_logical_id": ""},
        {"from_logical_id": "lid://" + "x" * 245},
        {"accounting_entity": "x" * 23},
        {"location": "x" * 23},
        {"document_id": "x" * 101},
        {"custom": {"Entity": "x"}},
        {"custom": {"Custom_Entity": "x" * 251}},
        {"custom": {"Custom_ä": "x"}},
    ],
)
def test_what_ion_could_only_refuse_is_not_sent(
    server: Loopback, client: IonApiClient, changes: dict[str, Any]
) -> None:
    with pytest.raises(RequestRefused) as caught:
        client.messaging.publish(replace(MESSAGE, **changes))
    assert not caught.value.sent
    assert not caught.value.transient
    assert server.received == []


def test_a_placeholder_logical_id_is_refused_with_the_way_to_the_real_one(
    client: IonApiClient,
) -> None:
    with pytest.raises(RequestRefused) as caught:
        client.messaging.publish(replace(MESSAGE, from_logical_id="lid://"))
    assert "Connection Points" in caught.value.remedy


def test_a_document_over_ions_limit_is_not_sent(server: Loopback, client: IonApiClient) -> None:
    large = replace(MESSAGE, payload=b"x" * 5_000_001)
    with pytest.raises(RequestRefused, match="5,000,001 bytes") as caught:
        client.messaging.publish(large)
    assert "IDM" in caught.value.remedy
    assert client.messaging.publish(large, max_payload=10_000_000).status == "OK"


@pytest.mark.parametrize(
    "reply",
    [
        Reply.json({"status": "OK"}, 201),
        Reply.json({"message": "Published successfully"}, 200),
        Reply(202),
        Reply.json({}, 201),
    ],
)
def test_every_generation_of_success_is_one(
    infor: SmallInfor, client: IonApiClient, reply: Reply
) -> None:
    infor.ion_reply = reply
    assert client.messaging.publish(MESSAGE).status == "OK"


@pytest.mark.parametrize(
    ("reply", "message", "remedy"),
    [
        (
            Reply.json({"message": "Connection point is inactive"}, 412),
            "Connection point is inactive",
            "Connection Points",
        ),
        (
            Reply.json({"errors": ["messageId is missing", "again"]}, 400),
            "messageId is missing; again",
            "property",
        ),
        (
            Reply.json({"error": "forbidden", "error_description": "Not yours"}, 403),
            "Not yours",
            "Infor-ION",
        ),
        (Reply.json({}, 404), "", "Available APIs"),
    ],
)
def test_ions_refusals_are_read_and_explained(
    infor: SmallInfor, client: IonApiClient, reply: Reply, message: str, remedy: str
) -> None:
    infor.ion_reply = reply
    with pytest.raises(ServiceError) as caught:
        client.messaging.publish(MESSAGE)
    error = caught.value
    assert (error.service, error.remote_message, error.transient) == ("ION", message, False)
    assert remedy in error.remedy


def test_a_success_status_with_a_failure_inside_is_a_failure(
    infor: SmallInfor, client: IonApiClient
) -> None:
    infor.ion_reply = Reply.json({"status": "ERROR", "message": "No route"}, 201)
    with pytest.raises(ServiceError, match="No route") as caught:
        client.messaging.publish(MESSAGE)
    assert caught.value.sent


@pytest.mark.parametrize("reply", [Reply.html(), Reply(201, b"{broken")])
def test_a_success_status_without_an_answer_may_have_been_processed(
    infor: SmallInfor, client: IonApiClient, reply: Reply
) -> None:
    infor.ion_reply = reply
    with pytest.raises(AnswerRefused) as caught:
        client.messaging.publish(MESSAGE)
    assert caught.value.sent


def test_ping_gives_the_text_and_refuses_a_page(
    server: Loopback, infor: SmallInfor, client: IonApiClient
) -> None:
    assert client.messaging.ping() == ""
    assert server.received[-1].path == f"{BASE}/ping"
    infor.ion_reply = Reply(200, b"pong\r\n")
    assert client.messaging.ping() == "pong"
    infor.ion_reply = Reply.html()
    with pytest.raises(AnswerRefused):
        client.messaging.ping()


def test_asyncio_publishes_the_same(server: Loopback, file: IonApiFile) -> None:
    async def scenario() -> Published:
        async with AsyncIonApiClient(file) as client:
            await client.messaging.ping()
            return await client.messaging.publish(MESSAGE)

    assert asyncio.run(scenario()).status == "OK"
    with IonApiClient(file) as client:
        client.messaging.publish(MESSAGE)
    posts = [request for request in server.received if request.path.endswith("multipartMessage")]
    assert posts[0].body == posts[1].body
