"""IDM requests are exactly the documented ones; its answers and errors are taken apart."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from ionport.ionapi import (
    AddressRefused,
    AnswerRefused,
    AsyncIonApiClient,
    Exchange,
    IonApiClient,
    IonApiFile,
    ItemDraft,
    RequestRefused,
    ServiceError,
    exact_match,
)
from tests.unit.ionapi.loopback import TENANT, Loopback, Reply, SmallInfor

BASE = f"/{TENANT}/IDM/api"
DRAFT = ItemDraft(
    "M3_SupplierInvoice",
    (("BOD_SupplierInvoiceID", "471102"), ("BOD_SupplierInvoiceID", "second"), ("Note", 'ä "q"')),
    (("471102.pdf", b"%PDF-1.7 content"),),
    "Public",
)


@pytest.fixture
def client(file: IonApiFile) -> Iterator[IonApiClient]:
    with IonApiClient(file) as client:
        yield client


def failing(client: IonApiClient, infor: SmallInfor, reply: Reply) -> ServiceError:
    infor.idm_reply = reply
    with pytest.raises(ServiceError) as caught:
        client.idm.get_item("A-1-0-LATEST")
    return caught.value


def test_an_item_is_created_with_the_documented_bytes(
    server: Loopback, client: IonApiClient
) -> None:
    item = client.idm.create_item(DRAFT)
    request = server.received[-1]
    assert (request.method, request.path, request.query) == ("POST", f"{BASE}/items", {})
    assert request.headers["content-type"] == "application/json;charset=utf-8"
    assert request.headers["accept"] == "application/json"
    content = base64.b64encode(b"%PDF-1.7 content").decode()
    assert request.body.decode() == (
        '{"item":{"entityName":"M3_SupplierInvoice","attrs":{"attr":['
        '{"name":"BOD_SupplierInvoiceID","value":"471102"},'
        '{"name":"BOD_SupplierInvoiceID","value":"second"},'
        '{"name":"Note","value":"ä \\"q\\""}]},'
        f'"resrs":{{"res":[{{"filename":"471102.pdf","base64":"{content}"}}]}},'
        '"acl":{"name":"Public"}}}'
    )
    assert item.pid == "M3_SupplierInvoice-1-0-LATEST"
    assert (item.id, item.version, item.entity_name) == ("1", "0", "M3_SupplierInvoice")
    assert item.attribute("BOD_SupplierInvoiceID") == "471102"
    assert item.attribute("Unknown") is None
    assert item.acl == "Public"
    assert item.created == "2026-03-05T10:00:00.000Z"
    assert (item.resources[0].filename, item.resources[0].size) == ("471102.pdf", 3)


def test_an_item_without_acl_and_files_says_so(server: Loopback, client: IonApiClient) -> None:
    client.idm.create_item(ItemDraft("MDS_GenericDocument"))
    assert json.loads(server.received[-1].body) == {
        "item": {"entityName": "MDS_GenericDocument", "attrs": {"attr": []}, "resrs": {"res": []}}
    }


def test_an_item_is_read_searched_found_downloaded_and_deleted(
    server: Loopback, client: IonApiClient
) -> None:
    pid = client.idm.create_item(DRAFT).pid
    assert client.idm.get_item(pid).pid == pid
    query = exact_match("M3_SupplierInvoice", {"Note": 'ä "q"'})
    assert [item.pid for item in client.idm.search(query, offset=0, limit=5)] == [pid]
    request = server.received[-1]
    assert request.path == f"{BASE}/items/search"
    assert request.query == {
        "$query": '/M3_SupplierInvoice[@Note = "ä ""q"""]',
        "$offset": "0",
        "$limit": "5",
    }
    found = client.idm.find_one("M3_SupplierInvoice", "Note", 'ä "q"')
    assert found is not None
    assert found.pid == pid
    assert client.idm.find_one("M3_SupplierInvoice", "Note", "other") is None
    assert client.idm.download(pid) == b"%PDF-1.7 content"
    assert server.received[-1].path == f"{BASE}/items/{pid}/resource/stream"
    assert client.idm.download(f"{server.url}{BASE}/items/{pid}/resource/stream")
    client.idm.delete_item(pid)
    assert server.received[-1].method == "DELETE"
    with pytest.raises(ServiceError):
        client.idm.get_item(pid)


def test_the_same_operations_await_under_asyncio(file: IonApiFile) -> None:
    async def scenario() -> tuple[str, bytes, list[str]]:
        async with AsyncIonApiClient(file) as client:
            item = await client.idm.create_item(DRAFT)
            found = await client.idm.find_one("M3_SupplierInvoice", "Note", 'ä "q"')
            assert found == item
            entities = await client.idm.list_entities()
            with pytest.raises(ServiceError):
                await client.idm.get_item("none")
            content = await client.idm.download(item.pid)
            return item.pid, content, [entity.name for entity in entities]

    assert asyncio.run(scenario()) == (
        "M3_SupplierInvoice-1-0-LATEST",
        b"%PDF-1.7 content",
        ["M3_SupplierInvoice"],
    )


