"""What a row reads: a field, a term, a column, a number, or a text of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ionport.documents.invoice.table import terms
from ionport.documents.types import DOCUMENT_TYPES
from ionport.mappings.grammars.aliases import column_id, field_id, term_id
from ionport.mappings.grammars.entries.model import Entry, Part
from ionport.mappings.model import MappingKind

_TOML = re.compile(r"\[(\[)?([^\[\]]+)\]{1,2}")
_RUNNING_NUMBER = "auto"
_COLUMN, _OF_TABLE = "TF_", "_TC_"


class Read(StrEnum):
    """What a value is taken from."""

    FIELD = "field"
    TERM = "term"
    COLUMN = "column"
    NUMBER = "number"
    CONSTANT = "constant"
    EXPRESSION = "expression"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a row reads, and its name in words; empty where it has none."""

    read: Read
    label: str = ""


def reading_of(kind: MappingKind, row: Entry) -> Reading | None:
    """Return what a row reads; None where it reads nothing, as a path."""
    if row.group.value is Part.CONSTANT:
        return Reading(Read.CONSTANT)
    if row.group.value is Part.EXPRESSION:
        return Reading(Read.EXPRESSION)
    if Part.SOURCE not in (row.group.name, row.group.value):
        return None
    text = row.name if row.group.name is Part.SOURCE else row.value
    if kind is MappingKind.TOML:
        match = _TOML.fullmatch(text)
        if match is None:
            return Reading(Read.CONSTANT)
        return _column(match[2].strip()) if match[1] else _field(match[2].strip())
    if _OF_TABLE in text:
        return _column(text.partition(_OF_TABLE)[2])
    if text.upper().startswith(_COLUMN):
        return _column(text[len(_COLUMN) :])
    if text.lower() == _RUNNING_NUMBER:
        return Reading(Read.NUMBER)
    return _field(text)


def _field(name: str) -> Reading:
    if term := term_id(name):
        return _term(term)
    return Reading(Read.FIELD, _fields().get(field_id(name), ""))


def _column(name: str) -> Reading:
    if term := term_id(name):
        return _term(term)
    return Reading(Read.COLUMN, _columns().get(column_id(name), ""))


def _term(term: str) -> Reading:
    found = terms().get(term)
    return Reading(Read.TERM, found.name if found else "")


def _fields() -> Mapping[str, str]:
    return {field.id: field.label for kind in DOCUMENT_TYPES.values() for field in kind.fields}


def _columns() -> Mapping[str, str]:
    tables = (table for kind in DOCUMENT_TYPES.values() for table in kind.tables)
    return {column.id: column.label for table in tables for column in table.columns}
