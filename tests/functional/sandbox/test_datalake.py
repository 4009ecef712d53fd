"""Data Lake and Data Catalog refuse what they do not understand.

Source: docs/reference/data-fabric.md#data-lake.
"""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from ionport.sandbox.kit.tables import released_blobs
from tests.support.infor_side import (
    OPERATOR,
    OTHER_TENANT,
    SCOPE,
    InforSide,
)

CATALOG = "/IONSERVICES/datacatalog/v1"
LAKE = "/IONSERVICES/datalakeapi/v1"


def refused(answer: httpx2.Response, status: int = 400) -> str:
    assert answer.status_code == status, answer.text
    message: str = answer.json()["message"]
    assert message
    return message


@pytest.mark.parametrize("depth", [100, *range(970, 990, 2), 5_000])
def test_a_schema_that_could_not_be_written_again_is_refused(
    client: httpx2.Client, depth: int
) -> None:
    schema = b'{"a":' + b"[" * depth + b"]" * depth + b"}"
    content = b'{"name": "Deep", "type": "JSON", "schema": ' + schema + b"}"
    assert "deeply" in refused(client.post(f"{CATALOG}/object", content=content))


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({}, "name"),
        ({"name": "1st", "type": "ANY"}, "name"),
        ({"name": "SQLite_master", "type": "ANY"}, "names that begin with sqlite_"),
        ({"name": "A", "type": "XML"}, "type"),
        ({"name": "A", "type": ["ANY"]}, "type"),
        ({"name": "A", "type": "ANY", "schema": {"title": "A"}}, "schema"),
        ({"name": "A", "type": "DSV"}, "schema"),
        ({"name": "A", "type": "JSON", "schema": "text"}, "schema"),
    ],
)
def test_a_malformed_object_is_refused_and_says_why(
    client: httpx2.Client, content: dict[str, Any], named: str
) -> None:
    assert named in refused(client.post(f"{CATALOG}/object", json=content))


def test_a_body_that_is_no_json_object_is_refused(client: httpx2.Client) -> None:
    for body in (b"", b"[]", b"{", b"\xff"):
        refused(client.post(f"{CATALOG}/object", content=body))


@pytest.mark.parametrize(
    "query",
    [
        {"filter": "nonsense"},
        {"filter": "dl_document_name eq 'A' or"},
        {"page": "2", "records": "10000"},
        {"filter": "dl_document_name eq 'A' and"},
        {"filter": "colour eq 'red'"},
        {"filter": "dl_size gt 'many'"},
        {"filter": "event_date gt 'yesterday'"},
        {"filter": "a eq b " * 400},
        {"filter": " and ".join(["dl_size gt 1"] * 101)},
        {"sort": "colour:desc"},
        {"sort": "event_date:up"},
        {"page": "0"},
        {"page": "-1"},
        {"records": "10001"},
        {"records": "x"},
    ],
)
def test_a_list_that_cannot_be_understood_is_refused(
    client: httpx2.Client, query: dict[str, str]
) -> None:
    refused(client.get(f"{LAKE}/payloads/list", params=query))


def test_purging_without_saying_what_is_refused(client: httpx2.Client) -> None:
    refused(client.delete(f"{LAKE}/purge/ids"))
    refused(client.delete(f"{LAKE}/purge/filter"))
    refused(client.delete(f"{LAKE}/purge/filter", params={"filter": " "}))


def test_a_data_object_that_is_not_there_is_404(client: httpx2.Client) -> None:
    refused(client.get(f"{LAKE}/payloads/streambyid", params={"datalakeId": "nothing"}), 404)
    refused(client.get(f"{LAKE}/payloads/streambyid"))


@pytest.mark.on_each_database
def test_a_filter_may_join_comparisons_and_double_a_quote(
    side: InforSide, client: httpx2.Client
) -> None:
    client.post(f"{CATALOG}/object", json={"name": "Joined", "type": "ANY"})
    lake = side.services.ion.lake
    for content in (b"1", b"12", b"123"):
        lake.upload(side.database, SCOPE, OPERATOR, "Joined", content)
    found = {
        text: client.get(f"{LAKE}/payloads/list", params={"filter": text}).json()["numFound"]
        for text in (
            "dl_document_name eq 'Joined'",
            "dl_document_name eq Joined and dl_size ge 2",
            "dl_document_name EQ 'Joined' AND dl_size lt 2",
            "dl_from eq 'O''Neill'",
            "dl_document_name eq 'Joined' and event_date lt '2020-01-01'",
            "(dl_document_name like 'Join%') and (dl_size eq 1 or dl_size in (3, 4))",
            "dl_document_name eq Joined and event_date range [2020-01-01, 2999-01-01T00:00:00Z]",
            "dl_document_name eq Joined and dl_corrupt eq 'false' and dl_instance_count eq 1",
        )
    }
    assert list(found.values()) == [3, 2, 1, 0, 0, 2, 3, 3]


@pytest.mark.on_each_database
def test_another_tenant_has_a_lake_of_its_own(side: InforSide, client: httpx2.Client) -> None:
    client.post(f"{CATALOG}/object", json={"name": "Ours", "type": "ANY"})
    mine = side.services.ion.lake.upload(side.database, SCOPE, OPERATOR, "Ours", b"content")
    token = side.log_in(side.credentials(OTHER_TENANT))
    with side.client(token, OTHER_TENANT) as other:
        refused(other.get(f"{LAKE}/payloads/streambyid", params={"datalakeId": mine.id}), 404)
        purged = other.delete(f"{LAKE}/purge/ids", params={"id": mine.id})
        assert purged.json()["purgedNumber"] == 0
        refused(other.delete(f"{CATALOG}/object/Ours"), 404)


@pytest.mark.on_each_database
def test_what_is_purged_lets_go_of_its_file(side: InforSide, client: httpx2.Client) -> None:
    client.post(f"{CATALOG}/object", json={"name": "Gone", "type": "ANY"})
    lake = side.services.ion.lake
    items = [lake.upload(side.database, SCOPE, OPERATOR, "Gone", bytes([n]) * 9) for n in range(3)]
    client.delete(f"{LAKE}/purge/ids", params={"id": items[0].id})
    client.delete(f"{LAKE}/purge/filter", params={"filter": "dl_document_name eq Gone"})
    with side.database.read() as work:
        names = set(work.connection.execute(select(released_blobs.c.name)).scalars())
    assert names >= {item.sha256 for item in items}


def test_what_is_not_imitated_is_an_error(client: httpx2.Client) -> None:
    for address in ("/IONSERVICES/datalakeapi/v1/warehouse", f"{CATALOG}/object/A/versions"):
        assert "does not imitate" in refused(client.get(address), 404)
    for address in (f"{CATALOG}/object", f"{LAKE}/purge/ids", f"{CATALOG}/object/a%2fb"):
        answer = client.get(address)
        assert "does not imitate" in refused(answer, answer.status_code)
        assert answer.json()["code"] == "operation_not_imitated"


@pytest.mark.on_each_database
def test_the_data_catalog_lists_its_objects(client: httpx2.Client) -> None:
    for name in ("ZOrders", "ZInvoices"):
        new = {"name": name, "type": "ANY", "schema": None, "properties": None}
        assert client.post(f"{CATALOG}/object", json=new).status_code == 200
    listed = client.get(f"{CATALOG}/object/list/").json()
    names = [(each["name"], each["type"]) for each in listed]
    assert names == sorted(names)
    assert names[-2:] == [("ZInvoices", "ANY"), ("ZOrders", "ANY")]
    assert all(each["lastUpdatedOn"] > 1e12 and each["lastUpdatedBy"] for each in listed)
