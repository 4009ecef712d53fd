"""An administrator's first hour on a new installation, led by the dashboard's first steps."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from ionport.documents.samples import read_sample
from tests.browser.conftest import OpenScreen
from tests.browser.screen import Mouse
from tests.browser.sides import one_server
from tests.browser.walk import PASSWORD, TEMPLATE, TITLE, Walk
from tests.support.whole import INVOICE

_STEPS = (
    "Add an authorized app and download its credentials",
    "Upload the ION API file",
    "Prove the connection",
    "Activate an export configuration",
    "Upload an invoice",
    "Export it to Infor",
    "See it posted",
)


def _to_step(walk: Walk, number: int) -> None:
    """See on the dashboard that `number` steps are ticked, and follow the next one."""
    walk.hand.press(walk.link("Dashboard"))
    expect(walk.page.locator(".first-steps li.is-done")).to_have_count(number)
    walk.hand.press(walk.page.locator(".first-steps .btn-primary"))


def _add_company(walk: Walk) -> None:
    walk.hand.press(walk.link("Settings"))
    walk.hand.press(walk.page.get_by_role("link", name=re.compile("^Companies")))
    walk.hand.press(walk.page.get_by_role("link", name=re.compile("^(New|Add)")).first)
    walk.hand.write(walk.box("Name"), "Südmaschinen AG")
    walk.hand.write(walk.page.get_by_label("VAT id"), "DE987654321")
    walk.hand.press(walk.button("Save"))
    walk.heading("Südmaschinen AG")


def _invite(walk: Walk) -> str:
    """Add bob without a password, and return the link that lets him choose one."""
    walk.hand.press(walk.link("Settings").first)
    walk.hand.press(walk.page.get_by_role("link", name=re.compile("^Users")))
    walk.hand.press(walk.link("Add user"))
    walk.hand.write(walk.box("Username"), "bob")
    walk.hand.write(walk.box("Full name"), "Bob Example")
    walk.hand.press(walk.button("Save"))
    walk.heading("A link for bob")
    return walk.page.get_by_text("/set-password/").inner_text()


def _choose_password(page: Page, link: str) -> None:
    page.goto(link)
    for box in ("Password", "Password again"):
        page.get_by_role("textbox", name=box, exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Set the password and sign in").click()
    expect(page.get_by_role("heading", level=1, name="Dashboard")).to_be_visible()


def _add_configuration(walk: Walk, credentials: Path) -> None:
    walk.hand.press(walk.page.get_by_role("link", name=re.compile("^Infor IDM \\+ ION BOD")))
    walk.hand.write(walk.box("Title"), TITLE)
    walk.hand.give_file(walk.page.locator("#connection_file"), credentials)
    for mapping in ("or an existing IDM Mapping File", "or an existing BOD Mapping File"):
        walk.hand.choose(walk.page.get_by_role("combobox", name=mapping), TEMPLATE)
    walk.hand.write(walk.box("Logical ID"), "lid://infor.ims.docbits")
    walk.hand.write(walk.box("Accounting Entity"), "001_100")
    walk.hand.press(walk.button("Save"))
    expect(walk.page.locator("#proof").get_by_role("status")).to_have_text("Passed")


def test_the_first_steps_lead_an_administrator_from_set_up_to_the_first_delivery(
    new_screen: OpenScreen, tmp_path: Path
) -> None:
    invoice = tmp_path / INVOICE
    invoice.write_bytes(read_sample(INVOICE))
    with one_server(tmp_path) as side:
        walk = Walk(new_screen(side.url), Mouse(), side, side, tmp_path, lambda _end, _name: None)
        walk.set_up(side)
        walk.heading("Dashboard")
        expect(walk.page.locator(".first-steps li b")).to_have_text(_STEPS)
        _add_company(walk)
        _choose_password(new_screen(side.url).page, _invite(walk))
        _to_step(walk, 0)
        walk.fill_app(by_preset=True)
        credentials = walk.download_credentials()
        _to_step(walk, 1)
        _add_configuration(walk, credentials)
        _to_step(walk, 3)
        walk.activate()
        _to_step(walk, 4)
        walk.hand.give_file(walk.page.locator("#files"), invoice)
        walk.hand.press(walk.button("Upload"))
        expect(walk.link("Open the document")).to_be_visible()
        walk.hand.press(walk.link("Open the document"))
        expect(walk.page.locator("#progress").get_by_role("status")).to_have_text("Exported")
        # The sandbox's flow books it in M3, which is asked: nobody has set up an endpoint.
        expect(walk.page.locator("#progress")).to_contain_text("Posted")
        walk.hand.press(walk.link("Dashboard"))
        walk.heading("Dashboard")
        steps = walk.page.locator(".first-steps li")
        expect(walk.page.locator(".first-steps li.is-done")).to_have_count(7)
        expect(steps.last.locator("b")).to_have_text(re.compile(r"^Posted as \d+$"))
