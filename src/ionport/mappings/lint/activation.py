"""Checks that a mapping file is for a configuration's type of document."""

from __future__ import annotations

from ionport.core.errors import InvalidInput
from ionport.documents.types import DOCUMENT_TYPES, INVOICE_TYPES
from ionport.mappings.grammars.aliases import comparable
from ionport.mappings.grammars.properties import parse_properties
from ionport.mappings.grammars.sections import LN_SECTIONS, M3_SECTIONS, Note
from ionport.mappings.lint.common import found
from ionport.mappings.model import Finding, MappingKind
from ionport.mappings.rendering.erp import ErpMapping, parse_sections
from ionport.mappings.rendering.idm import is_document_type_key
from ionport.mappings.rendering.m3_toml import parse_m3_toml

_BOOKING = (MappingKind.M3, MappingKind.TOML, MappingKind.LN)
_NOT_BOOKED = frozenset(comparable(name) for name in set(DOCUMENT_TYPES) - INVOICE_TYPES)
_NOTES = {"CREDIT_NOTE": Note.CREDIT, "DEBIT_NOTE": Note.DEBIT}


def missing_type(kind: MappingKind, text: str, document_type: str) -> Finding | None:
    """Return the finding that a file has nothing for documents of a type, else None.

    A file that cannot be read has a finding of its own. Of M3 and LN no transaction is known that
    the published grammars book other documents with than invoices and notes.
    """
    if kind in _BOOKING and comparable(document_type) in _NOT_BOOKED:
        return found("type_not_booked", name=document_type, type=document_type, wanted=kind.value)
    return (
        None
        if _has_type(kind, text, document_type)
        else found("type_not_mapped", name=document_type, type=document_type)
    )


def _has_type(kind: MappingKind, text: str, document_type: str) -> bool:
    wanted = comparable(document_type)
    properties = parse_properties(text)
    if kind is MappingKind.IDM:
        named = (line for line in properties if line.value and is_document_type_key(line.key))
        return any(comparable(line.key) == wanted for line in named)
    if kind is MappingKind.BOD:
        names = (name for name in properties.names("Document_Types") if properties.get(name))
        return any(comparable(name) == wanted for name in names)
    if kind is MappingKind.LN:
        return _has_head(parse_sections(text, kind, LN_SECTIONS), "INVOICE")
    if kind is MappingKind.M3:
        return _has_head(parse_sections(text, kind, M3_SECTIONS), document_type)
    if kind is MappingKind.TOML:
        try:
            return _has_head(parse_m3_toml(text), document_type)
        except InvalidInput:
            return True
    return True


def _has_head(mapping: ErpMapping, document_type: str) -> bool:
    note = _NOTES.get(document_type, Note.INVOICE)
    sections = (one.section for one in mapping.sections.values())
    return any(section.is_head and section.note is note for section in sections)
