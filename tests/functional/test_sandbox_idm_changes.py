"""IDM through the gateway: changes, versions, previews, searches by document, own types, limits.

The facts are in facts/infor-targets.md §1.4 to §1.7.
"""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from lxml import etree

from ionport.core.ids import new_uuid
from ionport.core.paging import PageRequest
from ionport.sandbox.control.model import CallFilter
from ionport.sandbox.idm.attribute_types import AttributeType
from ionport.sandbox.idm.datamodel import AttributeDefinition
from ionport.sandbox.idm.routes import MAX_BODY_BYTES
from tests.conftest import ALL_DATABASES
from tests.support.infor_side import (
    OPERATOR,
    OTHER_TENANT,
    SCOPE,
    TENANT,
    InforSide,
    in_threads,
    infor_side_on,
    new_item,
)

DAF = "{http://infor.com/daf}"
FLAGS = {"$checkout": "true", "$checkin": "true", "$merge": "true"}


@pytest.fixture(scope="module", params=ALL_DATABASES)
def side(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InforSide]:
    yield from infor_side_on(request.param, tmp_path_factory.mktemp("side"))


@pytest.fixture(scope="module")
def token(side: InforSide) -> str:
    return side.log_in(side.credentials())


@pytest.fixture
def client(side: InforSide, token: str) -> Iterator[httpx2.Client]:
    with side.client(token) as client:
        yield client


@pytest.fixture(scope="module")
def somebody_else(side: InforSide) -> Iterator[httpx2.Client]:
    """Another client of the same tenant."""
    with side.client(side.log_in(side.credentials(name=new_uuid()))) as client:
        yield client


def create(client: httpx2.Client, query: str = "", **parts: Any) -> dict[str, Any]:
    answer = client.post(f"/IDM/api/items{query}", json=new_item(**parts))
    assert answer.status_code == 200, answer.text
    item: dict[str, Any] = answer.json()["item"]
    return item


def change(client: httpx2.Client, pid: str, body: dict[str, Any], **flags: str) -> httpx2.Response:
    return client.put(
        f"/IDM/api/items/{pid}",
        json={"item": body},
        params={f"${name}": value for name, value in flags.items()},
    )


def changed(client: httpx2.Client, pid: str, body: dict[str, Any], **flags: str) -> dict[str, Any]:
    answer = change(client, pid, body, **flags)
    assert answer.status_code == 200, answer.text
    item: dict[str, Any] = answer.json()["item"]
    return item


def get(client: httpx2.Client, pid: str) -> dict[str, Any]:
    answer = client.get(f"/IDM/api/items/{pid}")
    assert answer.status_code == 200, answer.text
    item: dict[str, Any] = answer.json()["item"]
    return item


def values(item: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in item["attrs"]["attr"]}


def attrs(**named: str) -> dict[str, Any]:
    return {"attrs": {"attr": [{"name": n, "value": v} for n, v in named.items()]}}


def file(content: bytes, filename: str = "new.pdf", name: str = "") -> dict[str, Any]:
    encoded = base64.b64encode(content).decode()
    return {"resrs": {"res": [{"name": name, "filename": filename, "base64": encoded}]}}


def error_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_merge_changes_what_it_names_and_keeps_the_rest(client: httpx2.Client) -> None:
    item = create(client, attributes={"M3_Company": "001", "M3_Division": "AAA"})
    after = changed(
        client, item["pid"], attrs(Export="Success"), checkout="true", checkin="true", merge="true"
    )
    assert values(after) == {"M3_Company": "001", "M3_Division": "AAA", "Export": "Success"}
    assert after["pid"] == f"M3_SupplierInvoice-{item['id']}-1-LATEST"
    assert after["resrs"]["res"][0]["filename"] == item["resrs"]["res"][0]["filename"]
    assert get(client, after["pid"]) == after


def test_without_merge_the_attributes_are_replaced(client: httpx2.Client) -> None:
    item = create(client, attributes={"M3_Company": "001", "M3_Division": "AAA"})
    after = changed(client, item["pid"], attrs(Export="Success"), checkout="true", checkin="true")
    assert values(after) == {"Export": "Success"}


def test_a_change_of_the_acl_alone_leaves_attributes_and_file(client: httpx2.Client) -> None:
    item = create(client)
    body = {"acl": {"name": "Private"}, "colls": [], "resrs": {"res": []}}
    after = changed(client, item["pid"], body, checkout="true", checkin="true")
    assert after["acl"]["name"] == "Private"
    assert values(after) == values(item)
    assert len(after["resrs"]["res"]) == len(item["resrs"]["res"])


