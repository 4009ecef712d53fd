"""IDM as public clients use it: each request is one that a client really sends.

Source: docs/reference/idm.md; the addresses of most of these clients were not kept.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree

import httpx2
import pytest

from ionport.core.ids import new_uuid
from ionport.identity.access import Access
from ionport.ionapi import AsyncIonApiClient, IonApiClient, IonApiFile, ItemDraft, ServiceError
from ionport.sandbox.idm.datamodel.attribute_types import AttributeType
from ionport.sandbox.idm.datamodel.model import AttributeDefinition
from tests.support.infor_side import OPERATOR, SCOPE, InforSide, infor_side_on

DAF = "{http://infor.com/daf}"
PDF = b"%PDF-1.7 an invoice"
JSON_IN = {"Content-Type": "application/json;charset=utf-8"}
XML_OUT = {"Accept": "application/xml;charset=utf-8"}
JSON_OUT = {"Accept": "application/json;charset=utf-8"}


@pytest.fixture(scope="module", params=["sqlite"])
def side(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InforSide]:
    for side in infor_side_on(request.param, tmp_path_factory.mktemp("side")):
        _add_types(side)
        yield side


def _add_types(side: InforSide) -> None:
    """The document types of the clients' own tenants, as their administrators have made them."""
    types = side.services.document_types
    text = AttributeDefinition("Gelegenheit", "Opportunity")
    with side.database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        for name, names in {
            "Anfrage_Kunde": ("Gelegenheit", "Projekt"),
            "Angebot": ("Gelegenheit", "Projekt"),
            "Purchase_Order": ("Order_Number",),
            "Invoice": ("Order_Number", "Order_Suffix"),
            "Acknowledgement": ("Order_Number", "Order_Suffix"),
            "Theme_Attributes": ("Tema_Kodu", "Alt_Sezon"),
            "MDS_File": ("displayName",),
        }.items():
            types.add_type(access, name, name)
            for attribute in names:
                definition = AttributeDefinition(attribute, text.description)
                types.add_attribute(access, name, definition)
        for name, type_ in (("Flag", AttributeType.BOOLEAN), ("Seen", AttributeType.TIMESTAMP)):
            definition = AttributeDefinition(name, name, type_)
            types.add_attribute(access, "MDS_File", definition)


@pytest.fixture(scope="module")
def file(side: InforSide) -> dict[str, str]:
    return side.credentials()


@pytest.fixture
def client(side: InforSide, file: dict[str, str]) -> Iterator[httpx2.Client]:
    """A client of IDM alone: its addresses begin behind `{iu}/{ti}/IDM`."""
    with httpx2.Client(
        base_url=f"{file['iu']}/{file['ti']}/IDM",
        headers={"Authorization": f"Bearer {side.log_in(file)}"},
        timeout=30,
    ) as client:
        yield client


def _body(entity: str, attributes: dict[str, str], content: bytes = PDF) -> dict[str, Any]:
    """As a service does it: no acl, one file (docs/reference/idm.md#create)."""
    return {
        "item": {
            "entityName": entity,
            "attrs": {"attr": [{"name": n, "value": v} for n, v in attributes.items()]},
            "resrs": {
                "res": [{"filename": "Angebot.pdf", "base64": base64.b64encode(content).decode()}]
            },
        }
    }


def _create(client: httpx2.Client, entity: str, attributes: dict[str, str]) -> str:
    """It posts JSON, reads XML, writes `$` as %24 (docs/reference/idm.md#addresses-and-formats)."""
    answer = client.post(
        "/api/items?%24checkout=false&%24language=de-DE",
        json=_body(entity, attributes),
        headers={**JSON_IN, **XML_OUT},
    )
    assert answer.is_success, answer.text
    # As clients read it: in the namespace, by local name.
    pid = ElementTree.fromstring(answer.content).findtext(f"{DAF}pid")
    assert pid
    return pid


def _xml_items(answer: httpx2.Response) -> list[ElementTree.Element]:
    assert answer.headers["content-type"] == "application/xml;charset=utf-8"
    root = ElementTree.fromstring(answer.content)
    assert root.tag == f"{DAF}items"
    return root.findall(f"{DAF}item")


