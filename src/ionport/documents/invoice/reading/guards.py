"""The conditions in the paths of the table: parsed once, asked of elements while reading."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from lxml import etree

Guard: TypeAlias = Callable[[Any, str], bool]
"""Takes an lxml element and the invoice's currency."""

_CLAUSE = re.compile(r"(not )?([\w:@/.*]+)(?:(!?=)'([^']*)')?")
_STEP = re.compile(r"([^\[\]/]+)((?:\[[^\]]*\])*)")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: an element's name in Clark notation, `..`, `.` or `@name`."""

    name: str
    conditions: str
    guard: Guard | None


class PathError(Exception):
    """A path of the table that cannot be understood: a mistake in the table."""


def steps(path: str, namespaces: Mapping[str, str]) -> tuple[Step, ...]:
    """Return the steps of one path."""
    found = []
    at = 0
    for match in _STEP.finditer(path):
        if path[at : match.start()] not in ("", "/"):
            raise PathError(path)
        at = match.end()
        conditions = match[2]
        found.append(Step(_name(match[1], namespaces), conditions, _guard(conditions, namespaces)))
    if at != len(path) or not found:
        raise PathError(path)
    return tuple(found)


def find(
    element: etree._Element, path: tuple[Step, ...], currency: str
) -> Iterator[etree._Element]:
    """Yield the elements at `path` from `element`; the path names no attribute."""
    if not path:
        yield element
        return
    step, rest = path[0], path[1:]
    if step.name == "..":
        parent = element.getparent()
        if parent is not None:
            yield from find(parent, rest, currency)
        return
    for child in element.iterchildren(None if step.name == "*" else step.name):
        if step.guard is None or step.guard(child, currency):
            yield from find(child, rest, currency)


def _name(name: str, namespaces: Mapping[str, str]) -> str:
    prefix, colon, local = name.removeprefix("@").rpartition(":")
    if not colon:
        return name
    return f"{{{namespaces[prefix]}}}{local}"


def _guard(conditions: str, namespaces: Mapping[str, str]) -> Guard | None:
    if not conditions:
        return None
    guards = [_condition(text, namespaces) for text in conditions[1:-1].split("][")]
    if len(guards) == 1:
        return guards[0]
    return lambda element, currency: all(guard(element, currency) for guard in guards)


def _condition(text: str, namespaces: Mapping[str, str]) -> Guard:
    named = _NAMED.get(text)
    if named is not None:
        return named
    clauses = [_clause(clause, namespaces) for clause in text.split(" or ")]
    if len(clauses) == 1:
        return clauses[0]
    return lambda element, currency: any(clause(element, currency) for clause in clauses)


def _clause(text: str, namespaces: Mapping[str, str]) -> Guard:
    match = _CLAUSE.fullmatch(text)
    if match is None:
        raise PathError(text)
    is_negated, path, sign, values = match.groups()
    if sign is None:
        return _there(steps(path, namespaces), wanted=is_negated is None)
    return _compared(path, namespaces, frozenset(values.split("|")), wanted=sign == "=")


def _there(path: tuple[Step, ...], *, wanted: bool) -> Guard:
    def guard(element: etree._Element, currency: str) -> bool:
        return any(True for _element in find(element, path, currency)) is wanted

    return guard


def _compared(
    path: str, namespaces: Mapping[str, str], values: frozenset[str], *, wanted: bool
) -> Guard:
    if path.startswith("@"):
        attribute = path[1:]
        return lambda element, _currency: (
            ((element.get(attribute) or "").strip() in values) is wanted
        )
    parsed = steps(path, namespaces)

    def guard(element: etree._Element, currency: str) -> bool:
        found = next(find(element, parsed, currency), None)
        text = "" if found is None else (found.text or "").strip()
        return (text in values) is wanted

    return guard


def _is_own_currency(element: etree._Element, currency: str) -> bool:
    code = element.get("currencyID")
    return code is None or code.strip() == currency


def _is_other_currency(element: etree._Element, currency: str) -> bool:
    return not _is_own_currency(element, currency)


def _is_own_breakdown(element: etree._Element, currency: str) -> bool:
    """Tell whether the VAT total above a breakdown is in the invoice's currency."""
    for total in element.itersiblings("{*}TaxAmount", preceding=True):
        return _is_own_currency(total, currency)
    return True


def _is_other_breakdown(element: etree._Element, currency: str) -> bool:
    return not _is_own_breakdown(element, currency)


_NAMED: Mapping[str, Guard] = {
    "own currency": _is_own_currency,
    "other currency": _is_other_currency,
    "own breakdown": _is_own_breakdown,
    "other breakdown": _is_other_breakdown,
}
