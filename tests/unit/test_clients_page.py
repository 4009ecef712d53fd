"""The page of public clients: each has a state, and the tests that it names are there."""

from __future__ import annotations

import re
from functools import cache

import pytest

from tests.support.citations import REFERENCE, ROOT

_STATE = re.compile(r"passes|(partly|not run): .{10,}")
_TEST = re.compile(r"`(?P<file>[\w/]+\.py)::(?P<name>\w+)`")


def rows() -> list[list[str]]:
    text = (REFERENCE / "clients.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line[1:-1])] for line in lines]
    return [row for row in cells if row[0] != "client"]


@cache
def source(file: str) -> str:
    path = ROOT / "tests" / "functional" / file
    return path.read_text(encoding="utf-8") if path.is_file() else ""


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_each_client_has_a_state_and_a_test_that_is_there(row: list[str]) -> None:
    _client, version, _sends, state, test = row
    assert version
    assert _STATE.fullmatch(state), state
    found = _TEST.fullmatch(test)
    assert (found is None) == state.startswith("not run")
    assert found is None or f"def {found['name']}(" in source(found["file"])


def test_most_known_clients_pass() -> None:
    states = [state for _client, _version, _sends, state, _test in rows()]
    assert len(states) > 60
    assert states.count("passes") / len(states) > 0.8