def test_a_union_search_read_as_xml_gives_previews(client: httpx2.Client) -> None:
    """UNION of two document types (docs/reference/idm.md#search)."""
    mark = new_uuid()
    for entity in ("Anfrage_Kunde", "Angebot"):
        _create(client, entity, {"Gelegenheit": mark})
    query = f'/Anfrage_Kunde[@Gelegenheit = "{mark}"] UNION /Angebot[@Gelegenheit = "{mark}"]'
    answer = client.get(
        f"/api/items/search?%24query={quote(query)}&%24offset=0&%24limit=50", headers=XML_OUT
    )
    items = _xml_items(answer)
    assert [item.findtext(f"{DAF}entityName") for item in items] == ["Anfrage_Kunde", "Angebot"]
    for item in items:
        files = {
            res.findtext(f"{DAF}name"): res.findtext(f"{DAF}url") or ""
            for res in item.iter(f"{DAF}res")
        }
        assert next(iter(files)) == "", "clients take the first file as the main one"
        assert client.get(files["SmallPreview"]).headers["content-type"] == "image/png"
        assert client.get(files[""]).content == PDF


def test_a_preview_is_found_by_a_query(client: httpx2.Client) -> None:
    """One client asks for the thumbnail, another derives the file from it."""
    mark = new_uuid()
    _create(client, "Anfrage_Kunde", {"Gelegenheit": "other", "Projekt": mark})
    query = f'/Anfrage_Kunde[@Gelegenheit = "{mark}" OR @Projekt = "{mark}"]'
    found = client.get(
        f"/api/items/search/item/resource/SmallPreview?%24query={quote(query)}"
        "&%24state=0&%24language=de-DE",
        headers=JSON_OUT,
    ).json()
    assert found["res"]["mimetype"] == "image/png"
    url = found["res"]["url"]
    assert client.get(url).content.startswith(b"\x89PNG")
    assert client.get(url.replace("/SmallPreview/stream", "/stream")).content == PDF
    none = {"$query": '/Angebot[@Projekt = "-"]'}
    nothing = client.get("/api/items/search/item/resource/SmallPreview", params=none)
    assert nothing.status_code == 404


def test_a_client_asks_whether_an_item_exists_and_gets_none(client: httpx2.Client) -> None:
    """@RESOURCENAME: no item is an answer, not an error (docs/reference/idm.md#search)."""
    mark = new_uuid()

    def ask() -> dict[str, Any]:
        query = f'/Angebot[@RESOURCENAME = "Angebot.pdf" AND @Gelegenheit = "{mark}"]'
        answer = client.get(
            f"/api/items/search/item?%24query={quote(query)}&%24state=0&%24language=de-DE",
            headers=JSON_OUT,
        )
        assert answer.is_success, answer.text
        item: dict[str, Any] = answer.json()["item"]
        return item

    assert not ask()
    _create(client, "Angebot", {"Gelegenheit": mark})
    item = ask()
    assert item["resrs"]["res"][0]["filename"] == "Angebot.pdf"
    assert item["entityName"] == "Angebot"


def test_attributes_are_updated_by_json_and_answered_in_xml(client: httpx2.Client) -> None:
    """Attributes alone, with `$merge` (docs/reference/idm.md#update-and-delete)."""
    mark = new_uuid()
    pid = _create(client, "Angebot", {"Gelegenheit": mark, "Projekt": "old"})
    answer = client.put(
        f"/api/items/{quote(pid, safe='')}"
        "?%24checkout=true&%24checkin=true&%24merge=true&%24language=de-DE",
        json={"item": {"attrs": {"attr": [{"name": "Projekt", "value": "new"}]}, "pid": pid}},
        headers={**JSON_IN, **XML_OUT},
    )
    assert answer.is_success, answer.text
    values = [each.text for each in ElementTree.fromstring(answer.content).iter(f"{DAF}value")]
    assert values == [mark, "new"]
    replaced = client.put(
        f"/api/items/{quote(pid, safe='')}?%24checkout=true&%24checkin=true&%24merge=true",
        json={"item": _body("Angebot", {}, b"%PDF other")["item"] | {"attrs": None}},
        headers={**JSON_IN, **XML_OUT},
    )
    assert replaced.is_success, replaced.text
    assert client.get(f"/api/items/{pid}/resource/stream").content == b"%PDF other"
    deleted = client.delete(
        f"/api/items/{quote(pid, safe='')}?%24language=de-DE", headers={"Accept": "*/*"}
    )
    assert deleted.is_success
    assert client.get(f"/api/items/{pid}").status_code == 404


