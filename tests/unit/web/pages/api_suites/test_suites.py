from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.web import said
from tests.support.whole import Site, site_on

PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)
SUITE = {
    "application_name": "DocBits",
    "suite_name": "Sandbox APIs",
    "description": "Takes exports",
    "context": "DocBits-Sandbox",
    "icon": "send",
    "target_url": "https://api.example.com/v1",
    "endpoint_description": "The first target",
    "proxy_context": "Sandbox",
    "proxy_security": "OAuth 2.0",
    "security.type": "Anonymous",
    "shown_security": "Anonymous",
}


def base_of(site: Site) -> str:
    return f"/ion-api/{site.application.tenant.id}/available-apis"


def add(site: Site, **changes: str) -> httpx2.Response:
    fields = {name: value for name, value in {**SUITE, **changes}.items() if value}
    return site.browser.send(f"{base_of(site)}/add", fields)


def suite_path(site: Site, **changes: str) -> str:
    answer = add(site, **changes)
    assert answer.status_code == 200, said(answer.text)
    assert re.search(r"available-apis/api_\w+$", str(answer.url.path)), said(answer.text)
    return str(answer.url.path)


def endpoint_path(site: Site, suite: str) -> str:
    found = re.search(rf"{suite}/endpoints/ept_\w+", site.browser.get(suite).text)
    assert found is not None
    return found[0]


def test_the_suites_of_the_sandbox_stand_beside_the_tenants_own(site: Site) -> None:
    page = site.browser.get(base_of(site)).text
    assert "No API suite yet" in page
    for context in ("IDM", "IONSERVICES", "DATAFABRIC", "M3", "Mingle"):
        assert f"{base_of(site)}/built-in/{context}" in page
    suite_path(site)
    page = site.browser.get(f"{base_of(site)}?q=docbits").text
    assert "Sandbox APIs" in page
    assert "built-in/M3" not in page


def test_the_operations_of_a_documentation_are_searched(site: Site) -> None:
    address = f"/ion-api/{site.application.tenant.id}/available-apis/built-in/IDM"
    everything = site.browser.get(address).text
    assert everything.count('class="card-box operation"') > 5
    found = site.browser.get(f"{address}?q=datamodel/entities/").text
    assert found.count('class="card-box operation" open') == 1
    assert "/api/datamodel/entities/{name}" in found
    assert "No operation matches" in site.browser.get(f"{address}?q=%3Cnothing%3E").text


def test_a_suite_of_the_sandbox_is_shown_and_cannot_be_changed(site: Site) -> None:
    page = site.browser.get(f"{base_of(site)}/built-in/IDM").text
    assert f"{site.application.settings.origin}/{site.application.tenant.id}/IDM" in page
    assert "/api/items" in page
    assert 'method="post"' not in page.partition("<main")[2]
    assert site.browser.get(f"{base_of(site)}/built-in/nothing").status_code == 404


def test_a_suite_is_added_with_its_first_endpoint(site: Site) -> None:
    suite = suite_path(site)
    page = said(site.browser.get(suite).text)
    address = f"{site.application.settings.origin}/{site.application.tenant.id}/CustomerApi"
    assert f"{address}/DocBits-Sandbox/Sandbox" in page
    assert "API suite added" in page
    assert "Endpoint added: Sandbox" in page


def test_every_mistake_is_shown_beside_its_field_and_what_was_typed_stays(site: Site) -> None:
    wrong = {
        "suite_name": "",
        "description": "",
        "context": "a/b",
        "target_url": "http://api.example.com",
        "endpoint_description": "",
        "proxy_context": "..",
    }
    answer = add(site, **wrong)
    assert answer.status_code == 422
    for field in wrong:
        assert f'id="{field}-error"' in answer.text, field
    assert 'value="http://api.example.com"' in answer.text
    assert 'id="application_name-error"' not in answer.text


def test_an_api_context_that_is_taken_leads_to_its_suite(site: Site) -> None:
    suite = suite_path(site)
    answer = add(site, context="docbits-sandbox")
    assert answer.status_code == 409
    assert 'id="context-error"' in answer.text
    assert f'href="{suite}"' in answer.text


def test_the_api_context_is_read_only_after_save(site: Site) -> None:
    suite = suite_path(site)
    form = site.browser.get(f"{suite}/edit").text
    assert 'name="context"' not in form
    answer = site.browser.send(f"{suite}/edit", {**SUITE, "context": "Other"})
    assert answer.status_code == 422
    assert "cannot be changed" in said(answer.text)
    answer = site.browser.send(f"{suite}/edit", {**SUITE, "context": "", "suite_name": "Renamed"})
    assert "Renamed is saved" in said(answer.text)


