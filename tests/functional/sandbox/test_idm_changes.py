"""IDM through the gateway: changes, check-out, versions, the limit of an upload.

Source: docs/reference/idm.md#update-and-delete, docs/reference/idm.md#errors.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from lxml import etree

from ionport.core.ids import new_uuid
from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.sandbox.control.recorder.model import CallFilter
from ionport.sandbox.idm.routes import MAX_BODY_BYTES
from tests.support.idm import DAF, attrs, change, changed, create, error_of, file, get, values
from tests.support.infor_side import (
    OPERATOR,
    SCOPE,
    TENANT,
    InforSide,
    in_threads,
)

FLAGS = {"$checkout": "true", "$checkin": "true", "$merge": "true"}


@pytest.fixture(scope="module")
def somebody_else(side: InforSide) -> Iterator[httpx2.Client]:
    """Another client of the same tenant."""
    with side.client(side.log_in(side.credentials(name=new_uuid()))) as client:
        yield client


@pytest.mark.on_each_database
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


@pytest.mark.on_each_database
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


@pytest.mark.on_each_database
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


@pytest.mark.on_each_database
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


@pytest.mark.on_each_database
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


def test_an_upload_over_the_limit_is_answered_before_it_is_sent(
    side: InforSide, token: str
) -> None:
    parts = urlsplit(side.url)
    head = (
        f"POST /{TENANT}/IDM/api/items HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {MAX_BODY_BYTES + 1}\r\n\r\n"
    )
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=120) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    with side.database.read() as work:
        filters = CallFilter(service="IDM", status=413)
        (call,) = side.recorder.list(
            Access(work, SCOPE, OPERATOR), PageRequest(per_page=1), filters
        ).items
    assert call.facts.request_size == 0


def test_an_upload_over_100_mb_gets_its_413(client: httpx2.Client) -> None:
    """As a client sends it that does not wait: the answer is there when it is done or cut off."""
    body = b'{"item":{"entityName":"M3_SupplierInvoice","resrs":{"res":[{"filename":"a","base64":"'
    answer = client.post("/IDM/api/items", content=body + b"Q" * 136_000_000)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "body_too_large"


def test_an_upload_that_announces_no_length_gets_its_413_too(client: httpx2.Client) -> None:
    chunks = (b"Q" * 1_000_000 for _number in range(MAX_BODY_BYTES // 1_000_000 + 5))
    assert error_of(client.post("/IDM/api/items", content=chunks)) == (413, "body_too_large")
