"""What an administrator does with API suites: every form, question and mistake, in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import audit, wider_than_the_window
from tests.browser.conftest import OpenScreen
from tests.browser.furnished import OPENAPI, cookies_of
from tests.browser.screen import PHONE, Screen, choose_and_follow
from tests.support.whole import Site, site_on
from tests.unit.web.pages.api_suites.test_suites import SUITE


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(tmp_path_factory.mktemp("site"), "") as site:
        yield site


@pytest.fixture
def screen(site: Site, kept_screen: OpenScreen) -> Screen:
    """The administrator's window; tests/unit/web sends the same forms without JavaScript."""
    return kept_screen(site.application.settings.origin, cookies=cookies_of(site))


def _base(site: Site) -> str:
    return f"/ion-api/{site.application.tenant.id}/available-apis"


def _press(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).first.click()


def _follow(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("link", name=name, exact=True).first.click()


def _write(page: Page, label: str, text: str) -> None:
    page.get_by_label(re.compile(rf"^{re.escape(label)}( \*)?$")).fill(text)


def _check(screen: Screen) -> None:
    """What every state of a page owes, on a phone too."""
    found = audit(screen.page)
    before = screen.page.viewport_size
    screen.page.set_viewport_size(PHONE)
    found += wider_than_the_window(screen.page)
    if before:
        screen.page.set_viewport_size(before)
    assert not found, "\n".join(found)


def _fill_endpoint(page: Page, proxy_context: str) -> None:
    _write(page, "Target Endpoint URL", "https://api.example.com/v1")
    _write(page, "Target Endpoint Description", "A target")
    _write(page, "Proxy Context", proxy_context)


def _show_fields_of(page: Page, kind: str) -> None:
    choose_and_follow(page.get_by_label("Authentication Type"), kind)
    expect(page.get_by_label("Target Endpoint URL")).to_have_value("https://api.example.com/v1")


def _new_suite(screen: Screen, site: Site) -> str:
    """Add a suite, show its page and return its path."""
    number = len(site.browser.get(_base(site)).text)
    fields = {**SUITE, "context": f"Suite-{number}", "proxy_context": "Sandbox"}
    suite = site.browser.send(f"{_base(site)}/add", fields).url.path
    screen.open(suite)
    return suite


def _add_by_form(screen: Screen, site: Site) -> str:
    """Add a suite by its form and return the path of its page."""
    page = screen.open(_base(site))
    _follow(page, "Add New API Suite")
    _write(page, "Application Name", "DocBits")
    _write(page, "Suite Name", "Sandbox APIs")
    _write(page, "Description", "Takes exports")
    _write(page, "API Context", "Suite-0")
    page.get_by_role("radio", name="send", exact=True).check(force=True)
    _fill_endpoint(page, "Sandbox")
    _press(page, "Save")
    expect(page.get_by_role("status").first).to_contain_text("is saved and active")
    return urlsplit(page.url).path


def test_a_suite_is_added_edited_deactivated_and_deleted(screen: Screen, site: Site) -> None:
    suite = _add_by_form(screen, site)
    page = screen.page
    expect(page.locator("main")).to_contain_text("/CustomerApi/Suite-0")
    expect(page.get_by_role("button", name="Copy the address of Sandbox")).to_be_visible()
    _follow(page, "Edit")
    expect(page.locator("main")).to_contain_text("It cannot be changed: clients rely on it.")
    _write(page, "Suite Name", "Renamed")
    _press(page, "Save")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Renamed")
    _follow(page, "Deactivate")
    _check(screen)
    _press(page, "Deactivate")
    expect(page.locator("main")).to_contain_text("The suite is inactive")
    _check(screen)
    _press(page, "Activate")
    expect(page.locator("main")).not_to_contain_text("The suite is inactive")
    _follow(page, "Delete")
    expect(page.locator("main")).to_contain_text("Clients that call it get 404")
    _follow(page, "Back")
    expect(page).to_have_url(screen.base_url + suite)
    _follow(page, "Delete")
    _press(page, "Delete")
    expect(page.get_by_role("status").first).to_contain_text("Renamed is deleted")
    expect(page).to_have_url(screen.base_url + _base(site))


def test_mistakes_are_told_beside_their_fields_and_the_first_has_the_focus(
    screen: Screen, site: Site
) -> None:
    screen.expect_status(422)
    page = screen.open(f"{_base(site)}/add")
    _write(page, "Application Name", "DocBits")
    _write(page, "Suite Name", "Sandbox APIs")
    _write(page, "Description", "Takes exports")
    _write(page, "API Context", "no/slash")
    _fill_endpoint(page, "a b")
    _write(page, "Target Endpoint URL", "http://api.example.com")
    page.get_by_label("Upload an icon").set_input_files(
        files=[{"name": "a.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"}]
    )
    _press(page, "Save")
    expect(page.locator("#icon_file-error")).to_contain_text("PNG, JPEG, GIF or WebP")
    _press(page, "Save")
    expect(page.locator("#context-error")).to_contain_text("no slash")
    expect(page.locator("#target_url-error")).to_contain_text("Use https")
    expect(page.locator("#proxy_context-error")).to_be_visible()
    expect(page.get_by_label("API Context")).to_have_value("no/slash")
    expect(page.get_by_label("API Context")).to_be_focused()
    _check(screen)


def test_an_endpoint_with_each_kind_of_security_shows_no_secret(screen: Screen, site: Site) -> None:
    suite = _new_suite(screen, site)
    page = screen.page
    page = screen.open(f"{suite}/endpoints/add")
    _fill_endpoint(page, "Sandbox")
    for kind in ("Basic", "OAuth 1.0a", "OAuth 2.0"):
        _show_fields_of(page, kind)
        _check(screen)
    for kind in ("API Key", "JWT Target Authentication"):
        page = screen.open(f"{suite}/endpoints/add")
        _fill_endpoint(page, kind.replace(" ", "-"))
        _show_fields_of(page, kind)
        _check(screen)
        for field in page.locator("fieldset.boxed input[type=text]").all():
            field.fill("shop")
        for field in page.locator("fieldset.boxed input[type=password]").all():
            field.fill("hidden word")
        if kind == "API Key":
            page.get_by_label("Key Name, row 2").fill("")
            page.get_by_label("Key Value, row 2").fill("")
            page.get_by_label("Key Name, row 1").fill("X-Key")
        if kind.startswith("JWT"):
            page.get_by_label("Algorithm").select_option(label="HS256")
            _write(page, "Key", "hidden word " * 4)
            _write(page, "Token Expiration (seconds)", "300")
        _press(page, "Save")
        expect(page.get_by_role("status").first).to_contain_text("is saved and active")
        _follow(page, page.get_by_role("link", name=kind.replace(" ", "-")).first.inner_text())
        expect(page.locator("main")).to_contain_text("••••••••")
        expect(page.locator("main")).to_contain_text(kind)
        assert "hidden word" not in page.content()
        _check(screen)
        _follow(page, "Edit")
        assert "hidden word" not in page.content()
        _press(page, "Save")
        expect(page.get_by_role("status").first).to_contain_text("The endpoint is saved")


def test_the_last_endpoint_cannot_be_deleted(screen: Screen, site: Site) -> None:
    screen.expect_status(409)
    _new_suite(screen, site)
    page = screen.page
    page.get_by_role("link", name=re.compile("^CustomerApi")).click()
    _follow(page, "Deactivate")
    _press(page, "Deactivate")
    expect(page.locator("main")).to_contain_text("The endpoint is inactive")
    _follow(page, "Delete")
    _press(page, "Delete")
    expect(page.locator("main")).to_contain_text("A suite needs an endpoint")
    _check(screen)


def test_a_policy_is_written_from_its_template_and_corrected(screen: Screen, site: Site) -> None:
    screen.expect_status(422)
    _new_suite(screen, site)
    page = screen.page
    _follow(page, "Suite Policies")
    _check(screen)
    _follow(page, "Add the first policy")
    page.get_by_label("Policy Type").select_option(label="Quota")
    _press(page, "Insert the template")
    definition = page.get_by_label("Policy Definitions")
    expect(definition).to_have_value(re.compile("<quota "))
    right = definition.input_value()
    definition.fill(right.replace("hour", "moon"))
    _write(page, "Name", "A quota")
    _press(page, "Save")
    expect(page.locator("#definition-error")).to_contain_text("line 4, column 3")
    expect(definition).to_have_value(re.compile("moon"))
    _check(screen)
    definition.fill(right)
    _press(page, "Save")
    expect(page.get_by_role("status").first).to_contain_text("The policy A quota is saved")
    _follow(page, "A quota")
    definition.fill(right.replace('enabled="true"', 'enabled="false"'))
    _press(page, "Save")
    expect(page.locator("tbody")).to_contain_text("disabled")
    _follow(page, "Delete the policy A quota")
    expect(page.locator("main")).to_contain_text("Calls are no longer counted")
    _press(page, "Delete")
    expect(page.locator("main")).to_contain_text("No policy yet")


def test_documentation_is_uploaded_read_and_deleted(
    screen: Screen, site: Site, tmp_path: Path
) -> None:
    screen.expect_status(422)
    _new_suite(screen, site)
    page = screen.page
    page.get_by_role("link", name="Documentation of Sandbox").click()
    expect(page).to_have_url(re.compile("/documentation$"))
    _check(screen)
    _follow(page, "Add Documentation")
    _write(page, "Name", "Orders")
    _write(page, "Enter URL", "http://api.example.com/openapi.json")
    _press(page, "Save")
    expect(page.locator("#url-error")).to_contain_text("Use https")
    _check(screen)
    _write(page, "Enter URL", "")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("a: [", encoding="utf-8")
    page.get_by_label("Upload Swagger JSON/YAML").set_input_files(wrong)
    _press(page, "Save")
    expect(page.locator("#file-error")).to_contain_text("line 2, column 1")
    right = tmp_path / "right.yaml"
    right.write_text(OPENAPI, encoding="utf-8")
    page.get_by_label("Upload Swagger JSON/YAML").set_input_files(right)
    _press(page, "Save")
    _follow(page, "Orders")
    page.locator("details.operation summary").click()
    expect(page.locator("details.operation")).to_contain_text("$ACCESS_TOKEN")
    page.locator("details.operation").get_by_role("link", name="Order").first.click()
    expect(page).to_have_url(re.compile("#schema-1$"))
    _check(screen)
    _follow(page, "Delete")
    _press(page, "Delete")
    expect(page.locator("main")).to_contain_text("No documentation yet")


def test_a_suite_is_exported_and_imported_under_another_context(
    screen: Screen, site: Site, tmp_path: Path
) -> None:
    screen.expect_status(409)
    _new_suite(screen, site)
    page = screen.page
    with page.expect_download() as download:
        _follow(page, "Export")
    file = tmp_path / "suite.json"
    file.write_bytes(download.value.path().read_bytes())
    page = screen.open(_base(site))
    _follow(page, "Import")
    _check(screen)
    page.get_by_label("File of an API suite").set_input_files(file)
    _press(page, "Import")
    expect(page.locator("#context-error")).to_contain_text("taken")
    _check(screen)
    page.get_by_label("File of an API suite").set_input_files(file)
    _write(page, "Another API Context", "A-Copy")
    _press(page, "Import")
    expect(page.get_by_role("status").first).to_contain_text("Sandbox APIs is imported")


def test_an_operation_that_is_chosen_brings_its_method_and_is_sent_when_it_is_complete(
    screen: Screen, site: Site
) -> None:
    site.credentials("Caller_TST")
    page = screen.open(f"{_base(site)}/send")
    path = page.get_by_label("Path behind the tenant")
    path.fill("POST IDM/api/items/{pid}/checkout")
    expect(page.get_by_label("Method")).to_have_value("POST")
    expect(path).to_have_value("IDM/api/items/{pid}/checkout")
    screen.expect_status(422)
    _press(page, "Send")
    expect(page.locator("#path-error")).to_contain_text("in place of {pid}")
    expect(page.get_by_label("Method")).to_have_value("POST")
