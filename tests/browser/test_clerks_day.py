"""The day of an accounts-payable clerk: twenty files, six of them wrong, decided by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.sandbox.idm.model import ItemFilter
from tests.browser.conftest import OpenScreen
from tests.browser.furnished import cookies_of
from tests.browser.screen import Keyboard
from tests.browser.twenty_files import write_files
from tests.support.sides import until
from tests.support.whole import INVOICE, Site, running_site

_HELD = (
    "duplicate.pdf",
    "foreign-currency.xml",
    "new-account.xml",
    "scanned.pdf",
    "two-invoices.pdf",
    "wrong-total.xml",
)
_TO_DECIDE = "/documents?status=ready_for_validation&sort=filename&dir=asc"
_HAND = Keyboard()
# Nothing holds it any more: it leaves by itself, within seconds.
_FREE = re.compile("^(Validated, pending export|Exporting|Exported)$")


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An active export, one invoice delivered yesterday, two approvals from 10,000 EUR, and bob."""
    with running_site(tmp_path_factory.mktemp("site")) as site:
        site.add_user("bob")
        export = str(site.add_export("Invoices to Infor M3", site.credentials()).url.path)
        assert until(lambda: "pill-progress" not in site.browser.get(export).text)
        site.browser.send(f"{export}/activate", form_at=export)
        document = f"/documents/{site.document_id(INVOICE)}"
        assert until(lambda: ">Exported<" in site.browser.get(document).text)
        kind = "/settings/document-types/INVOICE"
        approvals = {"first_from": "10000.00", "second_from": "10000.00"}
        flags = ("second_is_another_person", "who_changed_may_not_approve", "exports_by_itself")
        fields = approvals | dict.fromkeys(flags, "on")
        site.browser.send(f"{kind}/approvals", fields, form_at=kind)
        yield site


def _press(page: Page, name: str, role: str = "button") -> None:
    _HAND.press(page.get_by_role(role, name=name, exact=True).first)  # type: ignore[arg-type]


def _status(page: Page) -> Locator:
    return page.locator("#progress").get_by_role("status")


def _open(page: Page, name: str) -> None:
    """Go to a document of the list that is shown, by keyboard."""
    _HAND.press(page.get_by_role("link", name=name, exact=True))
    expect(page.locator("[data-document]")).to_be_visible()


def _at_infor(site: Site) -> list[str]:
    """Return the invoice numbers that stand in the sandbox's IDM, in their order."""
    infor = site.application.infor
    assert infor is not None
    with site.application.database.read() as work:
        access, page = Access(work, site.tenant, Actor.operator()), PageRequest(per_page=100)
        items = infor.inspection.list_items(access, page, ItemFilter()).items
    numbers = (one.value for item in items for one in item.attributes)
    return sorted(each for each in map(str, numbers) if re.fullmatch(r"RE-2026-\d{4}", each))


def _try_to_export(page: Page, held: set[str]) -> None:
    """Tick every document of the list, export them, and read that each is left out."""
    _HAND.toggle(page.locator("[data-check-all]"))
    _press(page, "Export")
    expect(page.locator(".run-counts")).to_contain_text(re.compile(r"Done\s*0\s"))
    expect(page.locator(".left-out-group li a")).to_have_count(len(held))
    assert set(page.locator(".left-out-group li a").all_inner_texts()) == held