def test_a_new_main_file_replaces_the_old_one_which_its_version_keeps(
    client: httpx2.Client,
) -> None:
    item = create(client, content=b"old")
    after = changed(
        client, item["pid"], file(b"new"), checkout="true", checkin="true", merge="true"
    )
    assert after["resrs"]["res"][0]["filename"] == "new.pdf"
    assert values(after) == values(item)

    def content(pid: str) -> bytes:
        return client.get(f"/IDM/api/items/{pid}/resource/stream").content

    assert content(after["pid"]) == b"new"
    # LATEST means what is latest now, whichever version stands before it.
    assert content(item["pid"]) == b"new"
    assert content(f"M3_SupplierInvoice-{item['id']}-0") == b"old"


def test_every_check_in_makes_a_version_that_can_be_read_again(client: httpx2.Client) -> None:
    item = create(client, attributes={"M3_Company": "0"})
    for number in ("1", "2"):
        changed(client, item["pid"], attrs(M3_Company=number), checkout="true", checkin="true")
    listed = client.get(f"/IDM/api/items/{item['pid']}/versions").json()["items"]["item"]
    assert [each["version"] for each in listed] == ["2", "1", "0"]
    assert [values(each)["M3_Company"] for each in listed] == ["2", "1", "0"]
    assert [each["pid"].endswith("-LATEST") for each in listed] == [True, False, False]
    for each in listed:
        assert get(client, each["pid"]) == each
    missing = client.get(f"/IDM/api/items/M3_SupplierInvoice-{item['id']}-3-LATEST")
    assert error_of(missing) == (404, "item_not_found")
    assert change(client, listed[1]["pid"], attrs(M3_Company="9")).status_code == 404


def test_a_change_without_check_out_makes_no_version(client: httpx2.Client) -> None:
    item = create(client)
    after = changed(client, item["pid"], attrs(Export="Success"), merge="true")
    assert after["version"] == "0"
    listed = client.get(f"/IDM/api/items/{item['pid']}/versions").json()["items"]["item"]
    assert len(listed) == 1


def test_what_is_checked_out_only_its_owner_changes(
    client: httpx2.Client, somebody_else: httpx2.Client
) -> None:
    item = create(client)
    held = changed(client, item["pid"], {}, checkout="true")
    assert held["checkedOutBy"] == held["lastChangedBy"]
    for answer in (
        change(somebody_else, item["pid"], attrs(Export="x"), merge="true"),
        change(somebody_else, item["pid"], {}, checkout="true"),
        somebody_else.put(f"/IDM/api/items/{item['pid']}/undocheckout"),
        somebody_else.delete(f"/IDM/api/items/{item['pid']}"),
    ):
        assert error_of(answer) == (409, "checked_out")
    assert values(get(somebody_else, item["pid"])) == values(item)
    changed(client, item["pid"], attrs(Export="mine"), merge="true")
    after = changed(client, item["pid"], {}, checkin="true")
    assert (after["version"], values(after)["Export"]) == ("1", "mine")
    assert "checkedOutBy" not in after
    assert change(somebody_else, item["pid"], attrs(Export="theirs")).status_code == 200


def test_a_check_out_that_is_taken_back_leaves_no_trace(client: httpx2.Client) -> None:
    item = create(client, "?$checkout=true", content=b"old")
    assert item["checkedOutBy"]
    body = {**attrs(Export="x"), **file(b"new"), "acl": {"name": "Private"}}
    changed(client, item["pid"], body)
    restored = client.put(f"/IDM/api/items/{item['pid']}/undocheckout").json()["item"]
    assert "checkedOutBy" not in restored
    for part in ("pid", "attrs", "resrs", "acl", "lastChangedTS"):
        assert restored[part] == item[part]
    again = client.put(f"/IDM/api/items/{item['pid']}/undocheckout")
    assert error_of(again) == (409, "not_checked_out")
    assert error_of(change(client, item["pid"], {}, checkin="true")) == (409, "not_checked_out")


