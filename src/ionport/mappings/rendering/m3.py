"""M3 mappings: the calls of APS450MI that enter a document as a supplier invoice.

Source: docs/reference/mapping-files.md#m3, docs/reference/m3.md#supplier-invoices.

Everything that M3 would refuse by its own field table is refused here, before anything is sent:
what is too long, no number, no date, or missing although M3 demands it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.documents.amounts import decimal_text
from ionport.mappings.grammars.aliases import comparable
from ionport.mappings.grammars.m3_fields import (
    ADD_HEAD,
    ADD_LINE,
    BATCH_NUMBER,
    M3_FIELDS,
    PROGRAM,
    M3Field,
    M3Type,
    m3_length,
)
from ionport.mappings.grammars.sections import M3_SECTIONS, Note
from ionport.mappings.model import MappingKind, RenderSource
from ionport.mappings.rendering.conflicts.expressions import number_of
from ionport.mappings.rendering.conflicts.rules import rows_by_rules
from ionport.mappings.rendering.erp import (
    ErpMapping,
    SectionMapping,
    head_values,
    line_values,
    parse_sections,
    refuse_unbooked,
)
from ionport.mappings.rendering.model import M3Call, Traced
from ionport.mappings.rendering.tables import HEADER_CHARGES
from ionport.mappings.rendering.values import place_text, shown

COMPANY, DIVISION = "CONO", "DIVI"
_COMPANY_PARAMETER = "cono"
# Credit notes have no sections for these: those of invoices apply to them too (inferred).
_SHARED = frozenset(("tax_lines", "order_header_charges"))
_ISO_DATE = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:T.*)?", re.ASCII)
_LINE_END = re.compile(r"[\t\r\n]")
_COMPANY_NUMBER = re.compile(r"\d{1,3}", re.ASCII)


def parse_m3_mapping(text: str) -> ErpMapping:
    """Read an M3 `.properties` file as it is; the linter reports what is wrong with it."""
    return parse_sections(text, MappingKind.M3, M3_SECTIONS)


def render_m3(mapping: ErpMapping, source: RenderSource) -> tuple[M3Call, ...]:
    """Return the calls for a document: AddHead, then AddLine for each row of each section.

    Raises:
        InvalidInput: the mapping has no head for this type of document, or a value that M3
            would not take; it names the mapping's line and the value.
    """
    refuse_unbooked(source.document_type)
    note = _note_of(source.document_type)
    sections = [
        mapping.sections[name]
        for name, section in M3_SECTIONS.items()
        if name in mapping.sections and (section.note is note or name in _SHARED)
    ]
    head = next((section for section in sections if section.section.is_head), None)
    if head is None:
        raise _not_mapped(source.document_type, note)
    first = _call(head, tuple(head_values(head, source)), None)
    sent = {section.section.id for section in sections}
    added = rows_by_rules(mapping.rules, mapping.sections, source, sent)
    lines = [
        replace(
            call,
            company=call.company or first.company,
            division=call.division or first.division,
        )
        for section in sections
        if not section.section.is_head
        for call in _lines(_with_table(section, mapping, source), source, added)
    ]
    return (first, *lines)


def _lines(
    section: SectionMapping,
    source: RenderSource,
    added: Mapping[str, Sequence[Mapping[str, str]]],
) -> Iterator[M3Call]:
    for number, values in line_values(section, source, added.get(section.section.id, ())):
        yield _call(section, values, number)


def _with_table(
    section: SectionMapping, mapping: ErpMapping, source: RenderSource
) -> SectionMapping:
    """Return the section with the table that its rows come from.

    Files name one table for charges of orders (line type 2) and of lines (5). Where the document
    has none of that name, charges of the invoice as a whole are those of the order, unless the
    file has a section for them.
    """
    if section.section.id != "order_charges" or _has_table(source, section.table):
        return section
    table = "" if "order_header_charges" in mapping.sections else HEADER_CHARGES
    return replace(section, table=table)


def _has_table(source: RenderSource, name: str) -> bool:
    return any(comparable(table) == comparable(name) for table in source.tables)


def _call(section: SectionMapping, values: Sequence[Traced], row: int | None) -> M3Call:
    """Return the call of a section's values; raises InvalidInput for what M3 does not take."""
    transaction = ADD_HEAD if section.section.is_head else ADD_LINE
    fields = M3_FIELDS[transaction]
    sent: dict[str, Traced] = {}
    if row is not None and section.section.line_type:
        sent["RDTP"] = Traced(f"{transaction} RDTP", section.section.line_type, None, "")
    for value in values:
        known = fields.get(value.target)
        text = value.value if known is None else _checked(known, value)
        target = f"{transaction} {value.target}"
        sent[value.target] = Traced(target, text, value.line, value.key, value.sources)
    company = sent.pop(COMPANY, None)
    if company is not None and not _COMPANY_NUMBER.fullmatch(company.value):
        raise _refused(company, _("the company is a number of up to three digits."))
    _refuse_missing(section, fields, sent)
    return M3Call(
        PROGRAM,
        transaction,
        section.section.id,
        tuple(sent.values()),
        company=company.value if company else "",
        division=sent[DIVISION].value if DIVISION in sent else "",
        row=row,
        parameters=() if company is None else (replace(company, target=_COMPANY_PARAMETER),),
    )


def _refuse_missing(
    section: SectionMapping, fields: Mapping[str, M3Field], sent: Mapping[str, Traced]
) -> None:
    for field in fields.values():
        if field.is_mandatory and field.name not in sent and field.name != BATCH_NUMBER:
            cells = section.cells.get(field.name, ())
            place = place_text(cells[0].line, cells[0].key) if cells else section.section.id
            raise InvalidInput(
                _(
                    "{place}: M3 demands {field}, and the document has no value for it. Enter it"
                    " in the document, or map another field."
                ).format(place=place, field=field.name),
                code="m3_field_missing",
            )


def _checked(field: M3Field, value: Traced) -> str:
    """Return the value as M3 takes it; raises InvalidInput."""
    text = value.value
    if not text.isprintable() and _LINE_END.search(text):
        raise _refused(value, _("{field} takes one line of text.").format(field=field.name))
    if field.type is M3Type.DATE:
        match = _ISO_DATE.fullmatch(text)
        if match is None:
            raise _refused(value, _("{field} takes a date.").format(field=field.name))
        text = "".join(match.groups())
    elif field.type is M3Type.NUMBER:
        number = number_of(text)
        if number is None:
            raise _refused(value, _("{field} takes a number.").format(field=field.name))
        text = decimal_text(number)
    if (length := m3_length(text)) > field.length:
        raise _refused(
            value,
            _("{field} takes {limit} characters, these are {length}.").format(
                field=field.name, limit=field.length, length=length
            ),
        )
    return text


def _refused(value: Traced, why: str) -> InvalidInput:
    return InvalidInput(
        _("{place}: the value “{value}” cannot be sent to M3: {why}").format(
            place=place_text(value.line, value.key), value=shown(value.value), why=why
        ),
        code="not_for_m3",
    )


def _note_of(document_type: str) -> Note:
    notes = {comparable(note.value): note for note in Note}
    return notes.get(comparable(document_type), Note.INVOICE)


def _not_mapped(document_type: str, note: Note) -> InvalidInput:
    section = next(one for one in M3_SECTIONS.values() if one.is_head and one.note is note)
    return InvalidInput(
        _(
            "The M3 mapping has no section for documents of type {type}. Add {lists} and their"
            " lines."
        ).format(type=document_type, lists=f"{section.constants}, {section.fields[0]}"),
        code="document_type_not_mapped",
    )
