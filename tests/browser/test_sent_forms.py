"""What a form shows between its button and its answer, and that it is sent once."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenScreen
from tests.browser.furnished import cookies_of
from tests.browser.screen import Screen
from tests.support.web import PASSWORD
from tests.support.whole import Site, site_on


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(tmp_path_factory.mktemp("site"), "") as site:
        yield site


@pytest.fixture
def screen(site: Site, kept_screen: OpenScreen) -> Screen:
    return kept_screen(site.application.settings.origin, cookies=cookies_of(site))


# Counts the forms that would go to the server, and keeps the page: while a page leaves, nobody can
# look at it.
COUNT_SENT = """() => {
  window.sent = 0;
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) window.sent += 1;
    event.preventDefault();
  });
}"""
_SHOWN_AGAIN = "() => window.dispatchEvent(new Event('pageshow'))"


def test_a_button_is_busy_until_the_answer_and_a_second_press_sends_nothing(screen: Screen) -> None:
    page = screen.open("/settings/groups/add")
    page.evaluate(COUNT_SENT)
    name = page.get_by_label("Name")
    name.fill("Clerks")
    save = page.locator("main").get_by_role("button", name="Save", exact=True)
    save.click()
    expect(save).to_have_attribute("aria-busy", "true")
    save.click()
    name.press("Enter")
    assert page.evaluate("window.sent") == 1
    # What is changed is another form, and so is a page that somebody comes back to.
    for again in (lambda: name.fill("Buyers"), lambda: page.evaluate(_SHOWN_AGAIN)):
        again()
        expect(save).not_to_have_attribute("aria-busy", "true")
        save.click()
        expect(save).to_have_attribute("aria-busy", "true")
    assert page.evaluate("window.sent") == 3


def test_an_account_is_made_once_however_often_its_file_is_asked_for(
    site: Site, screen: Screen
) -> None:
    site.credentials("Robot_TST")
    accounts = f"/ion-api/{site.application.tenant.id}/service-accounts"
    page = screen.open(f"{accounts}/add")
    page.get_by_label("Authorized App").select_option(label="Robot_TST")
    page.get_by_label("Description").fill("The second machine")
    page.get_by_label("Your password").fill(PASSWORD.reveal())
    path = _pressed_twice(page, "Save and download")
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert rows
    assert site.browser.text(accounts).count("The second machine") == 1
    page.get_by_role("status").get_by_role("link", name="Service Accounts").click()
    expect(page.get_by_role("link", name="The second machine")).to_be_visible()


def _pressed_twice(page: Page, name: str) -> Path:
    button = page.locator(".form-actions").get_by_role("button", name=name)
    with page.expect_download() as download:
        button.click()
    expect(page.get_by_text("The file is on its way")).to_be_visible()
    button.click()
    return Path(download.value.path())


def test_a_file_is_judged_when_it_is_dropped_and_stays_in_its_box(
    site: Site, screen: Screen, tmp_path: Path
) -> None:
    broken, good = tmp_path / "broken.ionapi", tmp_path / "good.ionapi"
    broken.write_text("{}")
    good.write_bytes(site.credentials("Dropped_TST"))
    for form in ("/settings/connections/new", "/settings/export/new/infor-idm-bod"):
        page = screen.open(form)
        box, told = page.locator("#connection_file"), page.locator("#connection_file-judged")
        box.set_input_files(broken)
        expect(told).to_contain_text("none of its keys belongs to an .ionapi file")
        assert box.evaluate("box => box.files[0].name") == "broken.ionapi"
        box.set_input_files(good)
        expect(told).to_have_text("")
        assert box.evaluate("box => box.files[0].name") == "good.ionapi"