def test_a_portal_attaches_a_document_to_a_record_of_ln_and_finds_it_again(
    client: httpx2.Client,
) -> None:
    """Written by a supplier portal and searched by a shop (docs/reference/idm.md#data-model)."""
    keys = {"MDS_id1": "2000", "MDS_id2": "1DS", "MDS_id3": "23063669"}
    names = {"MDS_EntityType": "InforInvoice", "MDS_AccountingEntity": "infor.ln.2000", **keys}
    attributes = [{"name": name, "value": value} for name, value in names.items()]
    item = {
        "pid": "",
        "attrs": {"attr": attributes},
        "resrs": {"res": [{"filename": "test.pdf", "base64": base64.b64encode(PDF).decode()}]},
        "acl": {"name": "Public"},
        "entityName": "MDS_GenericDocument",
    }
    headers = {**JSON_IN, "X-Infor-LnCompany": "4000"}
    answer = client.post("/api/items", json={"item": item}, headers=headers)
    assert answer.status_code == 200, answer.text
    made = answer.json()["item"]
    query = '/MDS_GenericDocument[@MDS_id1 = "2000"]'
    asked = {"$query": query, "$offset": "0", "$limit": "3", "$includeCount": "true"}
    (found,) = client.get("/api/items/search", params=asked).json()["items"]["item"]
    assert found["pid"] == made["pid"]
    assert {each["name"]: each["value"] for each in found["attrs"]["attr"]} == names
    resource = client.get("/api/items/search/item/resource/stream", params={"$query": query})
    assert resource.content == PDF


def test_an_update_with_an_empty_list_of_files_keeps_the_file(client: httpx2.Client) -> None:
    """Attrs, acl, colls, entityName and `resrs: {res: []}`."""
    pid = _create(client, "Theme_Attributes", {"Tema_Kodu": "T1"})
    payload = {
        "item": {
            "attrs": {
                "attr": [
                    {"name": "Alt_Sezon", "type": "1", "qual": "Alt_Sezon", "value": "11"},
                    {"name": "Tema_Kodu", "type": "1", "qual": "Tema_Kodu", "value": "T2"},
                ]
            },
            "acl": {"name": "Public"},
            "colls": [],
            "entityName": "Theme_Attributes",
            "resrs": {"res": []},
        }
    }
    flags = {"$checkout": "true", "$checkin": "true", "$merge": "true"}
    item = client.put(f"/api/items/{pid}", json=payload, params=flags).json()["item"]
    assert item["resrs"]["res"][0]["filename"] == "Angebot.pdf"
    # One client finds an attribute by its name or its qual.
    read = client.get(f"/api/items/{pid}").json()["item"]["attrs"]["attr"]
    assert {each["qual"]: each["value"] for each in read} == {"Alt_Sezon": "11", "Tema_Kodu": "T2"}


def test_a_search_document_as_the_ion_script_makes_it(client: httpx2.Client) -> None:
    """TUG-2022's createRequest.py: logicalType "string", posted to seven addresses."""
    mark = new_uuid()
    _create(client, "Purchase_Order", {"Order_Number": mark})
    argument = {"key": "Order_Number", "operator": "=", "value": mark, "logicalType": "string"}
    query = {
        "entities": "Purchase_Order",
        "useTextSearch": False,
        "arguments": {"argument": [argument]},
    }
    document = {"queries": {"query": [query]}}
    items = client.post("/api/items/search", json=document).json()["items"]["item"]
    assert [item["attrs"]["attr"][0]["value"] for item in items] == [mark]
    assert client.post("/api/items/count", json=document).is_success
    resource = "/api/items/search/item/resource"
    assert client.post(resource, json=document).json()["res"]["name"] == ""
    assert client.post(f"{resource}/stream", json=document).content == PDF
    preview = client.post(f"{resource}/Thumbnail", json=document).json()["res"]
    assert preview["name"] == "Thumbnail"
    assert client.post(f"{resource}/Thumbnail/stream", json=document).content.startswith(b"\x89PNG")


