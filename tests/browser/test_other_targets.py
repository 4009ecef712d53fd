"""A person sends documents elsewhere than to Infor: into a folder, and to a webhook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ionport.core.secrets import Secret
from tests.browser.conftest import OpenScreen
from tests.browser.furnished import cookies_of
from tests.support.receiver import Receiver, receiving
from tests.support.whole import INVOICE, Site, running_site


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "exports" / "archive").mkdir(parents=True)
    return tmp_path / "exports"


@pytest.fixture
def site(tmp_path: Path, root: Path) -> Iterator[Site]:
    with running_site(tmp_path / "data", export_root=str(root)) as site:
        yield site


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def page(site: Site, new_screen: OpenScreen) -> Page:
    screen = new_screen(str(site.browser.http.base_url).rstrip("/"), cookies=cookies_of(site))
    return screen.open("/settings/export/new")


def _add_connection(page: Page, method: str, values: dict[str, str]) -> None:
    """From the choice of a method to a connection of its kind, and back with it chosen."""
    page.get_by_role("link", name=method).first.click()
    page.get_by_role("link", name="Add a connection").click()
    for label, value in {"Name": "Archive", **values}.items():
        page.get_by_role("textbox", name=label, exact=True).fill(value)
    page.get_by_role("button", name="Save").click()
    chosen = page.get_by_role("combobox", name="Connection", exact=True)
    expect(chosen.locator("option:checked")).to_contain_text("Archive")


def _configure_and_activate(page: Page) -> None:
    page.get_by_role("textbox", name="Title").fill("Invoices for the archive")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#proof").get_by_role("status")).to_have_text("Passed")
    page.get_by_role("link", name="Activate").click()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("Invoices for the archive is active.")).to_be_visible()


def _export(page: Page, site: Site) -> None:
    document = site.document_id(INVOICE)
    page.goto(f"{str(site.browser.http.base_url).rstrip('/')}/documents/{document}")
    expect(page.locator("#progress").get_by_role("status")).to_have_text("Exported")


def test_a_document_is_found_in_the_folder_that_a_person_added(
    page: Page, site: Site, root: Path
) -> None:
    _add_connection(page, "Local folder", {"Folder": str(root / "archive")})
    _configure_and_activate(page)
    _export(page, site)
    stem = Path(INVOICE).stem
    found = {each.name: each.read_bytes() for each in (root / "archive").iterdir()}
    assert set(found) == {f"{stem}.pdf", f"{stem}.xml"}
    assert found[f"{stem}.pdf"].startswith(b"%PDF-")
    assert b"<NUMBER>4500017</NUMBER>" in found[f"{stem}.xml"]


def test_a_document_is_posted_to_the_receiver_that_knew_the_signed_ping(
    page: Page, site: Site, receiver: Receiver
) -> None:
    page.get_by_role("link", name="Webhook").first.click()
    page.get_by_role("link", name="Add a connection").click()
    secret = Secret(page.get_by_role("textbox", name="Secret").input_value())
    page.go_back()
    page.go_back()
    _add_connection(page, "Webhook", {"Export URL": receiver.url, "Secret": secret.reveal()})
    _configure_and_activate(page)
    assert receiver.calls[0].verified(secret.reveal()) == {"type": "ping"}
    _export(page, site)
    posted = receiver.calls[-1]
    posted.verified(secret.reveal())
    assert json.loads(posted.body)["fields_compact"]["invoice_id"]
