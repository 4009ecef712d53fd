"""The information schema: which objects Compass queries, and their columns.

Source: docs/reference/data-fabric.md#sql-of-compass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ionport.sandbox.datafabric.compass.content import Column, Row, schema_columns
from ionport.sandbox.datafabric.compass.dialect import INFORMATION, SCHEMA
from ionport.sandbox.datafabric.compass.execution import Content, Source
from ionport.sandbox.datafabric.model import CatalogObject

_CATALOG = "infor"
_TABLES = ("TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "TABLE_TYPE")
_COLUMNS = (
    *("TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME", "DATA_TYPE", "IS_NULLABLE"),
    *("COLUMN_DEFAULT", "ORDINAL_POSITION"),
)
_TYPES: Mapping[str, str] = {"INTEGER": "Integer", "REAL": "Decimal"}


def described(catalog: Iterable[CatalogObject]) -> list[Source]:
    """Return the two tables of the information schema."""
    entries = [each for each in catalog if each.type.is_queried]
    tables: list[Row] = [{**_names(entry), "TABLE_TYPE": "TABLE"} for entry in entries]
    columns: list[Row] = [
        {
            **_names(entry),
            "COLUMN_NAME": column.name,
            "DATA_TYPE": _TYPES.get(column.affinity, "String"),
            "IS_NULLABLE": "YES",
            "COLUMN_DEFAULT": None,
            "ORDINAL_POSITION": position,
        }
        for entry in entries
        for position, column in enumerate(schema_columns(entry), start=1)
    ]
    return [
        Source(f"{INFORMATION}.{name}", [Column(each) for each in names], [Content(rows, "")])
        for name, names, rows in (("tables", _TABLES, tables), ("columns", _COLUMNS, columns))
    ]


def _names(entry: CatalogObject) -> dict[str, str]:
    return {"TABLE_CATALOG": _CATALOG, "TABLE_SCHEMA": SCHEMA, "TABLE_NAME": entry.name}
