"""The words that an editor of a mapping file offers: keys, sources and targets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from ionport.core.i18n import labelled, language
from ionport.documents.invoice.named_terms import header_terms, line_terms
from ionport.documents.invoice.rendering.words import term_name
from ionport.documents.types import DOCUMENT_TYPES
from ionport.mappings.grammars.aliases import CORRELATION_ID
from ionport.mappings.grammars.m3_fields import M3_FIELDS
from ionport.mappings.grammars.sections import LN_SECTIONS, M3_SECTIONS, Section
from ionport.mappings.lint.bod import BOD_KEYS
from ionport.mappings.model import MappingKind
from ionport.mappings.rendering.idm import EXPRESSIONS, LISTS, PAGE_LANGUAGE


@dataclass(frozen=True, slots=True)
class Word:
    """A word with what it means."""

    label: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Completions:
    """The keys that a kind has, and what values name: fields, columns, terms and targets."""

    keys: tuple[Word, ...]
    values: tuple[Word, ...]


def completions(kind: MappingKind) -> Completions:
    """Return the words of a file of a kind, each once."""
    named = [*_fields(), *_columns(), *_terms()]
    return Completions(
        keys=_each_once(_keys(kind)),
        values=_each_once([Word(CORRELATION_ID), *named, *_targets(kind)]),
    )


def sources(kind: MappingKind) -> tuple[Word, ...]:
    """Return what a line of a kind may read, spelt as the kind spells it."""
    named = [Word(CORRELATION_ID), *_fields(), *_terms()]
    columns = list(_columns())
    if kind is MappingKind.TOML:
        named = [Word(f"[{word.label}]", word.detail) for word in named]
        columns = [Word(f"[[{word.label}]]", word.detail) for word in columns]
    elif kind in (MappingKind.M3, MappingKind.LN):
        columns = [Word(f"TF_{word.label}", word.detail) for word in columns]
    else:
        columns = []
    return _each_once([*named, *columns])


def targets(kind: MappingKind) -> tuple[Word, ...]:
    """Return the fields of the target that are known, each once."""
    return _each_once(_targets(kind))


def _keys(kind: MappingKind) -> Iterator[Word]:
    types = [Word(name, one.label) for name, one in DOCUMENT_TYPES.items()]
    if kind is MappingKind.IDM:
        yield from (Word(key) for key in (*LISTS, *EXPRESSIONS, PAGE_LANGUAGE))
        yield from types
        yield from (Word(f"IF_{word.label}", word.detail) for word in (*_fields(), *_terms()))
    elif kind is MappingKind.BOD:
        yield from (Word(key) for key in sorted(BOD_KEYS))
        yield from types
        yield from (Word(f"IF_{word.label}", word.detail) for word in (*_fields(), *_terms()))
    elif kind is MappingKind.M3:
        yield from _section_keys(M3_SECTIONS.values(), has_m3_fields=True)
    elif kind is MappingKind.LN:
        yield from _section_keys(LN_SECTIONS.values(), has_m3_fields=False)
    elif kind is MappingKind.TOML:
        yield from (Word(name, note) for name, note in _m3_fields())


def _section_keys(sections: Iterable[Section], *, has_m3_fields: bool) -> Iterator[Word]:
    for section in sections:
        yield from (Word(key, section.id) for key in (section.constants, *section.fields))
        yield from (Word(key, section.id) for key in section.table_keys)
        if has_m3_fields:
            transaction = next(iter(M3_FIELDS)) if section.is_head else list(M3_FIELDS)[-1]
            for prefix in (section.constant_prefix, section.field_prefix):
                yield from (Word(f"{prefix}{name}", section.id) for name in M3_FIELDS[transaction])


def _targets(kind: MappingKind) -> Iterator[Word]:
    if kind in (MappingKind.M3, MappingKind.TOML):
        yield from (Word(name, note) for name, note in _m3_fields())


def _m3_fields() -> Iterator[tuple[str, str]]:
    for transaction, fields in M3_FIELDS.items():
        for field in fields.values():
            yield field.name, f"{transaction} {field.type.value}{field.length}"


def _fields() -> Iterator[Word]:
    for kind in DOCUMENT_TYPES.values():
        yield from (Word(field.id, field.label) for field in kind.fields)


def _columns() -> Iterator[Word]:
    for kind in DOCUMENT_TYPES.values():
        for table in kind.tables:
            yield from (
                Word(column.id, labelled(table.label, column.label)) for column in table.columns
            )


def _terms() -> list[Word]:
    return [Word(name, term_name(name, language())) for name in sorted(_term_ids(), key=_in_order)]


@cache
def _term_ids() -> frozenset[str]:
    return header_terms() | line_terms()


def _in_order(term: str) -> tuple[str, int, str]:
    prefix, _dash, number = term.partition("-")
    digits = number.partition("-")[0]
    return prefix, int(digits) if digits.isdigit() else 0, number


def _each_once(words: Iterable[Word]) -> tuple[Word, ...]:
    return tuple({word.label: word for word in reversed(list(words))}.values())[::-1]
