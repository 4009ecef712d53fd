"""IDM through the gateway: counts, searches sent as documents, previews.

Source: docs/reference/idm.md#search.
"""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from lxml import etree

from ionport.core.ids import new_uuid
from tests.support.idm import create, error_of


@pytest.mark.on_each_database
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


@pytest.mark.on_each_database
def test_a_text_search_finds_values_and_file_names(client: httpx2.Client) -> None:
    mark = new_uuid()
    by_value = create(client, attributes={"M3_Company": f"Say {mark} 100%"})["pid"]
    by_name = create(client, filename=f"{mark}.pdf")["pid"]

    def found(*arguments: Any) -> list[str]:
        body = _queries(*arguments)
        body["queries"]["query"][0]["useTextSearch"] = True
        answer = client.post("/IDM/api/items/search", json=body)
        assert answer.status_code == 200, answer.text
        return [each["pid"] for each in answer.json()["items"]["item"]]

    assert found(_argument("*", mark.upper())) == [by_value, by_name]
    assert found(_argument("", mark), _argument("", "100%")) == [by_value]
    assert found(_argument("M3_Company", mark)) == [by_value]
    assert found(_argument("RESOURCENAME", mark)) == [by_name]
    assert found(_argument("*", f"{mark} 1_0%")) == []
    query = f'CONTAINS(/M3_SupplierInvoice|/LN_SupplierInvoice, "{mark}")'
    answer = client.get("/IDM/api/items/search", params={"$query": query})
    assert len(answer.json()["items"]["item"]) == 2


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
