"""Checks of values that all renderers share, and how messages name a value."""

from __future__ import annotations

import re

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _

_SHOWN = 60
# XML 1.0 has no way to write these, and no target can store them.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str, line: int | None, key: str) -> str:
    """Return the text as it is; raises InvalidInput for a sign that XML cannot write."""
    if text.isprintable() or not (match := _NOT_IN_XML.search(text)):
        return text
    raise InvalidInput(
        _(
            "{place}: the value “{value}” has a control character (U+{code:04X}). Correct it"
            " in the document."
        ).format(
            place=place_text(line, key),
            value=shown(_NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)),
            code=ord(match[0]),
        ),
        code="control_character",
    )


def place_text(line: int | None, key: str) -> str:
    """Name a line of the mapping file for a message."""
    if line is None:
        return key
    return _("Line {line} of the mapping file ({key})").format(line=line, key=key)


def shown(value: str) -> str:
    """Return a value for a message, cut where it is long."""
    return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
