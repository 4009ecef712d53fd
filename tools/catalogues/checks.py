"""What is wrong with a translation: placeholders, tags, plural forms not those of the English.

French has one more: a space that no line breaks at before `: ; ! ?` and inside `« »`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from babel.messages.catalog import Catalog, Message

from tools.catalogues.texts import texts_of

# `{n}` of str.format, `%(name)s` of templates, tags, and what stands between grave accents.
_PARTS: Final = re.compile(r"\{\w*(?:[!:][^{}]*)?\}|%\(\w+\)[sd]|%%|</?[a-z][^<>]*>|`[^`]+`")

# What is written as a program takes it: code, addresses, JSON, a header, the scheme of an address.
_LITERAL: Final = re.compile(
    r"\{scheme\}:|\{\"[^}]*\}|\bAccept: |\?\w+=|\w+://\S*|\]\([^)]*\)|(?<!\*)\*[^*]+\*(?!\*)|"
    + _PARTS.pattern
)
_FRENCH_MARK: Final = re.compile(
    r"[^\S\xa0\u202f][:;!?»]|[\w).][;!?»](?!\S)|[\w).]:(?!\S)|«[^\xa0\u202f]"
)


def ids_of(message: Message) -> tuple[str, ...]:
    """Return the English texts: one, or singular and plural."""
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def strings_of(message: Message) -> tuple[str, ...]:
    """Return the translated texts; empty ones where they are missing."""
    if isinstance(message.string, str):
        return (message.string,)
    return tuple(text or "" for text in message.string or ("",))


def missing(catalogue: Catalog) -> list[Message]:
    """Return the messages that are not translated, or marked as fuzzy."""
    return [
        message for message in texts_of(catalogue) if message.fuzzy or not all(strings_of(message))
    ]


def faults(catalogue: Catalog) -> Iterator[str]:
    """Tell what is wrong with the translations that are there, a line for each."""
    for message in texts_of(catalogue):
        texts = strings_of(message)
        if any(texts):
            for fault in faults_in(catalogue, ids_of(message), texts):
                yield f"{ids_of(message)[0]!r}: {fault}"


def faults_in(catalogue: Catalog, english: Sequence[str], texts: Sequence[str]) -> Iterator[str]:
    """Tell what is wrong with one translation, by the rules of the catalogue's language too."""
    yield from faults_of(english, texts, catalogue.num_plurals)
    if catalogue.locale is not None and catalogue.locale.language == "fr":
        for text in texts:
            for place in wide_marks(text):
                yield f"{text!r} lacks a no-break space at {place!r}"


def wide_marks(text: str) -> list[str]:
    """Return the places of a French text where a mark lacks its no-break space."""
    bare = _LITERAL.sub("X", text)
    return [
        bare[max(0, mark.start() - 15) : mark.end() + 5] for mark in _FRENCH_MARK.finditer(bare)
    ]


def faults_of(english: Sequence[str], texts: Sequence[str], forms: int) -> Iterator[str]:
    """Tell what is wrong with one translation; `forms`: how many plural forms the language has."""
    wanted = forms if len(english) > 1 else 1
    if len(texts) != wanted:
        yield f"{len(texts)} forms instead of {wanted}"
        return
    allowed = [_parts(text) for text in english]
    for text in texts:
        if _parts(text) not in allowed:
            yield f"{text!r} has not the placeholders, tags and names of the English text"
        if (text[:1].isspace(), text[-1:].isspace()) != (
            english[0][:1].isspace(),
            english[0][-1:].isspace(),
        ):
            yield f"{text!r} begins or ends with other spaces than the English text"


def _parts(text: str) -> Counter[str]:
    return Counter(_PARTS.findall(text))
