"""IDM through the gateway as its known clients use it.

Source: docs/reference/idm.md#addresses-and-formats.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import pytest
from lxml import etree

from ionport.core.errors import Forbidden, NotFound
from ionport.core.ids import new_uuid
from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.sandbox.control.recorder.model import CallFilter
from ionport.sandbox.idm.model import ItemFilter
from tests.support.infor_side import (
    OPERATOR,
    OTHER_TENANT,
    SCOPE,
    TENANT,
    InforSide,
    in_threads,
    new_item,
)

# The namespace of IDM's XML.
DAF = "{http://infor.com/daf}"


def create(client: httpx2.Client, **parts: Any) -> dict[str, Any]:
    answer = client.post("/IDM/api/items", json=new_item(**parts))
    assert answer.status_code == 200, answer.text
    item: dict[str, Any] = answer.json()["item"]
    return item


def search(client: httpx2.Client, query: str, **parameters: str) -> list[dict[str, Any]]:
    answer = client.get("/IDM/api/items/search", params={"$query": query, **parameters})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]["item"]
    return items


def test_an_item_comes_back_as_it_was_sent_with_a_link_that_the_token_opens(
    side: InforSide, client: httpx2.Client, token: str
) -> None:
    content = b"<Invoice>\x80 not even UTF-8</Invoice>"
    item = create(client, content=content)
    assert item["pid"] == f"M3_SupplierInvoice-{item['id']}-0-LATEST"
    assert item["acl"]["name"] == "Public"
    assert {a["name"]: (a["type"], a["value"]) for a in item["attrs"]["attr"]} == {
        "BOD_SupplierInvoiceID": ("1", "471102"),
        "M3_InvoiceDate": ("7", "2020-03-05"),
    }
    resource, *previews = item["resrs"]["res"]
    assert [each["name"] for each in previews] == ["Preview", "SmallPreview", "Thumbnail"]
    assert (resource["name"], resource["filename"]) == ("", "471102_2020-03-05.xml")
    assert (resource["mimetype"], resource["size"]) == ("text/xml", str(len(content)))
    assert resource["url"].startswith(f"{side.url}/{TENANT}/IDM/api/items/{item['pid']}/")
    fetched = httpx2.get(resource["url"], headers={"Authorization": f"Bearer {token}"})
    assert fetched.content == content
    assert fetched.headers["content-type"] == "text/xml"
    assert fetched.headers["content-disposition"].startswith("attachment")
    assert client.get(f"/IDM/api/items/{item['pid']}").json()["item"] == item


def test_every_value_of_an_answer_is_a_text(client: httpx2.Client) -> None:
    """Infor's C# model reads strings only (docs/reference/idm.md#items)."""
    remaining: list[object] = [create(client)]
    while remaining:
        value = remaining.pop()
        if isinstance(value, dict):
            remaining.extend(value.values())
        elif isinstance(value, list):
            remaining.extend(value)
        else:
            assert isinstance(value, str)


def test_a_client_posts_json_and_reads_xml(client: httpx2.Client) -> None:
    """Content-Type: application/json;charset=utf-8, Accept: application/xml.

    Source: docs/reference/idm.md#addresses-and-formats.
    """
    answer = client.post(
        "/IDM/api/items?$checkout=false&$language=de-DE",
        content=json.dumps(new_item(attributes={"BOD_SupplierInvoiceID": "a<b & c"})),
        headers={
            "Content-Type": "application/json;charset=utf-8",
            "Accept": "application/xml;charset=utf-8",
        },
    )
    assert answer.headers["content-type"] == "application/xml;charset=utf-8"
    root = etree.fromstring(answer.content)
    assert root.tag == f"{DAF}item"
    assert root.findtext(f"{DAF}attrs/{DAF}attr/{DAF}value") == "a<b & c"
    assert root.findtext(f"{DAF}resrs/{DAF}res/{DAF}url") is not None


def test_an_item_may_be_sent_as_xml(client: httpx2.Client) -> None:
    body = (
        "<item><entityName>LN_SupplierInvoice</entityName><attrs>"
        "<attr><name>SupplierInvoiceNumber</name><value>Ä1</value></attr></attrs>"
        "<resrs><res><filename>a.pdf</filename>"
        f"<base64>{base64.b64encode(b'%PDF').decode()}</base64></res></resrs></item>"
    )
    answer = client.post(
        "/IDM/api/items", content=body.encode(), headers={"Content-Type": "application/xml"}
    )
    assert answer.status_code == 200, answer.text
    item = answer.json()["item"]
    assert item["attrs"]["attr"][0]["value"] == "Ä1"
    assert item["resrs"]["res"][0]["mimetype"] == "application/pdf"


