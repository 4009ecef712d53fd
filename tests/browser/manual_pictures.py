"""Takes the pictures of the manual's walk: one of what each step is about, in each language."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import FloatRect, Locator, Page, ViewportSize, expect

# What is shown before the last thing of a step is used.
_BEFORE: Final = {
    1: "authorized-apps",
    5: "download-credentials",
    6: "export-method",
    8: "mapping-files",
    9: "upload",
}
# What is shown once a step is done.
_AFTER: Final = {
    2: "add-app",
    3: "refresh-tokens",
    4: "authorized-app",
    7: "ion-api-file",
    8: "proof",
}
# So narrow that the manual shows them in about their own size.
_WINDOW: Final[ViewportSize] = {"width": 1000, "height": 800}
# Of a page of which nothing is used but links and buttons, its top is shown.
_TOP: Final = 580
_SHORTEST, _LONGEST = 440, 720
_BELOW: Final = 130
_COLOURS: Final = 64


@dataclass(slots=True)
class Pictures:
    """The pictures of one walk; `folder` is None where none are wanted."""

    page: Page
    folder: Path | None
    step: int = 0
    _used: Locator | None = None

    def begin(self, step: int) -> None:
        """Remember which step of the page is done now."""
        self.step, self._used = step, None
        if self.folder is not None:
            self.page.set_viewport_size(_WINDOW)

    def before_using(self, found: Locator) -> None:
        """Show what the step is about; the last picture of a step counts."""
        if self.folder is None:
            return
        if not found.evaluate("each => each.matches('a, button')"):
            self._used = found
        elif self.step in _BEFORE:
            self.take(_BEFORE[self.step])

    def after_step(self) -> None:
        """Show what the step has led to, once nothing is under way any more."""
        if self.folder is not None and self.step in _AFTER:
            expect(self.page.locator("main [hx-trigger^=every]")).to_have_count(0)
            self.take(_AFTER[self.step])

    def take(self, name: str) -> None:
        """Save the page about the thing that is used, without navigation, as a PNG."""
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self.page.mouse.move(0, 0)
        self.page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
        shot = self.page.screenshot(full_page=True, animations="disabled", clip=self._part())
        whole = Image.open(BytesIO(shot)).convert("RGB")
        few = whole.quantize(_COLOURS, dither=Image.Dither.NONE)
        few.save(self.folder / f"{name}.png", optimize=True)

    def _part(self) -> FloatRect:
        """Return the part of the page to show: down to a little below the field used last."""
        main: FloatRect = self.page.locator("main .dialog, main").last.evaluate(_BOX)
        bottom = main["y"] + _TOP
        if self._used is not None and self._used.count() == 1:
            used: FloatRect = self._used.evaluate(_BOX)
            bottom = max(main["y"] + _SHORTEST, used["y"] + used["height"] + _BELOW)
        bottom = min(bottom, main["y"] + main["height"])
        top = max(main["y"], bottom - _LONGEST)
        return {**main, "y": top, "height": bottom - top}


# A form has a margin of its own, the page's: a little of it is enough.
_BOX: Final = """element => {
  const { x, y, width, height } = element.getBoundingClientRect();
  const margin = element.matches('.dialog') ? 16 : 0;
  return { x: x + scrollX - margin, y: y + scrollY - margin,
    width: width + 2 * margin, height: height + 2 * margin };
}"""
