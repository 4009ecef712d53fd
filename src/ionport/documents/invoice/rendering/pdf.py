"""The page as PDF/A-3 with the XML inside, so that one file is readable and the original too."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from itertools import groupby
from pathlib import Path, PurePath
from typing import Any, Final

from ionport.core.typesetting.typesetter import printable, typesetter
from ionport.documents.invoice.rendering.model import Sheet

RENDERER: Final = "2"
"""The version of the page's layout, under which PDFs are kept: raise it when the layout changes."""

XML_NAME: Final = "invoice.xml"

_MEDIA_TYPES = {".json": "application/json", ".csv": "text/csv"}
_SOURCE = Path(__file__).with_name("page.typ")
# A PDF/A says when it was made. The page of an invoice is the same whenever it is made.
_CREATED: Final = 946_684_800
# 1,000 lines take a third of a second, and one long paragraph less than many short lines. A text
# with few of them never counts: every line of an invoice has some.
_MAX_LINES: Final = 1_000
_FEW_LINES: Final = 100
_NEXT_LINE: Final = " / "
# No letter has more marks; from some 10,000 on typst ends.
_MARKS: Final = re.compile(r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{17,}")
_MAX_MARKS: Final = 16


def pdf_page(sheet: Sheet, original: bytes, filename: str) -> bytes:
    """Return the page with `original`, the file it was read from, attached as `filename`.

    The same bytes for the same invoice and version of ionport. Errors as `Typesetter.pdf`.
    """
    plain = json.dumps(_Bounds().kept(asdict(sheet)), ensure_ascii=False)
    # A sign that JSON escapes is printable, and so are the signs of JSON.
    shown = printable(plain)
    about = {
        "filename": printable(filename) or XML_NAME,
        "media_type": _MEDIA_TYPES.get(PurePath(filename).suffix, "text/xml"),
        "has_numbers": shown != plain,
    }
    inputs = {"sheet": shown, "about": json.dumps(about)}
    try:
        inputs["utf8"] = original.decode("utf-8")
    except UnicodeDecodeError:
        # Texts are all that typst takes: one letter for each byte.
        inputs["latin1"] = original.decode("latin-1")
    return typesetter().pdf(_SOURCE.read_text(encoding="utf-8"), inputs, _CREATED)


class _Bounds:
    """The bounds of a page: lines, and marks on one letter. Nothing of a text is left out."""

    def __init__(self) -> None:
        self._lines = _MAX_LINES

    def kept(self, value: Any) -> Any:
        """Return texts, and what texts stand in, within the bounds."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {name: self.kept(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.kept(each) for each in value]
        return value

    def _text(self, text: str) -> str:
        if text.count("\n") >= _FEW_LINES:
            lines = text.split("\n")
            room = max(self._lines, 1)
            self._lines -= len(lines)
            if len(lines) > room:
                rest = filter(str.strip, lines[room - 1 :])
                text = "\n".join([*lines[: room - 1], _NEXT_LINE.join(rest)])
        return text if text.isascii() else _MARKS.sub(_counted, text)


def _counted(found: re.Match[str]) -> str:
    """Return marks of which one letter has too many: some as they are, then numbers and counts."""
    marks = found[0]
    runs = ((sign, len(list(same))) for sign, same in groupby(marks[_MAX_MARKS:]))
    told = " ".join(f"U+{ord(sign):04X} ({count})" for sign, count in runs)
    return f"{marks[:_MAX_MARKS]} {told} "
