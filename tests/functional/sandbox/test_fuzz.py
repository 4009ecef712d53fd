"""No input gives a 5xx: the sandbox under random requests, over a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import ALL_DATABASES
from tests.support.examples import example_count
from tests.support.infor_side import infor_side_on, new_item

FUZZ = settings(
    max_examples=example_count(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)
FLAGS = st.sampled_from(["$checkout", "$checkin", "$merge"])
SWITCHES = st.sampled_from(["true", "false", "", "1"])
PARTS = ("entityName", "attrs", "resrs", "acl", "colls")
PARAMETERS = ("documentName", "messageId", "fromLogicalId", "toLogicalId", "encoding", "batchSize")


@pytest.fixture(scope="module", params=ALL_DATABASES)
def client(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx2.Client]:
    for side in infor_side_on(request.param, tmp_path_factory.mktemp("side")):
        with side.client(side.log_in(side.credentials())) as client:
            yield client


def _assert_explained(answer: httpx2.Response) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        body = answer.json()
        assert body.get("message") or body["error"]["message"]


@FUZZ
@given(part=st.sampled_from(PARTS), value=JSON)
def test_any_item_is_taken_or_refused(client: httpx2.Client, part: str, value: Any) -> None:
    body = new_item()
    body["item"][part] = value
    content = json.dumps(body).encode("utf-8", "replace")
    _assert_explained(client.post("/IDM/api/items", content=content))


@pytest.mark.on_each_database
@FUZZ
@given(
    attribute=st.text(max_size=30),
    value=st.text(max_size=60),
    filename=st.text(max_size=300),
    accept=st.sampled_from(["application/xml", "application/json"]),
)
def test_any_texts_in_an_item_come_back_or_are_refused(
    client: httpx2.Client, attribute: str, value: str, filename: str, accept: str
) -> None:
    body = new_item(attributes={"M3_Company": value, attribute or "M3_Division": value})
    body["item"]["resrs"]["res"][0]["filename"] = filename
    answer = client.post("/IDM/api/items", json=body, headers={"Accept": accept})
    assert answer.status_code < 500, answer.text
    if answer.status_code == 200 and accept.endswith("json"):
        item = answer.json()["item"]
        assert item["attrs"]["attr"][0]["value"] == value
        assert client.get(f"/IDM/api/items/{item['pid']}/resource/stream").status_code == 200


@FUZZ
@given(content=st.binary(max_size=200), kind=st.sampled_from(["application/xml", "text/plain"]))
def test_any_bytes_are_refused_as_an_item(client: httpx2.Client, content: bytes, kind: str) -> None:
    answer = client.post("/IDM/api/items", content=content, headers={"Content-Type": kind})
    assert answer.status_code == 400
    _assert_explained(answer)


@pytest.mark.on_each_database
@FUZZ
@given(
    query=st.text(max_size=60)
    | st.lists(
        st.sampled_from(
            [
                "/",
                "M3_SupplierInvoice",
                "[",
                "]",
                "@",
                "M3_Company",
                "=",
                '"',
                "'",
                *("AND", "OR", "NOT", "LIKE", "IS NULL", "UNION", "SORTBY", "(", ")", "<", "1"),
                " ",
                "\0",
            ]
        ),
        max_size=16,
    ).map("".join),
    limit=st.text(max_size=12) | st.integers().map(str),
)
def test_any_search_is_answered_or_refused(client: httpx2.Client, query: str, limit: str) -> None:
    parameters = {"$query": query, "$limit": limit}
    _assert_explained(client.get("/IDM/api/items/search", params=parameters))


@pytest.mark.on_each_database
@FUZZ
@given(part=st.sampled_from(PARTS), value=JSON, flags=st.dictionaries(FLAGS, SWITCHES))
def test_any_change_of_an_item_is_made_or_refused(
    client: httpx2.Client, part: str, value: Any, flags: dict[str, str]
) -> None:
    pid = client.post("/IDM/api/items", json=new_item()).json()["item"]["pid"]
    content = json.dumps({"item": {part: value}}).encode("utf-8", "replace")
    answer = client.put(f"/IDM/api/items/{pid}", content=content, params=flags)
    _assert_explained(answer)
    _assert_explained(client.get(f"/IDM/api/items/{pid}/versions"))


@FUZZ
@given(key=st.sampled_from(["entities", "useTextSearch", "arguments"]), value=JSON, argument=JSON)
def test_any_search_by_document_is_answered_or_refused(
    client: httpx2.Client, key: str, value: Any, argument: Any
) -> None:
    query = {"entities": "M3_SupplierInvoice", "arguments": {"argument": [argument]}, key: value}
    content = json.dumps({"queries": {"query": [query]}}).encode("utf-8", "replace")
    for address in ("search", "count", "search/item/resource/stream"):
        _assert_explained(client.post(f"/IDM/api/items/{address}", content=content))


@pytest.mark.on_each_database
@FUZZ
@given(value=st.text(max_size=40), sign=st.sampled_from(["=", "!=", "<", ">=", "LIKE"]))
def test_any_value_may_be_searched_for(client: httpx2.Client, value: str, sign: str) -> None:
    quoted = value.replace('"', '""')
    for name in ("M3_Company", "RESOURCENAME", "M3_InvoiceDate", "LASTCHANGEDTS", "RESOURCESIZE"):
        query = f'/M3_SupplierInvoice[@{name} {sign} "{quoted}"]'
        _assert_explained(client.get("/IDM/api/items/search", params={"$query": query}))


@FUZZ
@given(path=st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=60))
def test_any_path_is_answered(client: httpx2.Client, path: str) -> None:
    for context in ("/IDM/api/items/", "/IONSERVICES/api/", "/"):
        _assert_explained(client.get(context + quote(path)))


@pytest.mark.on_each_database
@FUZZ
@given(name=st.sampled_from(PARAMETERS) | st.text(max_size=20), value=JSON)
def test_any_message_is_taken_or_refused(client: httpx2.Client, name: str, value: Any) -> None:
    values = {
        "documentName": "Sync.CaptureDocument",
        "fromLogicalId": "lid://infor.ims.fuzz",
        "toLogicalId": "lid://default",
        name: value,
    }
    text = json.dumps(values).encode("utf-8", "replace")
    files = {"ParameterRequest": ("f", text), "MessagePayload": ("f", b"<a/>")}
    address = "/IONSERVICES/api/ion/messaging/service/v2/multipartMessage"
    _assert_explained(client.post(address, files=files))


@FUZZ
@given(body=st.binary(max_size=300), boundary=st.text("ab-", min_size=1, max_size=3))
def test_any_bytes_are_refused_as_a_message(
    client: httpx2.Client, body: bytes, boundary: str
) -> None:
    answer = client.post(
        "/IONSERVICES/api/ion/messaging/service/v2/multipartMessage",
        content=b"--" + boundary.encode() + b"\r\n" + body,
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    assert answer.status_code == 412
    _assert_explained(answer)


# A control character (DEL, 0x80 to 0x9F) is no part of a header: the HTTP parser answers 400.
TOKENS = st.text(
    st.characters(min_codepoint=33, max_codepoint=255, exclude_categories=["Cc"]), max_size=80
)


@FUZZ
@given(token=TOKENS)
def test_any_token_is_refused(client: httpx2.Client, token: str) -> None:
    header = b"Bearer " + token.encode("latin-1")
    answer = client.get("/IDM/api/items", headers={"Authorization": header.strip()})
    assert answer.status_code == 401
