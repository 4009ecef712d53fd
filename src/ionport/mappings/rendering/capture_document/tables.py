"""The tables of a CaptureDocument: one DocumentTable each, with its rows and columns."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ionport.mappings.grammars.aliases import column_id
from ionport.mappings.grammars.properties import Properties, Property
from ionport.mappings.rendering.capture_document.schema import Target, group_of, target_of
from ionport.mappings.rendering.capture_document.supplies import (
    Source,
    add_constant,
    add_item,
    created_at,
)
from ionport.mappings.rendering.capture_document.tree import (
    CAPTURE_DOCUMENT,
    PAGE,
    VALUE,
    ColumnMapping,
    State,
    Step,
    Supply,
    TableMapping,
    Tree,
)
from ionport.mappings.rendering.tables import table_of

MAX_TABLES = 20
_TABLE = (*CAPTURE_DOCUMENT, "DocumentTable")
_LINE_ID = re.compile(r"\d{1,18}", re.ASCII)


def add_tables(tree: Tree, properties: Properties) -> None:
    """Add the tables that the file lists."""
    group = group_of(properties.get("Table_COMMON_PATH"))
    tables = [_table(properties, name) for name in properties.names("Tables")[:MAX_TABLES]]
    if group is None or group.elements != _TABLE or not tables:
        return
    tree.repeat(group, lambda state: _each_table(state, tables))
    tree.repeat(Target((*_TABLE, "Row")), _each_row)
    tree.repeat(Target((*_TABLE, "Row", "Column")), _each_column)
    tree.add(Target((*_TABLE, "Row", "ID")), Supply(lambda state: state.row_id))
    for target in dict.fromkeys(target for table in tables for target in table.constants):
        tree.add(target, Supply(_table_constant(target)))
    for name in properties.names("TableColumn_StaticFields"):
        add_constant(tree, properties, "TCP_" + name, properties.get("TCV_" + name))
    for name in properties.names("TableColumn_MappedFields"):
        add_item(tree, properties, "TCP_" + name, name)


def _table(properties: Properties, name: str) -> TableMapping:
    prefix = f"TN_{name}_TC_"
    constants: dict[Target, str] = {}
    for item in properties.names(f"TN_{name}_Static_Fields"):
        if target := target_of(properties.get(f"TNP_{name}_{item}")):
            constants[target] = properties.get(f"TNV_{name}_{item}")
    columns = tuple(
        _column(line, line.key.removeprefix(prefix))
        for line in properties
        if line.key.startswith(prefix) and line.value
    )
    return TableMapping(properties.get("TN_" + name) or name, constants, columns)


def _column(line: Property, name: str) -> ColumnMapping:
    step = Step(Supply(created_at, line.line, line.key), line.key)
    return ColumnMapping(column_id(name), line.value, step)


def _each_table(state: State, tables: list[TableMapping]) -> Iterator[Step]:
    for mapping in tables:
        state.mapping, state.table = mapping, table_of(state.source, mapping.source_name)
        yield _LAYOUT


def _each_row(state: State) -> Iterator[Step]:
    rows = state.table.rows if state.table else ()
    written = [row.get("POSITION", "") for row in rows]
    # The invoice's own numbers (BT-126), unless they are none or not of one line each.
    own = [str(int(one)) for one in written if _LINE_ID.fullmatch(one)]
    is_numbered = len(set(own)) == len(written)
    for number, row in enumerate(rows, start=1):
        state.row_id, state.row = own[number - 1] if is_numbered else str(number), row
        yield _LAYOUT
    state.row_id = ""


def _each_column(state: State) -> Iterator[Step]:
    mapping, table = state.mapping, state.table
    if mapping is None or table is None:
        return
    for column in mapping.columns:
        value, source = table.value(state.row, column.column)
        if value:
            state.item = {"name": column.name, VALUE: value, "pageid": PAGE}
            state.sources = (source,)
            yield column.step


def _table_constant(target: Target) -> Source:
    return lambda state: state.mapping.constants.get(target, "") if state.mapping else ""


_LAYOUT = Step(Supply(created_at))
