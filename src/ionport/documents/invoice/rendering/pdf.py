"""The page as PDF/A-3 with the XML inside, so that one file is readable and the original too."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from ionport.core.typesetting.typesetter import printable, typesetter
from ionport.documents.invoice.rendering.model import Sheet

RENDERER: Final = "1"
"""Raised whenever the same invoice would look otherwise; PDFs that were made are kept by it."""

XML_NAME: Final = "invoice.xml"

_SOURCE = Path(__file__).with_name("page.typ")
# A PDF/A says when it was made. The page of an invoice is the same whenever it is made.
_CREATED: Final = 946_684_800


def pdf_page(sheet: Sheet, original: bytes, filename: str) -> bytes:
    """Return the page with `original`, the XML it was read from, attached as `filename`.

    The same bytes for the same invoice and version of ionport. Errors as `Typesetter.pdf`.
    """
    plain = json.dumps(asdict(sheet), ensure_ascii=False)
    # A sign that JSON escapes is printable, and so are the signs of JSON.
    shown = printable(plain)
    about = {"filename": printable(filename) or "invoice.xml", "has_numbers": shown != plain}
    inputs = {"sheet": shown, "about": json.dumps(about)}
    try:
        inputs["utf8"] = original.decode("utf-8")
    except UnicodeDecodeError:
        # Texts are all that typst takes: one letter for each byte.
        inputs["latin1"] = original.decode("latin-1")
    return typesetter().pdf(_SOURCE.read_text(encoding="utf-8"), inputs, _CREATED)
