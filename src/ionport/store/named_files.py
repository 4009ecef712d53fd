"""Which columns of the database name files of the blobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnClause, Connection, TableClause, column, inspect, table


def columns_that_name_files(
    connection: Connection,
) -> Iterator[tuple[TableClause, ColumnClause[Any]]]:
    """Return those columns, read from the database: a process need not know all of its tables.

    By their name: every column that holds the name of a file is called after its digest.
    """
    found = inspect(connection).get_multi_columns()
    for (_schema, name), columns in found.items():
        for each in columns:
            if "sha256" in each["name"] or "digest" in each["name"]:
                yield table(name), column(each["name"])
