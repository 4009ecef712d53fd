"""A window of the browser that keeps account of everything that goes wrong in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    ViewportSize,
    WebError,
    expect,
)

from tests.support.sides import until

LAPTOP: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 844}
# The browser notes every failed load besides; those are judged by their status.
_FAILED_LOAD = "Failed to load resource: the server responded with a status of"


class Screen:
    """One window with one page, on one or more servers of the test."""

    def __init__(self, context: BrowserContext, base_url: str, *, script: bool) -> None:
        self.page: Page = context.new_page()
        self.script = script
        self.base_url = base_url
        self._servers = {urlsplit(base_url).netloc}
        self._complaints: list[str] = []
        self._expected: set[int] = set()
        # While anybody listens, file choosers open for the test and not on a display. Playwright
        # does not wait until that has begun, so begin it long before one opens.
        self.page.on("filechooser", lambda _chooser: None)
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("request", self._on_request)
        context.on("response", self._on_response)

    def allow_server(self, url: str) -> None:
        """Let this window talk to another server of the test too."""
        self._servers.add(urlsplit(url).netloc)

    def expect_status(self, *statuses: int) -> None:
        """Answers with these statuses are what the test is about."""
        self._expected |= set(statuses)

    def open(self, path: str) -> Page:
        """Go to a path of the first server."""
        self.page.goto(self.base_url + path)
        return self.page

    def resize(self, size: ViewportSize) -> None:
        """Give the window that size, unless it has it."""
        if self.page.viewport_size != size:
            self.page.set_viewport_size(size)

    def check(self) -> None:
        """Fail with what went wrong since the last check, and begin anew."""
        # Events arrive while Playwright is called; ask it something that takes a round trip.
        self.page.title()
        complaints, self._complaints, self._expected = self._complaints, [], set()
        assert not complaints, "\n".join(complaints)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_FAILED_LOAD):
            self._complaints.append(f"console {message.type}: {message.text}")

    def _on_error(self, error: WebError) -> None:
        self._complaints.append(f"script error: {error.error}")

    def _on_request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob", "about") and url.netloc not in self._servers:
            self._complaints.append(f"asked another server: {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self._expected:
            self._complaints.append(f"{response.status} for {response.url}")


@contextmanager
def open_screen(
    chromium: Browser,
    base_url: str,
    wait_milliseconds: float,
    *,
    script: bool = True,
    cookies: Mapping[str, str] = MappingProxyType({}),
    in_each_page: str = "",
    locale: str = "en-GB",
) -> Iterator[Screen]:
    """Open a window for the time of the block; complaints fail it at the end.

    `in_each_page` is a script that runs in each page before its own ones, `locale` the language
    that the browser asks for.
    """
    context = chromium.new_context(
        viewport=LAPTOP,
        java_script_enabled=script,
        locale=locale,
        timezone_id="UTC",
        accept_downloads=True,
        reduced_motion="reduce",
    )
    context.add_cookies(
        [{"name": name, "value": value, "url": base_url} for name, value in cookies.items()]
    )
    context.set_default_timeout(wait_milliseconds)
    if in_each_page:
        context.add_init_script(in_each_page)
    try:
        screen = Screen(context, base_url, script=script)
        yield screen
        screen.check()
    finally:
        context.close()


def _wait_for(target: Locator) -> None:
    """Wait until it is there, until the scripts of its page have run, and until it is enabled."""
    target.wait_for()
    target.page.wait_for_load_state()
    expect(target).to_be_enabled()


def choose_and_follow(choice: Locator, label: str) -> None:
    """Choose an entry of a form that follows the choice, and wait for the fields of it.

    Without scripts a button shows them.
    """
    page = choice.page
    button = page.get_by_role("button", name="Show its fields")
    if button.is_visible():
        choice.select_option(label=label)
        button.click()
        return
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        choice.select_option(label=label)
    expect(page.locator(".htmx-request")).to_have_count(0)


class Mouse:
    """Points and clicks; texts are typed where it clicked."""

    def press(self, target: Locator) -> None:
        _wait_for(target)
        target.click()

    def toggle(self, target: Locator) -> None:
        self.press(target)

    def pick(self, radio: Locator) -> None:
        self.press(radio)

    def write(self, target: Locator, text: str) -> None:
        self.press(target)
        target.fill("")
        target.press_sequentially(text)

    def choose(self, target: Locator, label: str) -> None:
        target.select_option(label=label)

    def give_file(self, target: Locator, path: Path) -> None:
        """Drag the file from the desktop and drop it on the box around the input."""
        target.page.wait_for_load_state()
        box = target.locator("xpath=..")
        box.scroll_into_view_if_needed()
        area = target.bounding_box()
        assert area is not None
        point = {"x": area["x"] + area["width"] / 2, "y": area["y"] + area["height"] / 2}
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        session = target.page.context.new_cdp_session(target.page)
        for event in ("dragEnter", "dragOver", "drop"):
            session.send("Input.dispatchDragEvent", {"type": event, "data": data, **point})
        session.detach()
        assert until(lambda: target.evaluate("input => input.files.length === 1"))


class Keyboard:
    """Never touches the mouse: walks by Tab, presses Enter and Space, and looks for the focus."""

    _LONGEST_WALK = 120

    def press(self, target: Locator) -> None:
        self._walk_to(target)
        target.page.keyboard.press("Enter")

    def toggle(self, target: Locator) -> None:
        self._walk_to(target)
        target.page.keyboard.press("Space")

    def pick(self, radio: Locator) -> None:
        """Tab leads to the chosen one of the group, the arrow keys to the others."""
        name = radio.get_attribute("name")
        self._walk_to(radio.page.locator(f'input[type="radio"][name="{name}"]:checked'))
        for _step in range(self._LONGEST_WALK):
            if radio.is_checked():
                return
            radio.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{radio} cannot be reached by the arrow keys")

    def write(self, target: Locator, text: str) -> None:
        self._walk_to(target)
        target.page.keyboard.press("Control+A")
        target.page.keyboard.type(text)

    def choose(self, target: Locator, label: str) -> None:
        """Type the label; what was typed too slowly to count as one word is found by the arrows."""
        self._walk_to(target)
        keyboard = target.page.keyboard
        keyboard.type(label)
        if self._chosen(target) != label:
            keyboard.press("Home")
        for _option in range(target.locator("option").count()):
            if self._chosen(target) == label:
                return
            keyboard.press("ArrowDown")
        assert self._chosen(target) == label, f"{label!r} cannot be chosen by keyboard"

    def _chosen(self, target: Locator) -> str:
        chosen: str = target.evaluate("select => select.selectedOptions[0].textContent.trim()")
        return chosen

    def give_file(self, target: Locator, path: Path) -> None:
        """Open the file chooser and take the file there."""
        self._walk_to(target)
        with target.page.expect_file_chooser() as opened:
            target.page.keyboard.press("Enter")
        opened.value.set_files(path)

    def _walk_to(self, target: Locator) -> None:
        """Press Tab until the target has the focus, and look that this shows.

        What stands between is pressed over without looking; the last steps are looked at.
        """
        _wait_for(target)
        keyboard = target.page.keyboard
        for _step in range(self._LONGEST_WALK):
            before = target.evaluate(_STOPS_BEFORE)
            if before == 0:
                assert target.evaluate(_SHOWS_FOCUS), f"no visible focus on {target}"
                return
            for _stop in range(max(before, 1)):
                keyboard.press("Tab")
        raise AssertionError(f"{target} cannot be reached by Tab")


# How many times Tab is pressed from the focus to the element; -1 when that cannot be told.
_STOPS_BEFORE = """element => {
  const focused = document.activeElement;
  if (element === focused) return 0;
  const stops = [...document.querySelectorAll('a[href],button,input,select,textarea,summary')]
    .filter((each) => each === element || each === focused || (each.tabIndex >= 0
      && !each.matches(':disabled,[type=hidden],[type=radio]')
      && each.checkVisibility({ visibilityProperty: true })));
  const [from, to] = [stops.indexOf(focused), stops.indexOf(element)];
  return from < to && (from >= 0 || focused === document.body) ? to - from : -1;
}"""

_SHOWS_FOCUS = """element => {
  const style = getComputedStyle(element);
  const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  return outlined || style.boxShadow !== 'none';
}"""

Hand = Mouse | Keyboard
