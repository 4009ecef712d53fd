"""The shape of a Sync.CaptureDocument, and where a document differs from it.

Source: docs/reference/ion-messaging.md#synccapturedocument.

ION refuses none of this: mappings and receivers behind it do, or drop a value silently.
The shape is made by `python -m tools.capture_document`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, cached_property
from importlib.resources import files
from itertools import islice
from typing import NamedTuple, cast

from lxml import etree

from ionport.sandbox.kit.texts import quoted

NAMESPACE = "http://schema.infor.com/InforOAGIS/2"
MAX_DIFFERENCES = 50

_COUNT_BEFORE = etree.XPath("count(preceding-sibling::*[local-name() = $name])")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_BOOLEANS = ("true", "false", "1", "0")
_XML_ATTRIBUTES = ("{http://www.w3.org/2001/XMLSchema-instance}", "{http://www.w3.org/XML/1998/")


@dataclass(frozen=True)
class Shape:
    """An element: how often it occurs (1, ?, + or *), the kind of its text, what it contains.

    `kind` is D (date and time), I (integer), B (boolean), T (text), - (no text) or # (anything);
    `attributes` are kinds by name, with a star behind those that are mandatory; `place` is where
    it stands among the children of its parent.
    """

    name: str
    often: str
    kind: str
    attributes: Mapping[str, str]
    place: int = 0
    children: dict[str, Shape] = field(default_factory=dict)

    @cached_property
    def needed(self) -> Sequence[str]:
        """The attributes that are mandatory."""
        return [name for name, kind in self.attributes.items() if kind.endswith("*")]


_UNKNOWN = Shape("", "?", "#", {})


@cache
def capture_document() -> Shape:
    """Return the shape of the root element SyncCaptureDocument."""
    text = files(__package__).joinpath("capture_document.txt").read_text(encoding="utf-8")
    path: list[Shape] = []
    for line in text.splitlines():
        name, often, kind, *attributes = line.split()
        split = (attribute.partition("/") for attribute in attributes)
        del path[len(line) - len(line.lstrip(" ")) :]
        place = len(path[-1].children) if path else 0
        shape = Shape(name, often, kind, {key: value for key, _slash, value in split}, place)
        if path:
            path[-1].children[name] = shape
        path.append(shape)
    return path[0]


def differences(root: etree._Element) -> list[str]:
    """Return what differs from the shape, with the path of each place; at most 51 texts."""
    found: list[str] = []
    for element, suffix, text in islice(_different(root), MAX_DIFFERENCES):
        found.append(f"{_path(element)}{suffix}: {text}")
    if len(found) == MAX_DIFFERENCES:
        found.append("There may be more findings; these are the first.")
    return found


class _Difference(NamedTuple):
    """An element, the part of it that differs (such as `/@id`), and how.

    Its path is made at the end: most elements have nothing wrong, and paths are what takes long.
    """

    element: etree._Element
    suffix: str
    text: str


def _different(root: etree._Element) -> Iterator[_Difference]:
    if etree.QName(root).namespace != NAMESPACE:
        yield _Difference(root, "", f"the namespace is not {NAMESPACE}.")
    waiting = [(root, capture_document())]
    while waiting:
        element, shape = waiting.pop()
        if shape.attributes or element.attrib:
            yield from _attributes(element, shape)
        text = (element.text or "").strip()
        if shape.kind == "-":
            if text:
                yield _Difference(element, "", "a text stands where only elements may.")
            known: list[tuple[etree._Element, Shape]] = []
            yield from _children(element, shape, known)
            waiting += reversed(known)
        elif shape.kind != "#":
            yield from _value(element, shape, text)


def _value(element: etree._Element, shape: Shape, text: str) -> Iterator[_Difference]:
    if len(element):
        yield _Difference(element, "", "an element stands where only a text may.")
    elif shape.kind == "T":
        return
    elif not text:
        yield _Difference(element, "", "the element is empty; leave it out.")
    elif reason := _wrong_value(shape.kind, text):
        yield _Difference(element, "", reason)


def _children(
    element: etree._Element, shape: Shape, known: list[tuple[etree._Element, Shape]]
) -> Iterator[_Difference]:
    """Compare the children as such; those that the shape knows are added to `known`."""
    counts: dict[str, int] = {}
    latest, latest_place = "", -1
    for child in element:
        name = _local(child)
        of_child = shape.children.get(name)
        if of_child is None:
            yield _Difference(child, "", "the schema has no such element here.")
            continue
        counts[name] = counts.get(name, 0) + 1
        if of_child.place < latest_place:
            yield _Difference(child, "", f"must stand before {latest}.")
        else:
            latest, latest_place = name, of_child.place
        if counts[name] == 2 and of_child.often in "1?":
            yield _Difference(child, "", "may occur once only.")
        known.append((child, of_child))
    for name, of_child in shape.children.items():
        if of_child.often in "1+" and name not in counts:
            yield _Difference(element, f"/{name}", "the element is missing.")


def _attributes(element: etree._Element, shape: Shape) -> Iterator[_Difference]:
    given = dict(element.items())
    for key, value in given.items():
        name = str(key)
        kind = shape.attributes.get(name)
        if kind is None:
            if not name.startswith(_XML_ATTRIBUTES):
                yield _Difference(element, f"/@{name}", "the schema has no such attribute.")
        elif kind[0] != "T" and (reason := _wrong_value(kind[0], str(value))):
            yield _Difference(element, f"/@{name}", reason)
    for name in shape.needed:
        if name not in given:
            yield _Difference(element, f"/@{name}", "the attribute is missing.")


def _path(element: etree._Element) -> str:
    """Return the path of an element; what may repeat is counted."""
    steps: list[etree._Element] = [element, *element.iterancestors()]
    path, shape = "", None
    for step in reversed(steps):
        name = _local(step)
        shape = capture_document() if shape is None else shape.children.get(name, _UNKNOWN)
        path += f"/{name}"
        if shape.often in "+*":
            before = cast(float, _COUNT_BEFORE(step, name=name))
            path += f"[{int(before) + 1}]"
    return path


def _wrong_value(kind: str, text: str) -> str | None:
    if kind == "I" and not _INTEGER.fullmatch(text):
        return f"{quoted(text)} is not a whole number."
    if kind == "B" and text not in _BOOLEANS:
        return f"{quoted(text)} is not true or false."
    if kind == "D" and not _is_moment(text):
        return f"{quoted(text)} is not a date, or a date and time, of ISO 8601."
    return None


def _is_moment(text: str) -> bool:
    """A plain date counts: the published mappings copy invoice dates as they are."""
    for read in (datetime.fromisoformat, date.fromisoformat):
        try:
            read(text)
        except ValueError:
            continue
        return len(text) >= len("2026-03-05") and text[4:5] == "-"
    return False


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]
