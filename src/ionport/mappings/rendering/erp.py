"""The sections of an M3 or LN mapping as they are read, and the values that they make.

Source: docs/reference/mapping-files.md#m3, docs/reference/mapping-files.md#ln.

Of several sources of one target the first with a value counts: a field before a constant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.documents.types import DOCUMENT_TYPES, INVOICE_TYPES
from ionport.mappings.grammars.aliases import column_id, field_id
from ionport.mappings.grammars.properties import Properties, parse_properties
from ionport.mappings.grammars.sections import Section
from ionport.mappings.model import MappingKind, RenderSource
from ionport.mappings.rendering.model import Traced
from ionport.mappings.rendering.tables import Table, header_value, table_of
from ionport.mappings.rendering.values import clean

RUNNING_NUMBER = "auto"
"""The source that numbers the lines from 1."""
_COLUMN = "TF_"


@dataclass(frozen=True, slots=True)
class Cell:
    """One line of a section: where the value of a target comes from.

    One of `constant`, `field` (of the document's head), `column` (of the row) or `is_running`.
    """

    key: str
    line: int | None
    constant: str = ""
    field: str = ""
    column: str = ""
    is_running: bool = False


@dataclass(frozen=True, slots=True)
class SectionMapping:
    """One section of a file: the table it reads, and the cells by target."""

    section: Section
    table: str
    cells: Mapping[str, tuple[Cell, ...]]


@dataclass(frozen=True, slots=True)
class Action:
    """The row of another section that a rule adds for a row that it matches.

    `columns` are expressions over the row's columns, by the column that they fill.
    """

    section: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """A conflict-resolution rule: which rows of `section` it matches, and what it then adds."""

    name: str
    section: str
    column: str
    operator: str
    against: str
    tolerance: str
    approved: bool | None
    actions: tuple[Action, ...]
    line: int | None


@dataclass(frozen=True, slots=True)
class ErpMapping:
    """A read M3 or LN mapping; sections that are not in the file are missing."""

    kind: MappingKind
    sections: Mapping[str, SectionMapping]
    rules: tuple[Rule, ...] = ()


def parse_sections(text: str, kind: MappingKind, sections: Mapping[str, Section]) -> ErpMapping:
    """Read a `.properties` file as it is; the linter reports what is wrong with it."""
    properties = parse_properties(text)
    read = {name: _section(properties, section, kind) for name, section in sections.items()}
    return ErpMapping(kind, {name: one for name, one in read.items() if one.cells})


def _section(properties: Properties, section: Section, kind: MappingKind) -> SectionMapping:
    cells: dict[str, list[Cell]] = {}

    def add(prefix: str, name: str, *, is_constant: bool) -> None:
        key = prefix + name
        if text := properties.get(key):
            target = name.upper() if kind is MappingKind.M3 else name
            cell = _cell(key, properties.line(key), text, is_constant=is_constant)
            cells.setdefault(target, []).append(cell)

    for listing in section.fields:
        for name in properties.names(listing):
            add(section.field_prefix, name, is_constant=False)
    for name in properties.names(section.constants):
        add(section.constant_prefix, name, is_constant=True)
    named = next(filter(None, map(properties.get, section.table_keys)), section.table)
    return SectionMapping(section, named, {target: tuple(own) for target, own in cells.items()})


def _cell(key: str, line: int | None, text: str, *, is_constant: bool) -> Cell:
    if is_constant:
        return Cell(key, line, constant=text)
    if text.lower() == RUNNING_NUMBER:
        return Cell(key, line, is_running=True)
    if text.upper().startswith(_COLUMN):
        return Cell(key, line, column=column_id(text[len(_COLUMN) :]))
    return Cell(key, line, field=field_id(text))


@dataclass(frozen=True, slots=True)
class _Place:
    """The document, row and number (from 1) that cells are evaluated for."""

    source: RenderSource
    table: Table | None = None
    row: Mapping[str, str] | None = None
    number: int = 0

    def value(self, cell: Cell) -> tuple[str, tuple[str, ...]]:
        """Return a cell's value and the ids that it was made from."""
        if cell.constant:
            return cell.constant, ()
        if cell.is_running:
            return str(self.number), ()
        if cell.field:
            return header_value(self.source, cell.field), (cell.field,)
        if self.table is None or self.row is None:
            return "", ()
        value, name = self.table.value(self.row, cell.column)
        return value, (name,)


def head_values(mapping: SectionMapping, source: RenderSource) -> Iterator[Traced]:
    """Yield the values of a head; targets without a value are left out."""
    return _values(mapping, _Place(source))


def line_values(
    mapping: SectionMapping, source: RenderSource, added: Sequence[Mapping[str, str]] = ()
) -> Iterator[tuple[int, tuple[Traced, ...]]]:
    """Yield the number of each row of the section's table, from 1, with the row's values.

    A row of which no column is sent is left out. `added` are rows that rules have made.
    """
    table = table_of(source, mapping.table)
    has_columns = any(cell.column for cells in mapping.cells.values() for cell in cells)
    number = 0
    for position, row in enumerate((*table.rows, *added), start=1):
        values = tuple(_values(mapping, _Place(source, table, row, number + 1)))
        of_row = f"{table.id}."
        if has_columns and not any(_is_of_row(value, of_row) for value in values):
            continue
        number += 1
        yield position, values


def _is_of_row(value: Traced, of_row: str) -> bool:
    return any(name.startswith((of_row, "BT-", "OWN-")) for name in value.sources)


def _values(mapping: SectionMapping, place: _Place) -> Iterator[Traced]:
    for target, cells in mapping.cells.items():
        for cell in cells:
            value, sources = place.value(cell)
            if value := value.strip():
                value = clean(value, cell.line, cell.key)
                yield Traced(target, value, cell.line, cell.key, sources)
                break


def refuse_unbooked(document_type: str) -> None:
    """Raise InvalidInput `not_booked` for a document that M3 and LN book by no mapping."""
    if document_type in DOCUMENT_TYPES and document_type not in INVOICE_TYPES:
        raise InvalidInput(
            _(
                "M3 and LN book invoices and credit notes by a mapping, and no {type}. Export it to"
                " IDM, or to IDM and over ION."
            ).format(type=document_type),
            code="not_booked",
        )
