"""Texts for people go through gettext: English in the code, other languages by catalogues.

Source: docs/decisions/0056-texts-in-three-languages.md.

The texts of a page's request are in one language, from `speaking` on; those of everything else
(background work, the JSON API, imitated services, OAuth, commands) are English. What is stored is a
code with parameters, or a `Sentence`, of which `core.sentences` keeps template and parameters.
"""

from __future__ import annotations

import gettext as _gettext
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

SOURCE_LANGUAGE: Final = "en"
LANGUAGES: Final = ("en", "de", "fr")
"""Codes of the languages of the pages (ISO 639-1), that of the code first."""
LANGUAGE_NAMES: Final = {"en": "English", "de": "Deutsch", "fr": "Français"}
"""The languages, each by its own name."""


@dataclass(frozen=True, slots=True)
class Speech:
    """The language of a request: its catalogue, and how it writes numbers and days.

    `group` and `decimal`: what stands between groups of three digits and before the decimals;
    `day`: a format of `strftime`.
    """

    language: str
    catalogue: _gettext.NullTranslations
    group: str
    decimal: str
    day: str


# 05.06.2026 is read the same way on both sides of the Atlantic.
_ENGLISH: Final = Speech(SOURCE_LANGUAGE, _gettext.NullTranslations(), ",", ".", "%d.%m.%Y")
_speech: ContextVar[Speech] = ContextVar("ionport_speech", default=_ENGLISH)


def language() -> str:
    """Return the code of the language that texts are made in here and now."""
    return _speech.get().language


def speak(speech: Speech | None) -> None:
    """Make texts in this language from here on, in this context; None: English."""
    _speech.set(speech or _ENGLISH)


@contextmanager
def speaking(speech: Speech | None) -> Iterator[None]:
    """Make texts in this language inside, and in the one before afterwards; None: English."""
    token = _speech.set(speech or _ENGLISH)
    try:
        yield
    finally:
        _speech.reset(token)


class Sentence(str):
    """A text in one language, and what it was made of, so that it can be said in another.

    `template` is the English text with named places, its key in the catalogues; of a text that
    depends on a number `plural` is the other one and `number` the number. `parameters` are what
    stands in the places, a text or a sentence each. Adding to it or cutting it gives a text that
    is no sentence.
    """

    __slots__ = ("number", "parameters", "plural", "template")
    template: str
    parameters: Mapping[str, str]
    plural: str
    number: int

    @classmethod
    def of(
        cls,
        text: str,
        template: str,
        parameters: Mapping[str, str],
        plural: str = "",
        number: int = 0,
    ) -> Sentence:
        """Return `text` as made of a template, or of two, and of parameters."""
        sentence = cls(text)
        sentence.template, sentence.parameters = template, parameters
        sentence.plural, sentence.number = plural, number
        return sentence

    def format(self, *args: object, **values: object) -> str:
        """Put values into the places; by names alone it stays a sentence."""
        text = super().format(*args, **values)
        if args:
            return text
        told = {name: _in_place(values[name], how) for name, how in _places(self.template)}
        return Sentence.of(text, self.template, told, self.plural, self.number)

    def format_map(self, mapping: Any, /) -> str:
        """Put the values of a mapping into the places."""
        return self.format(**{name: mapping[name] for name, _how in _places(self.template)})

    def __reduce__(self) -> tuple[Any, ...]:
        told = (str(self), self.template, self.parameters, self.plural, self.number)
        return Sentence.of, told


_PLACE: Final = re.compile(r"\{(\w+)((?:![rsa])?(?::[^{}]*)?)\}")


@lru_cache(maxsize=4_096)
def _places(template: str) -> tuple[tuple[str, str], ...]:
    """Return the names of the places of a template, and how each is written."""
    return tuple((found[1], found[2]) for found in _PLACE.finditer(template))


def _in_place(value: object, how: str) -> str:
    if how:
        return f"{{{how}}}".format(value)
    return value if isinstance(value, str) else str(value)


def filled(template: str, parameters: Mapping[str, str]) -> str:
    """Return a template with texts in its places; a place without one stays as it is written."""
    if not parameters:
        return template
    return _PLACE.sub(lambda place: parameters.get(place[1], place[0]), template)


def gettext(message: str) -> str:
    """Translate `message` into the current language, or return it unchanged."""
    # A catalogue has its own head under the empty text.
    if not message:
        return ""
    return Sentence.of(_speech.get().catalogue.gettext(message), message, {})


def ngettext(singular: str, plural: str, count: int) -> str:
    """Translate a text that depends on a number."""
    text = _speech.get().catalogue.ngettext(singular, plural, count)
    return Sentence.of(text, singular, {}, plural, count)


def pgettext(context: str, message: str) -> str:
    """Translate a word that other languages have two words for; `context` says which is meant."""
    return _speech.get().catalogue.pgettext(context, message)


def labelled(label: str, text: str) -> str:
    """Return a text behind what it is about, as the current language joins them: `Note: text`."""
    return gettext("{label}: {text}").format(label=label, text=text)


def number_text(value: Decimal | int, decimals: int = 0) -> str:
    """Return a number in groups of three with so many decimals: `2,808.81`, in German `2.808,81`.

    No input takes this form: fields of amounts take `2808.81` in every language.
    """
    return number_marks(f"{value:,.{decimals}f}")


def number_marks(text: str) -> str:
    """Return a number that is written in the English way, such as `2,808.81`, in ours."""
    speech = _speech.get()
    return text.translate({ord(","): speech.group, ord("."): speech.decimal})


def day_text(day: date) -> str:
    """Return a day with all digits, as the current language writes it: `05.06.2026`."""
    return day.strftime(_speech.get().day)


def moment_text(at: datetime) -> str:
    """Return a moment to the second, in the zone that it has."""
    return f"{day_text(at)} {at:%H:%M:%S}"


def N_(message: str) -> str:  # noqa: N802 (the name that catalogue tools know)
    """Mark `message` for the catalogues; it is translated when it is shown."""
    return message


_ = gettext
