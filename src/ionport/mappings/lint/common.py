"""What the linters of IDM and BOD mappings share."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ionport.core.i18n import _
from ionport.documents.invoice.named_terms import header_terms, line_terms
from ionport.documents.types import DOCUMENT_TYPES, INVOICE_TABLE
from ionport.mappings.grammars.aliases import (
    CORRELATION_ID,
    DERIVED_FIELDS,
    column_id,
    comparable,
    field_id,
    term_id,
)
from ionport.mappings.grammars.properties import Properties
from ionport.mappings.model import NO_CORRELATION_ID, Finding, Severity

# Types of the vendor that ionport has no fields for yet; their mapping files are in order.
_OTHER_TYPES = ("DELIVERY_NOTE", "ORDER_CONFIRMATION", "PURCHASE_ORDER")
KNOWN_TYPES = frozenset(comparable(name) for name in (*DOCUMENT_TYPES, *_OTHER_TYPES))
_FIELDS = {field.id for kind in DOCUMENT_TYPES.values() for field in kind.fields} | DERIVED_FIELDS
_COLUMNS = {
    (comparable(table.id), column_id(column.id))
    for kind in DOCUMENT_TYPES.values()
    for table in kind.tables
    for column in table.columns
}


@dataclass(frozen=True, slots=True)
class ListRule:
    """A list of a grammar: each item needs a line with each of these prefixes.

    With `may_be_unlisted` the lines count without being listed.
    """

    key: str
    prefixes: tuple[str, ...]
    may_be_unlisted: bool = False


def check_lines(properties: Properties) -> Iterator[Finding]:
    """Report lines that say nothing: broken ones, and keys that come again further down."""
    for line in properties.broken:
        yield Finding(
            Severity.WARNING,
            "broken_line",
            line,
            "",
            _("The line is no “key = value” and is not read."),
            _("Write it as “key = value”, or put # in front."),
        )
    for duplicate in properties.duplicates:
        yield Finding(
            Severity.WARNING,
            "duplicate_key",
            duplicate.line,
            duplicate.key,
            _("{key} is defined again in line {line}, which counts.").format(
                key=duplicate.key, line=properties.line(duplicate.key)
            ),
            _("Remove one of the two lines."),
        )


def check_lists(
    properties: Properties, rules: Sequence[ListRule], ignored: Collection[str] = ()
) -> Iterator[Finding]:
    """Report items that are listed but not defined, and lines defined but not listed.

    The keys in `ignored` only look like a definition of an item.
    """
    listed: dict[str, set[str]] = {}
    for rule in rules:
        names = properties.names(rule.key)
        for prefix in () if rule.may_be_unlisted else rule.prefixes:
            listed.setdefault(prefix, set()).update(names)
        for name in names:
            missing = [p + name for p in rule.prefixes if not properties.has(p + name)]
            if missing:
                yield _listed_undefined(properties, rule, name, missing)
    for line in properties:
        prefix = "" if line.key in ignored else longest_prefix(line.key, listed)
        if prefix and line.key.removeprefix(prefix) not in listed[prefix]:
            keys = " / ".join(rule.key for rule in rules if prefix in rule.prefixes)
            yield Finding(
                Severity.WARNING,
                "defined_unlisted",
                line.line,
                line.key,
                _("{key} is defined but {list} does not list it, so it is not sent.").format(
                    key=line.key, list=keys
                ),
                _("Add {name} to {list}, or remove the line.").format(
                    name=line.key.removeprefix(prefix), list=keys
                ),
            )


def _listed_undefined(
    properties: Properties, rule: ListRule, name: str, missing: list[str]
) -> Finding:
    return Finding(
        Severity.INFO,
        "listed_undefined",
        properties.line(rule.key),
        rule.key,
        _("{list} lists {name}, but there is no line {missing}; it is not sent.").format(
            list=rule.key, name=name, missing=" / ".join(missing)
        ),
        _("Nothing to do, unless {name} should be sent: then add the line.").format(name=name),
    )


def longest_prefix(key: str, prefixes: Iterable[str]) -> str:
    """Return the longest of `prefixes` that `key` starts with, or an empty text."""
    return max((prefix for prefix in prefixes if key.startswith(prefix)), key=len, default="")


def check_fields(properties: Properties, names: Mapping[str, str]) -> Iterator[Finding]:
    """Report fields that documents do not have; `names` gives the key that mentions each."""
    for name, key in names.items():
        if term := term_id(name):
            if term not in header_terms():
                yield _unknown_term(properties, key, term, of_lines=False)
        elif field_id(name) not in _FIELDS:
            yield Finding(
                Severity.WARNING,
                "unknown_field",
                properties.line(key),
                key,
                _("Documents have no field {name}; nothing will be sent for it.").format(name=name),
                _did_you_mean(field_id(name), _FIELDS)
                or _("Use the id of a document field, or leave it if the target needs no value."),
            )


def check_column(properties: Properties, key: str, table: str, name: str) -> Iterator[Finding]:
    """Report a column that the document's table does not have."""
    term = term_id(name)
    if term and comparable(table) == comparable(INVOICE_TABLE):
        if term not in line_terms():
            yield _unknown_term(properties, key, term, of_lines=True)
    elif (comparable(table), column_id(name)) not in _COLUMNS:
        columns = {column for owner, column in _COLUMNS if owner == comparable(table)}
        yield Finding(
            Severity.WARNING,
            "unknown_column",
            properties.line(key),
            key,
            _("The table {table} has no column {name}; nothing will be sent for it.").format(
                table=table, name=name
            ),
            _did_you_mean(column_id(name), columns) or _("Use the id of a column of the table."),
        )


