from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionport.core.errors import InvalidInput
from ionport.sandbox.idm.query import Comparison, Query, parse_query

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True).filter(
    lambda name: name.upper() != "AND"
)


def test_brackets_are_optional() -> None:
    assert parse_query(" /M3_SupplierInvoice ") == Query("M3_SupplierInvoice", ())


def test_spaces_are_optional_and_and_is_matched_in_any_case() -> None:
    expected = Query("E", (Comparison("A", "x y"), Comparison("B", "")))
    assert parse_query('/E[@A="x y"and@B=""]') == expected
    assert parse_query(" / E [ @ A = 'x y' AND @B = '' ] ") == expected


def test_a_quote_inside_is_doubled_or_of_the_other_kind() -> None:
    assert parse_query('/E[@A = "a""b"]').comparisons == (Comparison("A", 'a"b'),)
    assert parse_query("/E[@A = 'a\"b']").comparisons == (Comparison("A", 'a"b'),)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 1),
        ("E", 1),
        ("/", 2),
        ("/E[", 4),
        ("/E[]", 4),
        ('/E[@A = "x"', 12),
        ("/E[@A = x]", 9),
        ('/E[@A = "x]', 9),
        ('/E[@A != "x"]', 7),
        ('/E[@A = "x" OR @B = "y"]', 13),
        ("/E[@A IS NOT NULL]", 7),
        ("/E UNION /F", 4),
        ("/E]", 3),
        ("/E;", 3),
    ],
)
def test_an_unreadable_query_says_where(text: str, position: int) -> None:
    with pytest.raises(InvalidInput, match=f"position {position}:") as caught:
        parse_query(text)
    assert caught.value.code == "query_unreadable"


def test_a_query_is_bounded() -> None:
    with pytest.raises(InvalidInput):
        parse_query("/E" + " " * 9000)
    with pytest.raises(InvalidInput):
        parse_query("/E[" + " AND ".join(['@A = "x"'] * 51) + "]")


@given(
    NAMES,
    st.lists(
        st.tuples(NAMES, st.text(st.characters(exclude_categories=("Cs",)), max_size=30)),
        max_size=5,
    ),
    st.sampled_from("\"'"),
)
def test_every_value_survives_quoting(
    entity: str, pairs: list[tuple[str, str]], quote: str
) -> None:
    written = " AND ".join(
        f"@{name} = {quote}{value.replace(quote, quote * 2)}{quote}" for name, value in pairs
    )
    query = parse_query(f"/{entity}[{written}]" if pairs else f"/{entity}")
    assert query.entity_name == entity
    assert [(c.attribute, c.value) for c in query.comparisons] == pairs


@given(st.text(max_size=80) | st.text("/E[]@A=\"' AND", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        assert parse_query(text).entity_name in text
