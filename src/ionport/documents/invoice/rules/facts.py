"""Values of one invoice that several rules use, computed once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from functools import cache, cached_property

from ionport.documents.amounts import EXACT, total
from ionport.documents.invoice.corrections import BY_HAND
from ionport.documents.invoice.model import Invoice
from ionport.documents.invoice.rules.plans import Shape
from ionport.documents.invoice.table import Syntax
from ionport.documents.invoice.tree import DATES, NUMBERS, Node

ZERO = Decimal(0)
ONE = Decimal(1)
CENT = Decimal("0.01")
HUNDRED = Decimal(100)
_HALF = Decimal("0.5")


class Facts:
    """An invoice as the rules see it. `today` is the day of the check."""

    def __init__(self, invoice: Invoice, today: date) -> None:
        self.invoice = invoice
        self.tree = invoice.tree
        self.today = today
        self.is_by_hand = invoice.profile == BY_HAND
        self.is_cii = invoice.syntax in (Syntax.CII, Syntax.ZUGFERD_1)

    @cached_property
    def lines(self) -> Sequence[Node]:
        """The lines that count (BG-25)."""
        return self.invoice.lines

    @cached_property
    def is_extended(self) -> bool:
        """Whether the rules of the profile EXTENDED run."""
        return "extended" in self.invoice.profile.lower()

    @cached_property
    def nodes(self) -> Sequence[Node]:
        """Every node of the tree, parents before children."""
        return self.tree.nodes()

    @cached_property
    def dates(self) -> Sequence[Node]:
        """Every date of the tree that has a text."""
        return [node for node in self.nodes if node.term in DATES and node.text]

    @cached_property
    def numbers(self) -> Sequence[Node]:
        """Every number of the tree that has a text."""
        return [node for node in self.nodes if node.term in NUMBERS and node.text]

    @cached_property
    def currencies(self) -> frozenset[str]:
        """The currencies that amounts of the tree name, and ``""``."""
        return frozenset([node.currency for node in self.nodes])

    def group(self, term: str) -> Sequence[Node]:
        """Return all `term`; of the lines only those that count."""
        return self.lines if term == "BG-25" else self.tree.all(term)

    @cached_property
    def shape(self) -> Shape:
        """Which terms the invoice has."""
        return Shape(self.tree)

    def has(self, terms: str) -> bool:
        """Tell whether one of `terms` (`BT-97|BT-98`) is there: a group, or a value not blank."""
        return not self.shape.filled.isdisjoint(terms.split("|"))

    def amount(self, term: str) -> Decimal | None:
        """Return the first number of `term` in the invoice, None for none."""
        return amount(self.tree, term)

    def sum_of(self, nodes: Iterable[Node], term: str) -> Decimal:
        """Return the exact sum of the first `term` below each node; what is missing counts 0."""
        return total(amount(node, term) or ZERO for node in nodes)

    def parts(self) -> Iterator[tuple[str, str, str, str, Decimal]]:
        """Yield (group, category term, rate term, amount term, sign) of what a VAT base sums."""
        yield "BG-25", "BT-151", "BT-152", "BT-131", ONE
        yield "BG-21", "BT-102", "BT-103", "BT-99", ONE
        yield "BG-20", "BT-95", "BT-96", "BT-92", -ONE
        yield "BG-X-42", "BT-X-273", "BT-X-274", "BT-X-272", ONE

    @cached_property
    def part_count(self) -> int:
        """How many lines, allowances, charges and logistics charges there are."""
        return sum(len(self.group(group)) for group, *_ in self.parts())

    @cached_property
    def categories(self) -> frozenset[str]:
        """The VAT categories of lines, allowances and charges."""
        return frozenset(
            node.value(category)
            for group, category, *_ in self.parts()
            for node in self.group(group)
        )


def has(node: Node, terms: str) -> bool:
    """Tell whether one of `terms` (`BT-97|BT-98`) stands below `node`, not blank if a value."""
    for term, is_group in _parts_of(terms):
        for found in node.all(term):
            if found.text or (is_group and found.children):
                return True
    return False


@cache
def _parts_of(terms: str) -> tuple[tuple[str, bool], ...]:
    return tuple((term, term.startswith("BG-")) for term in terms.split("|"))


def amount(node: Node, term: str) -> Decimal | None:
    """Return the number of the first `term` below `node` that has one."""
    for found in node.all(term):
        if (number := found.decimal) is not None:
            return number
    return None


def cents(value: Decimal) -> Decimal:
    """Round to two decimals as XPath's `round` does: halves go up, also below zero."""
    if not value:
        return ZERO
    scaled = EXACT.add(EXACT.multiply(value, HUNDRED), _HALF)
    return EXACT.divide(scaled.to_integral_value(rounding=ROUND_FLOOR, context=EXACT), HUNDRED)


def whole(value: Decimal) -> Decimal:
    """Round to a whole number, halves up."""
    return EXACT.add(value, _HALF).to_integral_value(rounding=ROUND_FLOOR, context=EXACT)


def decimals(written: str) -> int:
    """Return the number of characters behind the decimal point."""
    return len(written.strip().partition(".")[2])
