"""What an administrator does with apps, service accounts, users and the configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenScreen
from tests.browser.furnished import cookies_of
from tests.browser.screen import Screen, choose_and_follow
from tests.support.idp import make_idp
from tests.support.web import PASSWORD
from tests.support.whole import Site, site_on

TYPES: dict[str, dict[str, str]] = {
    "Backend Service": {},
    "Web": {"Redirect URL": "https://app.example.com/callback"},
    "Mobile - Android": {
        "Redirect URL": "com.example.app://callback",
        "Package Name": "com.example.app",
    },
    "Mobile - IOS": {
        "Redirect URL": "com.example.app://callback",
        "Bundle ID": "com.example.app",
        "App Store ID": "123456789",
    },
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(tmp_path_factory.mktemp("site"), "") as site:
        site.add_user("bob")
        yield site


@pytest.fixture
def screen(site: Site, kept_screen: OpenScreen) -> Screen:
    """The administrator's window; tests/unit/web sends the same forms without JavaScript."""
    return kept_screen(site.application.settings.origin, cookies=cookies_of(site))


def _press(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).click()


def _follow(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("link", name=name, exact=True).first.click()


def _write(page: Page, label: str, text: str) -> None:
    page.get_by_label(re.compile(rf"^{re.escape(label)}( \*)?$")).fill(text)


def _save_app(page: Page, kind: str, name: str) -> None:
    choose_and_follow(page.get_by_role("combobox", name="Type", exact=True), kind)
    _write(page, "Name", name)
    _write(page, "Description", "For a test")
    for label, text in TYPES[kind].items():
        _write(page, label, text)
    _press(page, "Save")
    expect(page.get_by_role("status").first).to_contain_text(f"{name} is saved")


def _new_app(screen: Screen, site: Site, kind: str = "Backend Service") -> str:
    """Add an app by its form and return its name."""
    name = f"{kind.replace(' ', '')} {len(site.browser.get(site.apps_path).text)}_TST"
    _save_app(screen.open(f"{site.apps_path}/add"), kind, name)
    return name


def _downloaded(page: Page, press: Callable[[], None]) -> bytes:
    with page.expect_download() as download:
        press()
    return download.value.path().read_bytes()


@pytest.mark.parametrize("kind", ["Backend Service", "Mobile - Android"])
def test_an_app_of_each_type_is_added_and_edited(screen: Screen, site: Site, kind: str) -> None:
    name = _new_app(screen, site, kind)
    page = screen.page
    _follow(page, "Edit")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Edit {name}")
    _write(page, "Description", "Changed")
    _press(page, "Save")
    expect(page.locator("main")).to_contain_text("The change holds from the next request on.")
    expect(page.locator("main")).to_contain_text("App changed")


def test_a_wrong_redirect_url_is_told_beside_its_field(screen: Screen, site: Site) -> None:
    screen.expect_status(422)
    page = screen.open(f"{site.apps_path}/add")
    choose_and_follow(page.get_by_role("combobox", name="Type", exact=True), "Web")
    _write(page, "Name", "Wrong_TST")
    _write(page, "Redirect URL", "https://a.example/#part")
    _press(page, "Save")
    expect(page.locator("#redirect_urls-error")).to_contain_text("leave out the part after #")
    expect(page.get_by_label("Redirect URL")).to_have_value("https://a.example/#part")


def test_an_app_is_disabled_enabled_revoked_and_deleted(screen: Screen, site: Site) -> None:
    _new_app(screen, site)
    page = screen.page
    _follow(page, "Disable")
    expect(page.locator("main")).to_contain_text("0 logins are in force")
    _press(page, "Disable")
    expect(page.get_by_role("heading", level=1)).to_contain_text("disabled")
    _press(page, "Enable")
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("disabled")
    _follow(page, "Revoke all tokens")
    _press(page, "Revoke")
    expect(page.locator("main")).to_contain_text("Its clients log in again.")
    _follow(page, "Delete")
    _press(page, "Delete")
    expect(page.get_by_role("heading", level=1)).to_have_text("Authorized Apps")


def test_a_secret_is_rotated_after_the_password(screen: Screen, site: Site) -> None:
    screen.expect_status(422)
    _new_app(screen, site)
    page = screen.page
    _follow(page, "Rotate")
    _write(page, "Your password", "wrong")
    _press(page, "Rotate")
    expect(page.locator("#password-error")).to_contain_text("not your password")
    _write(page, "Your password", PASSWORD.reveal())
    _press(page, "Rotate")
    expect(page.locator("main")).to_contain_text("The new Secret.")
    expect(page.locator("main")).to_contain_text("works until")


def test_a_private_key_is_downloaded_and_its_public_half_deleted(
    screen: Screen, site: Site
) -> None:
    _new_app(screen, site)
    page = screen.page
    _follow(page, "Edit")
    page.get_by_role("switch", name="Use Bridge Authentication").check()
    _press(page, "Save")
    expect(page.locator("main")).to_contain_text("The Secret is refused.")
    _press(page, "Back")
    expect(page.get_by_role("switch", name="Use Bridge Authentication")).to_be_checked()
    _press(page, "Save")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Save ")
    _press(page, "Save")
    expect(page.locator("main")).to_contain_text("The change holds from the next request on.")
    url = page.url
    _follow(page, "Generate Key Pair")
    _write(page, "Your password", PASSWORD.reveal())
    content = _downloaded(page, lambda: _press(page, "Generate and download"))
    kid = json.loads(content)["jwk"]["kid"]
    page.goto(url)
    _follow(page, f"Delete key {kid}")
    _press(page, "Delete")
    expect(page.locator("main")).to_contain_text("The key is deleted.")


def test_a_phone_scans_the_qr_code(screen: Screen, site: Site) -> None:
    _new_app(screen, site, "Mobile - IOS")
    _follow(screen.page, "QR code")
    image = screen.page.get_by_role("img", name=re.compile("as a QR code"))
    expect(image).to_be_visible()
    # `decode` waits until the image is there, and throws when it is none.
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth > 100)")


