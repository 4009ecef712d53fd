"""Checks that M3, LN and TOML mappings share: sections of constants and fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from ionport.documents.types import ALLOWANCES_CHARGES, INVOICE_TABLE, TAX_LINES
from ionport.mappings.grammars.aliases import CORRELATION_ID, comparable, document_field, term_id
from ionport.mappings.grammars.edits import rename_key
from ionport.mappings.grammars.properties import Properties, Property
from ionport.mappings.grammars.sections import Section
from ionport.mappings.grammars.vocabulary import OF_INVOICES, TABLES, Vocabulary
from ionport.mappings.lint.common import (
    ListRule,
    check_column,
    check_field,
    check_lists,
    empty_value,
    found,
    longest_prefix,
    unknown_key,
)
from ionport.mappings.model import Finding, RenderSource
from ionport.mappings.rendering.erp import Cell, ErpMapping, SectionMapping
from ionport.mappings.rendering.tables import table_of

PlaceOf = Callable[[Cell], "Property | int | None"]
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# Has every table of a document, without rows: which columns a table's other names stand for.
_EMPTY = RenderSource(
    "INVOICE", {}, dict.fromkeys((INVOICE_TABLE, TAX_LINES, ALLOWANCES_CHARGES), ()), "", "", 0
)


def check_section_lines(
    properties: Properties, sections: Mapping[str, Section]
) -> Iterator[Finding]:
    """Report the lines of a `.properties` file that its lists and keys do not account for."""
    rules, words = [], set[str]()
    for section in sections.values():
        listing = next(filter(properties.has, section.fields), section.fields[0])
        rules.append(ListRule(listing, (section.field_prefix,)))
        rules.append(ListRule(section.constants, (section.constant_prefix,)))
        words |= {section.fields[0], section.constants, *section.table_keys[:1]}
        yield from _misspelt(properties, section.fields)
        yield from _misspelt(properties, section.table_keys)
    yield from check_lists(properties, rules)
    prefixes = {prefix for rule in rules for prefix in rule.prefixes}
    also = {word for one in sections.values() for word in (*one.fields, *one.table_keys)} | words
    for line in properties:
        prefix = longest_prefix(line.key, prefixes)
        if not prefix and line.key not in also:
            yield unknown_key(properties, line.key, words)
        elif not line.value:
            yield empty_value(properties, line.key, "")


def _misspelt(properties: Properties, spellings: tuple[str, ...]) -> Iterator[Finding]:
    for spelling in spellings[1:]:
        if line := properties.by_key.get(spelling):
            fix = rename_key(line, spellings[0])
            yield found("misspelt_key", line, fix=[fix], name=spellings[0])


def check_cells(
    mapping: ErpMapping, place_of: PlaceOf, of: Vocabulary = OF_INVOICES
) -> Iterator[Finding]:
    """Report fields, columns and tables that documents do not have or nothing fills."""
    for section in mapping.sections.values():
        table = table_of(_EMPTY, section.table)
        is_filled = section.section.is_head or comparable(table.id) in TABLES
        for target, cells in section.cells.items():
            for cell in cells:
                for finding in _check_cell(
                    section, cell, place_of, of, table.id, table.other_names
                ):
                    if is_filled or finding.code != "unfilled_column":
                        yield finding
            yield from _several_sources(target, cells, place_of)
        if not is_filled:
            at = _table_place(section, place_of)
            name = section.table
            yield found("unfilled_table", at, name=name, table=name, section=section.section.id)


def _table_place(section: SectionMapping, place_of: PlaceOf) -> Property | int | None:
    """Return the line that names the section's table, or its first one."""
    first = next(cells[0] for cells in section.cells.values())
    for key in section.section.table_keys:
        if named := place_of(Cell(key, None)):
            return named
    return place_of(first)


def _check_cell(
    section: SectionMapping,
    cell: Cell,
    place_of: PlaceOf,
    of: Vocabulary,
    table: str,
    other_names: Mapping[str, str],
) -> Iterator[Finding]:
    at = place_of(cell)
    if cell.column and cell.column not in other_names:
        yield from check_column(at, section.table, cell.column, of, cell.key, table)
    elif cell.field and not term_id(cell.field) and not _FIELD_NAME.fullmatch(cell.field):
        yield found(
            "unknown_field",
            at,
            cell.key,
            name=cell.field,
            case="constant",
            list=section.section.constants,
            prefix=section.section.constant_prefix,
        )
    elif cell.field:
        yield from check_field(at, cell.field, of, cell.key)


def _several_sources(target: str, cells: tuple[Cell, ...], place_of: PlaceOf) -> Iterator[Finding]:
    constants = [cell for cell in cells if cell.constant]
    others = [cell for cell in cells if not cell.constant]
    if constants and others:
        cell, other = constants[0], others[0]
        yield found(
            "constant_and_field",
            place_of(cell),
            cell.key,
            name=cell.key,
            target=target,
            field=other.field or other.column or other.key,
            value=cell.constant,
        )


def sends_field(section: SectionMapping, field: str) -> bool:
    """Tell whether any target of the section gets the value of a field of the document."""
    return any(
        document_field(cell.field) == field for cells in section.cells.values() for cell in cells
    )


def sends_correlation_id(section: SectionMapping, target: str = "") -> bool:
    """Tell whether the correlation id is sent, in `target` where one is named."""
    return any(
        cell.field == CORRELATION_ID
        for name, cells in section.cells.items()
        if not target or name == target
        for cell in cells
    )