def _unknown_term(properties: Properties, key: str, term: str, *, of_lines: bool) -> Finding:
    """Return the finding for a term that is none, or is none of what the line fills."""
    text, remedy = _("There is no business term {term}."), _("Look its id up in EN 16931.")
    if term in (header_terms() if of_lines else line_terms()):
        text = _("{term} is a term of the invoice's lines.")
        remedy = _("Name it as a column of the invoice table.")
        if of_lines:
            text = _("{term} is a term of the invoice as a whole.")
            remedy = _("Name it as a field.")
    return Finding(
        Severity.WARNING,
        "unknown_term",
        properties.line(key),
        key,
        _("{what} Nothing will be sent for it.").format(what=text.format(term=term)),
        remedy,
    )


def unknown_key(properties: Properties, key: str, known: Iterable[str]) -> Finding:
    """Return the finding for a key that no rule of the grammar knows."""
    return Finding(
        Severity.WARNING,
        "unknown_key",
        properties.line(key),
        key,
        _("{key} is not known in this kind of mapping file and has no effect.").format(key=key),
        _did_you_mean(key, known) or _("Correct the name, or remove the line."),
    )


def empty_value(properties: Properties, key: str, remedy: str) -> Finding:
    """Return the finding for a line without a value."""
    return Finding(
        Severity.INFO,
        "empty_value",
        properties.line(key),
        key,
        _("{key} has no value.").format(key=key),
        remedy,
    )


def no_correlation_id(line: int | None, remedy: str) -> Finding:
    """Return the finding for a mapping that sends no correlation id.

    Source: docs/decisions/0005-once-never-lose-a-delivery-never-post-one-twice.md.
    """
    return Finding(
        Severity.ERROR,
        NO_CORRELATION_ID,
        line,
        CORRELATION_ID,
        _(
            "The mapping does not send the correlation id. After a crash the target cannot be"
            " asked whether the document has arrived, and it may be delivered twice."
        ),
        remedy,
        blocks_activation=True,
    )


def no_document_type(remedy: str) -> Finding:
    """Return the finding for a mapping without any document type."""
    return Finding(
        Severity.ERROR,
        "no_document_type",
        None,
        "",
        _("The mapping names no document type, so nothing can be exported with it."),
        remedy,
        blocks_activation=True,
    )


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.85)
    return _("Did you mean {name}?").format(name=close[0]) if close else ""
