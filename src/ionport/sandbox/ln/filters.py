"""`Filter` and `Selection` of a list request (docs/reference/ln.md#soap).

Attributes are named `<service>.<attribute>` or by themselves. Comparisons of numbers are of
numbers, all others of texts; `like` takes `%` for any text: inferred.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lxml import etree

from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.ln.envelope import SoapCall, elements, first, local
from ionport.sandbox.ln.model import MAX_TEXT, NUMBER, Attribute, Kind, Values, refused
from ionport.sandbox.ln.wsdl import Entity, selection_names

Condition = Callable[[Values], bool]
Attributes = Mapping[str, Attribute]
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "le": operator.le,
    "lt": operator.lt,
    "ge": operator.ge,
    "gt": operator.gt,
    "ne": operator.ne,
    "eq": operator.eq,
}
_MAX_ELEMENTS = 500


@dataclass(frozen=True, slots=True)
class Selection:
    """Which attributes to show.

    Attributes:
        names: without the service's: `InvoiceDate`, `InvoiceTax.*`, or `*` for all of its own.
        is_all: everything, with all components.
    """

    names: frozenset[str]
    is_all: bool

    def has(self, component: str, attribute: str) -> bool:
        """Tell whether an attribute is to be shown; `component` is empty for the entity's own."""
        prefix = f"{component}." if component else ""
        return self.is_all or not self.names.isdisjoint((f"{prefix}{attribute}", f"{prefix}*"))


def read_selection(call: SoapCall, entity: Entity) -> Selection:
    """Return the attributes that a request selects; all of them when it says nothing.

    Raises:
        RequestRefused: an attribute that the entity does not have.
    """
    found = _area_child(call, "Selection")
    names = frozenset((each.text or "").strip() for each in elements(found))
    prefix = f"{call.service}."
    short = frozenset(name.removeprefix(prefix) for name in names)
    known = {name.removeprefix(prefix) for name in selection_names(call.service, entity)}
    for name in sorted(short - known):
        raise refused(f"The selection has the unknown selectionAttribute {quoted(name)}.")
    return Selection(short, not names or "*" in names)


def read_limit(call: SoapCall, most: int) -> int:
    """Return how many entities a list may have: `maxNumberOfObjects`, or `most`.

    Raises:
        RequestRefused: it is no whole number above 0.
    """
    found = _area_child(call, "maxNumberOfObjects")
    text = "" if found is None else (found.text or "").strip()
    if not text:
        return most
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise refused(f"maxNumberOfObjects is a whole number above 0, not {quoted(text)}.")
    return min(int(text), most)


def read_filter(call: SoapCall, attributes: Attributes) -> Condition:
    """Return the condition of a request's filter, which everything meets when there is none.

    Raises:
        RequestRefused: an unknown attribute or operator, or an expression that lacks a part.
    """
    found = _area_child(call, "Filter")
    expression = next(elements(found), None)
    if found is None or expression is None:
        return lambda _values: True
    if sum(1 for _each in found.iter(tag=etree.Element)) > _MAX_ELEMENTS:
        raise refused("The filter has too many expressions.")
    return _read_expression(expression, call.service, attributes)


def _area_child(call: SoapCall, name: str) -> etree._Element | None:
    """Return that child of the ControlArea, or of the DataArea: which of them is not known."""
    found = first(first(call.request, "ControlArea"), name)
    return found if found is not None else first(first(call.request, "DataArea"), name)


def _read_expression(element: etree._Element, service: str, attributes: Attributes) -> Condition:
    if local(element) == "ComparisonExpression":
        return _read_comparison(element, service, attributes)
    if local(element) != "LogicalExpression":
        raise refused(f"{quoted(local(element))} is no expression.")
    parts = [
        _read_expression(child, service, attributes)
        for child in elements(element)
        if local(child) != "logicalOperator"
    ]
    how = first(element, "logicalOperator")
    joined = {"and": all, "or": any}.get("" if how is None else (how.text or "").strip())
    if joined is None or not parts:
        raise refused("A LogicalExpression has a logicalOperator, and or or, and expressions.")
    return lambda values: joined(part(values) for part in parts)


def _read_comparison(element: etree._Element, service: str, attributes: Attributes) -> Condition:
    parts = {local(child): (child.text or "").strip() for child in elements(element)}
    name = parts.get("attributeName", "").removeprefix(f"{service}.")
    attribute = attributes.get(name)
    if attribute is None:
        raise refused("The filter has no known attributeName.")
    if "instanceValue" not in parts and "emptyValue" not in parts:
        raise refused("The comparison has no instanceValue.")
    how, value = parts.get("comparisonOperator", ""), parts.get("instanceValue", "")
    if len(value) > MAX_TEXT:
        raise refused(f"An instanceValue has at most {MAX_TEXT} characters.")
    if how == "like":
        return lambda values: _is_like(values.get(name, ""), value)
    compare = _COMPARISONS.get(how)
    if compare is None:
        raise refused(f"{quoted(how)} is no comparison operator.")
    convert = _number if attribute.kind in (Kind.INTEGER, Kind.NUMBER) else str
    wanted = convert(value)
    return lambda values: compare(convert(values.get(name, "")), wanted)


def _is_like(text: str, pattern: str) -> bool:
    """Tell whether a text matches a pattern in which `%` stands for any text."""
    first, *others = pattern.split("%")
    if not others:
        return text == pattern
    *between, last = others
    if not text.startswith(first):
        return False
    position = len(first)
    for part in between:
        found = text.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return len(text) - len(last) >= position and text.endswith(last)


def _number(text: str) -> Decimal:
    if text and not NUMBER.fullmatch(text):
        raise refused(f"{quoted(text)} is not a number.")
    return Decimal(text or "0")