def test_a_query_holds_any_value_and_no_other_condition() -> None:
    assert exact_match("E", {}) == "/E"
    assert exact_match("E", {"A": "x", "@B": 'y" OR @C = "z'}) == (
        '/E[@A = "x" AND @B = "y"" OR @C = ""z"]'
    )


@pytest.mark.parametrize("name", ["", "a b", 'a"]', "a/b", "1a", "x" * 200])
def test_a_name_that_cannot_be_one_is_refused(client: IonApiClient, name: str) -> None:
    for ask in (
        lambda: exact_match(name, {}),
        lambda: exact_match("E", {name: "x"}),
        lambda: client.idm.create_item(ItemDraft(name)),
    ):
        with pytest.raises(RequestRefused) as caught:
            ask()
        assert not caught.value.sent


@pytest.mark.parametrize("page", [(-1, 10), (0, 0), (0, 1001)])
def test_a_page_is_bounded(client: IonApiClient, page: tuple[int, int]) -> None:
    with pytest.raises(RequestRefused):
        client.idm.search("/E", offset=page[0], limit=page[1])


def test_the_oldest_of_several_hits_with_the_very_value_is_the_one(
    infor: SmallInfor, client: IonApiClient
) -> None:
    def hit(number: str, value: str) -> dict[str, Any]:
        attributes = {"attr": [{"name": "A", "value": value}]}
        return {"pid": f"E-{number}-0-LATEST", "id": number, "attrs": attributes}

    hits = [hit("10", "x"), hit("9", "x"), hit("1", "X")]
    infor.idm_reply = Reply.json({"items": {"item": hits}})
    found = client.idm.find_one("E", "A", "x")
    assert found is not None
    assert found.id == "9"


def test_single_objects_may_stand_without_a_list(infor: SmallInfor, client: IonApiClient) -> None:
    item = {
        "pid": "E-1-0-LATEST",
        "version": 3,
        "attrs": {"attr": {"name": "A", "value": None}},
        "resrs": {"res": {"name": "", "size": "12", "url": "https://x", "mimetype": "a/b"}},
        "acl": None,
    }
    infor.idm_reply = Reply.json({"items": {"item": item}})
    found = client.idm.search("/E")[0]
    assert found.attributes == (("A", ""),)
    assert (found.version, found.resources[0].size) == ("3", 12)
    empty: list[dict[str, Any]] = [{"items": {}}, {"items": ""}, {"items": {"item": []}}, {}]
    for nothing in empty:
        infor.idm_reply = Reply.json(nothing)
        assert client.idm.search("/E") == []


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply.json({}), "bad_shape"),
        (Reply.json({"item": "x"}), "bad_shape"),
        (Reply.json({"item": {"id": "1"}}), "bad_shape"),
        (Reply.json({"item": {"pid": "E-1", "attrs": {"attr": ["x"]}}}), "bad_shape"),
        (Reply.html(), "html"),
        (Reply(200, b"<html>", (("Content-Type", "application/json"),)), "html"),
        (Reply(200, b"{"), "not_json"),
    ],
)
def test_an_answer_of_another_form_is_named(
    infor: SmallInfor, client: IonApiClient, reply: Reply, code: str
) -> None:
    infor.idm_reply = reply
    with pytest.raises(AnswerRefused) as caught:
        client.idm.get_item("E-1")
    assert (caught.value.code, caught.value.sent) == (code, True)


def test_a_page_instead_of_a_file_is_named(infor: SmallInfor, client: IonApiClient) -> None:
    infor.idm_reply = Reply.html()
    with pytest.raises(AnswerRefused) as caught:
        client.idm.download("E-1")
    assert caught.value.code == "html"


def test_a_download_is_bounded(infor: SmallInfor, client: IonApiClient) -> None:
    infor.idm_reply = Reply(200, b"x" * 1000)
    assert len(client.idm.download("E-1", limit=1000)) == 1000
    with pytest.raises(AnswerRefused, match="999 bytes"):
        client.idm.download("E-1", limit=999)


def test_a_resource_elsewhere_gets_no_token(server: Loopback, client: IonApiClient) -> None:
    with Loopback(lambda _: Reply(200, b"x")) as elsewhere:
        with pytest.raises(AddressRefused):
            client.idm.download(f"{elsewhere.url}/file")
        assert elsewhere.received == []


