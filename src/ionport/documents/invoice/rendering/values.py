"""The texts of terms: a value with what belongs to it, a group as values under labels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache

from ionport.documents.invoice.attachments import decoded_size
from ionport.documents.invoice.codes import decimals_of
from ionport.documents.invoice.rendering.model import Fact
from ionport.documents.invoice.rendering.words import Words
from ionport.documents.invoice.table import terms
from ionport.documents.invoice.tree import Node

_UNITS = "Rec 20 / Rec 21"
# Values that the place on the page implies: that a tax is VAT, and whether an amount is a charge.
_TAX_KIND = re.compile(r"tax (?:type|scheme)(?: \(code\))?$", re.IGNORECASE)
_DIRECTION = re.compile(r"(?:allowance|charge|discount) indicator$", re.IGNORECASE)
_SHOWN_OF_NO_FILE = 200
_VAT = frozenset({"VAT", "VA"})
_ADDRESS = (
    ("line", re.compile(r"address line|street", re.IGNORECASE)),
    ("code", re.compile(r"post ?code", re.IGNORECASE)),
    ("city", re.compile(r"\bcity$", re.IGNORECASE)),
    ("region", re.compile(r"subdivision$", re.IGNORECASE)),
    ("country", re.compile(r"country(?: code)?$", re.IGNORECASE)),
)


def is_implied(node: Node) -> bool:
    """Tell whether a value's place implies it: a tax is VAT, a charge is one."""
    name = terms()[node.term].name
    if _DIRECTION.search(name):
        return node.text in ("true", "false")
    return bool(_TAX_KIND.search(name)) and node.text in _VAT


class Values:
    """Makes the texts of one invoice's terms; `currency` is the invoice's (BT-5)."""

    def __init__(self, words: Words, currency: str) -> None:
        self._words = words
        self._currency = currency

    def text(self, node: Node) -> str:
        """Return the value of a term with its unit, scheme and other parts."""
        own = self.own_text(node)
        parts: list[str] = []
        for child in node.children:
            if is_implied(child):
                continue
            if terms()[child.term].code_list == _UNITS:
                own = f"{own} {self._unit(child)}".strip()
            elif child.text:
                parts.append(self._part(child))
        return f"{own} ({'; '.join(parts)})".strip() if parts else own

    def amount(self, node: Node) -> str:
        """Return an amount with its currency."""
        text = self.own_text(node)
        has_currency = node.currency not in ("", self._currency) or not self._currency
        return text if has_currency else f"{text} {self._currency}"

    def fact(self, node: Node, label: str = "") -> Fact:
        """Return a term under its label."""
        return Fact(
            label or self._words.label(node.term), self.text(node), node.term, self.was(node)
        )

    def was(self, node: Node) -> str | None:
        """Return the text of a term before a person corrected it; None when nobody has."""
        return self.text(before(node)) if node.was else node.was

    def facts(self, group: Node, without: Collection[int] = ()) -> Iterator[Fact]:
        """Yield all values below a group; `without`: the ids of nodes shown elsewhere.

        A group inside that there is once is dissolved; one of several is one text.
        """
        yield from self.of(sorted(group.children, key=_rank), without)

    def of(self, nodes: Iterable[Node], without: Collection[int] = ()) -> Iterator[Fact]:
        """Yield the values of nodes that stand beside each other."""
        nodes = [node for node in nodes if id(node) not in without]
        counts = Counter(node.term for node in nodes)
        for node in nodes:
            if not terms()[node.term].is_group:
                if (node.text or node.children) and not is_implied(node):
                    yield self.fact(node)
            elif (address := self._address(node, without)) is not None:
                yield address
            elif counts[node.term] == 1 and not terms()[node.term].is_repeatable:
                yield from self.facts(node, without)
            elif text := self.in_one_line(self.facts(node, without)):
                yield Fact(self._words.label(node.term), text, node.term)

    def in_one_line(self, facts: Iterable[Fact]) -> str:
        """Return values with their labels as one text."""
        return "; ".join(f"{fact.label}: {fact.text}" for fact in facts)

    def own_text(self, node: Node) -> str:
        """Return the value of a term alone."""
        term, text = terms()[node.term], node.text
        if term.type == "Binary object":
            return self._size(text)
        if term.type == "Date" and (day := node.day) is not None:
            return self._words.date(day)
        if term.type == "Indicator" and text in ("true", "false"):
            return self._words.word("yes" if node.is_true else "no")
        if node.is_number:
            return self._number(node, term.type)
        if term.code_list and (name := self._words.code_name(term.code_list, text)):
            return f"{name} ({text})"
        if term.type == "Text" and "\n" in node.written.strip():
            return "\n".join(line.strip() for line in node.written.strip().splitlines())
        return text

    def _number(self, node: Node, kind: str) -> str:
        value = node.decimal
        if value is None:
            return node.text
        if kind == "Percentage":
            return f"{self._words.number(value)} %"
        if kind == "Quantity":
            return self._words.number(value)
        currency = node.currency or self._currency
        text = self._words.number(value, decimals_of(currency))
        return text if currency == self._currency else f"{text} {currency}"

    def _size(self, encoded: str) -> str:
        size = decoded_size(encoded)
        if size is None:
            return encoded[:_SHOWN_OF_NO_FILE]
        return f"{self._words.number(Decimal(size))} bytes" if encoded else ""

    def _unit(self, node: Node) -> str:
        name = self._words.code_name(_UNITS, node.text)
        return f"{name} ({node.text})" if name else node.text

    def _part(self, node: Node) -> str:
        text = self.text(node)
        label = self._words.label(node.term)
        if label != self._words.label("BT-29-1"):
            return f"{label}: {text}"
        name = self._words.code_name(terms()[node.term].code_list, node.text)
        return f"{node.text} {name}".strip()

    def _address(self, group: Node, without: Collection[int]) -> Fact | None:
        if "address" not in terms()[group.term].name.lower():
            return None
        found: dict[str, list[str]] = {}
        for node in group.children:
            part = _address_part(node)
            if part is None or node.children or id(node) in without:
                return None
            found.setdefault(part, []).append(self.own_text(node))
        town = " ".join([*found.get("code", ()), *found.get("city", ())])
        rows = [*found.get("line", ()), town, *found.get("region", ()), *found.get("country", ())]
        return Fact(self._words.label(group.term), "\n".join(filter(None, rows)), group.term)


def before(node: Node) -> Node:
    """Return a term as it was before a person corrected it."""
    return Node(node.term, node.was or "", "", node.currency, None, node.children)


def _rank(node: Node) -> tuple[int, int]:
    """Order what stands in a group: its name, its address, then as in the table."""
    name, places = terms()[node.term].name.lower(), _places()
    if name.endswith(" name") and not name.endswith("account name"):
        return 0, places[node.term]
    is_address = name.endswith(" address") and terms()[node.term].is_group
    return 1 if is_address else 2, places[node.term]


@cache
def _places() -> Mapping[str, int]:
    return {term: place for place, term in enumerate(terms())}


def _address_part(node: Node) -> str | None:
    name = terms()[node.term].name
    return next((part for part, pattern in _ADDRESS if pattern.search(name)), None)
