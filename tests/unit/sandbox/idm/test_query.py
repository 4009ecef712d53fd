from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionport.core.errors import InvalidInput
from ionport.sandbox.idm.query.model import (
    Comparison,
    Every,
    Intersection,
    Not,
    Path,
    Query,
    Sign,
    Some,
    Sort,
    Union,
    comparisons_of,
    paths_of,
)
from ionport.sandbox.idm.query.parser import parse_query

_WORDS = {"AND", "OR", "NOT", "IS", "LIKE", "UNION", "INTERSECT", "SORTBY", "CONTAINS"}
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True).filter(
    lambda name: name.upper() not in _WORDS
)


def equal(name: str, value: str) -> Comparison:
    return Comparison(name, Sign.EQUAL, value)


def condition(text: str) -> object:
    items = parse_query(f"/E[{text}]").items
    assert isinstance(items, Path)
    return items.condition


def test_brackets_are_optional() -> None:
    assert parse_query(" /M3_SupplierInvoice ") == Query(Path("M3_SupplierInvoice"))


def test_spaces_are_optional_and_and_is_matched_in_any_case() -> None:
    expected = Query(Path("E", Every((equal("A", "x y"), equal("B", "")))))
    assert parse_query('/E[@A="x y"and@B=""]') == expected
    assert parse_query(" / E [ @ A = 'x y' AND @B = '' ] ") == expected


def test_a_quote_inside_is_doubled_or_of_the_other_kind() -> None:
    assert condition('@A = "a""b"') == equal("A", 'a"b')
    assert condition("@A = 'a\"b'") == equal("A", 'a"b')


def test_and_binds_before_or_and_brackets_before_both() -> None:
    a, b, c = equal("A", "1"), equal("B", "2"), equal("C", "3")
    assert condition('@A="1" OR @B="2" AND @C="3"') == Some((a, Every((b, c))))
    assert condition('(@A="1" OR @B="2") AND @C="3"') == Every((Some((a, b)), c))
    assert condition('NOT @A="1" AND NOT (@B="2")') == Every((Not(a), Not(b)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('@A != "x"', Comparison("A", Sign.NOT_EQUAL, "x")),
        ('@A <> "x"', Comparison("A", Sign.NOT_EQUAL, "x")),
        ('@A <= "2017-03-07"', Comparison("A", Sign.AT_MOST, "2017-03-07")),
        ("@A > -1.5", Comparison("A", Sign.MORE, "-1.5")),
        ("@A = true", equal("A", "true")),
        ('@A LIKE "x%"', Comparison("A", Sign.LIKE, "x%")),
        ('@A not like "x%"', Comparison("A", Sign.NOT_LIKE, "x%")),
        ("@A IS NULL", Comparison("A", Sign.IS_NULL)),
        ("@A IS NOT NULL ", Comparison("A", Sign.IS_NOT_NULL)),
        ('Multi/@Value = "x"', equal("Multi", "x")),
    ],
)
def test_a_comparison_in_each_of_its_forms(text: str, expected: Comparison) -> None:
    assert condition(text) == expected


def test_sets_of_items_are_joined_and_put_in_order() -> None:
    e, f, g = Path("E"), Path("F"), Path("G")
    assert parse_query("/E UNION /F union /G").items == Union((e, f, g))
    assert parse_query("(/E UNION /F) INTERSECT /G").items == Intersection((Union((e, f)), g))
    assert parse_query("/E UNION /F SORTBY(@LASTCHANGEDTS DESCENDING, @A)") == Query(
        Union((e, f)), (Sort("LASTCHANGEDTS", descending=True), Sort("A"))
    )


def test_a_text_search_looks_through_document_types() -> None:
    found = Comparison("", Sign.CONTAINS, "x")
    one = Path("E", Every((Every(), found)))
    assert parse_query('CONTAINS(/E, "x")').items == one
    both = Union((one, Path("F", Every((Every(), found)))))
    assert parse_query('(/E) INTERSECT CONTAINS(/E|/F, "x")').items == Intersection(
        (Path("E"), both)
    )


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
        ('/E[@A == "x"]', 8),
        ("/E[@A IS TRUE]", 10),
        ('/E[@A NOT = "x"]', 11),
        ('/E[A = "x"]', 6),
        ('/E[A/@Other = "x"]', 7),
        ("/E UNION", 9),
        ("/E SORTBY(A)", 12),
        ("/E]", 3),
        ("/E;", 3),
    ],
)
def test_an_unreadable_query_says_where(text: str, position: int) -> None:
    with pytest.raises(InvalidInput, match=f"position {position}:") as caught:
        parse_query(text)
    assert caught.value.code == "query_unreadable"


@pytest.mark.parametrize(
    "text",
    [
        "/E" + " " * 9000,
        "/E[" + " AND ".join(['@A = "x"'] * 51) + "]",
        " UNION ".join(["/E"] * 51),
        " UNION /F INTERSECT ".join(["/E"] * 200),
        "/E[" + "(" * 30 + '@A = "x"' + ")" * 30 + "]",
        "/E[" + "NOT " * 30 + '@A = "x"]',
        '/E[@A LIKE "' + "%x" * 21 + '"]',
        "/E SORTBY(" + ", ".join(["@A"] * 6) + ")",
    ],
)
def test_a_query_is_bounded(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_query(text)


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
    (path,) = paths_of(query.items)
    assert path.entity_name == entity
    assert [(c.attribute, c.value) for c in comparisons_of(path.condition)] == pairs


@given(st.text(max_size=80) | st.text("/E[]@A=\"' ANDORTULIKS()<>!,%", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        assert all(path.entity_name in text for path in paths_of(parse_query(text).items))
