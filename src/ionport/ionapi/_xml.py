"""A small XML reader for the answers of foreign servers: no DTD, bounded depth and size."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 200
MAX_TEXT = 10_000


class BadXml(ValueError):
    """Not well-formed, or of a kind that is not read."""


def first_texts(content: bytes, names: Collection[str]) -> dict[str, str]:
    """The text of the first element of each local name in `names`.

    Raises BadXml for anything not well-formed, with a document type, too deep or too large.
    """
    if len(content) > MAX_BYTES:
        raise BadXml("too large")
    reader = _FirstTexts(names)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise BadXml(expat.ErrorString(error.code)) from None
    except (ValueError, LookupError) as error:  # an encoding that Python does not know
        raise BadXml(str(error)) from None
    return reader.found


def _refuse_doctype(*_: object) -> None:
    raise BadXml("document type")


class _FirstTexts:
    def __init__(self, names: Collection[str]) -> None:
        self.found: dict[str, str] = {}
        self._names = names
        self._open: list[str] = []

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise BadXml("too deep")
        local = name.rpartition(" ")[2]
        self._open.append(local if local in self._names and local not in self.found else "")
        if self._open[-1]:
            self.found[local] = ""

    def end(self, _name: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        name = self._open[-1] if self._open else ""
        if name:
            self.found[name] = (self.found[name] + text)[:MAX_TEXT]
