from __future__ import annotations

from dataclasses import dataclass

import pytest

from ionport.core.http.endpoints import EndpointTable, parameters_of, plain_path


@dataclass(frozen=True)
class Row:
    method: str
    path: str
    only_reads: bool = False


READ = Row("GET", "/items/{pid}", only_reads=True)
CHANGE = Row("PUT", "/items/{pid}")
SEARCH = Row("GET", "/items/search", only_reads=True)
EXECUTE = Row("GET", "/execute")
FILES = Row("GET", "/files/{path:path}")
ROWS = (SEARCH, READ, CHANGE, EXECUTE, FILES)


@pytest.mark.parametrize(
    ("method", "path", "row", "params"),
    [
        ("GET", "/items/a.b", READ, {"pid": "a.b"}),
        ("PUT", "/items/a", CHANGE, {"pid": "a"}),
        ("GET", "/items/search", SEARCH, {}),
        # The first row that takes the method, though an earlier one fits the path.
        ("PUT", "/items/search", CHANGE, {"pid": "search"}),
        ("GET", "/files/a/b", FILES, {"path": "a/b"}),
        ("GET", "/execute", EXECUTE, {}),
        ("HEAD", "/items/a", READ, {"pid": "a"}),
    ],
)
def test_the_first_row_that_fits_path_and_method_answers(
    method: str, path: str, row: Row, params: dict[str, str]
) -> None:
    found = EndpointTable(ROWS).find(method, path)
    assert (found.row, found.params) == (row, params)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/items/a", ["GET", "PUT"]),
        # A HEAD changes nothing, so it never runs a GET that may.
        ("HEAD", "/execute", ["GET"]),
        ("GET", "/items/a\n/b", []),
        ("GET", "/execute\n", []),
        ("GET", "/EXECUTE", []),
        ("GET", "", []),
    ],
)
def test_where_no_row_fits_the_methods_of_the_path_are_told(
    method: str, path: str, allowed: list[str]
) -> None:
    found = EndpointTable(ROWS).find(method, path)
    assert (found.row, found.allowed) == (None, allowed)


def test_in_any_letter_case_parameters_stay_as_the_client_spelt_them() -> None:
    table = EndpointTable(ROWS, ignores_case=True)
    assert table.find("GET", "/Items/SEARCH").row is SEARCH
    assert table.find("PUT", "/Items/SEARCH").params == {"pid": "SEARCH"}
    assert table.find("GET", "/Execute").row is EXECUTE


def test_a_method_that_two_rows_take_is_told_once() -> None:
    table = EndpointTable([Row("GET", "/{a}"), Row("GET", "/x"), Row("POST", "/x")])
    assert table.find("PUT", "/x").allowed == ["GET", "POST"]


def test_the_parameters_of_a_path_are_told_without_their_kinds() -> None:
    assert parameters_of("/items/{pid}/{path:path}") == ["pid", "path"]
    assert plain_path("/items/{pid}/{path:path}") == "/items/{pid}/{path}"