def test_the_variants_of_known_clients_are_taken(client: httpx2.Client) -> None:
    """Attr.type and qual, res.entityName and mimetype, no acl, colls, line breaks, BOM.

    Source: docs/reference/idm.md#create.
    """
    wrapped = base64.encodebytes(b"x" * 100).decode()
    body = {
        "item": {
            "entityName": "M3_SupplierInvoice",
            "attrs": {
                "attr": [{"name": "M3_Company", "type": "1", "qual": "M3_Company", "value": 781}]
            },
            "resrs": {
                "res": [
                    {
                        "filename": "a.bin",
                        "entityName": "M3_SupplierInvoice",
                        "mimetype": "application/x-own",
                        "base64": wrapped,
                    }
                ]
            },
            "colls": [],
        }
    }
    answer = client.post("/IDM/api/items", content=b"\xef\xbb\xbf" + json.dumps(body).encode())
    assert answer.status_code == 200, answer.text
    item = answer.json()["item"]
    assert item["attrs"]["attr"][0]["value"] == "781"
    assert item["resrs"]["res"][0]["filename"] == "a.bin"
    assert item["resrs"]["res"][0]["mimetype"] == "application/x-own"
    assert item["acl"]["name"] == "Public"


def test_a_preview_has_a_link_of_its_own(client: httpx2.Client, token: str) -> None:
    body = new_item()
    preview = {"name": "Preview", "filename": "p.png", "base64": base64.b64encode(b"P").decode()}
    body["item"]["resrs"]["res"].append(preview)
    item = client.post("/IDM/api/items", json=body).json()["item"]
    url = item["resrs"]["res"][1]["url"]
    assert httpx2.get(url, headers={"Authorization": f"Bearer {token}"}).content == b"P"


@pytest.mark.on_each_database
def test_search_finds_by_all_of_its_conditions(client: httpx2.Client) -> None:
    correlation_id = new_uuid()
    attributes = {"BOD_AlternateDocumentID_1": correlation_id, "M3_Company": 'a"b'}
    item = create(client, attributes=attributes)
    create(client, attributes={**attributes, "M3_Company": "other"})
    by_id = f'@BOD_AlternateDocumentID_1 = "{correlation_id}"'
    query = f"/M3_SupplierInvoice[{by_id} AND @M3_Company='a\"b']"
    assert search(client, query) == [item]
    both = search(client, f"/M3_SupplierInvoice[{by_id}]")
    assert both[0] == item
    assert len(both) == 2
    page = {"$offset": "1", "$limit": "1"}
    assert search(client, f"/M3_SupplierInvoice[{by_id}]", **page) == both[1:]
    assert search(client, f"/LN_SupplierInvoice[{by_id}]") == []
    assert search(client, '/M3_SupplierInvoice[@M3_Company="nowhere"]') == []


@pytest.mark.parametrize("dollar", ["$", "%24"])
def test_the_dollar_of_a_parameter_may_be_encoded(
    side: InforSide, token: str, client: httpx2.Client, dollar: str
) -> None:
    correlation_id = new_uuid()
    item = create(client, attributes={"BOD_AlternateDocumentID_1": correlation_id})
    query = quote(f'/M3_SupplierInvoice[@BOD_AlternateDocumentID_1 = "{correlation_id}"]')
    target = f"/{TENANT}/IDM/api/items/search?{dollar}query={query}&{dollar}limit=2"
    found = _raw_get(side, target, token)
    assert found["items"]["item"][0]["pid"] == item["pid"]


def _raw_get(side: InforSide, target: str, token: str) -> Any:
    """Send the bytes as they are: a client library would encode them its own way."""
    parts = urlsplit(side.url)
    head = f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    with socket.create_connection((parts.hostname, parts.port or 80)) as connection:
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return json.loads(answer.partition(b"\r\n\r\n")[2])


@pytest.mark.on_each_database
def test_a_deleted_item_is_gone_and_its_number_is_not_given_again(client: httpx2.Client) -> None:
    item = create(client)
    address = f"/IDM/api/items/{item['pid']}"
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    assert client.delete(address).status_code == 404
    assert int(create(client)["id"]) > int(item["id"])


