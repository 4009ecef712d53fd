"""Indexes of a part of a table's rows, on both databases.

PostgreSQL's dialect makes a seventh of SQLAlchemy's start, and whoever names one of its options
loads it. So the option is added when PostgreSQL is in play: a test-suite's SQLite never pays.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Index, MetaData

_DIALECT: Final = "sqlalchemy.dialects.postgresql"
_CONDITION: Final = "where"


def partial_index(
    name: str, *columns: Column[Any], where: ColumnElement[bool], unique: bool = False
) -> Index:
    """Return an index of the rows that `where` holds for."""
    index = Index(name, *columns, unique=unique, sqlite_where=where, info={_CONDITION: where})
    if _DIALECT in sys.modules:
        _tell_postgresql(index)
    return index


def tell_postgresql(metadata: MetaData) -> None:
    """Let PostgreSQL know the condition of every index made until now."""
    for table in metadata.tables.values():
        for index in table.indexes:
            if _CONDITION in index.info:
                _tell_postgresql(index)


def _tell_postgresql(index: Index) -> None:
    index.dialect_kwargs["postgresql_where"] = index.info[_CONDITION]
