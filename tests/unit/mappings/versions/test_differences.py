"""Two texts of a mapping file are compared by line, and an edit keeps the ends of lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionport.mappings.versions.differences import Change, difference, with_line_ends

_LINES = st.lists(st.text(alphabet="ab=#", max_size=3), max_size=12)


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def test_a_changed_line_is_told_with_both_numbers_and_its_surroundings() -> None:
    old = _text([f"K{n}=v" for n in range(1, 21)])
    found = difference(old, old.replace("K10=v", "K10=w"), context=1)
    assert (found.added, found.removed) == (1, 1)
    assert [(line.change, line.old, line.new, line.text) for line in found.lines] == [
        (Change.LEFT_OUT, None, None, "8"),
        (Change.SAME, 9, 9, "K9=v"),
        (Change.REMOVED, 10, None, "K10=v"),
        (Change.ADDED, None, 10, "K10=w"),
        (Change.SAME, 11, 11, "K11=v"),
        (Change.LEFT_OUT, None, None, "9"),
    ]


def test_the_same_text_with_other_ends_of_lines_has_no_difference() -> None:
    assert difference("A=1\r\nB=2\r\n", "A=1\nB=2\n").lines == ()


def test_long_texts_of_equal_lines_are_compared_too() -> None:
    old = "#\r\n" * 19_000
    new = "first\n" + "#\n" * 18_000
    found = difference(old, new)
    assert found.added - found.removed == new.count("\n") - old.count("\n")
    assert with_line_ends(new, old) == new.replace("\n", "\r\n")


@given(_LINES, _LINES)
def test_a_difference_tells_each_line_that_came_or_went(old: list[str], new: list[str]) -> None:
    found = difference(_text(old), _text(new), context=50)
    if found.lines:
        assert [line.text for line in found.lines if line.old] == old
        assert [line.text for line in found.lines if line.new] == new
    else:
        assert old == new


@pytest.mark.parametrize(
    ("stored", "typed", "kept"),
    [
        ("A=1\r\nB=2\r\n", "A=1\nX=9\nB=2\n", "A=1\r\nX=9\r\nB=2\r\n"),
        ("A=1\nB=2\r\nC=3\n", "A=1\nB=2\nC=4\n", "A=1\nB=2\r\nC=4\n"),
        ("A=1\nB=2", "A=1\nB=2\n", "A=1\nB=2\n"),
        ("A=1\r\nB=2", "A=1\nB=3", "A=1\r\nB=3"),
        ("A=1\rB=2\r", "A=1\nB=2\n", "A=1\rB=2\r"),
        ("", "A=1\n", "A=1\n"),
    ],
)
def test_lines_keep_their_ends_though_a_form_sends_them_all_alike(
    stored: str, typed: str, kept: str
) -> None:
    assert with_line_ends(typed, stored) == kept


@given(st.lists(st.tuples(st.text(alphabet="ab", max_size=2), st.sampled_from(["\n", "\r\n"]))))
def test_a_text_that_was_not_edited_is_the_same_byte_for_byte(
    lines: list[tuple[str, str]],
) -> None:
    stored = "".join(text + end for text, end in lines)
    assert with_line_ends(stored.replace("\r\n", "\n"), stored) == stored