def test_a_shop_searches_several_types_and_sorts_by_change(client: httpx2.Client) -> None:
    """UNION … SORTBY(@LASTCHANGEDTS DESCENDING) (docs/reference/idm.md#search)."""
    mark = new_uuid()
    attributes = {"Order_Number": mark, "Order_Suffix": "00"}
    pids = [_create(client, entity, attributes) for entity in ("Acknowledgement", "Invoice")]
    condition = f'@Order_Number = "{mark}" AND @Order_Suffix = "00"'
    query = " UNION ".join(f"/{name}[{condition}]" for name in ("Acknowledgement", "Invoice"))
    parameters = {
        "$query": f"{query} SORTBY(@LASTCHANGEDTS DESCENDING)",
        "$offset": 0,
        "$limit": 11,
        "$includeCount": "true",
        "$state": 0,
    }
    found = client.get("/api/items/search", params=parameters).json()["items"]
    assert {item["pid"] for item in found["item"]} == set(pids)
    assert found["searchCount"] == 2


def test_the_script_framework_searches_with_a_count_first(client: httpx2.Client) -> None:
    """`$includeCount` first; it reads items.item, searchXQuery and searchCount."""
    _create(client, "MDS_File", {"displayName": "one"})
    answer = client.get(
        f"/api/items/search?$includeCount=true&$limit=20&$offset=0&$query={quote('/MDS_File')}",
        headers={"Accept": "application/json"},
    )
    items = answer.json()["items"]
    assert items["searchXQuery"] == "/MDS_File"
    assert items["searchCount"] >= len(items["item"]) >= 1


@pytest.mark.parametrize(
    "query",
    [
        '/MDS_File[@displayName = ""]',
        '/MDS_File[@displayName != "x"]',
        '/MDS_File[@displayName LIKE "%x%"]',
        '/MDS_File[@displayName NOT LIKE "x"]',
        "/MDS_File[@Flag = true]",
        "/MDS_File[@Flag IS NOT NULL AND @Flag = false]",
        "/MDS_File[@MDS_ID IS NOT NULL ]",
        '/MDS_File[@Seen <= "2017-03-07T02:04:05.000Z"]',
        '/MDS_File[@CHECKEDOUTTS = "2017-11-11T14:04:24.000Z"]',
        '/MDS_File[displayName/@Value = "test"]',
        (
            '/Invoice[@CHECKEDOUTUSERID = "somebody@example.com"] UNION '
            '/MDS_File[@displayName = "a" AND @RESOURCENAME = "test"] UNION /Angebot'
        ),
        '(/MDS_File[@displayName = "asdf" AND @RESOURCESIZE = "22"]) UNION /Invoice',
    ],
)
def test_what_a_query_builder_writes_is_understood(client: httpx2.Client, query: str) -> None:
    """The forms of an XQuery builder and of the developer portal (docs/reference/idm.md#search)."""
    answer = client.get("/api/items/search", params={"$query": query, "$offset": 0, "$limit": 15})
    assert answer.status_code == 200, answer.text


def test_an_item_is_posted_as_xml_in_the_namespace(client: httpx2.Client) -> None:
    """Type 0, qual, base64; the answer is read by local name (docs/reference/idm.md#create)."""
    body = (
        '<item xmlns="http://infor.com/daf"><entityName>Invoice</entityName><attrs><attr>'
        "<name>Order_Number</name><type>0</type><qual>Order_Number</qual><value>7</value>"
        "</attr></attrs><resrs><res><filename>a.xml</filename><base64>PGEvPg==</base64></res>"
        "</resrs><acl><name>Public</name></acl></item>"
    )
    answer = client.post(
        "/api/items",
        content=body,
        headers={"Content-Type": "application/xml", "Accept": "application/xml"},
    )
    local = {each.tag.rpartition("}")[2]: each.text for each in ElementTree.fromstring(answer.text)}
    assert (local["pid"] or "").endswith("-0-LATEST")
    assert local["version"] == "0"
    refused = client.post("/api/items", content="<item/>", headers={**XML_OUT})
    assert refused.status_code == 400
    assert ElementTree.fromstring(refused.content).findtext(f"{DAF}detail")


