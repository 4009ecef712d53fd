"""Any tree of terms, written by the places of the table, is read as the same tree."""

from __future__ import annotations

import base64
import re
from collections import Counter
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ionport.documents.invoice.reading.reader import read_invoice
from ionport.documents.invoice.table import Syntax, Term, terms
from ionport.documents.invoice.tree import ROOT, Node
from tests.unit.documents.invoice.writing import CURRENCY, Writer, place_of

# Constants of a syntax and indicators, which the places of other terms depend on.
_CONSTANTS = re.compile(r".*-0|BG-2[0178]-1|BT-X-302-02|BT-3|BT-5|BT-81|BG-19")
# What tells of a price's discount or charge; whose the indicator beside it is, the amount says.
_BESIDE = dict.fromkeys(("BT-X-34", "BT-X-35", "BT-X-36", "BT-X-313"), "BT-147") | dict.fromkeys(
    ("BT-X-300", "BT-X-301", "BT-X-303", "BT-X-314"), "BT-X-302"
)
_TEXTS = st.text("abcXYZ019 -/&<\"'äß€", min_size=1, max_size=12).map(str.strip).filter(bool)
_NUMBERS = st.decimals(-(10**9), 10**9, places=2).map(str)
_DATES = st.dates().map(lambda day: day.isoformat())


@cache
def _writable(syntax: Syntax) -> dict[str, list[Term]]:
    """Return the rows that can be written, by parent."""
    children: dict[str, list[Term]] = {}
    reached = {ROOT}
    for term in terms().values():
        if term.parent in reached and place_of(term, syntax) and not term.like:
            reached.add(term.id)
            if not _CONSTANTS.fullmatch(term.id):
                children.setdefault(term.parent, []).append(term)
    return children


def _value(draw: st.DrawFn, term: Term, syntax: Syntax) -> Node:
    match term.type:
        case "Date":
            day = draw(_DATES)
            is_cii = place_of(term, syntax).endswith(("DateTimeString", "DateString"))
            return Node(term.id, day, day.replace("-", "") if is_cii else day)
        case "Indicator":
            return Node(term.id, draw(st.sampled_from(("true", "false"))))
        case "Amount" | "Unit price":
            return Node(term.id, draw(_NUMBERS), currency=draw(st.sampled_from(("", CURRENCY))))
        case "Quantity" | "Percentage":
            return Node(term.id, draw(_NUMBERS))
        case "Binary object":
            return Node(
                term.id, base64.b64encode(draw(st.binary(min_size=1, max_size=40))).decode()
            )
    return Node(term.id, draw(_TEXTS))


@st.composite
def _nodes(draw: st.DrawFn, parent: str, syntax: Syntax, most: int) -> list[Node]:
    """Return some terms below `parent`; a group has something in it."""
    rows = _writable(syntax).get(parent, [])
    made = []
    least = 1 if parent != ROOT and terms()[parent].is_group and rows else 0
    chosen = st.lists(
        st.sampled_from(rows), min_size=least, max_size=most, unique_by=lambda term: term.id
    )
    drawn = draw(chosen) if rows else []
    names = {term.id for term in drawn}
    for term in drawn:
        if _BESIDE.get(term.id, term.id) not in names:
            continue
        # The writer puts values into one wrapper, where what stands beside them is everyone's.
        is_repeated = term.is_repeatable and (term.is_group or "/" not in place_of(term, syntax))
        for _time in range(draw(st.integers(1, 2)) if is_repeated else 1):
            node = Node(term.id) if term.is_group else _value(draw, term, syntax)
            if term.id in _writable(syntax):
                for child in draw(_nodes(term.id, syntax, 3)):
                    node.append(child)
            made.append(node)
    return made


def _structure(node: Node) -> tuple[object, ...]:
    """Return all of a node; the order counts among nodes of one term only."""
    children = sorted(node.children, key=lambda child: child.term)
    return (node.term, node.text, node.written, node.currency, *map(_structure, children))


def _values(tree: Node) -> Counter[tuple[str, str, str]]:
    return Counter((node.term, node.text, node.currency) for node in tree.walk() if node.text)


@pytest.mark.parametrize("syntax", list(Syntax))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_tree_written_as_xml_is_read_as_the_same_tree(
    syntax: Syntax, data: st.DataObject
) -> None:
    tree = Node(ROOT, children=[Node("BT-5", CURRENCY), *data.draw(_nodes(ROOT, syntax, 8))])
    first = read_invoice(Writer(syntax).written(tree))
    assert _values(tree) - _values(first.tree) == Counter()
    assert first.not_understood == ()
    second = read_invoice(Writer(syntax).written(first.tree))
    assert _structure(second.tree) == _structure(first.tree)