def test_an_uploaded_icon_is_shown_as_a_picture_and_nothing_else(site: Site) -> None:
    suite = suite_path(site)
    assert site.browser.get(f"{suite}/icon").status_code == 404
    fields = {**SUITE, "context": ""}
    sent = site.browser.send(f"{suite}/edit", fields, files=[("icon_file", ("a.png", PNG))])
    assert f'src="{suite}/icon"' in sent.text
    picture = site.browser.get(f"{suite}/icon")
    assert picture.content == PNG
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["content-security-policy"].startswith("sandbox")
    for content in (b"<svg onload='alert(1)'/>", PNG + bytes(100_000), b""):
        files = [("icon_file", ("a.png", content))]
        answer = site.browser.send(f"{suite}/edit", fields, files=files)
        assert 'id="icon_file-error"' in answer.text
    kept = site.browser.send(f"{suite}/edit", {**fields, "icon": "uploaded"})
    assert f'src="{suite}/icon"' in kept.text


def test_an_icon_that_is_none_is_refused(site: Site) -> None:
    for name in ("no-such", "uploaded", ""):
        answer = add(site, icon=name)
        assert "Choose one of the icons." in said(answer.text)


def test_a_suite_is_deactivated_after_a_question_and_activated_again(site: Site) -> None:
    suite = suite_path(site)
    assert "403" in said(site.browser.get(f"{suite}/deactivate").text)
    page = said(site.browser.send(f"{suite}/deactivate").text)
    assert "is deactivated" in page
    assert "The suite is inactive" in page
    page = said(site.browser.send(f"{suite}/activate", form_at=suite).text)
    assert "is active again" in page
    assert "The suite is inactive" not in page


def test_a_suite_is_deleted_after_its_consequences_were_told(site: Site) -> None:
    suite = suite_path(site)
    asked = said(site.browser.get(f"{suite}/delete").text)
    assert "404" in asked
    assert "1 endpoint, its secrets" in asked
    assert "cannot be undone" in asked
    assert "is deleted" in said(site.browser.send(f"{suite}/delete").text)
    assert site.browser.get(suite).status_code == 404


def test_a_further_endpoint_is_added_and_the_last_one_stays(site: Site) -> None:
    suite = suite_path(site)
    first = endpoint_path(site, suite)
    answer = site.browser.send(f"{suite}/endpoints/add", {**SUITE, "proxy_context": "Second"})
    assert "The endpoint Second is saved" in said(answer.text)
    again = site.browser.send(f"{suite}/endpoints/add", {**SUITE, "proxy_context": "SECOND"})
    assert again.status_code == 409
    assert 'id="proxy_context-error"' in again.text
    assert "is deleted" in said(site.browser.send(f"{first}/delete").text)
    assert "Endpoint deleted: Sandbox" in said(site.browser.get(suite).text)
    last = endpoint_path(site, suite)
    refused = site.browser.send(f"{last}/delete")
    assert refused.status_code == 409
    assert "A suite needs an endpoint" in said(refused.text)


def test_an_endpoint_is_edited_deactivated_and_activated(site: Site) -> None:
    endpoint = endpoint_path(site, suite_path(site))
    fields = {**SUITE, "proxy_security": "Anonymous", "ignore_certificate_errors": "on"}
    page = said(site.browser.send(f"{endpoint}/edit", fields).text)
    assert "The change holds from the next request on" in page
    assert "Errors of the certificate are ignored" in page
    assert "Anybody who knows the address can call" in page
    assert "ACCESS_TOKEN" not in page
    assert "is deactivated" in said(site.browser.send(f"{endpoint}/deactivate").text)
    activated = site.browser.send(f"{endpoint}/activate", form_at=endpoint)
    assert "is active again" in said(activated.text)


def test_the_call_to_try_has_no_secret(site: Site) -> None:
    page = site.browser.get(endpoint_path(site, suite_path(site))).text
    assert "Authorization: Bearer $ACCESS_TOKEN" in said(page)