def test_of_two_who_check_out_at_once_one_gets_it(side: InforSide, client: httpx2.Client) -> None:
    pid = create(client)["pid"]
    tokens = [side.log_in(side.credentials(name=new_uuid())) for _number in range(4)]

    def check_out(number: int) -> int:
        with side.client(tokens[number]) as own:
            return change(own, pid, {}, checkout="true").status_code

    assert sorted(in_threads(4, check_out)) == [200, 409, 409, 409]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (attrs(Colour="red"), "unknown_attribute"),
        (attrs(M3_InvoiceDate="05.03.2020"), "wrong_attribute_type"),
        ({"acl": {"name": "Everybody"}}, "unknown_acl"),
        ({"entityName": "LN_SupplierInvoice"}, "wrong_entity"),
        ({"resrs": {"res": [{"filename": "a", "base64": "%"}]}}, "wrong_base64"),
    ],
)
def test_a_wrong_change_is_refused_and_changes_nothing(
    client: httpx2.Client, body: dict[str, Any], code: str
) -> None:
    item = create(client)
    answer = change(client, item["pid"], body, checkout="true", checkin="true", merge="true")
    assert error_of(answer) == (400, code)
    assert get(client, item["pid"]) == item
    wrong_flag = change(client, item["pid"], {}, checkout="maybe")
    assert error_of(wrong_flag) == (400, "parameter_not_a_switch")


def test_a_change_may_be_sent_as_xml_with_its_namespace(client: httpx2.Client) -> None:
    item = create(client, attributes={"M3_Company": "001"})
    body = (
        '<item xmlns="http://infor.com/daf"><attrs><attr><name>Export</name><type>0</type>'
        "<qual>Export</qual><value>Success</value></attr></attrs></item>"
    )
    answer = client.put(
        f"/IDM/api/items/{item['pid']}",
        params=FLAGS,
        content=body,
        headers={"Content-Type": "application/xml", "Accept": "application/xml;charset=utf-8"},
    )
    assert answer.status_code == 200, answer.text
    root = etree.fromstring(answer.content)
    assert root.findtext(f"{DAF}version") == "1"
    assert [each.text for each in root.iter(f"{DAF}value")] == ["001", "Success"]


def test_a_search_tells_how_many_there_are(client: httpx2.Client) -> None:
    mark = new_uuid()
    for number in range(3):
        create(client, attributes={"M3_Company": mark, "M3_Division": str(number)})
    query = f'/M3_SupplierInvoice[@M3_Company = "{mark}"]'
    page = {"$query": query, "$limit": "1", "$includeCount": "true"}
    found = client.get("/IDM/api/items/search", params=page).json()["items"]
    assert (len(found["item"]), found["searchCount"], found["searchXQuery"]) == (1, 3, query)
    assert client.get("/IDM/api/items/count", params={"$query": query}).json() == {"count": 3}
    as_xml = client.get(
        "/IDM/api/items/count", params={"$query": query}, headers={"Accept": "application/xml"}
    )
    assert etree.fromstring(as_xml.content).text == "3"
    nothing = client.get(
        "/IDM/api/items/search", params={"$query": '/M3_SupplierInvoice[@M3_Company = "no"]'}
    )
    assert nothing.json()["items"]["item"] == []


def _argument(key: str, value: str, logical_type: str = "AND", operator: str = "=") -> Any:
    return {"key": key, "operator": operator, "value": value, "logicalType": logical_type}


def _queries(*arguments: Any, entities: Any = "M3_SupplierInvoice") -> dict[str, Any]:
    query = {
        "entities": entities,
        "useTextSearch": False,
        "arguments": {"argument": list(arguments)},
    }
    return {"queries": {"query": [query]}}


def test_a_search_by_post_finds_as_one_by_text_does(client: httpx2.Client) -> None:
    mark = new_uuid()
    both = create(client, attributes={"M3_Company": mark, "M3_Division": "A"})
    other = create(client, attributes={"M3_Company": mark, "M3_Division": "B"})
    invoice = create(
        client, entity="LN_SupplierInvoice", attributes={"SupplierInvoiceNumber": mark}
    )
    found = {
        json.dumps(body): [
            each["pid"]
            for each in client.post("/IDM/api/items/search", json=body).json()["items"]["item"]
        ]
        for body in (
            _queries(_argument("M3_Company", mark), _argument("M3_Division", "A")),
            _queries(_argument("M3_Company", mark, logical_type="string")),
            _queries(
                _argument("M3_Company", mark),
                _argument("M3_Division", "A", "OR"),
                _argument("M3_Division", "B"),
            ),
            _queries(_argument("@M3_Company", f"{mark[:8]}%", operator="like")),
        )
    }
    pids = [both["pid"], other["pid"]]
    assert list(found.values()) == [[both["pid"]], pids, pids, pids]
    union = _queries(_argument("M3_Company", mark))
    union["queries"]["query"] += _queries(
        _argument("SupplierInvoiceNumber", mark), entities="LN_SupplierInvoice"
    )["queries"]["query"]
    answer = client.post("/IDM/api/items/count", json=union)
    assert answer.json() == {"count": 3}
    file_of = client.post(
        "/IDM/api/items/search/item/resource/stream",
        json=_queries(_argument("SupplierInvoiceNumber", mark), entities="LN_SupplierInvoice"),
    )
    assert file_of.content == b"<Invoice/>"
    assert invoice["pid"]