@pytest.mark.on_each_database
def test_another_tenants_item_is_not_there(side: InforSide, client: httpx2.Client) -> None:
    correlation_id = new_uuid()
    item = create(client, attributes={"BOD_AlternateDocumentID_1": correlation_id})
    with side.client(
        side.log_in(side.credentials(OTHER_TENANT, new_uuid())), OTHER_TENANT
    ) as other:
        for address in (item["pid"], f"{item['pid']}/resource/stream"):
            assert other.get(f"/IDM/api/items/{address}").status_code == 404
        assert other.delete(f"/IDM/api/items/{item['pid']}").status_code == 404
        query = f'/M3_SupplierInvoice[@BOD_AlternateDocumentID_1 = "{correlation_id}"]'
        assert search(other, query) == []
    assert client.get(f"/IDM/api/items/{item['pid']}").status_code == 200


def test_the_data_model_names_entities_attributes_and_acls(client: httpx2.Client) -> None:
    entities = client.get("/IDM/api/datamodel/entities").json()["entities"]["entity"]
    names = {"M3_SupplierInvoice", "LN_SupplierInvoice", "ORDER_CONFIRMATION", "DELIVERY_NOTE"}
    assert {entity["name"] for entity in entities} == names | {"MDS_GenericDocument"}
    entity = client.get("/IDM/api/datamodel/entities/M3_SupplierInvoice").json()["entity"]
    assert entity in entities
    types = {attribute["name"]: attribute["type"] for attribute in entity["attrs"]["attr"]}
    assert types["M3_InvoiceDate"] == "7"
    assert types["BOD_AlternateDocumentID_1"] == "1"
    assert [acl["name"] for acl in entity["acls"]["acl"]] == ["Public", "Private"]
    missing = client.get("/IDM/api/datamodel/entities/Nothing")
    assert (missing.status_code, missing.json()["error"]["code"]) == (400, "unknown_entity")


def _item_with(**changes: Any) -> dict[str, Any]:
    body = new_item()
    body["item"].update(changes)
    return body


REFUSED = {
    "unknown_entity": _item_with(entityName="M3_Nothing"),
    "entity_missing": _item_with(entityName=None),
    "unknown_attribute": _item_with(attrs={"attr": [{"name": "Colour", "value": "red"}]}),
    "wrong_attribute_type": _item_with(
        attrs={"attr": [{"name": "M3_InvoiceDate", "value": "05.03.2020"}]}
    ),
    "unknown_acl": _item_with(acl={"name": "Everybody"}),
    "wrong_base64": _item_with(resrs={"res": [{"filename": "a", "base64": "%%%"}]}),
    "file_empty": _item_with(resrs={"res": [{"filename": "a", "base64": ""}]}),
    "data_uri": _item_with(
        resrs={"res": [{"filename": "a.png", "base64": "data:image/png;base64,QQ=="}]}
    ),
    "filename_has_folders": _item_with(resrs={"res": [{"filename": "a/b.pdf", "base64": "QQ=="}]}),
    "filename_missing": _item_with(resrs={"res": [{"base64": "QQ=="}]}),
    "filename_too_long": _item_with(resrs={"res": [{"filename": "a" * 256, "base64": "QQ=="}]}),
    "wrong_mime_type": _item_with(
        resrs={"res": [{"filename": "a", "base64": "QQ==", "mimetype": "a/b\r\nX: y"}]}
    ),
    "malformed_item": _item_with(
        resrs={"res": [{"filename": "a", "base64": "QQ==", "name": "a/../b"}]}
    ),
    "item_missing": {},
    "control_characters": _item_with(attrs={"attr": [{"name": "M3_Company", "value": "\0"}]}),
}


@pytest.mark.parametrize("code", REFUSED)
def test_a_wrong_item_is_refused_in_idms_shape_and_leaves_nothing(
    side: InforSide, client: httpx2.Client, code: str
) -> None:
    before = _items(side)
    answer = client.post("/IDM/api/items", json=REFUSED[code])
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "detail"}
    assert error["code"] == code
    assert answer.headers["x-request-id"] in error["detail"]
    assert _items(side) == before


def _items(side: InforSide) -> int:
    with side.database.read() as work:
        return side.inspection.list_items(Access(work, SCOPE, OPERATOR), PageRequest()).total


