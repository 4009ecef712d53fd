"""The manual's walk as a person reads it: its steps, and the names of what each is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from playwright.sync_api import Download, Locator, Page, expect

from tests.browser.screen import Hand, Mouse
from tests.support.sides import until

PASSWORD: Final = "correct horse battery"
_STEP: Final = re.compile(r"^\d+\. (.+?)(?=^\d+\. |^## |^$)", re.MULTILINE | re.DOTALL)
_WORDS: Final = re.compile(r"\*\*(?P<name>.+?)\*\*|\*(?P<choice>.+?)\*|`(?P<typed>[^`]+)`")
# What is only done where the document did not leave by itself.
_ELSE: Final = re.compile(r"; (?:else|sonst|sinon)\b")
_ARROW: Final = " → "


@dataclass(slots=True)
class Step:
    """One step of the page: names in bold, choices in italics, what is typed in code.

    `instead` are the names that count where the step cannot go on as it says.
    """

    names: list[str] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    instead: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, text: str) -> Step:
        text, *others = _ELSE.split(" ".join(text.split()), maxsplit=1)
        step = cls(instead=[found["name"] for other in others for found in _named(other)])
        for found in _WORDS.finditer(text):
            if found["name"]:
                step.names.append(found["name"])
            elif found["choice"]:
                step.choices.append(found["choice"])
            elif re.fullmatch(r"\w[\w:./-]+", found["typed"]):
                step.typed.append(found["typed"])
        return step


def steps_of(page: str) -> list[Step]:
    """Return the numbered steps of a page of the manual in Markdown."""
    return [Step.of(found[1]) for found in _STEP.finditer(page)]


def ending_of(page: str) -> Step:
    """Return what stands behind the last step: what is to be seen then."""
    last = [*_STEP.finditer(page)][-1]
    return Step.of(page[last.end() :])


def _named(text: str) -> Iterator[re.Match[str]]:
    return (found for found in _WORDS.finditer(text) if found["name"])


@dataclass(slots=True)
class Reader:
    """Somebody who does what the page says, and knows nothing but its names and their own.

    `folder` is where downloads go, `texts` what they write into fields for which the page gives no
    words, in turn. `before_using` is called with each thing before it is used.
    """

    page: Page
    folder: Path
    invoice: Path
    user: str
    hand: Hand = field(default_factory=Mouse)
    credentials: Path | None = None
    texts: list[str] = field(default_factory=list)
    before_using: Callable[[Locator], None] = lambda _found: None
    _downloads: list[Download] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("download", lambda each: self._downloads.append(each))

    def keep_download(self) -> None:
        """Wait until what was chosen last is downloaded, and keep it."""
        # Events arrive while Playwright is called.
        assert until(lambda: self.page.title() is not None and self._downloads)
        self.credentials = self.folder / self._downloads[0].suggested_filename
        self._downloads[0].save_as(self.credentials)

    def follow(self, step: Step) -> None:
        """Do what a step says, in the order of its names."""
        choices, typed = list(step.choices), list(step.typed)
        for name in step.names:
            for part in name.split(_ARROW):
                self._act(part.removeprefix("+ "), choices, typed, is_on_the_way=_ARROW in name)
        assert not typed, f"no field takes {typed}"

    def _act(self, name: str, choices: list[str], typed: list[str], *, is_on_the_way: bool) -> None:
        found = self._find(name, is_on_the_way=is_on_the_way)
        kind = found.evaluate(_KIND)
        if kind == "part":
            return
        if kind in ("a", "button"):
            self._press(found, name, asks=kind == "a")
            return
        self.before_using(found)
        if kind == "checkbox":
            if not found.is_checked():
                self.hand.toggle(found)
        elif kind == "select":
            # One choice may be for several fields.
            label = choices.pop(0) if len(choices) > 1 else choices[0]
            found.select_option(label=label)
        elif kind == "file":
            assert self.credentials is not None
            self.hand.give_file(found, self.credentials)
        elif kind == "search":
            self._search(found)
        else:
            self.hand.write(found, PASSWORD if kind == "password" else self._text(name, typed))

    def _text(self, name: str, typed: list[str]) -> str:
        own = typed or self.texts
        return own.pop(0) if own else name

    def _press(self, found: Locator, name: str, *, asks: bool) -> None:
        """Press it, and once more where a form behind a link has a button of the same name."""
        # What is under way on the page, such as a proof, is watched to its end.
        expect(self.page.locator("main [hx-trigger^=every]")).to_have_count(0)
        self.before_using(found)
        self.hand.press(found)
        self.page.wait_for_load_state()
        button = self.page.locator("main").get_by_role("button", name=name, exact=True)
        if asks and button.count() == 1:
            box = self.page.locator("main input[type=file]:not([hidden])")
            if box.count():
                self.hand.give_file(box.first, self.invoice)
            self.before_using(button)
            self.hand.press(button)

    def _search(self, box: Locator) -> None:
        """Search for oneself, and pick what is found."""
        self.hand.write(box, self.user)
        mine = self.page.locator("input[type=radio]").and_(self.page.get_by_label(self.user))
        expect(self.page.locator(".htmx-request")).to_have_count(0)
        self.hand.pick(mine.first)

    def _find(self, name: str, *, is_on_the_way: bool) -> Locator:
        """Return what has exactly this name and can be used; waits for it."""
        main = self.page.locator("main")
        # A page and the manual may break a line, or not, at the same blank.
        words = r"\s+".join(map(re.escape, name.split()))
        begins = re.compile(rf"^{words}(?!\w)")
        places = [
            # A field that has to be filled in is marked behind its label.
            main.get_by_label(re.compile(rf"^{words}\s*\*?$")),
            main.get_by_role("button", name=name, exact=True),
            main.get_by_role("link", name=name, exact=True),
            self.page.get_by_role("link", name=name, exact=True),
            # A card: its name, and what it is for.
            main.get_by_role("link", name=begins),
        ]
        if is_on_the_way:
            places.insert(3, main.locator("summary", has_text=re.compile(rf"^\s*{words}\s*$")))

        def visible() -> list[Locator]:
            found = (each.nth(n) for each in places for n in range(each.count()))
            return [each for each in found if each.is_visible() or each.evaluate(_IS_FILE)]

        assert until(visible), f"nothing is named {name!r} on {self.page.url}"
        return visible()[0]


_IS_FILE: Final = "each => each.type === 'file'"
_KIND: Final = """each => {
  const tag = each.tagName.toLowerCase();
  if (tag === 'summary') return each.parentElement.open ? 'part' : 'button';
  return tag === 'input' ? each.type : tag;
}"""
