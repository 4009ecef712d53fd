"""What a Sync.CaptureDocument looks like, and where a document differs (facts §3).

ION refuses none of this: mappings and receivers behind it do, or lose a value without a word.
The shape is made by `python -m tools.capture_document`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from itertools import islice

from lxml import etree

from ionport.core.i18n import _
from ionport.sandbox.texts import quoted

NAMESPACE = "http://schema.infor.com/InforOAGIS/2"
MAX_DIFFERENCES = 50

_INTEGER = re.compile(r"[+-]?[0-9]+")
_BOOLEANS = ("true", "false", "1", "0")
_XML_ATTRIBUTES = ("{http://www.w3.org/2001/XMLSchema-instance}", "{http://www.w3.org/XML/1998/")


@dataclass(frozen=True, slots=True)
class Shape:
    """An element: how often it occurs (1, ?, + or *), the kind of its text, what it contains.

    `kind` is D (date and time), I (integer), B (boolean), T (text), - (no text) or # (anything);
    `attributes` are kinds by name, with a star behind those that are mandatory.
    """

    name: str
    often: str
    kind: str
    attributes: Mapping[str, str]
    children: dict[str, Shape] = field(default_factory=dict)


@cache
def capture_document() -> Shape:
    """Return the shape of the root element SyncCaptureDocument."""
    text = files(__package__).joinpath("capture_document.txt").read_text(encoding="utf-8")
    path: list[Shape] = []
    for line in text.splitlines():
        name, often, kind, *attributes = line.split()
        split = (attribute.partition("/") for attribute in attributes)
        shape = Shape(name, often, kind, {key: value for key, _slash, value in split})
        del path[len(line) - len(line.lstrip(" ")) :]
        if path:
            path[-1].children[name] = shape
        path.append(shape)
    return path[0]


def differences(root: etree._Element) -> list[str]:
    """Return what differs from the shape, with the path of each place; at most 51 texts."""
    found = list(
        islice(_element(root, capture_document(), f"/{_local(root)}"), MAX_DIFFERENCES + 1)
    )
    if len(found) > MAX_DIFFERENCES:
        found[MAX_DIFFERENCES:] = [_("There are more findings; these are the first.")]
    return found


def _element(element: etree._Element, shape: Shape, path: str) -> Iterator[str]:
    if etree.QName(element).namespace != NAMESPACE and shape is capture_document():
        yield _("{path}: the namespace is not {namespace}.").format(path=path, namespace=NAMESPACE)
    yield from _attributes(element, shape, path)
    if shape.kind == "#":
        return
    text = (element.text or "").strip()
    if shape.kind == "-":
        if text:
            yield _("{path}: a text stands where only elements may.").format(path=path)
        yield from _children(element, shape, path)
        return
    if len(element):
        yield _("{path}: an element stands where only a text may.").format(path=path)
    elif not text and shape.kind != "T":
        yield _("{path}: the element is empty; leave it out.").format(path=path)
    elif reason := _wrong_value(shape.kind, text):
        yield f"{path}: {reason}"


def _children(element: etree._Element, shape: Shape, path: str) -> Iterator[str]:
    names = list(shape.children)
    counts: Counter[str] = Counter()
    latest = ""
    for child in element:
        name = _local(child)
        counts[name] += 1
        known = shape.children.get(name)
        place = f"{path}/{name}" + (f"[{counts[name]}]" if known and known.often in "+*" else "")
        if known is None:
            yield _("{path}: the schema has no such element here.").format(path=place)
            continue
        if latest and names.index(name) < names.index(latest):
            yield _("{path}: must stand before {name}.").format(path=place, name=latest)
        else:
            latest = name
        if counts[name] == 2 and known.often in "1?":
            yield _("{path}: may occur once only.").format(path=place)
        yield from _element(child, known, place)
    for name, known in shape.children.items():
        if known.often in "1+" and not counts[name]:
            yield _("{path}: the element is missing.").format(path=f"{path}/{name}")


def _attributes(element: etree._Element, shape: Shape, path: str) -> Iterator[str]:
    for key, value in element.attrib.items():
        name = str(key)
        kind = shape.attributes.get(name)
        if kind is None:
            if not name.startswith(_XML_ATTRIBUTES):
                text = _("{path}: the schema has no such attribute.")
                yield text.format(path=f"{path}/@{name}")
        elif reason := _wrong_value(kind[0], str(value)):
            yield f"{path}/@{name}: {reason}"
    for name, kind in shape.attributes.items():
        if kind.endswith("*") and name not in element.attrib:
            yield _("{path}: the attribute is missing.").format(path=f"{path}/@{name}")


def _wrong_value(kind: str, text: str) -> str | None:
    if kind == "I" and not _INTEGER.fullmatch(text):
        return _("{value} is not a whole number.").format(value=quoted(text))
    if kind == "B" and text not in _BOOLEANS:
        return _("{value} is not true or false.").format(value=quoted(text))
    if kind == "D" and not _is_moment(text):
        return _("{value} is not a date, or a date and time, of ISO 8601.").format(
            value=quoted(text)
        )
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
    return etree.QName(element).localname
