"""The tree of terms: what its look-ups find."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ionport.documents.invoice.model import Invoice, Kind
from ionport.documents.invoice.table import Syntax
from ionport.documents.invoice.tree import ROOT, Node


def _line(number: str, amount: str, *more: Node) -> Node:
    return Node("BG-25", children=[Node("BT-126", number), Node("BT-131", amount), *more])


def test_look_ups_find_terms_at_any_depth_in_order() -> None:
    tree = Node(ROOT, children=[Node("BT-1", "T-1"), _line("1", "10.00"), _line("2", "2.50")])
    assert [node.text for node in tree.all("BT-131")] == ["10.00", "2.50"]
    assert [line.value("BT-126") for line in tree.all("BG-25")] == ["1", "2"]
    assert (tree.value("BT-1"), tree.value("BT-2"), tree.first("BT-2")) == ("T-1", "", None)
    tree.append(_line("3", "1"))
    assert len(tree.all("BT-131")) == 3


def test_what_stands_in_a_group_that_does_not_count_is_found_through_it() -> None:
    sub = Node("BG-DEX-01", children=[Node("BT-126", "1.1"), Node("BT-131", "10.00")])
    tree = Node(ROOT, children=[_line("1", "10.00", sub)])
    assert [node.text for node in tree.all("BT-126")] == ["1"]
    (found,) = tree.all("BG-DEX-01")
    assert found.value("BT-126") == "1.1"
    assert [node.text for node in tree.walk() if node.term == "BT-126"] == ["1", "1.1"]


@pytest.mark.parametrize("reason", ["GROUP", "INFORMATION", "information"])
def test_subtotals_and_information_do_not_count_as_lines(reason: str) -> None:
    tree = Node(
        ROOT,
        children=[_line("1", "10.00", Node("BT-X-8", reason)), _line("1.1", "10.00")],
    )
    invoice = Invoice(Syntax.CII, Kind.INVOICE, "", tree)
    assert [line.value("BT-126") for line in invoice.lines] == ["1.1"]


def test_a_value_is_a_number_or_a_day_only_when_it_is_written_as_one() -> None:
    assert Node("BT-131", "-10.50").decimal == Decimal("-10.50")
    for text in ("1,5", "1e3", "NaN", "", "1" * 29, "\u0661"):
        assert Node("BT-131", text).decimal is None, text
    assert Node("BT-2", "2026-03-02").day == date(2026, 3, 2)
    for text in ("2026-02-30", "20260302", "soon", ""):
        assert Node("BT-2", text).day is None, text
