"""A real Chromium, strict about what pages do: one complaint of the browser fails the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.screen import LAPTOP, Screen, open_screen

# This takes the place of Playwright's own list, of which these pages need the first four.
_WITHOUT = (
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "SpareRendererForSitePerProcess",
    "PreloadTopChromeWebUI",
)
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing is kept ready for pages that never come: it costs as much as the page that does.
    "--renderer-process-limit=1",
    f"--disable-features={','.join(_WITHOUT)}",
    # What runs for the time of one page is not worth being compiled a second and a third time.
    "--js-flags=--no-opt --no-maglev",
    # Whatever a page or the browser itself asks for, only this machine can answer.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
# Waiting is for a condition; this bounds it on a machine that does other work, too.
WAIT_MILLISECONDS = 120_000
_NO_CHROMIUM = (
    "NO CHROMIUM: no page was tested; install it (Debian: apt install chromium-headless-shell)"
)

OpenScreen = Callable[..., Screen]
_HAS_FAILED = pytest.StashKey[bool]()


def _chromium_path() -> str | None:
    # The shell is the same browser without the window's own parts, for a third less processor time.
    names = (
        "chromium-headless-shell",
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    )
    return next((path for path in map(shutil.which, names) if path), None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _chromium_path() is None:
        terminalreporter.write_sep("!", _NO_CHROMIUM, red=True, bold=True)


# Scoped to this folder: Playwright's event loop stays in the main thread for as long as it runs,
# and no other test could have one of its own there.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser; without one the tests are skipped, and fail where CI=true."""
    path = _chromium_path()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(_NO_CHROMIUM)
        pytest.skip(_NO_CHROMIUM)
    expect.set_options(timeout=WAIT_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=_ARGUMENTS, timeout=WAIT_MILLISECONDS
        )
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[_HAS_FAILED] = report.failed
    return report


@pytest.fixture
def new_screen(
    chromium: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[OpenScreen]:
    """Open windows for one test; at its end none of them may have complained.

    A test that fails leaves a picture of each window in its folder.
    """
    screens: list[Screen] = []
    with ExitStack() as stack:

        def open_one(base_url: str, **options: Any) -> Screen:
            opened = open_screen(chromium, base_url, WAIT_MILLISECONDS, **options)
            screens.append(stack.enter_context(opened))
            return screens[-1]

        yield open_one
        for number, screen in enumerate(screens):
            picture_of_failure(request, screen, tmp_path / f"failed-{number}.png")


@pytest.fixture(scope="module")
def _kept_screens(chromium: Browser) -> Iterator[OpenScreen]:
    """Windows that stay open for all tests of a file, one for each address and way."""
    screens: dict[tuple[str, bool], Screen] = {}
    with ExitStack() as stack:

        def get(base_url: str, *, script: bool = True, **options: Any) -> Screen:
            if (base_url, script) not in screens:
                opened = open_screen(
                    chromium, base_url, WAIT_MILLISECONDS, script=script, **options
                )
                screens[base_url, script] = stack.enter_context(opened)
            return screens[base_url, script]

        yield get


@pytest.fixture
def kept_screen(
    _kept_screens: OpenScreen, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[OpenScreen]:
    """As `new_screen`, with a window that other tests of the file have used and will use.

    It keeps its cookies, and what it has loaded it need not load again.
    """
    screens: list[Screen] = []

    def get(base_url: str, **options: Any) -> Screen:
        screen = _kept_screens(base_url, **options)
        screen.resize(LAPTOP)
        screens.append(screen)
        return screen

    yield get
    for number, screen in enumerate(screens):
        picture_of_failure(request, screen, tmp_path / f"failed-{number}.png")
        screen.check()


def picture_of_failure(request: pytest.FixtureRequest, screen: Screen, path: Path) -> None:
    """Save what the window shows when the test has failed, and print where."""
    if request.node.stash.get(_HAS_FAILED, False):
        screen.page.screenshot(path=path, full_page=True)
        print(f"{screen.page.url}, see {path}")
