"""The shape of an answer without its values: the names in it and the kinds of their values.

Nothing of a value gets into a shape, so that a report of shapes can be given to others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from ionport.core import xml
from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.secrets import DOTS
from ionport.sandbox.control.recorder.redaction import CallRedactor

MAX_PLACES: Final = 2_000
_MAX_DEPTH: Final = 40
# Names of a data format; any other one is data in place of a name.
_NAME: Final = re.compile(r"[\w$@.:\- ]{1,80}")
_SCHEMAS: Final = re.compile(
    r"\{http://(www\.w3\.org/2001/XMLSchema|schemas\.xmlsoap\.org/wsdl/)\}"
)
_KINDS: Final = {str: "text", bool: "boolean", int: "number", float: "number", type(None): "null"}


class DifferenceKind(StrEnum):
    """What a difference is about; `MISSING` is not in the sandbox's answer, `EXTRA` only there."""

    STATUS = "status"
    MEDIA_TYPE = "media type"
    TYPE = "type"
    MISSING = "missing in the sandbox"
    EXTRA = "only in the sandbox"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference of two answers.

    Attributes:
        place: such as `$.items.item[].pid`; empty for the answer as a whole.
        tenant, sandbox: what either has there: a status, a media type or kinds of values.
    """

    kind: DifferenceKind
    place: str
    tenant: str
    sandbox: str


@dataclass(frozen=True, slots=True)
class Shape:
    """Places of an answer with the kinds of values seen there.

    Attributes:
        empty: lists and objects with nothing in them: what is below them is not known.
    """

    places: Mapping[str, frozenset[str]] = field(default_factory=dict)
    empty: frozenset[str] = frozenset()

    def says_nothing_of(self, place: str) -> bool:
        """Tell whether a place is below a list that was empty, or below null."""
        above = (place[:end] for end in _ends(place))
        return any(
            part in self.empty or self.places.get(part) == frozenset({"null"}) for part in above
        )


def shape_of(content: bytes, media_type: str) -> Shape:
    """Return the shape of a body of JSON or XML; of anything else one place with its kind."""
    head = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if not head:
        return Shape()
    if head in b"{[" or "json" in media_type:
        try:
            return _collected(_json_places(json.loads(content.decode("utf-8-sig")), "$", 0))
        except (ValueError, RecursionError):
            return Shape({"$": frozenset({"no JSON"})})
    if head == b"<":
        try:
            root = xml.parse(content)
        except (InvalidInput, TooLarge):
            return Shape({"$": frozenset({"no XML"})})
        return _collected(_xml_places(root, "", 0))
    return Shape({"$": frozenset({"content"})})


def differences(tenant: Shape, sandbox: Shape) -> Sequence[Difference]:
    """Return where two shapes disagree; below an empty list of either nothing is compared."""
    found = []
    for place in sorted({*tenant.places, *sandbox.places}):
        theirs, ours = tenant.places.get(place), sandbox.places.get(place)
        if theirs is None and not tenant.says_nothing_of(place):
            found.append(Difference(DifferenceKind.EXTRA, place, "", _said(ours)))
        elif ours is None and not sandbox.says_nothing_of(place):
            found.append(Difference(DifferenceKind.MISSING, place, _said(theirs), ""))
        elif theirs and ours and _disagree(theirs, ours):
            found.append(Difference(DifferenceKind.TYPE, place, _said(theirs), _said(ours)))
    return _topmost(found)


def _topmost(found: Sequence[Difference]) -> list[Difference]:
    """Leave out differences below a place that is listed already."""
    told: set[str] = set()
    kept = []
    for each in found:
        if not any(each.place[:end] in told for end in _ends(each.place)):
            told.add(each.place)
            kept.append(each)
    return kept


def _disagree(theirs: frozenset[str], ours: frozenset[str]) -> bool:
    """Tell whether the tenant has a kind of value that the sandbox never has there."""
    # A value that is null may have any kind at another time.
    theirs, ours = theirs - {"null"}, ours - {"null"}
    return bool(ours) and not theirs <= ours


def _said(kinds: frozenset[str] | None) -> str:
    return " or ".join(sorted(kinds or ()))


def _ends(place: str) -> Iterator[int]:
    """Where the names of the places above a place end."""
    for number, letter in enumerate(place):
        if number and letter in "./[":
            yield number


def _collected(found: Iterator[tuple[str, str]]) -> Shape:
    places: dict[str, set[str]] = {}
    empty = set()
    for place, kind in found:
        if len(places) >= MAX_PLACES and place not in places:
            break
        places.setdefault(place, set()).add(kind.removeprefix("empty "))
        if kind.startswith("empty "):
            empty.add(place)
    # What had something in it in one of its occurrences is known.
    above = {place[:end] for place in places for end in _ends(place)}
    known = empty & above
    return Shape(
        {place: frozenset(kinds) for place, kinds in places.items()}, frozenset(empty - known)
    )


def _json_places(value: Any, place: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        yield place, "object" if value else "empty object"
        for name, below in value.items():
            yield from _json_places(below, f"{place}.{_shown(name)}", depth + 1)
    elif isinstance(value, list):
        yield place, "list" if value else "empty list"
        for below in value:
            yield from _json_places(below, f"{place}[]", depth + 1)
    else:
        yield place, _KINDS.get(type(value), "text")


def _xml_places(element: Any, above: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _MAX_DEPTH:
        return
    place = f"{above}/{_shown(_local(element.tag))}"
    if _SCHEMAS.match(element.tag) and "name" in element.attrib:
        # What a WSDL declares is the form of other documents, not what a tenant holds.
        place += f"({_shown(element.attrib['name'])})"
    yield place, "element"
    for name in element.attrib:
        yield f"{place}/@{_shown(_local(name))}", "attribute"
    for below in element.iterchildren("*"):
        yield from _xml_places(below, place, depth + 1)


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _shown(name: str) -> str:
    is_plain = _NAME.fullmatch(name) and not CallRedactor().holds_secret(name)
    return name.replace(".", "·") if is_plain else DOTS
