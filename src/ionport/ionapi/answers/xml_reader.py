"""A small XML reader for the answers of foreign servers: no DTD, bounded depth and size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

MAX_BYTES = 4 * 1024 * 1024
MAX_TREE_BYTES = 8 * 1024 * 1024
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
    _parse(content, reader.start, reader.end, reader.text)
    return reader.found


def _parse(
    content: bytes,
    start: Callable[[str, dict[str, str]], Any],
    end: Callable[[str], Any],
    text: Callable[[str], Any],
) -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise BadXml(expat.ErrorString(error.code)) from None
    except (ValueError, LookupError) as error:  # an encoding that Python does not know
        raise BadXml(str(error)) from None


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


@dataclass(frozen=True, slots=True)
class Element:
    """An element by its local name; `text` is what stands before its first child."""

    name: str
    text: str = ""
    children: tuple[Element, ...] = ()

    def child(self, name: str) -> Element | None:
        """Return the first child of that name, None when there is none."""
        return next((child for child in self.children if child.name == name), None)

    def text_of(self, name: str) -> str:
        """Return the text of the first child of that name; empty when there is none."""
        found = self.child(name)
        return found.text if found else ""

    def walk(self, name: str) -> Iterator[Element]:
        """Return all elements of that name below this one, in document order."""
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.walk(name)


def read_tree(content: bytes) -> Element:
    """Return the root element.

    Raises BadXml for anything not well-formed, with a document type, too deep or too large.
    """
    if len(content) > MAX_TREE_BYTES:
        raise BadXml("too large")
    builder = _TreeBuilder()
    _parse(content, builder.start, builder.end, builder.add_text)
    return builder.root


class _TreeBuilder:
    def __init__(self) -> None:
        self._open: list[tuple[str, list[str], list[Element]]] = [("", [], [])]

    @property
    def root(self) -> Element:
        return self._open[0][2][0]

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise BadXml("too deep")
        self._open.append((name.rpartition(" ")[2], [], []))

    def end(self, _name: str) -> None:
        name, texts, children = self._open.pop()
        text = "".join(texts).strip()[:MAX_TEXT]
        self._open[-1][2].append(Element(name, text, tuple(children)))

    def add_text(self, text: str) -> None:
        _name, texts, children = self._open[-1]
        if not children:
            texts.append(text)