def test_a_search_by_post_may_be_xml(client: httpx2.Client) -> None:
    mark = new_uuid()
    create(client, attributes={"M3_Company": mark})
    body = (
        "<queries><query><entities>M3_SupplierInvoice</entities><arguments><argument>"
        f"<key>M3_Company</key><operator>=</operator><value>{mark}</value>"
        "<logicalType>AND</logicalType></argument></arguments></query></queries>"
    )
    answer = client.post(
        "/IDM/api/items/count", content=body, headers={"Content-Type": "application/xml"}
    )
    assert answer.json() == {"count": 1}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "entity_missing"),
        (_queries(entities=""), "entity_missing"),
        (_queries(entities="Nothing"), "unknown_entity"),
        (_queries(_argument("Colour", "red")), "unknown_attribute"),
        (_queries(_argument("M3_Company", "1", operator="~")), "unknown_operator"),
        (_queries(*[_argument("M3_Company", "1")] * 51), "too_many_parts"),
        ({"queries": {"query": ["x"]}}, "malformed_item"),
        (
            {"queries": {"query": [{"entities": "A", "useTextSearch": True}]}},
            "text_search_not_imitated",
        ),
    ],
)
def test_a_wrong_search_by_post_is_a_400_that_says_why(
    client: httpx2.Client, body: dict[str, Any], code: str
) -> None:
    answer = client.post("/IDM/api/items/search", json=body)
    assert error_of(answer) == (400, code)


@pytest.mark.parametrize("name", ["Preview", "SmallPreview", "Thumbnail"])
def test_a_preview_is_a_picture_of_the_size_that_the_item_tells(
    client: httpx2.Client, token: str, name: str
) -> None:
    item = create(client, filename="a.pdf")
    resource = next(each for each in item["resrs"]["res"] if each["name"] == name)
    answer = httpx2.get(resource["url"], headers={"Authorization": f"Bearer {token}"})
    assert answer.headers["content-type"] == "image/png" == resource["mimetype"]
    assert answer.content.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(answer.content) == int(resource["size"]) < 5_000


def test_of_what_no_picture_can_be_made_there_is_none(client: httpx2.Client) -> None:
    item = create(client, filename="a.zip")
    assert [each["name"] for each in item["resrs"]["res"]] == [""]
    answer = client.get(f"/IDM/api/items/{item['pid']}/resource/Preview/stream")
    assert error_of(answer) == (404, "resource_not_found")


def test_a_document_type_of_ones_own_keeps_its_items_to_its_rules(
    side: InforSide, client: httpx2.Client
) -> None:
    name = f"Order_{new_uuid()[:8]}"
    types = side.services.document_types
    with side.database.write() as work:
        types.add_type(work, SCOPE, OPERATOR, name, "Orders", needs_acl=True)
        for definition in (
            AttributeDefinition("Number", "", is_required=True, is_unique=True),
            AttributeDefinition("Amount", "", AttributeType.DECIMAL),
            AttributeDefinition("State", "", values=("new", "paid"), default="new"),
            AttributeDefinition("Secret", "", is_searchable=False, max_length=3),
        ):
            types.add_attribute(work, SCOPE, OPERATOR, name, definition)
    entity = client.get(f"/IDM/api/datamodel/entities/{name}").json()["entity"]
    told = {each["name"]: each for each in entity["attrs"]["attr"]}
    assert (told["Number"]["required"], told["Number"]["unique"]) == ("true", "true")
    assert (told["Amount"]["type"], told["Secret"]["size"]) == ("6", "3")
    assert [each["name"] for each in told["State"]["valueset"]["value"]] == ["new", "paid"]

    def post(acl: str = "Public", **named: str) -> httpx2.Response:
        body = {"entityName": name, **attrs(**named), **({"acl": {"name": acl}} if acl else {})}
        return client.post("/IDM/api/items", json={"item": body})

    answer = post(Number="1", Amount="10.50", Secret="abc")
    assert answer.status_code == 200, answer.text
    assert values(answer.json()["item"])["State"] == "new"
    assert error_of(post("", Number="2")) == (400, "acl_missing")
    assert error_of(post(Amount="1")) == (400, "required_attribute_missing")
    assert error_of(post(Number="1")) == (409, "value_not_unique")
    assert error_of(post(Number="2", Amount="ten")) == (400, "wrong_attribute_type")
    assert error_of(post(Number="2", State="lost")) == (400, "value_not_in_list")
    assert error_of(post(Number="2", Secret="abcd")) == (400, "value_too_long")
    assert post(Number="2", Amount="9.9").status_code == 200

    def count(condition: str) -> Any:
        query = {"$query": f"/{name}[{condition}]"}
        return client.get("/IDM/api/items/count", params=query)

    assert count('@Amount > "9.95"').json() == {"count": 1}
    assert count("@Amount = 9.90").json() == {"count": 1}
    assert error_of(count('@Secret = "abc"')) == (400, "attribute_not_searchable")
    with side.client(
        side.log_in(side.credentials(OTHER_TENANT, new_uuid())), OTHER_TENANT
    ) as other:
        assert other.get(f"/IDM/api/datamodel/entities/{name}").status_code == 400


