from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionport.mappings.grammars.edits import (
    Edit,
    add_item,
    add_line,
    apply_edits,
    remove_line,
    remove_repeated_item,
    rename_key,
    set_value,
    with_values,
)
from ionport.mappings.grammars.properties import parse_properties

TEXT = "\ufeff# top \r\n  A = a , b,a \r\n\r\nB=\u2028x\nC="
_TEXTS = st.text(st.sampled_from("ab=#, \t\r\n\u2028\ufeffX"), max_size=80)


def test_each_edit_leaves_every_other_sign_alone() -> None:
    properties = parse_properties(TEXT)
    a, b, c = (properties.by_key[key] for key in "ABC")
    for edit, expected in (
        (set_value(b, "y"), TEXT.replace("B=\u2028x", "B=\u2028y" if b.value == "x" else "B=y")),
        (set_value(c, "z"), TEXT + "z"),
        (rename_key(a, "AA"), TEXT.replace("  A =", "  AA =")),
        (add_line(properties, 2, "D=1"), TEXT.replace("b,a \r\n", "b,a \r\nD=1\r\n")),
        (add_line(properties, c.line, "D=1"), TEXT + "\r\nD=1"),
        (remove_line(properties, b.line), TEXT.replace("B=\u2028x\n", "")),
        (remove_line(properties, c.line), TEXT.removesuffix("C=")),
        (add_item(a, "c"), TEXT.replace("b,a \r", "b,a,c \r")),
        (add_item(c, "c"), TEXT + "c"),
        (remove_repeated_item(a, "a"), TEXT.replace("b,a \r", "b \r")),
    ):
        assert apply_edits(TEXT, [edit]) == expected


def test_several_edits_are_made_at_once_and_none_over_another() -> None:
    properties = parse_properties(TEXT)
    edits = [remove_line(properties, 2), add_line(properties, 2, "D=1")]
    with pytest.raises(ValueError, match="overlap"):
        apply_edits(TEXT, edits)
    edits = [set_value(properties.by_key["C"], "3"), remove_line(properties, 2)]
    assert apply_edits(TEXT, edits) == TEXT.replace("  A = a , b,a \r\n", "") + "3"


def test_a_place_outside_the_text_is_refused() -> None:
    for edit in (Edit(9, 1, 9, 1, ""), Edit(1, 99, 1, 99, ""), Edit(0, 1, 0, 1, "")):
        with pytest.raises(ValueError, match="no place"):
            apply_edits(TEXT, [edit])
    with pytest.raises(ValueError, match="one line"):
        set_value(parse_properties(TEXT).by_key["B"], "a\nb")


@given(_TEXTS, st.text(st.sampled_from("abX"), max_size=5))
def test_another_value_is_read_back_and_the_rest_stays(text: str, value: str) -> None:
    before = parse_properties(text)
    for key in before.by_key:
        after = parse_properties(with_values(text, {key: value}))
        assert after.get(key) == value
        assert {k: v.value for k, v in after.by_key.items() if k != key} == {
            k: v.value for k, v in before.by_key.items() if k != key
        }
