"""What leaves the server once, what a pasted token says, and how a list is narrowed down."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from ionport.identity.model import TenantRole
from tests.browser.conftest import OpenScreen
from tests.browser.furnished import cookies_of
from tests.browser.screen import Screen, choose_and_follow
from tests.browser.test_ion_api_pages import (
    _downloaded,
    _follow,
    _new_app,
    _press,
    _save_app,
    _write,
)
from tests.support.idp import make_idp
from tests.support.web import PASSWORD
from tests.support.whole import Site, site_on

SETTINGS = {
    "url_flavour": "cloud", "token_form": "infor", "refusal_form": "explained",
    "logins_per_minute": "20",
    "logins_per_day": "1000", "tokens_per_client_per_day": "100", "confirmed": "on",
}  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(tmp_path_factory.mktemp("site"), "") as site:
        site.add_user("bob")
        mode = {**SETTINGS, "scope_mode": "Enforced Per Authorized App"}
        site.browser.send(f"/ion-api/{site.tenant.tenant_id}/configuration", mode)
        yield site


@pytest.fixture
def screen(request: pytest.FixtureRequest, site: Site, kept_screen: OpenScreen) -> Screen:
    """The administrator's window; tests/unit/web sends the same forms without JavaScript."""
    url, script = site.application.settings.origin, getattr(request, "param", True)
    return kept_screen(url, script=script, cookies=cookies_of(site))


def _choose_bob(page: Page) -> None:
    page.get_by_role("searchbox", name="User Name").fill("bob")
    page.get_by_role("radio", name=re.compile("Bob Example")).check()


def test_credentials_come_with_the_chosen_user_and_scopes(screen: Screen, site: Site) -> None:
    name = "Scoped_TST"
    page = screen.open(f"{site.apps_path}/add")
    page.get_by_role("switch", name="Enforce Scopes").check()
    page.get_by_role("checkbox", name=re.compile("^Infor-IDM")).check()
    _write(page, "Other scopes", "Infor-CSI")
    _save_app(page, "Backend Service", name)
    url = page.url
    expect(page.locator("main")).to_contain_text("Infor-IDM Infor-CSI")
    _follow(page, "Download Credentials")
    _choose_bob(page)
    expect(page.get_by_role("checkbox", name=re.compile("^Infor-IDM"))).to_be_checked()
    expect(page.get_by_label("Other scopes")).to_have_value("Infor-CSI")
    page.get_by_role("checkbox", name=re.compile("^Infor-IDM")).uncheck()
    _write(page, "Your password", PASSWORD.reveal())
    file = json.loads(_downloaded(page, lambda: _press(page, "Download")))
    assert (file["cn"], file["sc"], file["v"]) == (name, ["Infor-CSI"], "1.1")
    assert file["saak"].startswith(f"{site.tenant.tenant_id}#")
    page.goto(url)
    expect(page.get_by_role("table", name="Service Accounts")).to_contain_text("Bob Example")


def test_a_secret_is_revealed_and_an_account_made_again_and_deleted(
    screen: Screen, site: Site
) -> None:
    _new_app(screen, site)
    page, url = screen.page, screen.page.url
    _follow(page, "Download Credentials")
    page.get_by_role("checkbox", name="The account belongs to nobody").check()
    _write(page, "Your password", PASSWORD.reveal())
    first = json.loads(_downloaded(page, lambda: _press(page, "Download")))
    page.goto(url)
    _follow(page, "Reveal")
    _write(page, "Your password", PASSWORD.reveal())
    _press(page, "Reveal")
    expect(page.locator("main")).to_contain_text(first["cs"])
    page.goto(url)
    expect(page.locator("main")).not_to_contain_text(first["cs"])
    _follow(page, "Delete and make again")
    _write(page, "Your password", PASSWORD.reveal())
    again = json.loads(_downloaded(page, lambda: _press(page, "Delete and make again")))
    assert (again["ci"], again["saak"]) == (first["ci"], again["saak"])
    assert again["saak"] != first["saak"]
    page.goto(url)
    accounts = page.get_by_role("table", name="Service Accounts")
    accounts.get_by_role("link", name="Delete", exact=True).click()
    _press(page, "Delete")
    expect(page.locator("main")).to_contain_text("The service account is deleted.")
    expect(page.locator("main")).to_contain_text("No service account yet")


def test_a_pasted_token_is_decoded_or_told_why_it_is_refused(screen: Screen, site: Site) -> None:
    _new_app(screen, site)
    page = screen.page
    _follow(page, "Download Credentials")
    page.get_by_role("checkbox", name="The account belongs to nobody").check()
    _write(page, "Your password", PASSWORD.reveal())
    file = json.loads(_downloaded(page, lambda: _press(page, "Download")))
    form = {"grant_type": "password", "username": file["saak"], "password": file["sask"]}
    form |= {"client_id": file["ci"], "client_secret": file["cs"]}
    token = site.browser.http.post(file["pu"] + file["ot"], data=form).json()["access_token"]
    page.get_by_role("link", name="Close").click()
    _follow(page, "Token tools")
    for text, told in (
        (f"Bearer {token}", "The gateway takes this token."),
        (token[:-8] + "AAAAAAAA", "The gateway refuses this token."),
        ("hello", "The gateway refuses this token."),
    ):
        _write(page, "Access token", text)
        _press(page, "Check")
        expect(page.get_by_role("main").get_by_role("status")).to_contain_text(told)
        assert token not in page.content()
    expect(page.get_by_role("region", name="curl")).to_contain_text("grant_type=password")
    expect(page.locator("main")).not_to_contain_text(file["cs"])


