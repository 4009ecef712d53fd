"""Texts for people go through gettext from the first page.

Source: docs/decisions/0007-jinja2-htmx-and-tabler-without-a-build-step.md.

English is the source language; a catalogue for another language is a `.mo` file under
`ionport/locale/<language>/LC_MESSAGES/ionport.mo`, chosen per request by `use_language`.
"""

from __future__ import annotations

import gettext as _gettext
from contextvars import ContextVar
from functools import cache
from pathlib import Path

_LOCALES = Path(__file__).parent.parent / "locale"
_language: ContextVar[str] = ContextVar("ionport_language", default="en")


def use_language(language: str) -> None:
    """Choose the language of the current request or task (an ISO 639 code such as `de`)."""
    _language.set(language)


@cache
def _catalogue(language: str) -> _gettext.NullTranslations:
    return _gettext.translation("ionport", _LOCALES, languages=[language], fallback=True)


def gettext(message: str) -> str:
    """Translate `message` into the current language, or return it unchanged."""
    return _catalogue(_language.get()).gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """Translate a text that depends on a number."""
    return _catalogue(_language.get()).ngettext(singular, plural, count)


def N_(message: str) -> str:  # noqa: N802 (the name that catalogue tools know)
    """Mark `message` for the catalogues; it is translated when it is shown."""
    return message


_ = gettext