def test_what_is_unknown_is_named(client: httpx2.Client) -> None:
    for code, named in (("unknown_entity", "M3_Nothing"), ("unknown_attribute", "Colour")):
        answer = client.post("/IDM/api/items", json=REFUSED[code])
        assert named in answer.json()["error"]["message"]
    as_xml = client.post(
        "/IDM/api/items", json=REFUSED["unknown_entity"], headers={"Accept": "application/xml"}
    )
    assert "M3_Nothing" in (etree.fromstring(as_xml.content).findtext(f"{DAF}message") or "")


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "parameter_missing"),
        ({"$query": "M3_SupplierInvoice"}, "query_unreadable"),
        ({"$query": '/M3_SupplierInvoice[@Colour = "red"]'}, "unknown_attribute"),
        ({"$query": "/Nothing"}, "unknown_entity"),
        ({"$query": "/M3_SupplierInvoice", "$limit": "-1"}, "parameter_not_a_number"),
        ({"$query": "/M3_SupplierInvoice", "$offset": "9" * 30}, "parameter_not_a_number"),
    ],
)
def test_a_wrong_search_is_a_400_that_says_why(
    client: httpx2.Client, parameters: dict[str, str], code: str
) -> None:
    answer = client.get("/IDM/api/items/search", params=parameters)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/IDM/api/items/a", 404),
        ("GET", "/IDM/api/items/M3_SupplierInvoice-999999999-0-LATEST", 404),
        ("GET", "/IDM/api/items/%00-1-0-LATEST", 404),
        ("GET", "/IDM/api/connection/login", 404),
        ("GET", "/IDM", 404),
        ("PATCH", "/IDM/api/items", 405),
    ],
)
def test_an_operation_that_is_not_imitated_is_an_error_in_idms_shape(
    client: httpx2.Client, method: str, address: str, status: int
) -> None:
    answer = client.request(method, address)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"code", "message", "detail"}


@pytest.mark.on_each_database
def test_the_recorder_tells_of_every_call_and_what_it_did(
    side: InforSide, client: httpx2.Client
) -> None:
    item = create(client)
    refused = client.post(
        "/IDM/api/items?key=swordfish",
        json=REFUSED["unknown_entity"],
        headers={"X-Api-Key": "swordfish", "User-Agent": "own"},
    )
    with side.database.read() as work:
        access = Access(work, SCOPE, OPERATOR)
        filters = CallFilter(service="IDM", operation="create item")
        page = side.recorder.list(access, PageRequest(per_page=2), filters)
        last, first = page.items
        body = side.recorder.request_body(access, last.id)
        with pytest.raises(Forbidden):
            side.recorder.get(Access(work, SCOPE, Actor(None, "nobody")), last.id)
        with pytest.raises(NotFound):
            side.recorder.get(access, "call_none")
    assert (first.outcome.status, first.outcome.effects) == (200, (item["pid"],))
    assert (last.outcome.status, last.outcome.effects) == (400, ())
    assert last.facts.request_id == refused.headers["x-request-id"]
    assert last.outcome.response_sha256 == hashlib.sha256(refused.content).hexdigest()
    assert body == refused.request.content
    assert last.facts.request_sha256 == hashlib.sha256(body or b"").hexdigest()
    assert last.facts.path == f"/{TENANT}/IDM/api/items"
    assert last.facts.client_id.startswith(f"{TENANT}~")
    assert last.facts.headers["user-agent"] == "own"
    assert "swordfish" not in repr(last)


def test_the_inspector_lists_items_and_gives_their_files(
    side: InforSide, client: httpx2.Client
) -> None:
    mark = new_uuid()
    item = create(client, content=b"own", attributes={"BOD_AlternateDocumentID_1": mark})
    with side.database.read() as work:
        access = Access(work, SCOPE, OPERATOR)
        filters = ItemFilter(entity="M3_SupplierInvoice", text=mark.upper())
        page = side.inspection.list_items(access, PageRequest(), filters)
        resource, content = side.inspection.item_file(access, item["pid"])
        with pytest.raises(NotFound):
            side.inspection.get_item(access, "M3_SupplierInvoice-1-9-LATEST")
    assert [found.pid for found in page.items] == [item["pid"]]
    assert (resource.filename, content) == ("471102_2020-03-05.xml", b"own")


@pytest.mark.on_each_database
def test_sixteen_callers_at_once_lose_nothing(side: InforSide, token: str) -> None:
    mark = new_uuid()

    def create_some(number: int) -> list[str]:
        with side.client(token) as client:
            return [
                create(client, attributes={"M3_Company": mark}, content=b"%d" % number)["pid"]
                for _again in range(3)
            ]

    pids = {pid for some in in_threads(16, create_some) for pid in some}
    assert len(pids) == 48
    with side.client(token) as client:
        found = search(client, f'/M3_SupplierInvoice[@M3_Company = "{mark}"]')
    assert {item["pid"] for item in found} == pids
    with side.database.read() as work:
        filters = CallFilter(operation="create item")
        calls = side.recorder.list(Access(work, SCOPE, OPERATOR), PageRequest(per_page=48), filters)
    assert {effect for call in calls.items for effect in call.outcome.effects} == pids
