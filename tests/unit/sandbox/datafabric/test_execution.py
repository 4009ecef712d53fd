"""A query of Compass or of EXPORTMI ends in time and says what it could not do."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import Any

import pytest

from ionport.sandbox.datafabric.compass.content import Column
from ionport.sandbox.datafabric.compass.dialect import translate
from ionport.sandbox.datafabric.compass.execution import Bounds, Content, Source, execute
from ionport.sandbox.datafabric.compass.like import matches
from ionport.sandbox.datafabric.compass.model import QueryFailed

_LONG = {"A": "a" * 4_000_000, "B": "a" * 2_000_000 + "b"}


def answered(sql: str, row: dict[str, Any] | None = None, seconds: float = 20.0) -> list[Any]:
    source = Source("T", (), [Content([row or {"A": 1}], "2026-01-01T00:00:00.000Z")])
    result = execute(translate(sql), [source], Bounds(seconds))
    found: list[Any] = json.loads(result.lines.splitlines()[0])
    return found


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("instr(A, B)", 0),
        ("length(replace(A, B, 'x'))", 4_000_000),
        ("length(trim(A, B))", 0),
    ],
)
def test_long_texts_are_searched_in_time_that_grows_with_their_length(
    asked: str, answer: int
) -> None:
    began = time.process_time()

    assert answered(f"SELECT {asked} FROM T", _LONG) == [answer]
    # SQLite's own functions take minutes.
    assert time.process_time() - began < 15


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("instr('abc', 'c')", 3),
        ("instr('abc', NULL)", None),
        ("instr(12, 2)", 2),
        ("replace('aXb', 'X', '--')", "a--b"),
        ("replace('abc', '', 'x')", "abc"),
        ("replace('abc', 'b', NULL)", None),
        ("trim('  a ')", "a"),
        ("trim('xyaxy', 'yx')", "a"),
        ("ltrim('xxax', 'x')", "ax"),
        ("rtrim('xaxx', 'x')", "xa"),
        ("trim('   ')", ""),
        ("trim(NULL)", None),
    ],
)
def test_functions_on_texts_answer_as_those_of_sqlite(asked: str, answer: object) -> None:
    assert answered(f"SELECT {asked} FROM T") == [answer]


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT printf('%.*c', 2000000000, 'a') FROM T", "does not imitate the function printf"),
        ("SELECT length(replace(A, 'a', A)) FROM T", "7 MB at most"),
        ("SELECT " + "default." * 12_000 + "A FROM T", "Behind the schema default"),
        ("SELECT default.", "Behind the schema default"),
    ],
)
def test_what_would_work_without_end_is_refused(sql: str, told: str) -> None:
    with pytest.raises(QueryFailed, match=told):
        answered(sql, _LONG)


_PATTERNS = (
    *("abc", "ABC", "a%", "%c", "%b%", "a_c", "_", "%", "", "a%c%b", "%a%a", "a%%c", "%_%_%_%"),
    *("50!%", "!_x", "a!", "%!%%", "x!!y", "%\n%", "ä%", "Ä%", "%(", "._*"),
)
_TEXTS = (
    *(
        "abc",
        "aBc",
        "",
        "a",
        "aa",
        "acb",
        "50%",
        "_x",
        "a!",
        "x!y",
        "a\nc",
        "äb",
        "(",
        "._*",
        "abcabc",
    ),
    *(12, 1.5, None),
)


def test_like_answers_as_that_of_sqlite() -> None:
    plain = sqlite3.connect(":memory:")
    for pattern in _PATTERNS:
        for text in _TEXTS:
            for escape, more in (("", ()), (" ESCAPE ?", ("!",))):
                wanted = plain.execute(
                    f"SELECT ? LIKE ?{escape}", (text, pattern, *more)
                ).fetchone()
                assert matches(pattern, text, *more) == wanted[0], (pattern, text, escape)
    plain.close()
    assert answered(
        "SELECT 'aXc' LIKE 'AxC', 'a' NOT LIKE '_', NULL LIKE 'a', A LIKE NULL FROM T"
    ) == [
        1,
        0,
        None,
        None,
    ]


def test_a_chain_of_likes_ends_when_the_time_is_over() -> None:
    slow = " OR ".join(f"A LIKE '%{'a_' * 48}{letter}%'" for letter in "bcdefghijk" * 4)
    began = time.monotonic()

    with pytest.raises(QueryFailed, match=r"longer than 0\.1 seconds"):
        answered(f"SELECT {slow} FROM T", _LONG, 0.1)
    # SQLite's own LIKE takes a minute for them, and asks for the time once.
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        (f"SELECT A LIKE '{'a' * 101}' FROM T", "LIKE takes a pattern of 100 characters"),
        ("SELECT A LIKE 'a' ESCAPE 'xy' FROM T", "behind ESCAPE one character"),
        ("SELECT A GLOB 'a*' FROM T", "does not imitate the function GLOB"),
    ],
)
def test_a_pattern_that_is_none_is_told(sql: str, told: str) -> None:
    with pytest.raises(QueryFailed, match=told):
        answered(sql)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"A": "\ud800"}, "Object T cannot be read: a text has half of a surrogate pair"),
        ({"\ud800": 1}, "Object T cannot be read: a text has half of a surrogate pair"),
        ({"A": "x" * 8_000_000}, "Object T cannot be read: a row has more than 7 MB"),
    ],
)
def test_a_row_that_no_table_takes_is_told(row: dict[str, Any], told: str) -> None:
    with pytest.raises(QueryFailed, match=told):
        answered("SELECT A FROM T", row)


def test_copying_an_object_ends_when_the_time_is_over() -> None:
    rows = ({"A": number} for number in range(100_000_000))
    source = Source("T", [Column("A")], [Content(rows, "")])

    with pytest.raises(QueryFailed, match=r"longer than 0\.2 seconds"):
        execute(translate("SELECT A FROM T"), [source], Bounds(0.2))
