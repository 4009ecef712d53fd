"""Texts for people go through gettext from the first page.

Source: docs/decisions/0007-jinja2-htmx-and-tabler-without-a-build-step.md.

English is the source language and the only one so far: without a catalogue each text stays as it
is. A catalogue for another language would be chosen here, for each request.
"""

from __future__ import annotations

import gettext as _gettext
from typing import Final

_CATALOGUE: Final = _gettext.NullTranslations()


def gettext(message: str) -> str:
    """Translate `message` into the current language, or return it unchanged."""
    return _CATALOGUE.gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """Translate a text that depends on a number."""
    return _CATALOGUE.ngettext(singular, plural, count)


def N_(message: str) -> str:  # noqa: N802 (the name that catalogue tools know)
    """Mark `message` for the catalogues; it is translated when it is shown."""
    return message


_ = gettext
