"""M3 mappings from `.properties` to TOML and back, with what the other form cannot express."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.mappings.model import MappingKind
from ionport.mappings.rendering.erp import RUNNING_NUMBER, Cell, ErpMapping, SectionMapping
from ionport.mappings.rendering.m3 import parse_m3_mapping
from ionport.mappings.rendering.m3_toml import EXPORT, parse_m3_toml

_SUFFIXES = {MappingKind.M3: ".properties", MappingKind.TOML: ".toml"}


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that the other form cannot express; `line` is that of the given file."""

    line: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Converted:
    """A mapping in its other form. Without losses both make the same calls of each document."""

    kind: MappingKind
    text: str
    losses: tuple[Loss, ...]


def convert(kind: MappingKind, text: str) -> Converted:
    """Return an M3 mapping in its other form. Comments are not carried over.

    Raises:
        InvalidInput: the file is no M3 mapping, or its TOML cannot be read.
    """
    if kind is MappingKind.M3:
        mapping = parse_m3_mapping(text)
        losses = tuple(_lost_in_toml(mapping))
        return Converted(MappingKind.TOML, "\n".join(_toml(mapping)), losses)
    if kind is MappingKind.TOML:
        mapping = parse_m3_toml(text)
        losses = tuple(_lost_in_properties(mapping))
        return Converted(MappingKind.M3, "\n".join(_properties(mapping)), losses)
    raise InvalidInput(
        _("Only mappings for M3 have two forms; this one is: {kind}.").format(kind=kind.label),
        code="mapping_not_convertible",
    )


def converted_name(name: str, kind: MappingKind) -> str:
    """Return the name for a file in its other form."""
    return PurePosixPath(name).stem + _SUFFIXES[kind]


def _toml(mapping: ErpMapping) -> Iterator[str]:
    for name, section in mapping.sections.items():
        yield f"[{EXPORT}.{name}]"
        yield f"name = {_quoted(name)}"
        if section.table != section.section.table:
            yield f"table = {_quoted(section.table)}"
        yield ""
        yield f"[{EXPORT}.{name}.fields]"
        for target, cells in section.cells.items():
            if (cell := cells[0]).is_running:
                continue
            yield f"{target} = {_quoted(_reference(cell))}"
        yield ""


def _reference(cell: Cell) -> str:
    if cell.column:
        return f"[[{cell.column}]]"
    return f"[{cell.field}]" if cell.field else cell.constant


def _quoted(text: str) -> str:
    # A JSON string is a basic string of TOML.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _lost_in_toml(mapping: ErpMapping) -> Iterator[Loss]:
    for section in mapping.sections.values():
        for target, (first, *others) in section.cells.items():
            if first.is_running:
                text = _("{key} counts rows ({word}), which TOML cannot say; {target} is left out.")
                yield Loss(
                    first.line,
                    text.format(key=first.key, word=RUNNING_NUMBER, target=target),
                )
            for cell in others:
                yield Loss(
                    cell.line,
                    _(
                        "{key} stands in for an empty {first}; TOML has one value for {target}."
                    ).format(key=cell.key, first=first.key, target=target),
                )
            if not first.column and not first.field and first.constant.startswith("["):
                yield Loss(
                    first.line,
                    _("{key} begins with a bracket, which TOML reads as a reference.").format(
                        key=first.key
                    ),
                )


def _properties(mapping: ErpMapping) -> Iterator[str]:
    for section in mapping.sections.values():
        yield f"# {section.section.id}"
        yield from _section_lines(section)
        yield ""


def _section_lines(mapping: SectionMapping) -> Iterator[str]:
    section = mapping.section
    first = {target: cells[0] for target, cells in mapping.cells.items()}
    constants = {target: cell for target, cell in first.items() if cell.constant}
    fields = {target: cell for target, cell in first.items() if not cell.constant}
    if mapping.table != section.table and section.table_keys:
        yield f"{section.table_keys[0]}={mapping.table}"
    if constants:
        yield f"{section.constants}={','.join(constants)}"
        for target, cell in constants.items():
            yield f"{section.constant_prefix}{target}={cell.constant}"
    if fields:
        yield f"{section.fields[0]}={','.join(fields)}"
        for target, cell in fields.items():
            source = f"TF_{cell.column}" if cell.column else cell.field
            yield f"{section.field_prefix}{target}={source}"


def _lost_in_properties(mapping: ErpMapping) -> Iterator[Loss]:
    for section in mapping.sections.values():
        if section.table != section.section.table and not section.section.table_keys:
            yield Loss(
                None,
                _("The table of {section} cannot be named in .properties: {table}.").format(
                    section=section.section.id, table=section.table
                ),
            )
        for cells in section.cells.values():
            if "\n" in cells[0].constant or "\r" in cells[0].constant:
                yield Loss(cells[0].line, _("{key} has several lines.").format(key=cells[0].key))
    for rule in mapping.rules:
        yield Loss(
            rule.line,
            _("The conflict rule “{name}” has no place in .properties.").format(name=rule.name),
        )
