"""The query options and keys of OData that LN takes (docs/reference/ln.md#odata)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import QueryParams

from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.ln.model import Kind
from ionport.sandbox.ln.odata.model import BadQuery, EntityType, EntityValues

Condition = Callable[[EntityValues], bool]
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^']|'')*')
      | (?P<enum>[A-Za-z_][\w.]*'(?:[^']|'')*')
      | (?P<date>\d{4}-\d{2}-\d{2}(?:T[\d:.]+Z?)?)
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<word>[A-Za-z_][\w/]*)
      | (?P<mark>[(),])
    )""",
    re.VERBOSE,
)
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    name: getattr(operator, name) for name in ("eq", "ne", "gt", "ge", "lt", "le")
}
_FUNCTIONS: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
_OPTIONS: Final = frozenset(
    ("$filter", "$select", "$orderby", "$expand", "$top", "$skip", "$count", "$format")
)
_MAX_LENGTH: Final = 8_000
_MAX_DEPTH: Final = 20
_KEY_PART = re.compile(r"\s*(?:(\w+)\s*=\s*)?('(?:[^']|'')*'|-?\d+)\s*(,|$)")


@dataclass(frozen=True, slots=True)
class Query:
    """The query options of a collection.

    Attributes:
        top: None for as many as a page has.
        kept: the options that the address of the next page repeats.
    """

    matches: Condition
    select: Sequence[str]
    expand: Sequence[str]
    order: Sequence[tuple[str, bool]]
    top: int | None
    skip: int
    with_count: bool
    kept: Sequence[tuple[str, str]]


def read_query(options: QueryParams, kind: EntityType) -> Query:
    """Read the options of a call; those without a `$` are a client's own and are skipped.

    Raises:
        BadQuery: one is unknown or malformed, or names a property that the type does not have.
    """
    for name in options:
        if name.startswith("$") and name not in _OPTIONS:
            raise BadQuery(f"The sandbox does not imitate the option {quoted(name)}.")
    text = options.get("$filter", "")
    return Query(
        matches=_Filter(text, kind).read() if text.strip() else lambda _values: True,
        select=_names(options.get("$select", ""), kind.properties, "$select"),
        expand=_names(options.get("$expand", ""), kind.navigation, "$expand", all_by_star=True),
        order=_order(options.get("$orderby", ""), kind),
        top=_number(options, "$top"),
        skip=_number(options, "$skip") or 0,
        with_count=options.get("$count", "").lower() == "true",
        kept=[(name, value) for name, value in options.multi_items() if name != "$skip"],
    )


def read_key(text: str, kind: EntityType) -> Mapping[str, str]:
    """Read the parentheses of a path: `Order='1'`, or the value alone."""
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _KEY_PART.match(text, position)
        if match is None:
            raise BadQuery(f"The key {quoted(text)} is not like {kind.keys[0]}='…'.")
        name = match[1] or (kind.keys[0] if len(kind.keys) == 1 else "")
        if name in found:
            raise BadQuery(f"The key names {quoted(name)} twice.")
        found[name] = _plain(match[2])
        position = match.end()
    if set(found) != set(kind.keys):
        raise BadQuery(f"The key names {', '.join(kind.keys)}, each once.")
    return found


def shown(values: EntityValues, query: Query, kind: EntityType) -> dict[str, Any]:
    """Return an entity with the selected properties and the expanded navigation properties."""
    names = query.select or kind.properties
    own = {name: values.get(name) for name in kind.properties if name in names}
    return {**own, **{name: values.get(name, []) for name in query.expand}}


def _names(
    text: str, known: Mapping[str, object], option: str, *, all_by_star: bool = False
) -> list[str]:
    names = [each.strip() for each in text.split(",") if each.strip()]
    if "*" in names:
        return list(known) if all_by_star else []
    for name in names:
        if name not in known:
            raise BadQuery(
                f"{option} names {quoted(name)}; there are {', '.join(known) or 'none'}."
            )
    return names


def _order(text: str, kind: EntityType) -> list[tuple[str, bool]]:
    found = []
    for part in (each.split() for each in text.split(",") if each.strip()):
        direction = part[1].lower() if len(part) > 1 else "asc"
        if len(part) > 2 or direction not in ("asc", "desc") or part[0] not in kind.properties:
            raise BadQuery(f"$orderby {quoted(' '.join(part))} names no property and direction.")
        found.append((part[0], direction == "desc"))
    return found