def test_an_environment_is_downloaded(screen: Screen, site: Site) -> None:
    _new_app(screen, site)
    _follow(screen.page, "Bruno environment")
    content = _downloaded(screen.page, lambda: _press(screen.page, "Download"))
    assert f"{site.tenant.tenant_id}~".encode() in content


def test_a_service_account_is_added_linked_and_disabled(screen: Screen, site: Site) -> None:
    name = _new_app(screen, site)
    page = screen.open(f"/ion-api/{site.tenant.tenant_id}/service-accounts/add")
    page.get_by_role("combobox", name="Authorized App").select_option(label=name)
    _write(page, "Description", f"Account of {name}")
    _write(page, "Your password", PASSWORD.reveal())
    assert b"Secret Key" in _downloaded(page, lambda: _press(page, "Save and download"))
    screen.open(f"/ion-api/{site.tenant.tenant_id}/service-accounts")
    _follow(page, f"Account of {name}")
    expect(page.locator("main")).to_contain_text("Illegal impersonation attempt (163)")
    page.get_by_role("searchbox", name="User Name").fill("bob")
    page.get_by_role("radio", name=re.compile("Bob Example")).check()
    _press(page, "Save")
    expect(page.locator("main")).to_contain_text("The service account is saved.")
    expect(page.locator("main")).not_to_contain_text("No user is linked")
    _follow(page, "Disable")
    _press(page, "Disable")
    expect(page.get_by_role("heading", level=1)).to_contain_text("disabled")
    _press(page, "Enable")


