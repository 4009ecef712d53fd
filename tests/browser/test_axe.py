"""axe judges every page, contrast too, as it is by day and as it is at night."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import axe
from tests.browser.conftest import WAIT_MILLISECONDS
from tests.browser.furnished import Furnished, cookies_of, furnished_house
from tests.browser.screen import LAPTOP, open_screen
from tests.browser.test_pages import PAGES

# A page of the manual has nothing of its own that others have not: one with a table, one with code.
_JUDGED = [path for path in PAGES if not path.startswith("/manual/")]
_JUDGED += ["/manual/json-api", "/manual/rules"]


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    """An application in use, with everything that its pages can show."""
    with furnished_house(tmp_path_factory.mktemp("application")) as furnished:
        yield furnished


def test_axe_finds_nothing_serious_on_any_page_in_light_and_dark(
    application: Furnished, chromium: Browser
) -> None:
    axe.require_axe()
    found: dict[str, list[str]] = {}
    cookies: dict[str, Any] = {"cookies": cookies_of(application.desk)}
    with open_screen(chromium, application.url, WAIT_MILLISECONDS, **cookies) as screen:
        screen.resize(LAPTOP)
        for address in _JUDGED:
            page = screen.open(application.address(address))
            page.locator("details:not(.menu)").evaluate_all(
                "all => all.forEach((one) => one.open = true)"
            )
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                # What is not about colours was judged by then.
                judge = axe.violations if scheme == "light" else axe.pale_texts
                if violations := judge(page):
                    found[f"{address} in {scheme}"] = violations
        assert not found, "\n".join(f"{where}: {what}" for where, what in found.items())
