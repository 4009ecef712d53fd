"""Queries for IDM: nothing that a value says becomes a part of the query."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionport.ionapi import ItemQuery, RequestRefused, exact_match
from ionport.sandbox.idm.query.model import Comparison, Every, Path, Some
from ionport.sandbox.idm.query.parser import parse_query
from tests.support.examples import example_count

TEXT = st.text(max_size=40)


def test_each_method_adds_its_condition() -> None:
    query = (
        ItemQuery("Invoice")
        .where("@A", "=", 'say "x"')
        .where("B", ">=", "2026-01-01")
        .like("C", "RE-%")
        .one_of("D", ["1", "2"])
        .given("E")
        .missing("F")
        .sorted_by("A")
        .sorted_by("B", descending=True)
    )
    assert str(query) == (
        '/Invoice[@A = "say ""x""" AND @B >= "2026-01-01" AND @C LIKE "RE-%"'
        ' AND (@D = "1" OR @D = "2") AND @E IS NOT NULL AND @F IS NULL]'
        " SORTBY(@A ASCENDING, @B DESCENDING)"
    )
    assert str(ItemQuery("Invoice")) == "/Invoice" == exact_match("Invoice", {})


def test_a_query_stays_as_it_is_when_it_is_narrowed() -> None:
    every = ItemQuery("Invoice")
    every.where("A", "=", "1")
    assert str(every) == "/Invoice"


@given(TEXT, TEXT, st.lists(TEXT, min_size=2, max_size=4))
@settings(max_examples=example_count(100))
def test_any_value_is_read_as_the_value_that_was_given(
    equal: str, like: str, several: list[str]
) -> None:
    query = ItemQuery("Invoice").where("A", "=", equal).like("B", like).one_of("C", several)
    path = parse_query(str(query)).items
    assert isinstance(path, Path)
    assert isinstance(path.condition, Every)
    first, second, third = path.condition.conditions
    assert isinstance(first, Comparison)
    assert isinstance(second, Comparison)
    assert isinstance(third, Some)
    assert (first.value, second.value) == (equal, like)
    assert [each.value for each in third.conditions if isinstance(each, Comparison)] == several


@pytest.mark.parametrize("name", ["", "a b", 'a"', "1a", "a]/b", "@", "a" * 130])
def test_what_cannot_be_a_name_is_refused(name: str) -> None:
    query = ItemQuery("Invoice")
    for narrow in (
        lambda: ItemQuery(name),
        lambda: query.where(name, "=", "x"),
        lambda: query.like(name, "x"),
        lambda: query.given(name),
        lambda: query.sorted_by(name),
    ):
        with pytest.raises(RequestRefused, match="cannot be a name"):
            narrow()


def test_other_signs_and_no_values_are_refused() -> None:
    with pytest.raises(RequestRefused, match="none of the signs"):
        ItemQuery("Invoice").where("A", "OR 1 =", "x")
    with pytest.raises(RequestRefused, match="No value"):
        ItemQuery("Invoice").one_of("A", [])
