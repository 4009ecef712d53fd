from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from ionport.gateway.policies.model import sample_policy
from ionport.gateway.suites.model import PolicyType
from tests.support.web import said
from tests.support.whole import Site
from tests.unit.web.pages.api_suites.test_suites import (
    PNG,
    SECRET,
    SECURITIES,
    SUITE,
    base_of,
    endpoint_path,
    suite_path,
)


def made(site: Site) -> str:
    """A suite with everything that a file holds, and more."""
    suite = suite_path(site)
    security = {"security.type": "Basic", "shown_security": "Basic", **SECURITIES["Basic"]}
    second = {**SUITE, **security, "proxy_context": "Second"}
    site.browser.send(f"{suite}/endpoints/add", second)
    first = endpoint_path(site, suite)
    for place, kind in ((suite, PolicyType.QUOTA), (first, PolicyType.HEADER)):
        fields = {"type": kind.value, "name": "P", "flow": "REQUEST"}
        fields["definition"] = sample_policy(kind)
        site.browser.send(f"{place}/policies/add", fields)
    fields = {**SUITE, "context": ""}
    site.browser.send(f"{suite}/edit", fields, files=[("icon_file", ("a.png", PNG))])
    return suite


def bring(site: Site, content: bytes, context: str = "") -> httpx2.Response:
    files = [("file", ("suite.json", content))]
    return site.browser.send(f"{base_of(site)}/import", {"context": context}, files=files)


def changed(content: bytes, **changes: Any) -> bytes:
    return json.dumps({**json.loads(content), **changes}).encode()


def test_a_suite_goes_to_a_file_and_comes_back_without_secrets(site: Site) -> None:
    suite = made(site)
    answer = site.browser.get(f"{suite}/export")
    assert "DocBits-Sandbox.api-suite.json" in answer.headers["content-disposition"]
    assert SECRET not in answer.text
    page = bring(site, answer.content, "Copy")
    text = said(page.text)
    assert "Sandbox APIs is imported." in text
    assert "inactive until you edit their security: Second" in text
    copy = str(page.url.path)
    assert site.browser.get(f"{copy}/icon").content == PNG
    before = json.loads(answer.content)
    after = site.browser.get(f"{copy}/export").json()
    assert after["context"] == "Copy"
    second = next(x for x in after["endpoints"] if x["proxy_context"] == "Second")
    assert (second["is_active"], second["security"]["type"]) == (False, "Anonymous")
    for file in (before, after):
        del file["context"]
        file["endpoints"] = [x for x in file["endpoints"] if x["proxy_context"] == "Sandbox"]
    assert after == before


def test_an_inactive_suite_stays_inactive(site: Site) -> None:
    content = site.browser.get(f"{suite_path(site)}/export").content
    page = bring(site, changed(content, is_active=False), "Copy")
    assert "The suite is inactive" in said(page.text)


def test_an_api_context_that_is_taken_asks_for_another(site: Site) -> None:
    content = site.browser.get(f"{suite_path(site)}/export").content
    answer = bring(site, content)
    assert answer.status_code == 409
    assert 'id="context-error"' in answer.text
    answer = bring(site, content, "no/slash")
    assert answer.status_code == 422
    assert 'id="context-error"' in answer.text


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "other"},
        {"version": 2},
        {"suite_name": 7},
        {"suite_name": ""},
        {"description": "a\x00b"},
        {"is_active": "yes"},
        {"icon": "no-such"},
        {"icon_file": "PHN2Zy8+"},
        {"icon_file": "§"},
        {"endpoints": []},
        {"endpoints": {}},
        {"endpoints": [1]},
        {"endpoints": [{"security": {"type": "Magic"}}]},
        {"policies": [{"type": "quota", "flow": "REQUEST", "name": "n", "definition": "<x/>"}]},
        {"policies": [{"type": "quota", "flow": "SIDEWAYS"}]},
        {"policies": [{}] * 51},
    ],
)
def test_what_cannot_be_in_a_file_is_told_and_nothing_is_made(
    site: Site, changes: dict[str, Any]
) -> None:
    content = site.browser.get(f"{suite_path(site)}/export").content
    answer = bring(site, changed(content, context="Copy", **changes))
    assert answer.status_code == 422
    assert 'id="file-error"' in answer.text
    assert "CustomerApi/Copy" not in site.browser.get(base_of(site)).text


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"[" * 100_000, b"\xff"])
def test_what_is_no_file_of_a_suite_is_told(site: Site, content: bytes) -> None:
    answer = bring(site, content)
    assert answer.status_code == 422
    assert 'id="file-error"' in answer.text


def test_only_an_administrator_exports_and_imports(site: Site) -> None:
    suite = suite_path(site)
    site.add_user("bob")
    site.sign_in_as("bob")
    assert site.browser.get(f"{suite}/export").status_code == 403
    assert site.browser.get(f"{base_of(site)}/import").status_code == 403