def test_the_data_model_is_read_as_the_add_in_does(client: httpx2.Client) -> None:
    """In C# every member is a string (docs/reference/idm.md#data-model)."""
    answer = client.get("/api/datamodel/entities?%24language=de-DE", headers=JSON_OUT)
    entities = answer.json()["entities"]["entity"]
    names = {entity["name"] for entity in entities}
    assert {"M3_SupplierInvoice", "LN_SupplierInvoice", "Angebot"} <= names
    members = {"name", "desc", "type", "qual", "default", "required", "unique", "searchable"}
    for entity in entities:
        assert {"name", "desc", "root", "search", "resEnabled", "attrs", "acls"} <= entity.keys()
        for attribute in entity["attrs"]["attr"]:
            assert members | {"repr", "max", "min", "size"} <= attribute.keys()
            assert all(isinstance(attribute[member], str) for member in members)
    one = client.get("/api/datamodel/entities/Angebot?%24language=de-DE", headers=JSON_OUT).json()
    assert one["entity"] in entities
    unauthorized = client.get("/api/datamodel/entities", headers={"Authorization": "Bearer x"})
    assert unauthorized.status_code == 401


def test_the_acknowledgement_marks_the_item_and_takes_it_from_public(
    client: httpx2.Client,
) -> None:
    """Search by the correlation id, Export=Success, Public to Private; Rejected deletes."""
    mark = new_uuid()
    attributes = {"BOD_AlternateDocumentID_1": mark}
    pid = _create(client, "M3_SupplierInvoice", attributes)
    query = f'/M3_SupplierInvoice[@BOD_AlternateDocumentID_1 = "{mark}"]'
    (found,) = client.get("/api/items/search", params={"$query": query}).json()["items"]["item"]
    assert (found["pid"], found["acl"]["name"]) == (pid, "Public")
    change = {
        "item": {
            "attrs": {"attr": [{"name": "Export", "value": "Success"}]},
            "acl": {"name": "Private"},
        }
    }
    flags = {"$checkout": "true", "$checkin": "true", "$merge": "true"}
    item = client.put(f"/api/items/{found['pid']}", json=change, params=flags).json()["item"]
    assert item["acl"]["name"] == "Private"
    assert {"name": "Export", "type": "1", "qual": "Export", "value": "Success"} in item["attrs"][
        "attr"
    ]
    assert client.delete(f"/api/items/{item['pid']}").is_success
    assert client.get("/api/items/count", params={"$query": query}).json() == {"count": 0}


def test_our_own_client_creates_finds_reads_and_deletes(
    side: InforSide, file: dict[str, str]
) -> None:
    """The client library that the exports use (`ionport.ionapi.idm`), by threads and asyncio."""
    mark = f'{new_uuid()} "quoted" and \\ more'
    draft = ItemDraft(
        "M3_SupplierInvoice",
        (("BOD_AlternateDocumentID_1", mark), ("M3_InvoiceDate", "2020-03-05")),
        (("471102.pdf", PDF),),
        acl="Public",
    )
    credential = IonApiFile.parse(json.dumps(file))
    with IonApiClient(credential) as infor:
        item = infor.idm.create_item(draft)
        found = infor.idm.find_one("M3_SupplierInvoice", "BOD_AlternateDocumentID_1", mark)
        assert found == item == infor.idm.get_item(item.pid)
        assert infor.idm.download(item.pid) == PDF
        names = [resource.name for resource in item.resources]
        assert names == ["", "Preview", "SmallPreview", "Thumbnail"]
        for resource in item.resources:
            content = infor.idm.download(resource.url)
            assert len(content) == resource.size
            assert urlsplit(resource.url).path.startswith(f"/{file['ti']}/IDM/api/items/")
            assert item.pid in unquote(resource.url)
        assert "Angebot" in {entity.name for entity in infor.idm.list_entities()}
        infor.idm.delete_item(item.pid)
        with pytest.raises(ServiceError) as gone:
            infor.idm.get_item(item.pid)
        assert gone.value.status == 404
    asyncio.run(_by_asyncio(credential, draft))


async def _by_asyncio(credential: IonApiFile, draft: ItemDraft) -> None:
    async with AsyncIonApiClient(credential) as infor:
        item = await infor.idm.create_item(draft)
        found = await infor.idm.search("/M3_SupplierInvoice SORTBY(@CREATETS DESCENDING)", limit=9)
        assert item.pid in {each.pid for each in found}
        with pytest.raises(ServiceError) as refused:
            await infor.idm.search('/M3_SupplierInvoice[@Colour = "red"]')
        assert "Colour" in str(refused.value)