def test_an_environment_with_the_secret_needs_the_password(screen: Screen, site: Site) -> None:
    _new_app(screen, site)
    page = screen.page
    _follow(page, "Postman environment")
    page.get_by_role("switch", name="Write the Secret into it").check()
    _write(page, "Your password", PASSWORD.reveal())
    content = json.loads(_downloaded(page, lambda: _press(page, "Download")))
    secret = next(one["value"] for one in content["values"] if one["key"] == "cs")
    assert len(secret) == 86


def test_a_certificate_fills_in_the_fingerprint(screen: Screen, site: Site) -> None:
    screen.expect_status(422)
    page = screen.open(f"{site.apps_path}/add")
    choose_and_follow(page.get_by_role("combobox", name="Type", exact=True), "Mobile - Android")
    _write(page, "Name", "Kept_TST")
    box = page.get_by_label("Certificate file")
    box.set_input_files([{"name": "a.cer", "mimeType": "text/plain", "buffer": b"no"}])
    _press(page, "Load Certificate")
    expect(page.locator("#certificate-error")).to_contain_text("Choose a certificate file")
    pem = make_idp(site.application.clock.now() - timedelta(days=1)).pem.encode()
    box.set_input_files([{"name": "a.pem", "mimeType": "text/plain", "buffer": pem}])
    _press(page, "Load Certificate")
    fingerprint = page.get_by_label("Signing Certificate Fingerprint (SHA1)")
    expect(fingerprint).to_have_value(re.compile(r"^([0-9A-F]{2}:){19}[0-9A-F]{2}$"))
    expect(page.get_by_label("Name *")).to_have_value("Kept_TST")


@pytest.mark.parametrize("screen", [True, False], ids=["script", "no-script"], indirect=True)
def test_the_list_is_narrowed_down_and_opened_again(screen: Screen, site: Site) -> None:
    name = _new_app(screen, site, "Web")
    page = screen.open(site.apps_path)
    page.get_by_label("Type", exact=True).select_option(label="Web")
    if not screen.script:
        page.get_by_role("button", name="Apply").click()
    rows = page.get_by_role("table", name="Authorized Apps").locator("tbody tr")
    expect(rows.filter(has_text=name)).to_have_count(1)
    expect(rows.filter(has_text="Backend Service")).to_have_count(0)
    page.get_by_label("Status", exact=True).select_option(label="Disabled")
    if not screen.script:
        page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("No app matches")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Clear Filters").last.click()
    expect(rows.filter(has_text=name)).to_have_count(1)
    for column in ("Type", "Client ID", "Created", "Name"):
        page.get_by_role("columnheader", name=column).get_by_role("link").click()
        expect(page.get_by_role("columnheader", name=column)).to_have_attribute(
            "aria-sort", "ascending"
        )


def test_the_only_administrator_cannot_shut_themselves_out(screen: Screen, site: Site) -> None:
    screen.expect_status(409)
    page = screen.open(f"/ion-api/{site.tenant.tenant_id}/users")
    page.get_by_role("main").get_by_role("link", name="ada", exact=True).click()
    page.get_by_role("combobox", name=f"Tenant {site.tenant.tenant_id}").select_option(
        value=TenantRole.USER.value
    )
    _press(page, "Save")
    expect(page.locator("main")).to_contain_text("the only IONAPI-Administrator of tenant")


def test_a_second_press_of_download_makes_no_second_account(screen: Screen, site: Site) -> None:
    name = "Twice_TST"
    page = screen.open(f"{site.apps_path}/add")
    _save_app(page, "Backend Service", name)
    _follow(page, "Download Credentials")
    page.get_by_role("searchbox", name="User Name").fill("bob")
    screen.expect_status(422)
    _write(page, "Your password", "not the password")
    page.locator(".form-actions").get_by_role("button", name="Download").click()
    wrong = page.get_by_text("This is not your password.")
    expect(wrong).to_be_visible()
    _write(page, "Your password", PASSWORD.reveal())
    with page.expect_download():
        page.locator(".form-actions").get_by_role("button", name="Download").click()
    expect(page.get_by_text("The file is on its way")).to_be_visible()
    expect(wrong).to_have_count(0)
    page.locator(".form-actions").get_by_role("button", name="Download").click()
    page.get_by_role("link", name="see the account at its app").click()
    expect(page.get_by_text("1 entry")).to_be_visible()
    expect(page.get_by_role("cell", name="Bob Example")).to_have_count(1)
