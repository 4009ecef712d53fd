"""Write the statements that make the test fixture's database, from the tables themselves.

Run as `python -m tools.fixture_schema` after a table of the Infor side was added or changed.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable, sort_tables

from ionport import gateway, identity, oauth, sandbox
from ionport.testing.schema import END, STATEMENTS

ROOT = Path(__file__).parents[1]
_PACKAGES = (identity, oauth, gateway, sandbox)


def fixture_schema() -> str:
    """Return the statements: each table after those that it refers to, then its indexes."""
    tables = sort_tables(sorted(set(_tables()), key=lambda table: table.name))
    return "".join(statement + END for table in tables for statement in _statements(table))


def _tables() -> Iterator[Table]:
    for package in _PACKAGES:
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.endswith(".tables"):
                names = vars(importlib.import_module(found.name))
                yield from (value for value in names.values() if isinstance(value, Table))


def _statements(table: Table) -> Iterator[str]:
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    for made in (CreateTable(table), *map(CreateIndex, indexes)):
        text = str(made.compile(dialect=sqlite.dialect()))
        yield "\n".join(line.rstrip() for line in text.strip().splitlines())


def main() -> int:
    """Write the file; returns the exit status."""
    STATEMENTS.write_text(fixture_schema(), encoding="utf-8")
    print(f"wrote {STATEMENTS.relative_to(ROOT)}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
