"""Pages of a PDF as pictures, drawn in a process with limits.

Drawing runs what the PDF says: fonts, pictures, patterns of strangers. At most two are drawn at
once, so that a page full of pictures leaves room for others.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ionport.core.errors import InvalidInput, Unavailable
from ionport.core.i18n import _
from ionport.core.unpacking.pdf import ask_child

MAX_PAGES: Final = 300
"""How many pages are shown; the file itself has the others."""

MEDIA_TYPE: Final = "image/webp"

_SECONDS: Final = 20
_MEMORY_BYTES: Final = 1_500_000_000
_WAIT_SECONDS: Final = 30.0
_CHILD: Final = Path(__file__).with_name("pdf_page_child.py")
_places = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class PageSizes:
    """How many pages there are, and width and height in points of the first `MAX_PAGES`."""

    count: int
    sizes: tuple[tuple[float, float], ...]


def page_sizes(content: bytes) -> PageSizes:
    """Return the pages of a PDF.

    Raises:
        InvalidInput: `pdf_encrypted`, `pdf_damaged`, `pdf_too_large`.
        Unavailable: `busy`, others are being drawn for half a minute already.
    """
    said = json.loads(_ask(content, "sizes", str(MAX_PAGES)))
    return PageSizes(said["count"], tuple((float(w), float(h)) for w, h in said["sizes"]))


def page_picture(content: bytes, number: int, width: int) -> bytes:
    """Return page `number`, from 1, as a WebP picture `width` pixels wide; errors as `page_sizes`.

    A number behind the last page is `pdf_damaged`; a page of more than 12 million pixels is drawn
    smaller.
    """
    return _ask(content, "page", str(number), str(width))


def _ask(content: bytes, *arguments: str) -> bytes:
    if not _places.acquire(timeout=_WAIT_SECONDS):
        raise Unavailable(
            _("Too many pages are being drawn at the moment. Try again in a minute."), code="busy"
        )
    try:
        limits = (str(_MEMORY_BYTES), str(_SECONDS))
        return ask_child(_CHILD, (*limits, *arguments), content, 2 * _SECONDS, _too_large())
    finally:
        _places.release()


def _too_large() -> InvalidInput:
    return InvalidInput(
        _(
            "This page of the PDF cannot be drawn: it takes too much memory or time. Open the file"
            " as PDF."
        ),
        code="pdf_too_large",
    )
