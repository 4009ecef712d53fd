"""The tree of business terms of one invoice: values only, no reading.

A node is one occurrence of a term (BT-…) or a group of terms (BG-…) under the ids of `terms.tsv`.
What belongs to a term, such as its scheme identifier (BT-29-1), is a child of its node.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import cast

from lxml import etree

from ionport.documents.amounts import MAX_DIGITS
from ionport.documents.invoice.table import APART, terms

ROOT = ""
"""The term of a tree's root, which stands for the invoice itself."""

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
NUMBERS = frozenset(
    term.id
    for term in terms().values()
    if term.type in ("Amount", "Unit price", "Quantity", "Percentage")
)
"""The terms that are an amount, a price, a quantity or a percentage."""

DATES = frozenset(term.id for term in terms().values() if term.type == "Date")
"""The terms that are a day."""

_NONE: tuple[Node, ...] = ()
_DATE_SIGNS = 10
_REMEMBERED = 4096


# One invoice repeats rates, quantities and totals in many places, and each is read many times.
@lru_cache(_REMEMBERED)
def _number(text: str) -> Decimal | None:
    return Decimal(text) if _DECIMAL.fullmatch(text) else None


@lru_cache(_REMEMBERED)
def _day(text: str) -> date | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in the file: `Invoice/InvoiceLine[2]/ID`, and the line."""

    path: str
    line: int


class Node:
    """One occurrence of a term.

    `text` is the value as it is used: white space around it is gone, line breaks inside are
    spaces, a date is ISO 8601 and an indicator `true` or `false` wherever it is one. `written` is
    what the file says. `currency` is the amount's own `currencyID`, empty without one. `was` is the
    text before a person corrected it, empty for none; None when nobody has.
    """

    __slots__ = (
        "_element",
        "_index",
        "children",
        "currency",
        "term",
        "text",
        "was",
        "written",
    )
    _index: dict[str, list[Node]]
    """Made by the first look-up: most nodes never have one."""

    def __init__(
        self,
        term: str,
        text: str = "",
        written: str = "",
        currency: str = "",
        element: etree._Element | None = None,
        children: Iterable[Node] = (),
    ) -> None:
        self.term = term
        self.text = text
        self.written = written or text
        self.currency = currency
        self.children: list[Node] = [*children] if children else []
        self.was: str | None = None
        self._element = element

    def __repr__(self) -> str:
        return f"Node({self.term or 'invoice'!s}, {self.text!r}, {len(self.children)} children)"

    def __iter__(self) -> Iterator[Node]:
        return iter(self.children)

    def append(self, child: Node) -> None:
        """Add a child behind the others."""
        self.children.append(child)
        self.forget()

    def forget(self) -> None:
        """Forget what was looked up below this node, because nodes there were added or removed."""
        with suppress(AttributeError):
            del self._index

    def all(self, term: str) -> Sequence[Node]:
        """Return all `term` below this node, at any depth, in the order of the file.

        What stands inside a group that does not count (`table.APART`: sub lines, the VAT
        breakdown of the accounting currency, allowances of unknown direction) is not among them;
        it is found by asking for that group first, and then inside it.
        """
        try:
            return self._index.get(term, _NONE)
        except AttributeError:
            return self.index().get(term, _NONE)

    def index(self) -> Mapping[str, Sequence[Node]]:
        """Return what `all` finds, by term."""
        try:
            return self._index
        except AttributeError:
            index = self._index = {}
            _fill(index, self)
            return index

    def first(self, term: str) -> Node | None:
        """Return the first `term` below this node, or None."""
        found = self.all(term)
        return found[0] if found else None

    def value(self, term: str) -> str:
        """Return the text of the first `term` below this node that has one, or ``""``."""
        for node in self.all(term):
            if node.text:
                return node.text
        return ""

    def walk(self) -> Iterator[Node]:
        """Yield every node below this one, parents before children, apart groups too."""
        yield from self.nodes()

    def nodes(self) -> list[Node]:
        """Return what `walk` yields."""
        found: list[Node] = []
        _gather(found, self)
        return found

    @property
    def is_number(self) -> bool:
        """Whether the term is an amount, a price, a quantity or a percentage."""
        return self.term in NUMBERS

    @property
    def is_date(self) -> bool:
        """Whether the term is a day."""
        return self.term in DATES

    @property
    def decimal(self) -> Decimal | None:
        """The number, or None when the text is no decimal number of up to 28 signs."""
        text = self.text
        return _number(text) if len(text) <= MAX_DIGITS else None

    @property
    def day(self) -> date | None:
        """The calendar day, or None when the text is no date."""
        text = self.text
        return _day(text) if len(text) == _DATE_SIGNS else None

    @property
    def is_true(self) -> bool:
        """Whether an indicator is set."""
        return self.text == "true"

    @property
    def place(self) -> Place | None:
        """Where the value stands; None for a node that was not read from a file."""
        if self._element is None:
            return None
        return place_of(self._element)


class AttributeNode(Node):
    """A term that a file writes as an attribute of an element."""

    __slots__ = ("_name",)

    def __init__(
        self, term: str, text: str, written: str, element: etree._Element, name: str
    ) -> None:
        super().__init__(term, text, written, "", element)
        self._name = name

    @property
    def place(self) -> Place | None:
        """Where the attribute stands."""
        return None if self._element is None else place_of(self._element, self._name)


class Places:
    """Finds the places of elements; looks through the children of an element once."""

    def __init__(self) -> None:
        self._indexes: dict[tuple[etree._Element, str], dict[etree._Element, int]] = {}

    def of(self, element: etree._Element, attribute: str = "") -> Place:
        """Return the path of `element` for people, and its line (0 = unknown)."""
        steps: list[str] = []
        node: etree._Element | None = element
        while node is not None:
            parent = node.getparent()
            steps.append(etree.QName(node).localname + self._index(parent, node))
            node = parent
        path = "/".join(reversed(steps)) + (f"/@{attribute}" if attribute else "")
        return Place(path, cast("int | None", element.sourceline) or 0)

    def _index(self, parent: etree._Element | None, node: etree._Element) -> str:
        if parent is None:
            return ""
        numbers = self._indexes.get((parent, node.tag))
        if numbers is None:
            numbers = {
                sibling: n for n, sibling in enumerate(parent.iterchildren(node.tag), start=1)
            }
            self._indexes[parent, node.tag] = numbers
        return f"[{numbers[node]}]" if len(numbers) > 1 else ""


def place_of(element: etree._Element, attribute: str = "") -> Place:
    """Return where one element stands."""
    return Places().of(element, attribute)


def _gather(found: list[Node], node: Node) -> None:
    for child in node.children:
        found.append(child)
        if child.children:
            _gather(found, child)


def _fill(index: dict[str, list[Node]], node: Node) -> None:
    for child in node.children:
        term = child.term
        if term in index:
            index[term].append(child)
        else:
            index[term] = [child]
        if child.children and term not in APART:
            _fill(index, child)
