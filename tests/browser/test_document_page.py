"""A clerk at the page of a document: by keyboard from finding to finding and document to document,
and the same without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.accessibility import audit
from tests.browser.conftest import OpenScreen
from tests.browser.furnished import cookies_of
from tests.browser.screen import PHONE
from tests.support.whole import Site, site_on
from tests.unit.web.pages.documents.test_export import MISMATCH, _upload

_LIST = "/documents?status=ready_for_validation&sort=filename&dir=asc"
_PARTS = ("findings", "invoice", "values", "history")


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(tmp_path_factory.mktemp("site"), "") as site:
        yield site


@pytest.fixture
def documents(site: Site) -> list[str]:
    """Two documents; both amounts of the first are wrong."""
    first = MISMATCH.replace(b"394.01", b"394.02")
    return _upload(site, first, MISMATCH.replace(b"RE-2026-0417", b"RE-2"))


def _is_focused(page: Page, selector: str) -> bool:
    return bool(page.evaluate("(s) => document.activeElement.matches(s)", selector))


def test_a_clerk_decides_by_keyboard_and_goes_on_to_the_next_document(
    site: Site, documents: list[str], new_screen: OpenScreen
) -> None:
    screen = new_screen(site.application.settings.origin, cookies=cookies_of(site))
    page = screen.open(_LIST)
    page.get_by_role("link", name="file-0.xml").press("Enter")
    expect(page).to_have_url(f"{site.application.settings.origin}/documents/{documents[0]}")
    # The page is there before the script that knows its keys.
    page.wait_for_load_state()
    keys = page.keyboard
    keys.press("?")
    expect(page.locator("#keys")).to_be_visible()
    keys.press("?")
    expect(page.locator("#keys")).to_be_hidden()
    keys.press("n")
    keys.press("n")
    expect(page.locator("[data-finding]").nth(1)).to_be_focused()
    keys.press("p")
    expect(page.locator("[data-finding]").first).to_be_focused()
    # Who types the reason at once, and not into its field, leaves the document for nothing.
    keys.type("es")
    expect(page.locator("[data-finding]").first).to_be_focused()
    keys.press("a")
    expect(page.locator("[data-finding]").first.locator("[data-key-accept]")).to_be_focused()
    keys.press("Escape")
    keys.press("+")
    expect(page.locator("#zoom-150")).to_be_checked()
    keys.press("0")
    keys.press("e")
    amount = page.locator("#total_tax_amount")
    expect(page.locator("[data-difference] dd")).to_have_text("-0.01")
    page.wait_for_load_state()
    amount.fill("394.01")
    expect(page.locator("[data-difference]")).to_have_text("Due \N{MINUS SIGN} Payable-0.01")
    due = page.locator("#amount_due")
    due.fill("2808.81")
    expect(page.locator("[data-difference]")).to_have_text("Difference0.00")
    # Letters in a field are letters; Escape leaves it.
    keys.press("Escape")
    assert not _is_focused(page, "input")
    keys.press("s")
    expect(page).to_have_url(f"{site.application.settings.origin}/documents/{documents[1]}")
    expect(page.locator(".flash")).to_contain_text("corrected and judged anew")
    page.wait_for_load_state()
    keys.press("n")
    keys.press("Tab")
    while not _is_focused(page, 'input[name="value amount_due"]'):
        keys.press("Tab")
    keys.press("Control+a")
    keys.type("2808.81")
    keys.press("Enter")
    expect(page.get_by_text("Nothing holds this document.")).to_be_visible()
    page.wait_for_load_state()
    keys.press("s")
    expect(page).to_have_url(site.application.settings.origin + _LIST)
    expect(page.locator(".flash")).to_contain_text("the last document of the list")


@pytest.mark.parametrize(
    ("language", "net", "sums"),
    [("en", "2,414.80", ("3,337.80", "-923.00")), ("de", "2.414,80", ("3.337,80", "-923,00"))],
)
def test_totals_run_along_while_a_line_is_corrected(
    site: Site,
    documents: list[str],
    new_screen: OpenScreen,
    language: str,
    net: str,
    sums: tuple[str, str],
) -> None:
    origin = site.application.settings.origin
    screen = new_screen(origin, cookies=cookies_of(site), locale=language)
    page = screen.open(f"/documents/{documents[1]}/correct?table=INVOICE_TABLE&row=1")
    page.wait_for_load_state()
    expect(page.locator("[data-total=total_net_amount]")).to_have_text(net)
    amount = page.locator('[name="value INVOICE_TABLE/1/NET_AMOUNT"]')
    amount.fill("999.00")
    expect(page.locator("[data-sum]")).to_have_text(sums[0])
    expect(page.locator("[data-difference] dd")).to_have_text(sums[1])
    expect(page.locator("[data-total=total_net_amount]")).to_have_text(net)
    amount.fill("76.00")
    expect(page.locator("[data-sum]")).to_have_text(net)


def test_it_is_clean_in_the_dark_and_a_phone_shows_one_part_at_a_time_without_script(
    site: Site, documents: list[str], new_screen: OpenScreen
) -> None:
    axe.require_axe()
    origin = site.application.settings.origin
    cookies = {**cookies_of(site), f"ionport_theme_{origin.rpartition(':')[2]}": "dark"}
    screen = new_screen(origin, cookies=cookies)
    path = f"/documents/{documents[0]}"
    page = screen.open(f"{path}/correct")
    found = audit(page)
    page = screen.open(path)
    found += [*audit(page), *axe.violations(page, contrast=False)]
    assert not found, "\n".join(found)
    screen = new_screen(origin, script=False, cookies=cookies)
    screen.resize(PHONE)
    page = screen.open(path)
    for part in _PARTS:
        page.locator(f'.doc-tabs a[href="#{part}"]').click()
        expect(page.locator(f"#{part}")).to_be_visible()
        assert [each for each in _PARTS if page.locator(f"#{each}").is_visible()] == [part]
    expect(page.locator("#history [data-copy]").first).to_be_hidden()


@pytest.mark.parametrize("language", ["de", "fr"])
def test_a_phone_shows_every_button_of_a_document_in_each_language(
    site: Site, documents: list[str], new_screen: OpenScreen, language: str
) -> None:
    site.browser.send("/language", {"language": language, "back": "/account"}, form_at="/account")
    screen = new_screen(site.application.settings.origin, cookies=cookies_of(site))
    screen.resize(PHONE)
    page = screen.open(f"/documents/{documents[0]}")
    right = "element => element.getBoundingClientRect().right"
    for button in page.locator(".doc-actions > *").all():
        assert button.evaluate(right) <= PHONE["width"]


@pytest.mark.parametrize(
    "path", ["/documents/{document}", "/documents", "/dashboard", "/manual/words"]
)
def test_on_paper_is_what_is_read_and_nothing_that_is_pressed(
    site: Site, new_screen: OpenScreen, path: str
) -> None:
    (document,) = _upload(site, MISMATCH)
    screen = new_screen(site.application.settings.origin, cookies=cookies_of(site))
    # A sheet of A4 between its margins, of a page that is shown dark.
    screen.resize({"width": 703, "height": 1000})
    page = screen.open(path.format(document=document))
    page.emulate_media(media="print", color_scheme="dark")
    pressed = (".rail", ".bar", "main .btn", "main .menu", "[data-key-edit]", ".manual-contents")
    for selector in pressed:
        assert not any(each.is_visible() for each in page.locator(selector).all()), selector
    assert page.evaluate("document.documentElement.scrollWidth") <= 703
    ink = page.locator("h1").evaluate("element => getComputedStyle(element).color")
    assert ink == "rgb(31, 39, 45)"
    if "{" in path:
        expect(page.get_by_text("Sum of line net amounts")).to_be_visible()
        expect(page.locator("#history")).to_be_visible()


def test_headings_and_selection_stay_in_sight_and_many_columns_move_inside_the_table(
    site: Site, new_screen: OpenScreen
) -> None:
    _upload(site, *(MISMATCH.replace(b"RE-2026-0417", b"N-%d" % n) for n in range(16)))
    with site.application.database.write() as work:
        work.connection.exec_driver_sql("UPDATE documents SET total_net_amount = ?", ("9" * 300,))
    screen = new_screen(site.application.settings.origin, cookies=cookies_of(site))
    page = screen.open("/documents")
    heading = page.get_by_role("columnheader", name="Document Name")
    shown = "(e) => e.contains(document.elementFromPoint(e.getBoundingClientRect().left + 40,"
    shown += " e.getBoundingClientRect().top + 20))"
    page.locator(".row-title").last.scroll_into_view_if_needed()
    for part in (heading, page.locator(".selection-bar")):
        assert part.evaluate(shown)
    page.get_by_text("Columns", exact=True).locator("visible=true").click()
    for box in page.locator("input[name=column]").all():
        box.check()
    page.get_by_role("button", name="Show these").click()
    expect(page.locator(".has-many-columns")).to_be_visible()
    last = page.get_by_role("columnheader", name="Created By")
    page.locator(".table-box").evaluate("(e) => e.scrollTo(e.scrollWidth, e.scrollHeight)")
    page.locator(".row-title").last.scroll_into_view_if_needed()
    for part in (heading, last):
        assert part.evaluate(shown)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    screen.resize(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("[data-label='Due Date']").first.is_visible()
    assert page.locator(".table-box").evaluate("(e) => e.scrollWidth <= e.clientWidth")