def test_a_user_is_added_changed_and_removed(screen: Screen, site: Site) -> None:
    username = "carol"
    page = screen.open(f"/ion-api/{site.tenant.tenant_id}/users")
    _follow(page, "Add")
    _write(page, "Username", username)
    _press(page, "Save")
    expect(page.locator("main")).to_contain_text(f"{username} is added")
    _follow(page, "Done")
    role = page.get_by_role("combobox", name=f"Tenant {site.tenant.tenant_id}")
    role.select_option(label="IONAPI-Administrator")
    _press(page, "Save")
    expect(page.locator("main")).to_contain_text("Role set: IONAPI-Administrator")
    _follow(page, "Make a password link")
    _write(page, "Your password", PASSWORD.reveal())
    _press(page, "Make the link")
    expect(page.locator("main")).to_contain_text("/set-password/")
    _follow(page, "Done")
    _follow(page, "Disable")
    _press(page, "Disable")
    expect(page.get_by_role("heading", level=1)).to_contain_text("disabled")
    _press(page, "Enable")
    _follow(page, "Remove from the tenant")
    _press(page, "Remove")
    expect(page.get_by_role("table")).not_to_contain_text(username)


def test_the_configuration_asks_before_it_stops_clients(screen: Screen, site: Site) -> None:
    path = f"/ion-api/{site.tenant.tenant_id}/configuration"
    page = screen.open(path)
    page.get_by_role("radio", name=re.compile("^Enforced Per Authorized App")).check()
    _press(page, "Save")
    expect(page.get_by_role("heading", level=1)).to_have_text("Save the configuration?")
    _press(page, "Save")
    expect(page.locator("main")).to_contain_text("The configuration is saved.")
    page.get_by_role("radio", name=re.compile("^Disabled")).check()
    _press(page, "Save")
    expect(page.locator("main")).to_contain_text("The configuration is saved.")


def test_a_scope_is_added_and_deleted(screen: Screen, site: Site) -> None:
    screen.expect_status(422)
    page = screen.open(f"/ion-api/{site.tenant.tenant_id}/configuration")
    _follow(page, "Add a scope")
    _write(page, "Name", "Infor-Mine")
    _press(page, "Save")
    expect(page.locator("#name-error")).to_contain_text("belong to the API suites")
    _write(page, "Name", "Acme-Orders")
    _press(page, "Save")
    _follow(page, "Delete scope Acme-Orders")
    _press(page, "Delete")
    expect(page.locator("main")).to_contain_text("Scope Acme-Orders is deleted.")


def test_a_saml_issuer_is_added_and_deleted(screen: Screen, site: Site) -> None:
    screen.expect_status(422)
    pem = make_idp(site.application.clock.now() - timedelta(days=1)).pem
    entity = "https://idp.example.com/metadata"
    page = screen.open(f"/ion-api/{site.tenant.tenant_id}/configuration")
    _follow(page, "Add a SAML issuer")
    _write(page, "Issuer", entity)
    lines = pem.splitlines()
    _write(page, "Certificate", "\n".join([*lines[:3], "<html>", *lines[3:]]))
    _press(page, "Save")
    expect(page.locator("#certificate-error")).to_contain_text("Line 4")
    expect(page.get_by_label("Issuer *")).to_have_value(entity)
    _write(page, "Certificate", pem)
    _press(page, "Save")
    expect(page.locator("main")).to_contain_text(f"{entity} may now vouch")
    _follow(page, f"Delete SAML issuer {entity}")
    _press(page, "Delete")
    expect(page.locator("main")).to_contain_text(f"SAML issuer {entity} is deleted.")


def test_a_plain_user_finds_their_own_apps_and_nothing_else(
    site: Site, new_screen: OpenScreen
) -> None:
    screen = new_screen(site.application.settings.origin)
    page = screen.open(f"/ion-api/{site.tenant.tenant_id}/approvals")
    page.get_by_role("textbox", name="Username").fill("bob")
    page.get_by_role("textbox", name="Password").fill(PASSWORD.reveal())
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("main")).to_contain_text("You have approved no app yet")
    expect(page.get_by_role("link", name="ION API", exact=True)).to_have_count(0)
