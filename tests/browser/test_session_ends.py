"""A session that ends while a form is filled, and a thing that is gone while its page is open.

What was typed is there again after signing in.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ionport.connections.suppliers.model import Erp, FetchState, SupplierFetch
from ionport.connections.suppliers.repository import FetchRepository
from tests.browser.conftest import OpenScreen
from tests.browser.furnished import cookies_of
from tests.support.sides import until
from tests.support.web import PASSWORD
from tests.support.whole import Site, site_on


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(tmp_path_factory.mktemp("site"), "") as site:
        yield site


def _sign_in(page: Page, username: str) -> None:
    page.get_by_role("textbox", name="Username").fill(username)
    page.get_by_role("textbox", name="Password").fill(PASSWORD.reveal())
    page.get_by_role("button", name="Sign in").click()


def test_a_correction_of_a_document_is_there_again(site: Site, new_screen: OpenScreen) -> None:
    document = site.document_id()
    screen = new_screen(site.application.settings.origin, cookies=cookies_of(site))
    page = screen.open(f"/documents/{document}/correct")
    page.get_by_label("Purchase Order", exact=True).first.fill("4500018")
    page.context.clear_cookies()
    page.get_by_role("button", name="Save", exact=True).click()
    _sign_in(page, "ada")
    expect(page.get_by_text("What you typed is here again; nothing was sent.")).to_be_visible()
    expect(page.get_by_label("Purchase Order", exact=True).first).to_have_value("4500018")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was corrected and judged anew")).to_be_visible()


def test_settings_are_there_again_with_the_names_of_their_files_and_without_secrets(
    site: Site, new_screen: OpenScreen, tmp_path: Path
) -> None:
    file = tmp_path / "DocBits_TST.ionapi"
    file.write_text("{}")
    screen = new_screen(site.application.settings.origin, cookies=cookies_of(site))
    page = screen.open("/settings/export/new/infor-idm-bod")
    page.get_by_label("Title").fill("Invoices to Infor")
    page.locator("#connection_file").set_input_files(file)
    page.locator("#bod_mapping").select_option("template")
    page.context.clear_cookies()
    page.get_by_role("button", name="Save").click()
    _sign_in(page, "ada")
    expect(page.get_by_label("Title")).to_have_value("Invoices to Infor")
    expect(page.locator("#bod_mapping")).to_have_value("template")
    expect(page.get_by_text("Choose these files again: DocBits_TST.ionapi.")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    page = screen.open("/settings/watched-folders/new-sftp")
    page.locator("[name=name]").fill("Scans")
    page.locator("[name=host]").fill("sftp.example.com")
    page.locator("[name=username]").fill("scan")
    page.locator("[name=password]").fill("hunter2 and more")
    page.context.clear_cookies()
    page.locator("[name=host]").evaluate("field => field.form.noValidate = true")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("textbox", name="Username").wait_for()
    assert "hunter2" not in page.evaluate("JSON.stringify(sessionStorage)")
    _sign_in(page, "ada")
    expect(page.locator("[name=host]")).to_have_value("sftp.example.com")
    expect(page.locator("[name=password]")).to_have_value("")


def test_nobody_else_gets_what_was_typed(site: Site, new_screen: OpenScreen) -> None:
    site.add_user("bob")
    document = site.document_id()
    screen = new_screen(site.application.settings.origin, cookies=cookies_of(site))
    page = screen.open(f"/documents/{document}/correct")
    page.get_by_label("Purchase Order", exact=True).first.fill("of ada alone")
    page.context.clear_cookies()
    page.get_by_role("button", name="Save", exact=True).click()
    _sign_in(page, "bob")
    # The value stands in the page before its script ran: wait for what only the script does.
    # (``wait_for_function`` polls by ``eval``, which the pages' own policy refuses.)
    assert until(lambda: page.evaluate("sessionStorage.length") == 0)
    expect(page.get_by_label("Purchase Order", exact=True).first).to_have_value("4500017")


def test_what_is_gone_while_its_page_asks_for_news_is_told(
    site: Site, new_screen: OpenScreen
) -> None:
    files = [("connection_file", ("a.ionapi", site.credentials()))]
    connection = site.browser.send("/settings/connections/new", files=files).url.path
    at, scope = datetime.now(UTC), site.organization
    fetch = SupplierFetch(
        id="sft_1",
        organization_id=scope.organization_id,
        connection_id=connection.rpartition("/")[2],
        erp=Erp.M3,
        company="",
        is_check=True,
        state=FetchState.RUNNING,
        person="ada",
        started_at=at,
        updated_at=at,
    )
    with site.application.database.write() as work:
        FetchRepository(work.connection).add(scope, fetch)
    screen = new_screen(site.application.settings.origin, cookies=cookies_of(site))
    page = screen.open("/settings/suppliers/fetch/sft_1")
    expect(page.get_by_text("0 suppliers were read so far.")).to_be_visible()
    screen.expect_status(404)
    site.browser.send(f"{connection}/delete", form_at=connection)
    expect(page.get_by_text("There is no such fetch.")).to_be_visible()
