"""Values of an invoice by the ids of its terms, as mapping files may name them (`BT-13`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from ionport.documents.invoice.model import Invoice
from ionport.documents.invoice.table import APART, terms
from ionport.documents.invoice.tree import Node

_LINES: Final = "BG-25"
_BETWEEN: Final = "; "
# A group has no value of its own, and an attached file is no text.
_WITHOUT_TEXT: Final = frozenset({"Group", "Binary object"})


@dataclass(frozen=True, slots=True)
class NamedTerms:
    """Term id → value: of the invoice as a whole, and of each line that counts, in their order.

    What occurs several times is one text with `; ` between, in the order of the file.
    """

    header: Mapping[str, str]
    lines: Sequence[Mapping[str, str]]


def named_terms(invoice: Invoice) -> NamedTerms:
    """Return every value of the invoice by its term."""
    return NamedTerms(_values(invoice.tree), [_values(line) for line in invoice.lines])


@cache
def header_terms() -> frozenset[str]:
    """The ids that stand for a value of the invoice as a whole."""
    return frozenset(term for term in _with_values() if not _is_of_line(term))


@cache
def line_terms() -> frozenset[str]:
    """The ids that stand for a value of a line."""
    return frozenset(term for term in _with_values() if _is_of_line(term))


def _with_values() -> list[str]:
    return [row.id for row in terms().values() if row.type not in _WITHOUT_TEXT]


def _is_of_line(term: str) -> bool:
    while term:
        if term == _LINES:
            return True
        row = terms().get(term)
        term = row.parent if row is not None else ""
    return False


def _values(node: Node) -> Mapping[str, str]:
    found: dict[str, list[str]] = {}
    _collect(node, found)
    return {term: _BETWEEN.join(texts) for term, texts in found.items()}


def _collect(node: Node, found: dict[str, list[str]]) -> None:
    for child in node:
        if child.term == _LINES or child.term in APART:
            continue
        if child.text and terms()[child.term].type not in _WITHOUT_TEXT:
            found.setdefault(child.term, []).append(child.text)
        _collect(child, found)
