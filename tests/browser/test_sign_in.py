"""Invitation, second factor and sign-in in two steps, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.accessibility import audit, controls_without_visible_focus, wider_than_the_window
from tests.browser.conftest import OpenScreen
from tests.browser.furnished import cookies_of
from tests.browser.screen import PHONE
from tests.support.codes import code_at
from tests.support.web import PASSWORD
from tests.support.whole import Site, site_on

NEW = "quite another password"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(tmp_path_factory.mktemp("sign-in"), "") as site:
        yield site


def check(page: Page) -> None:
    found = audit(page)
    if axe.is_installed():
        found += axe.violations(page, contrast=False)
    size = page.viewport_size
    page.set_viewport_size(PHONE)
    found += wider_than_the_window(page) + controls_without_visible_focus(page)
    assert size is not None
    page.set_viewport_size(size)
    assert not found, "\n".join([page.url, *found])


def type_password(page: Page, username: str, password: str) -> None:
    page.get_by_role("textbox", name="Username").fill(username)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_an_invited_person_protects_the_account_and_comes_back(
    site: Site, new_screen: OpenScreen
) -> None:
    url = site.application.settings.origin
    page = new_screen(url, cookies=cookies_of(site)).open(
        f"/ion-api/{site.tenant.tenant_id}/users/add"
    )
    page.get_by_role("textbox", name="Username").fill("carol")
    page.get_by_role("button", name="Save").click()
    check(page)
    link = page.locator(".link-once code").inner_text().removeprefix(url)

    screen = new_screen(url)
    page = screen.open(link)
    check(page)
    page.get_by_label("Password", exact=False).first.fill(NEW)
    page.get_by_label("Password again").fill(NEW)
    page.get_by_role("button", name="Set the password and sign in").click()
    page = screen.open("/account")
    check(page)
    page.get_by_role("link", name="Set up a second factor").click()
    page.get_by_text("No camera?").click()
    secret = page.locator(".link-once code").inner_text()
    check(page)
    page.get_by_role("textbox", name="Code").fill(code_at(secret, datetime.now(UTC)))
    page.get_by_label("Your password").fill(NEW)
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    check(page)
    code = page.locator(".recovery-codes code").first.inner_text()
    assert re.fullmatch(r"([A-Z2-7]{4}-){3}[A-Z2-7]{4}", code)

    screen = new_screen(url)
    page = screen.open("/sign-in")
    type_password(page, "carol", NEW)
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    check(page)
    page.get_by_role("textbox", name="Code").fill(code)
    page.get_by_role("button", name="Sign in").click()
    page = screen.open("/account")
    expect(page.locator("main")).to_contain_text("9 recovery codes are left")
    expect(page.locator("main")).to_contain_text("this browser")
    screen.expect_status(404)
    page = screen.open(link)
    expect(page.locator("main")).to_contain_text("This link was used")
    check(page)
    assert PASSWORD.reveal() not in page.content()