def _number(options: QueryParams, name: str) -> int | None:
    text = options.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise BadQuery(f"{name} is a whole number, not {quoted(text)}.")
    return int(text)


def _plain(text: str) -> str:
    return text[1:-1].replace("''", "'") if text.startswith("'") else text


class _Filter:
    """Reads a `$filter` from left to right."""

    def __init__(self, text: str, kind: EntityType) -> None:
        if len(text) > _MAX_LENGTH:
            raise BadQuery("The $filter is too long.")
        self._text = text
        self._kind = kind
        self._tokens = list(self._split())
        self._position = 0

    def read(self) -> Condition:
        condition = self._any(0)
        if self._position != len(self._tokens):
            raise self._unreadable()
        return condition

    def _split(self) -> list[tuple[str, str]]:
        found, position, end = [], 0, len(self._text.rstrip())
        while position < end:
            match = _TOKEN.match(self._text, position)
            if match is None:
                raise self._unreadable()
            kind = match.lastgroup or ""
            found.append((kind, match[kind]))
            position = match.end()
        return found

    def _any(self, depth: int) -> Condition:
        parts = [self._all(depth)]
        while self._next_is("or"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else lambda values: any(each(values) for each in parts)

    def _all(self, depth: int) -> Condition:
        parts = [self._one(depth)]
        while self._next_is("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else lambda values: all(each(values) for each in parts)

    def _one(self, depth: int) -> Condition:
        if depth > _MAX_DEPTH:
            raise BadQuery("The $filter is nested too deeply.")
        if self._next_is("not"):
            inner = self._one(depth + 1)
            return lambda values: not inner(values)
        if self._next_is("("):
            inner = self._any(depth + 1)
            self._expect(")")
            return inner
        word = self._take("word")
        if word.lower() in _FUNCTIONS and self._next_is("("):
            return self._call(_FUNCTIONS[word.lower()])
        return self._comparison(self._property(word))

    def _call(self, function: Callable[[str, str], bool]) -> Condition:
        name = self._property(self._take("word"))
        self._expect(",")
        part = _plain(self._take("text"))
        self._expect(")")
        return lambda values: function(str(values.get(name) or ""), part)

    def _comparison(self, name: str) -> Condition:
        compare = _COMPARISONS.get(self._take("word").lower())
        if compare is None:
            raise self._unreadable()
        wanted = self._literal(name)
        if wanted is None:
            return lambda values: compare(values.get(name) is None, True)

        def met(values: EntityValues) -> bool:
            value = values.get(name)
            return value is not None and compare(value, wanted)

        return met

    def _literal(self, name: str) -> Any:
        if self._position == len(self._tokens):
            raise self._unreadable()
        kind, text = self._tokens[self._position]
        self._position += 1
        if kind == "word" and text.lower() == "null":
            return None
        is_number = self._kind.properties[name] in (Kind.INTEGER, Kind.NUMBER)
        if is_number != (kind == "number") or kind not in ("text", "enum", "date", "number"):
            raise BadQuery(f"{quoted(text)} is of another type than {name}.")
        if kind == "number":
            return float(text)
        # An enumeration's value: the namespace before it says no more than the property does.
        return _plain(text[text.index("'") :]) if kind == "enum" else _plain(text)

    def _property(self, name: str) -> str:
        if name not in self._kind.properties:
            raise BadQuery(f"{self._kind.name} has no property {quoted(name)}.")
        return name

    def _next_is(self, word: str) -> bool:
        is_next = (
            self._position < len(self._tokens)
            and self._tokens[self._position][0] in ("word", "mark")
            and self._tokens[self._position][1].lower() == word
        )
        self._position += is_next
        return is_next

    def _expect(self, mark: str) -> None:
        if not self._next_is(mark):
            raise self._unreadable()

    def _take(self, kind: str) -> str:
        if self._position == len(self._tokens) or self._tokens[self._position][0] != kind:
            raise self._unreadable()
        self._position += 1
        return self._tokens[self._position - 1][1]

    def _unreadable(self) -> BadQuery:
        return BadQuery(f"The $filter {quoted(self._text)} is not like Name eq 'Acme'.")