def test_a_listed_document_type_may_be_seeded_and_all_state_comes_back_from_a_snapshot(
    side: InforSide, client: httpx2.Client
) -> None:
    entity = {
        "name": "Contract",
        "desc": "Contracts",
        "attrs": {
            "attr": [
                {"name": "Party", "type": "1", "required": "true", "size": "20"},
                {"name": "Value", "type": "6", "searchable": "true", "size": "12"},
                {"name": "State", "valueset": {"value": [{"name": "open"}, {"name": "closed"}]}},
            ]
        },
        "acls": {"acl": [{"name": "Lawyers", "desc": "of the house"}]},
    }
    more = {"name": "M3_SupplierInvoice", "attrs": {"attr": [{"name": "Seen", "type": "20"}]}}
    seed = json.dumps({"idm_types": [entity, more, entity]}).encode()
    control, told = side.services.control, "/IDM/api/datamodel/entities/Contract"
    with side.database.write() as work:
        control.seeds.seed(work, SCOPE, OPERATOR, seed)
    listed = client.get(told).json()["entity"]
    assert [each["name"] for each in listed["attrs"]["attr"]] == ["Party", "Value", "State"]
    body = {"entityName": "Contract", **attrs(Party="A", Value="10.5"), **file(b"old")}
    refused = client.post("/IDM/api/items", json={"item": body})
    assert error_of(refused) == (400, "acl_missing")
    answer = client.post("/IDM/api/items", json={"item": body | {"acl": {"name": "Lawyers"}}})
    pid = answer.json()["item"]["pid"]
    after = changed(client, pid, file(b"new"), checkout="true", checkin="true", merge="true")
    with side.database.write() as work:
        control.snapshots.take(work, SCOPE, OPERATOR, "contracts")
        control.state.reset(work, SCOPE, OPERATOR)
    assert client.get(told).status_code == 400
    assert client.get(f"/IDM/api/items/{pid}").status_code == 404
    with side.database.write() as work:
        control.snapshots.restore(work, SCOPE, OPERATOR, "contracts")
    assert client.get(told).json()["entity"] == listed
    assert get(client, pid) == after
    query = {"$query": "/Contract[@Value > 9.9 AND @Value < 11]"}
    assert client.get("/IDM/api/items/count", params=query).json() == {"count": 1}
    first = client.get(f"/IDM/api/items/{pid.removesuffix('-LATEST')}/resource/stream")
    assert first.content == b"old"


def test_an_upload_over_the_limit_is_answered_before_it_is_sent(
    side: InforSide, token: str
) -> None:
    parts = urlsplit(side.url)
    head = (
        f"POST /{TENANT}/IDM/api/items HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {MAX_BODY_BYTES + 1}\r\n\r\n"
    )
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    with side.database.read() as work:
        filters = CallFilter(service="IDM", status=413)
        (call,) = side.recorder.list(work, SCOPE, OPERATOR, PageRequest(per_page=1), filters).items
    assert call.facts.request_size == 0


def test_an_upload_over_100_mb_gets_its_413(client: httpx2.Client) -> None:
    """As a client sends it that does not wait: the answer is there when it is done or cut off."""
    body = b'{"item":{"entityName":"M3_SupplierInvoice","resrs":{"res":[{"filename":"a","base64":"'
    answer = client.post("/IDM/api/items", content=body + b"Q" * 136_000_000)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "body_too_large"
