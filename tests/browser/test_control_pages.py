"""What a tester does on the pages of the control plane."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenScreen
from tests.browser.furnished import cookies_of
from tests.browser.screen import Screen
from tests.support.whole import Site, site_on


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(tmp_path_factory.mktemp("site"), "") as site:
        yield site


@pytest.fixture
def screen(site: Site, kept_screen: OpenScreen) -> Screen:
    """The tester's window; tests/unit/web sends the same forms without JavaScript."""
    return kept_screen(site.application.settings.origin, cookies=cookies_of(site))


def press(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).click()


def follow(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("link", name=name, exact=True).first.click()


def test_the_form_of_a_document_flow_follows_its_choices(site: Site, screen: Screen) -> None:
    page = screen.open(f"/ion-api/{site.application.tenant.id}/document-flows/add")
    page.get_by_role("textbox", name="Name").fill("Into M3")
    expect(page.get_by_label("Rejects")).to_have_count(0)
    press(page, "Save")
    expect(page.get_by_role("heading", level=1, name="Into M3")).to_be_visible()
    page.get_by_label("ERP").select_option("rule")
    page.get_by_label("Rejects").select_option("when")
    page.get_by_label("Comparison").select_option("contains")
    page.get_by_role("textbox", name="Value").fill("7")
    page.get_by_label("Comparison").select_option("is missing")
    expect(page.get_by_role("textbox", name="Value")).to_have_count(0)
    page.get_by_label("ERP").select_option("m3")
    expect(page.get_by_label("Rejects")).to_have_count(0)
    expect(page.get_by_role("textbox", name="Name")).to_have_value("Into M3")


def test_a_fault_rule_from_the_empty_list_to_its_deletion(site: Site, screen: Screen) -> None:
    screen.expect_status(422)
    page = screen.open(f"/ion-api/{site.application.tenant.id}/faults")
    follow(page, "Add the first rule")
    page.get_by_role("textbox", name="Name").fill("A busy IDM")
    expect(page.get_by_role("textbox", name="Status")).to_be_visible()
    page.get_by_label("Kind").select_option("too-many-requests")
    page.get_by_role("textbox", name="Retry-After, in seconds").fill("9")
    expect(page.get_by_role("textbox", name="Status")).to_have_count(0)
    expect(page.get_by_role("button", name="Show its fields")).to_have_count(0)
    page.get_by_label("Service").select_option("IDM")
    page.get_by_label("Which of them").select_option("next")
    page.get_by_role("textbox", name="How many calls").fill("3")
    expect(page.get_by_role("textbox", name="Name")).to_have_value("A busy IDM")
    press(page, "Save")
    row = page.get_by_role("row").filter(has_text="A busy IDM")
    expect(row).to_contain_text("the next 3")
    row.get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("row").filter(has_text="A busy IDM")).to_contain_text("off")
    follow(page, "A busy IDM")
    expect(page.get_by_role("textbox", name="How many calls")).to_have_value("3")
    page.get_by_role("textbox", name="How many calls").fill("0")
    press(page, "Save")
    expect(page.get_by_text("A whole number from 1")).to_be_visible()
    page.goto(screen.base_url + f"/ion-api/{site.application.tenant.id}/faults")
    follow(page, "Delete rule A busy IDM")
    press(page, "Delete")
    expect(page.get_by_text("No fault rule", exact=True)).to_be_visible()


def test_the_clock_forward_and_back(site: Site, screen: Screen) -> None:
    page = screen.open(f"/ion-api/{site.application.tenant.id}/sandbox-clock")
    press(page, "Move forward")
    expect(page.get_by_text("This is 2 hours ahead of the real time.")).to_be_visible()
    press(page, "Set it back to the real time")
    expect(page.get_by_text("This is the real time.")).to_be_visible()
    follow(page, "Expire all access tokens")
    press(page, "Expire them")
    expect(page.get_by_text("issued before this moment")).to_be_visible()


def test_a_snapshot_is_taken_and_restored_and_the_sandbox_reset(site: Site, screen: Screen) -> None:
    page = screen.open(f"/ion-api/{site.application.tenant.id}/sandbox-state")
    page.get_by_label("JSON text").fill('{"idm": [{"entityName": "M3_SupplierInvoice"}]}')
    press(page, "Seed")
    expect(page.get_by_text("Added 1 IDM items")).to_be_visible()
    page.get_by_role("textbox", name="Name").fill("one-item")
    press(page, "Take a snapshot")
    follow(page, "Reset the sandbox")
    expect(
        page.get_by_text("are deleted, for good").or_(page.get_by_text("is deleted, for good"))
    ).to_be_visible()
    press(page, "Reset")
    expect(page.get_by_role("cell", name="IDM: items")).to_have_count(0)
    follow(page, "Restore snapshot one-item")
    press(page, "Restore")
    expect(page.get_by_role("cell", name="IDM: items")).to_be_visible()
    follow(page, "Delete snapshot one-item")
    press(page, "Delete")
    expect(page.get_by_text("None yet.")).to_be_visible()


def test_a_control_key_is_shown_once(site: Site, screen: Screen) -> None:
    page = screen.open(f"/ion-api/{site.application.tenant.id}/control-keys")
    page.get_by_role("textbox", name="Name").fill("CI")
    press(page, "Make a key")
    expect(page.get_by_text("ctl_")).to_be_visible()
    follow(page, "Done")
    expect(page.get_by_text("ctl_")).to_have_count(0)
    follow(page, "Delete control key CI")
    press(page, "Delete")
    expect(page.get_by_text("No key yet.")).to_be_visible()


def test_the_filters_and_buttons_of_the_inspector_share_one_row(site: Site, screen: Screen) -> None:
    tenant = site.application.tenant.id
    httpx2.get(f"{site.application.settings.origin}/{tenant}/IDM/api/items/count")
    page = screen.open(f"/ion-api/{tenant}/inspector")
    middles = page.locator(".one-row :is(.form-control, .form-select, .btn)").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect())"
        ".map(box => Math.round(box.top + box.height / 2))"
    )
    assert len(middles) > 5
    assert len(set(middles)) == 1


@pytest.mark.parametrize("name", ["sandbox-clock", "sandbox-state", "control-keys"])
def test_a_field_of_the_control_plane_is_no_wider_than_is_read_at_a_glance(
    name: str, site: Site, screen: Screen
) -> None:
    page = screen.open(f"/ion-api/{site.application.tenant.id}/{name}")
    for row in page.locator("main .form-row").all():
        box = row.bounding_box()
        assert box is not None
        assert 200 < box["width"] <= 600
