"""Checks of M3 mappings against what APS450MI takes.

Source: docs/reference/mapping-files.md#m3, docs/reference/m3.md#supplier-invoices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ionport.documents.types import DOCUMENT_TYPES, FieldType
from ionport.mappings.grammars.m3_fields import (
    ADD_HEAD,
    ADD_LINE,
    BATCH_NUMBER,
    M3_FIELDS,
    M3Field,
    M3Type,
    m3_length,
)
from ionport.mappings.grammars.properties import Properties, Property
from ionport.mappings.grammars.sections import M3_SECTIONS, Note
from ionport.mappings.lint.common import check_placeholders, close_to, found
from ionport.mappings.lint.examples import check_examples, sent_constants
from ionport.mappings.lint.sections import (
    PlaceOf,
    check_cells,
    check_section_lines,
    sends_correlation_id,
    sends_field,
)
from ionport.mappings.model import Finding, MappingKind
from ionport.mappings.rendering.erp import Cell, ErpMapping, SectionMapping, parse_sections

_CONSTANTS = tuple(section.constant_prefix for section in M3_SECTIONS.values())
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_DATE = re.compile(r"\d{4}-?\d\d-?\d\d", re.ASCII)
_COMPANY = re.compile(r"\d{1,3}", re.ASCII)
_PARAMETERS = {"CONO", "DIVI"}
_TEXTS_ONLY = {
    field.id
    for kind in DOCUMENT_TYPES.values()
    for field in kind.fields
    if field.type is not FieldType.DATE
}


def lint_m3(properties: Properties) -> Iterator[Finding]:
    """Yield the findings about an M3 `.properties` file."""
    mapping = parse_sections(str(properties), MappingKind.M3, M3_SECTIONS)

    def place_of(cell: Cell) -> Property | int | None:
        return properties.by_key.get(cell.key)

    yield from check_m3(mapping, place_of)
    yield from check_placeholders(properties, _CONSTANTS)
    yield from check_section_lines(properties, M3_SECTIONS)


def check_m3(mapping: ErpMapping, place_of: PlaceOf) -> Iterator[Finding]:
    """Yield what M3 would refuse or not get, of a file in either form."""
    heads = [one for one in mapping.sections.values() if one.section.is_head]
    if not heads:
        yield found("no_document_type", case="erp", list="HeaderFields")
    for head in heads:
        yield from _check_head(head, place_of)
    yield from check_cells(mapping, place_of)
    yield from check_examples(MappingKind.M3, sent_constants(mapping, place_of))
    for section in mapping.sections.values():
        yield from _check_targets(section, place_of)
        yield from _check_line_type(section, place_of)


def _check_head(head: SectionMapping, place_of: PlaceOf) -> Iterator[Finding]:
    listing = head.section.fields[0]
    at = place_of(Cell(listing, None))
    if not sends_correlation_id(head, "CORI"):
        yield found("erp_without_correlation_id", at, listing, case="m3", list=listing)
    if "SINO" not in head.cells:
        yield found("no_invoice_number", at, listing, name="SINO", list=listing)
    if not sends_field(head, "invoice_id") or not sends_field(head, "supplier_id"):
        yield found("same_invoice_not_asked", at, listing)
    if head.section.note is Note.INVOICE:
        for target, code in (("CONO", "m3_default_company"), ("DIVI", "m3_default_division")):
            if target not in head.cells:
                yield found(code, key=head.section.constant_prefix + target)


def _check_targets(section: SectionMapping, place_of: PlaceOf) -> Iterator[Finding]:
    transaction, other = (ADD_HEAD, ADD_LINE) if section.section.is_head else (ADD_LINE, ADD_HEAD)
    fields = M3_FIELDS[transaction]
    for target, cells in section.cells.items():
        known = fields.get(target)
        for cell in cells:
            if known is not None:
                yield from _check_value(known, cell, place_of)
            elif target not in _PARAMETERS:
                elsewhere = f"APS450MI {other}" if target in M3_FIELDS[other] else ""
                yield found(
                    "m3_unknown_field",
                    place_of(cell),
                    cell.key,
                    transaction=transaction,
                    name=target,
                    other=elsewhere,
                    case="other" if elsewhere else "",
                    suggestion="" if elsewhere else close_to(target, fields),
                )
            elif target == "CONO" and cell.constant and not _COMPANY.fullmatch(cell.constant):
                yield found("m3_not_a_company", place_of(cell), cell.key, value=cell.constant)
    for field in fields.values():
        is_given = field.name in section.cells or field.name in (BATCH_NUMBER, "RDTP")
        if field.is_mandatory and not is_given:
            yield found(
                "m3_mandatory_missing",
                key=section.section.fields[0],
                transaction=transaction,
                name=field.name,
                section=section.section.id,
                list=section.section.fields[0],
            )


def _check_value(field: M3Field, cell: Cell, place_of: PlaceOf) -> Iterator[Finding]:
    at, value = place_of(cell), cell.constant
    if field.type is M3Type.DATE:
        if value and not _DATE.fullmatch(value):
            yield found("m3_not_a_date", at, cell.key, name=field.name, value=value)
        elif cell.field in _TEXTS_ONLY:
            yield found("m3_not_a_date", at, cell.key, name=field.name, value=cell.field)
    elif field.type is M3Type.NUMBER and value and not _NUMBER.fullmatch(value):
        yield found("m3_not_numeric", at, cell.key, name=field.name, value=value)
    if field.type is not M3Type.DATE and m3_length(value) > field.length:
        yield found(
            "m3_too_long",
            at,
            cell.key,
            name=field.name,
            limit=str(field.length),
            length=str(m3_length(value)),
        )


def _check_line_type(section: SectionMapping, place_of: PlaceOf) -> Iterator[Finding]:
    expected = section.section.line_type
    cells = section.cells.get("RDTP", ())
    if not expected:
        return
    if not cells:
        key = section.section.constant_prefix + "RDTP"
        yield found("m3_default_line_type", key=key, section=section.section.id, expected=expected)
    for cell in cells:
        if cell.constant and cell.constant != expected:
            yield found(
                "m3_line_type",
                place_of(cell),
                cell.key,
                section=section.section.id,
                expected=expected,
                value=cell.constant,
            )