SECRET = "5ecret" + "x" * 5
SECURITIES = {
    "Basic": {"security.user_id": "shop", "security.password": SECRET},
    "API Key": {"key_mode_0": "Header", "key_name_0": "X-Key", "key_value_0": SECRET},
    "OAuth 1.0a": {
        "security.algorithm": "HMAC-SHA1",
        "security.access_key": "key",
        "security.secret_key": SECRET,
    },
    "OAuth 2.0": {
        "security.token_endpoint": "https://login.example.com/token",
        "security.client_id": "shop",
        "security.client_secret": SECRET,
        "security.client_authentication": "Header",
    },
    "JWT Target Authentication": {
        "security.algorithm": "HS256",
        "security.key": SECRET * 6,
        "security.payload": '{"iss": "a"}',
        "security.expiration_seconds": "300",
    },
}


@pytest.mark.parametrize("kind", SECURITIES)
def test_secrets_of_each_kind_go_in_and_never_come_out(site: Site, kind: str) -> None:
    security = {"security.type": kind, "shown_security": kind, **SECURITIES[kind]}
    suite = suite_path(site, **security)
    endpoint = endpoint_path(site, suite)
    shown = site.browser.get(endpoint).text
    assert kind in shown
    assert "••••" in shown
    form = site.browser.get(f"{endpoint}/edit").text
    assert "••••" in form
    # What is not typed again stays; a changed description shows that it was saved.
    kept = {name: text for name, text in security.items() if text not in (SECRET, SECRET * 6)}
    saved = site.browser.send(f"{endpoint}/edit", {**SUITE, **kept, "endpoint_description": "New"})
    assert "The endpoint is saved" in said(saved.text)
    refused = site.browser.send(f"{endpoint}/edit", {**SUITE, **security, "target_url": "x"})
    assert refused.status_code == 422
    # Another target must not get the secret of this one.
    moved = {**SUITE, **kept, "target_url": "https://elsewhere.example.com"}
    answer = site.browser.send(f"{endpoint}/edit", moved)
    assert answer.status_code == 422
    for text in (shown, form, saved.text, refused.text, answer.text):
        assert SECRET not in text


def test_another_authentication_type_shows_its_fields_and_keeps_what_was_typed(site: Site) -> None:
    answer = add(site, **{"security.type": "Basic", "suite_name": "Typed"})
    assert answer.status_code == 200
    assert 'id="security.password"' in answer.text
    assert 'value="Typed"' in answer.text
    assert "No API suite yet" in site.browser.get(base_of(site)).text
    answer = add(site, **{"security.type": "API Key", "action": "security"})
    assert 'name="key_name_1"' in answer.text


def test_missing_secrets_are_told_beside_their_fields(site: Site) -> None:
    answer = add(site, **{"security.type": "Basic", "shown_security": "Basic"})
    assert answer.status_code == 422
    assert 'id="security.user_id-error"' in answer.text
    assert 'id="security.password-error"' in answer.text
    answer = add(site, **{"security.type": "API Key", "shown_security": "API Key"})
    assert "Add 1 to 10 keys." in said(answer.text)


def test_a_choice_that_is_none_is_told(site: Site) -> None:
    answer = add(site, proxy_security="Whatever")
    assert answer.status_code == 422
    assert "Choose one of these." in said(answer.text)


def test_only_an_administrator_of_the_tenant_sees_and_changes_suites(site: Site) -> None:
    suite = suite_path(site)
    endpoint = endpoint_path(site, suite)
    base = base_of(site)
    pages = [base, f"{base}/add", f"{base}/built-in/IDM", suite, f"{suite}/edit", endpoint]
    pages += [f"{suite}/icon", f"{suite}/delete", f"{suite}/policies", f"{endpoint}/edit"]
    pages += [f"{endpoint}/documentation/add", f"{suite}/policies/add", f"{endpoint}/policies/add"]
    site.add_user("bob")
    site.sign_in_as("bob")
    for page in pages:
        assert site.browser.get(page).status_code == 403, page
    for page in (f"{base}/add", f"{suite}/edit", f"{suite}/delete", f"{suite}/activate"):
        assert site.browser.send(page, SUITE, form_at="/account").status_code == 403, page
    assert site.browser.get("/ion-api/OTHER_TST/available-apis").status_code == 404


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(Path(tmp_path_factory.mktemp("site")), "") as site:
        yield site


def test_an_endpoint_of_another_suite_is_not_found(shared: Site) -> None:
    first = suite_path(shared)
    second = suite_path(shared, context="Other")
    endpoint = endpoint_path(shared, first)
    moved = endpoint.replace(first, second)
    for page in ("", "/edit", "/delete", "/deactivate", "/documentation", "/policies"):
        assert shared.browser.get(moved + page).status_code == 404, page
