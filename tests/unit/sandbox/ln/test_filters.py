"""Filters and selections of LN's lists (docs/reference/ln.md#soap)."""

from __future__ import annotations

import pytest

from ionport.sandbox.ln.envelope import read_call
from ionport.sandbox.ln.filters import read_filter, read_selection
from ionport.sandbox.ln.model import HEADER, LINES, SHOWN
from ionport.sandbox.ln.wsdl import Entity
from tests.support.soap import SERVICE, request

ENTITY = Entity((SHOWN, HEADER), LINES)


def matches(how: str, name: str, wanted: str, **values: str) -> bool:
    control = (
        f"<Filter><ComparisonExpression><comparisonOperator>{how}</comparisonOperator>"
        f"<attributeName>{name}</attributeName>{wanted}</ComparisonExpression></Filter>"
    )
    call = read_call(SERVICE, request("List", "", control=control).encode())
    return read_filter(call, HEADER.attributes)(values)


def value(text: str) -> str:
    return f"<instanceValue>{text}</instanceValue>"


@pytest.mark.parametrize(
    ("pattern", "text", "is_like"),
    [
        ("R-1", "R-1", True),
        ("R-1", "R-10", False),
        ("R-%", "R-10", True),
        ("%10", "R-10", True),
        ("%-%0", "R-10", True),
        ("R%0%0", "R-10", False),
        ("%", "", True),
        ("a%a", "a", False),
        ("%a%", "bab", True),
        ("R.1", "R-1", False),
        ("%a" * 60, "a" * 250 + "b", False),
    ],
)
def test_like_takes_a_percent_sign_for_any_text(pattern: str, text: str, is_like: bool) -> None:
    assert matches("like", "Reference", value(pattern), Reference=text) is is_like


@pytest.mark.parametrize(
    ("how", "expected"),
    [("lt", True), ("le", True), ("eq", False), ("ne", True), ("ge", False), ("gt", False)],
)
def test_numbers_are_compared_as_numbers_and_texts_as_texts(how: str, expected: bool) -> None:
    assert matches(how, "InvoiceAmount", value("10"), InvoiceAmount="9.5") is expected
    assert matches(how, "Reference", value("b"), Reference="a") is expected


def test_an_empty_value_finds_what_was_left_out() -> None:
    assert matches("eq", "Reference", "<emptyValue/>")
    assert not matches("eq", "Reference", "<emptyValue/>", Reference="x")
    assert matches("ne", f"{SERVICE}.Reference", "<emptyValue/>", Reference="x")


@pytest.mark.parametrize(
    ("selected", "own", "of_lines"),
    [
        ("", True, True),
        ("*", True, True),
        (f"{SERVICE}.*", True, False),
        (f"{SERVICE}.InvoiceAmount", True, False),
        ("InvoiceDate", False, False),
        ("InvoiceTax.*", False, True),
        (f"{SERVICE}.InvoiceTax.*", False, True),
        (f"{SERVICE}.InvoiceTax.TaxCode", False, True),
    ],
)
def test_a_selection_names_attributes_or_all_of_a_component(
    selected: str, own: bool, of_lines: bool
) -> None:
    name = f"<selectionAttribute>{selected}</selectionAttribute>"
    control = f"<Selection>{name}</Selection>" if selected else ""
    call = read_call(SERVICE, request("List", "", control=control).encode())
    selection = read_selection(call, ENTITY)
    assert selection.has("", "InvoiceAmount") is own
    assert selection.has("InvoiceTax", "TaxCode") is of_lines