def test_twenty_files_of_which_six_are_wrong(
    site: Site, new_screen: OpenScreen, tmp_path: Path
) -> None:
    screen = new_screen(site.application.settings.origin, cookies=cookies_of(site))
    page = screen.open("/documents/upload")
    page.locator("#files").set_input_files(write_files(tmp_path))
    _press(page, "Upload")
    expect(page.get_by_role("link", name="Decide on the findings")).to_have_count(6)

    # What nothing holds leaves by itself. The rest stays, also when somebody wants to export it.
    assert until(lambda: len(_at_infor(site)) == 14)
    _try_to_export(screen.open("/documents?status=ready_for_validation"), set(_HELD))

    page = screen.open(_TO_DECIDE)
    _open(page, _HELD[0])
    for decide in (_duplicate, _reject, _accept_the_account, _write, _choose, _correct):
        decide(page)
        # What was decided is shown before the script that knows the page's keys has run.
        page.wait_for_load_state()
        page.keyboard.press("Escape")
        page.keyboard.press("s")
    expect(page).to_have_url(re.compile(re.escape(_TO_DECIDE)))

    _open(screen.open("/documents?status=pending_approval"), "large.xml")
    _press(page, "Approve")
    expect(_status(page)).to_have_text("Pending second approval")
    expect(page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    site.sign_in_as("bob")
    other = new_screen(site.application.settings.origin, cookies=cookies_of(site))
    others = other.open("/documents?status=pending_second_approval")
    _open(others, "large.xml")
    _press(others, "Approve")
    expect(_status(others)).to_have_text(_FREE)
    site.sign_in_as("ada")

    assert until(lambda: len(_at_infor(site)) == 19)
    decided = {f"RE-2026-{number:04}" for number in (600, 602, 604, 605, 607)}
    assert decided < set(_at_infor(site))
    assert "RE-2026-0603" not in _at_infor(site)
    page = screen.open("/documents?size=100")
    expect(page.locator("table .pill", has_text=re.compile("^Exported$"))).to_have_count(19)
    expect(page.locator("table .pill", has_text=re.compile("^Rejected$"))).to_have_count(2)


def _to_finding(page: Page, name: str) -> Locator:
    file = page.get_by_role("region", name="File", exact=True)
    expect(file).to_contain_text(name)
    page.wait_for_load_state()
    page.keyboard.press("n")
    finding = page.locator("[data-finding]").first
    expect(finding).to_be_focused()
    return finding


def _duplicate(page: Page) -> None:
    finding = _to_finding(page, "duplicate.pdf")
    _HAND.press(finding.get_by_role("button", name="This is a duplicate"))
    expect(_status(page)).to_have_text("Rejected")


def _reject(page: Page) -> None:
    finding = _to_finding(page, "foreign-currency.xml")
    _HAND.press(finding.get_by_role("link", name="Reject the document"))
    _HAND.write(page.locator("#reason"), "Payable in dollars, ordered in euros")
    _press(page, "Reject")
    expect(_status(page)).to_have_text("Rejected")


def _accept_the_account(page: Page) -> None:
    _accept(page, "new-account.xml", "Asked by phone")


def _accept(page: Page, name: str, reason: str) -> None:
    finding = _to_finding(page, name)
    _HAND.write(finding.get_by_label("It is right"), reason)
    _HAND.press(finding.get_by_role("button", name="Accept"))
    expect(_status(page)).to_have_text(_FREE)


def _write(page: Page) -> None:
    _to_finding(page, "scanned.pdf")
    values = {
        "Invoice Number": "RE-2026-0607",
        "Invoice Date": "02032026",
        "Total Net Amount": "100.00",
        "Total Tax Amount": "19.00",
        "Total Amount": "119.00",
        "Amount Due": "119.00",
        "Currency": "EUR",
        "Supplier Name": "Nordwerk Werkzeuge GmbH",
        "Supplier VAT Number": "DE123456789",
        "Buyer Name": "Südmaschinen AG",
    }
    page.keyboard.press("e")
    for label, value in values.items():
        _HAND.write(page.get_by_label(label, exact=True), value)
    _press(page, "Save")
    expect(page.locator(".flash")).to_contain_text("corrected and judged anew")
    # ION would book it without lines: that holds it until somebody says that it is right.
    expect(_status(page)).to_have_text("Ready for validation")
    _accept(page, "scanned.pdf", "Freight, booked as one sum")


def _choose(page: Page) -> None:
    finding = _to_finding(page, "two-invoices.pdf")
    _HAND.press(finding.get_by_role("link", name="Choose the invoice"))
    _HAND.choose(page.get_by_role("combobox", name="Invoice"), "invoice.xml")
    _press(page, "Choose the invoice")
    expect(_status(page)).to_have_text(_FREE)


def _correct(page: Page) -> None:
    finding = _to_finding(page, "wrong-total.xml")
    _HAND.write(finding.get_by_label("Amount Due"), "2808.81")
    _HAND.press(finding.get_by_role("button", name="Correct"))
    expect(_status(page)).to_have_text(_FREE)
