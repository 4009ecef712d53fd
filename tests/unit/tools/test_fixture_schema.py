"""The test fixture's database has the tables of the Infor side."""

from __future__ import annotations

from ionport.testing.schema import STATEMENTS
from tools.fixture_schema import fixture_schema


def test_the_statements_of_the_fixture_are_those_of_the_tables() -> None:
    written = STATEMENTS.read_text(encoding="utf-8")
    assert written == fixture_schema(), "run python -m tools.fixture_schema"
