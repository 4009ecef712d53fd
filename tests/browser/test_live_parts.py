"""Parts of pages that renew themselves, while a person is at them with the keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest
from playwright.sync_api import Page, expect

from ionport import web
from ionport.connections.suppliers.model import SupplierFetch
from ionport.documents.bulk.model import BulkAction, Selection
from ionport.documents.list_files import service as list_files
from ionport.identity.access import Access
from tests.browser.conftest import OpenScreen
from tests.browser.furnished import add_fetch, cookies_of, end_fetch
from tests.browser.screen import Screen
from tests.browser.test_sent_forms import COUNT_SENT
from tests.support.sides import OPERATOR, until
from tests.support.whole import INVOICE, OTHER_INVOICE, Site, site_on

# Asks the server once for the part, and waits until what it answered is there and drawn.
_RENEW = """async () => {
  const done = new Promise((resolve) =>
    document.addEventListener('htmx:finally:request', resolve, { once: true }));
  document.querySelector('[hx-trigger^="every"]').dispatchEvent(new CustomEvent('every'));
  await done;
  await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
}"""

# Gives the focus to one control of each kind in the live parts, renews them, and returns how many
# there were and which of them have lost it.
_LOSES = """async (renew) => {
  const [lost, seen] = [[], new Set()];
  const live = document.querySelector('[hx-trigger^="every"]');
  for (const menu of document.querySelectorAll('main details')) menu.open = true;
  const others = (live.getAttribute('hx-select-oob') || '').split(',').filter(Boolean)
    .map((other) => other.split(':')[0]);
  const controls = 'a[href],button:enabled,input:enabled:not([type=hidden]),select,summary';
  for (const part of [live, ...others.map((other) => document.querySelector(other))]) {
    for (const control of part.querySelectorAll(controls)) {
      const kind = [part.id, control.tagName, ...Object.keys(control.dataset)].join();
      if (seen.has(kind)) continue;
      seen.add(kind);
      control.focus();
      await renew();
      if (document.activeElement !== control) lost.push(control.outerHTML.slice(0, 200));
    }
  }
  return [seen.size, lost];
}"""


@dataclass(frozen=True, slots=True)
class Live:
    """A site in which everything is under way and nothing goes on, and the addresses of it."""

    site: Site
    pages: dict[str, str]
    fetch: SupplierFetch


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with site_on(tmp_path_factory.mktemp("site"), "") as site:
        send, side = site.browser.send, site.application.documents
        assert side is not None
        export = str(site.add_export(credential=site.credentials()).url.path)
        assert until(lambda: "pill-progress" not in site.browser.get(export).text)
        send(f"{export}/activate", {"reason": "no proof is needed here"}, form_at=export)
        document = site.document_id(INVOICE)
        send(f"/documents/{document}/export", form_at=f"/documents/{document}")
        with site.application.database.write() as work:
            access = Access(work, site.organization, OPERATOR)
            chosen = Selection(ids=[document])
            run = side.bulk.start(access, BulkAction.REJECT, chosen, "ordered by nobody")
        _change(site, "UPDATE connection_checks SET status = 'running'")
        with patch.object(list_files, "AT_ONCE", 0):
            file = send("/documents/files", {"format": "xlsx"}, form_at="/documents").url.path
        found = re.search(r"/settings/connections/(con_\w+)", site.browser.get(export).text)
        delivery = re.search(r"/deliveries/dlv_\w+", site.browser.get("/deliveries").text)
        assert found is not None
        assert delivery is not None
        fetch = add_fetch(site, found[1])
        pages = {
            "documents": "/documents",
            "document": f"/documents/{document}",
            "run": f"/documents/bulk/{run.id}",
            "file": str(file),
            "deliveries": "/deliveries",
            "delivery": delivery[0],
            "configuration": export,
            "connection": found[0],
            "fetch": f"/settings/suppliers/fetch/{fetch.id}",
            "calls": f"/ion-api/{site.application.tenant.id}/inspector?live=on",
        }
        yield Live(site, pages, fetch)


@pytest.fixture
def screen(live: Live, kept_screen: OpenScreen) -> Screen:
    return kept_screen(live.site.application.settings.origin, cookies=cookies_of(live.site))


def test_what_has_the_focus_keeps_it_while_its_part_of_the_page_is_renewed(
    live: Live, screen: Screen
) -> None:
    templates = Path(web.__file__).with_name("templates").rglob("*.html")
    assert len(live.pages) == sum('hx-trigger="every' in each.read_text() for each in templates)
    found = {}
    for name, path in live.pages.items():
        page = screen.open(path)
        controls, lost = page.evaluate(f"() => ({_LOSES})({_RENEW})")
        assert controls, name
        found |= {name: lost} if lost else {}
    assert not found


def test_no_control_becomes_another_while_somebody_is_about_to_press_it(
    live: Live, screen: Screen
) -> None:
    page = screen.open(live.pages["run"])
    page.get_by_role("button", name="Pause").focus()
    _change(live.site, "UPDATE bulk_runs SET state = 'done', done = 1")
    page.evaluate(_RENEW)
    expect(page.get_by_role("button", name="Undo it for 1 document")).to_be_visible()
    assert _focused(page) == ""

    page = screen.open(live.pages["fetch"])
    page.locator("#fetch").get_by_role("button", name="Cancel").focus()
    end_fetch(live.site, live.fetch)
    page.evaluate(_RENEW)
    expect(page.get_by_role("button", name="Fetch", exact=True)).to_be_visible()
    assert _focused(page) == ""

    page = screen.open(live.pages["deliveries"])
    page.get_by_role("link", name="Show the delivery").focus()
    document = f"/documents/{live.site.document_id(OTHER_INVOICE)}"
    live.site.browser.send(f"{document}/export", form_at=document)
    page.evaluate(_RENEW)
    expect(page.get_by_role("link", name="Show the delivery")).to_have_count(2)
    assert _focused(page) == live.pages["delivery"]


def test_a_form_is_sent_once_though_its_part_of_the_page_is_renewed(
    live: Live, screen: Screen
) -> None:
    page = screen.open(live.pages["file"])
    page.evaluate(COUNT_SENT)
    for _press in range(2):
        page.locator("#file").get_by_role("button", name="Cancel").click()
        page.evaluate(_RENEW)
    assert page.evaluate("window.sent") == 1


def test_the_answer_to_a_press_or_to_typing_leaves_focus_and_choice(
    live: Live, screen: Screen
) -> None:
    page = screen.open("/settings/document-types/INVOICE/effects?group=sums")
    other = page.locator('.segments button[aria-pressed="false"]').first
    pressed = page.get_by_role("button", name=other.inner_text(), exact=True)
    pressed.press("Enter")
    expect(pressed).to_have_attribute("aria-pressed", "true")
    expect(pressed).to_be_focused()

    page = screen.open(f"/ion-api/{live.site.application.tenant.id}/service-accounts/add")
    box, ada = page.get_by_role("searchbox"), page.get_by_role("radio", name="Ada Example")
    box.fill("a")
    page.get_by_role("radio", name="No user").wait_for()
    with page.expect_response(re.compile("user_search=ad")):
        box.fill("ad")
        page.get_by_role("radio", name="No user").check()
    expect(page.locator(".htmx-request")).to_have_count(0)
    expect(page.get_by_role("radio", name="No user")).to_be_focused()
    expect(ada).not_to_be_checked()


def _change(site: Site, statement: str) -> None:
    with site.application.database.write() as work:
        work.connection.exec_driver_sql(statement)


def _focused(page: Page) -> str:
    """Return the text of the control that has the focus, of a link its address; else nothing."""
    return str(
        page.evaluate(
            """() => document.activeElement.getAttribute('href')
            || document.activeElement.closest('button')?.textContent.trim() || ''"""
        )
    )
