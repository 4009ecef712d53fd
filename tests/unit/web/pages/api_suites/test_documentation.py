from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from tests.support.custom_suites import TargetServer
from tests.support.web import said
from tests.support.whole import Site
from tests.unit.web.pages.api_suites.test_suites import endpoint_path, suite_path

YAML = """\
openapi: 3.0.3
info: {title: Orders, version: "2"}
paths:
  /orders/{id}:
    get:
      summary: Read an <b>order</b>
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
      responses:
        200:
          description: The order
          content:
            application/json: {schema: {$ref: '#/components/schemas/Order'}}
components:
  schemas:
    Order: {type: object, properties: {state: {type: string, description: "a\\nb"}}}
"""
JSON = json.dumps({"swagger": "2.0", "info": {"title": "Old"}, "paths": {}}).encode()


async def _answer(request: web.Request) -> web.StreamResponse:
    name = request.path.rpartition("/")[2]
    if name == "moved":
        return web.Response(status=302, headers={"Location": "/openapi.yaml"})
    if name == "missing":
        return web.Response(status=404, text="no")
    if name == "page":
        return web.Response(text="<!doctype html><title>Login</title>", content_type="text/html")
    if name == "great":
        return web.Response(body=b" " * 2_000_001)
    return web.Response(text=YAML)


@pytest.fixture(scope="module")
def source() -> Iterator[TargetServer]:
    with TargetServer(_answer) as server:
        yield server


def place_of(site: Site) -> str:
    return f"{endpoint_path(site, suite_path(site))}/documentation"


def upload(site: Site, place: str, content: bytes, name: str = "Things") -> Any:
    files = [("file", ("api.yaml", content))]
    return site.browser.send(f"{place}/add", {"name": name}, files=files)


def test_an_uploaded_yaml_document_is_rendered_here(site: Site) -> None:
    place = place_of(site)
    assert "No documentation yet" in site.browser.get(place).text
    page = upload(site, place, YAML.encode()).text
    assert "The documentation Things is saved" in said(page)
    assert "Documentation added" in said(page)
    one = re.search(rf"{place}/doc_\w+", page)
    assert one is not None
    shown = site.browser.get(one[0]).text
    text = said(shown)
    assert "Orders 2" in text
    assert "Read an <b>order</b>" in text
    assert "<b>order</b>" not in shown
    assert 'href="#schema-1"' in shown
    assert "/CustomerApi/DocBits-Sandbox/Sandbox/orders/{id}'" in text
    assert "Bearer $ACCESS_TOKEN" in text
    assert "http" not in "".join(re.findall(r'(?:src|href)="([^"]*)"', shown))
    downloaded = site.browser.get(f"{one[0]}/file")
    assert downloaded.json()["info"]["title"] == "Orders"
    assert "attachment" in downloaded.headers["content-disposition"]


def test_an_uploaded_json_document_is_kept_beside_it(site: Site) -> None:
    place = place_of(site)
    upload(site, place, YAML.encode())
    page = said(upload(site, place, JSON, "Old").text)
    assert "Things" in page
    assert "Old" in page


def test_a_document_is_fetched_by_its_address(site: Site, source: TargetServer) -> None:
    place = place_of(site)
    url = f"{source.url}/openapi.yaml?form=yaml"
    answer = site.browser.send(f"{place}/add", {"name": "Fetched", "url": url})
    assert "The documentation Fetched is saved" in said(answer.text)
    assert source.requests[-1].query_string == "form=yaml"


@pytest.mark.parametrize(
    ("path", "said_text"),
    [
        ("/moved", "leads to another one"),
        ("/missing", "status 404"),
        ("/page", "web page"),
        ("/great", "too long"),
    ],
)
def test_an_address_without_a_document_is_told_beside_it(
    site: Site, source: TargetServer, path: str, said_text: str
) -> None:
    place = place_of(site)
    url = source.url + path
    answer = site.browser.send(f"{place}/add", {"name": "N", "url": url})
    assert answer.status_code == 422
    assert 'id="url-error"' in answer.text
    assert said_text in said(answer.text)
    assert f'value="{url}"' in answer.text
    assert "No documentation yet" in site.browser.get(place).text


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/openapi.json",
        "https://10.0.0.1/openapi.json",
        "https://169.254.169.254/latest/meta-data",
        "https://user:word@api.example.com/",
        "https://api.example.com/a#b",
        "file:///etc/passwd",
        "https://api.example.com/?a b",
        "http://localhost:1/openapi.json",
    ],
)
def test_an_address_that_may_not_be_fetched_is_told(site: Site, url: str) -> None:
    answer = site.browser.send(f"{place_of(site)}/add", {"name": "N", "url": url})
    assert answer.status_code == 422
    assert 'id="url-error"' in answer.text


@pytest.mark.parametrize(
    "content", [b"", b"{", b"a: [", b"openapi: 1.0", b"\xff\xfe", b" " * 2_000_001, b"<html/>"]
)
def test_what_is_no_document_is_told_beside_the_file(site: Site, content: bytes) -> None:
    place = place_of(site)
    answer = upload(site, place, content)
    assert answer.status_code in (413, 422)
    assert 'id="file-error"' in answer.text
    assert 'value="Things"' in answer.text


def test_a_document_needs_a_name_and_one_source(site: Site) -> None:
    place = place_of(site)
    assert "Enter a URL or choose a file." in said(
        site.browser.send(f"{place}/add", {"name": "N"}).text
    )
    both = {"name": "N", "url": "https://api.example.com/a.json"}
    answer = site.browser.send(f"{place}/add", both, files=[("file", ("a", JSON))])
    assert "Either a URL or a file." in said(answer.text)
    assert 'id="name-error"' in upload(site, place, JSON, " ").text


def test_a_document_is_deleted_after_a_question(site: Site) -> None:
    place = place_of(site)
    page = upload(site, place, JSON).text
    one = re.search(rf"{place}/doc_\w+", page)
    assert one is not None
    assert "Calls are not concerned" in said(site.browser.get(f"{one[0]}/delete").text)
    assert "Documentation deleted: Things" in said(site.browser.send(f"{one[0]}/delete").text)
    for page in ("", "/file", "/delete"):
        assert site.browser.get(one[0] + page).status_code == 404