@pytest.mark.parametrize("pid", ["../../M3/x", "a/b?x=1#y", "ä b"])
def test_a_pid_stays_one_segment_of_the_path(
    server: Loopback, client: IonApiClient, pid: str
) -> None:
    with pytest.raises(ServiceError):
        client.idm.get_item(pid)
    segment = server.received[-1].path.removeprefix(f"{BASE}/items/")
    assert "/" not in segment
    for nothing in ("", ".", ".."):
        with pytest.raises(RequestRefused):
            client.idm.get_item(nothing)


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":{"code":"SC_FORBIDDEN","message":"No access","detail":"acl Private"}}',
        (
            b"<error><code>SC_FORBIDDEN</code><message>No access</message>"
            b"<detail>acl Private</detail></error>"
        ),
        (
            b'<e xmlns="urn:x"><error><code>SC_FORBIDDEN</code><message>No access</message>'
            b"<detail>acl Private</detail></error></e>"
        ),
    ],
)
def test_idms_own_words_are_taken_from_json_and_xml(
    infor: SmallInfor, client: IonApiClient, body: bytes
) -> None:
    error = failing(client, infor, Reply(403, body))
    assert (error.remote_code, error.remote_message, error.remote_detail) == (
        "SC_FORBIDDEN",
        "No access",
        "acl Private",
    )
    assert "No access" in error.message
    assert "IDM-AdvancedUser" in error.remedy
    assert "Infor-IDM" in error.remedy


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"error": 5}',
        b"<unclosed>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><error><code>&a;</code></error>',
        b"<a>" * 300_000,
        b"<html><body>Forbidden</body></html>",
        b"\xff\xfe\x00",
    ],
)
def test_an_error_without_readable_words_is_still_named(
    infor: SmallInfor, client: IonApiClient, body: bytes
) -> None:
    error = failing(client, infor, Reply(403, body))
    assert (error.status, error.service, error.remote_message) == (403, "IDM", "")
    assert "does not allow" in error.message


@pytest.mark.parametrize(
    ("status", "transient", "sent"),
    [
        (400, False, False),
        (403, False, False),
        (404, False, False),
        (409, False, False),
        (412, False, False),
        (413, False, False),
        (429, True, False),
        (408, True, True),
        (500, True, True),
        (502, True, True),
        (503, True, True),
        (504, True, True),
        (507, True, True),
    ],
)
def test_each_status_says_whether_to_try_again_and_whether_to_look_first(
    infor: SmallInfor, client: IonApiClient, status: int, transient: bool, sent: bool
) -> None:
    error = failing(client, infor, Reply.json({}, status, Retry_After="5"))
    assert (error.status, error.transient, error.sent) == (status, transient, sent)
    assert error.retry_after == 5
    assert error.code == f"idm_http_{status}"
    # What only ionport's deliveries do, or their mapping has, is no remedy of the client.
    assert not re.search("repeated|ionport|mapping|deliver", error.remedy), error.remedy


def test_remote_words_are_short_printable_and_without_secrets(
    infor: SmallInfor, client: IonApiClient
) -> None:
    message = f"bad\x1b[31m\r\nsecret {'P' * 86} and {'x' * 1000}"
    error = failing(client, infor, Reply.json({"error": {"message": message}}, 400))
    assert "P" * 20 not in f"{error.message}{error.detail}{error.remote_message}"
    assert error.remote_message.startswith("bad[31m secret •••")
    assert len(error.remote_message) == 300


def test_the_record_of_a_creation_shows_a_digest_in_place_of_the_file(file: IonApiFile) -> None:
    seen: list[Exchange] = []
    with IonApiClient(file, on_exchange=seen.append) as client:
        client.idm.create_item(DRAFT)
    record = seen[-1]
    digest = hashlib.sha256(b"%PDF-1.7 content").hexdigest()
    assert f'"base64":"[16 bytes, SHA-256 {digest}]"' in record.request_body
    assert json.loads(record.request_body)["item"]["acl"] == {"name": "Public"}
    assert record.request_size > len("%PDF-1.7 content")


def test_the_data_model_lists_document_types(infor: SmallInfor, client: IonApiClient) -> None:
    attributes = {"attr": [{"name": "M3_Company", "desc": "Company"}]}
    entities = [{"name": "A", "desc": "Alpha", "attrs": attributes}, {"name": "B"}]
    infor.idm_reply = Reply.json({"entities": {"entity": entities}})
    first, second = client.idm.list_entities()
    assert (first.name, first.description) == ("A", "Alpha")
    assert first.attributes == (("M3_Company", "Company"),)
    assert (second.description, second.attributes) == ("", ())


def test_the_data_model_says_what_an_item_must_have(
    infor: SmallInfor, client: IonApiClient
) -> None:
    attributes = [
        {"name": "Company", "required": "true"},
        {"name": "Division", "required": True, "default": ""},
        {"name": "State", "required": "true", "default": "open"},
        {"name": "Note", "required": "false"},
    ]
    entity = {"name": "A", "attrs": {"attr": attributes}}
    infor.idm_reply = Reply.json({"entities": {"entity": [entity]}})
    (found,) = client.idm.list_entities()
    assert found.required == {"Company", "Division"}
