"""Checks of IDM mappings (docs/reference/mapping-files.md#idm)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ionport.mappings.grammars.aliases import CORRELATION_ID, comparable, document_field, field_id
from ionport.mappings.grammars.properties import Properties, Property
from ionport.mappings.grammars.vocabulary import KNOWN_TYPES, Vocabulary, vocabulary_of
from ionport.mappings.lint.common import (
    ListRule,
    check_fields,
    check_lists,
    check_placeholders,
    empty_value,
    found,
    longest_prefix,
    unknown_key,
)
from ionport.mappings.lint.examples import check_examples, constants_of
from ionport.mappings.lint.rules.model import NO_CORRELATION_ID
from ionport.mappings.model import Finding, MappingKind
from ionport.mappings.rendering.idm import (
    EXPRESSIONS,
    LISTS,
    PREFIXES,
    SUPPLIER_FIELDS,
    is_document_type_key,
)

_RULES = (
    ListRule("Static_Values", ("SV_",), may_be_unlisted=True),
    ListRule("Static_Fields", ("SF_",)),
    ListRule("Index_Fields", ("IF_",)),
)
_EMBEDDED = ("_SOURCE_NAME", "_EXPORT_DOC_TYPE", "_EXPORT_FILENAME")


_DEFAULTS = {"ACL_Fields": "default_access_rights", "Searchable_PDF_Name": "default_file_name"}


def lint_idm(properties: Properties) -> Iterator[Finding]:
    """Yield the findings about an IDM mapping."""
    yield from _check_correlation_id(properties)
    yield from _check_document_types(properties)
    yield from check_placeholders(properties, ("SV_", "SF_"))
    yield from check_examples(MappingKind.IDM, constants_of(properties, "SF_"))
    sent = {n: "IF_" + n for n in properties.names("Index_Fields") if properties.get("IF_" + n)}
    types = [line.key for line in properties if line.value and is_document_type_key(line.key)]
    of = vocabulary_of(types)
    yield from check_fields(properties, sent, of)
    yield from check_lists(properties, _RULES)
    yield from _check_same_targets(properties)
    yield from _check_swapped(properties, list(sent.values()))
    yield from _check_same_invoice(properties, types)
    yield from _check_constants(properties)
    yield from _check_expressions(properties, of)
    yield from _check_embedded_files(properties)


def _check_document_types(properties: Properties) -> Iterator[Finding]:
    """Check keys outside the grammar: a document type, or a misspelt key."""
    keys = [line.key for line in properties if is_document_type_key(line.key)]
    known = [key for key in keys if comparable(key) in KNOWN_TYPES]
    words = (*LISTS, *EXPRESSIONS, *(name.upper() for name in KNOWN_TYPES))
    if not any(properties.get(key) for key in known):
        yield found("no_document_type", case="idm")
    for key in keys:
        if key not in known:
            yield unknown_key(properties, key, words)
        elif not properties.get(key):
            yield empty_value(properties, key, "type")


def _check_correlation_id(properties: Properties) -> Iterator[Finding]:
    for name in properties.names("Index_Fields"):
        if field_id(name) == CORRELATION_ID and properties.get("IF_" + name):
            return
    yield found(NO_CORRELATION_ID, properties.line("Index_Fields"), key=CORRELATION_ID, case="idm")


def _check_same_targets(properties: Properties) -> Iterator[Finding]:
    """An attribute has one value: of a constant and a field the field's, of two fields the last."""
    constants = {
        name: line
        for name in properties.names("Static_Fields")
        if (line := properties.by_key.get("SF_" + name)) and line.value
    }
    fields: dict[str, Property] = {}
    for name in properties.names("Index_Fields"):
        line = properties.by_key.get("IF_" + name)
        if line is None or not line.value:
            continue
        if constant := constants.get(line.value):
            yield found(
                "constant_and_field",
                constant,
                name=constant.key,
                target=line.value,
                field=name,
                value=constant.value,
            )
        if other := fields.get(line.value):
            yield found(
                "same_target",
                line,
                name=line.key,
                target=line.value,
                other=other.key,
                line=str(other.line),
            )
        fields[line.value] = line


def _check_swapped(properties: Properties, keys: list[str]) -> Iterator[Finding]:
    """Two fields that each go to the attribute called like the other."""
    lines = [properties.by_key[key] for key in keys]
    by_field = {comparable(field_id(line.key.removeprefix("IF_"))): line for line in lines}
    for line in lines:
        other = by_field.get(comparable(line.value))
        if other is None or other.line <= line.line:
            continue
        if comparable(other.value) == comparable(field_id(line.key.removeprefix("IF_"))):
            yield found("looks_swapped", line, target=line.value, other=other.key)


def _check_same_invoice(properties: Properties, types: Sequence[str]) -> Iterator[Finding]:
    """IDM is asked for another item of the same invoice by what the mapping sends of it.

    Not of order confirmations: an order may be confirmed several times under one number.
    """
    if {comparable(name) for name in types} == {comparable("ORDER_CONFIRMATION")}:
        return
    sent = {
        document_field(field_id(name))
        for name in properties.names("Index_Fields")
        if properties.get("IF_" + name)
    }
    if not (sent & {"invoice_id", "delivery_note_id"} and sent & set(SUPPLIER_FIELDS)):
        yield found("same_invoice_not_asked", properties.by_key.get("Index_Fields"))


def _check_constants(properties: Properties) -> Iterator[Finding]:
    for name in properties.names("Static_Fields"):
        key = "SF_" + name
        if properties.has(key) and not properties.get(key):
            yield empty_value(properties, key, "attribute")


def _check_expressions(properties: Properties, of: Vocabulary) -> Iterator[Finding]:
    for key in (*EXPRESSIONS, *(line.key for line in properties if _is_embedded_name(line.key))):
        if not properties.has(key):
            yield found(_DEFAULTS[key], key=key)
        for reference in filter(None, (part.strip() for part in properties.get(key).split("+"))):
            yield from _check_reference(properties, key, reference, of)


def _check_reference(
    properties: Properties, key: str, reference: str, of: Vocabulary
) -> Iterator[Finding]:
    if reference.startswith("IF_"):
        yield from check_fields(properties, {reference.removeprefix("IF_"): key}, of)
    elif not (reference.startswith(("SV_", "SF_")) and properties.get(reference)):
        yield found("unresolved_reference", properties.by_key.get(key), name=reference)


def _check_embedded_files(properties: Properties) -> Iterator[Finding]:
    names = properties.names("EMBEDDED_FILES_EXPORT")
    for name in names:
        for suffix in _EMBEDDED:
            key = f"EFE_{name}{suffix}"
            if not properties.get(key):
                yield empty_value(properties, key, "embedded")
    expected = {f"EFE_{name}{suffix}" for name in names for suffix in _EMBEDDED}
    for line in properties:
        if longest_prefix(line.key, PREFIXES) == "EFE_" and line.key not in expected:
            yield unknown_key(properties, line.key, expected)
    if names:
        yield found("embedded_files", properties.by_key["EMBEDDED_FILES_EXPORT"])


def _is_embedded_name(key: str) -> bool:
    return key.startswith("EFE_") and key.endswith("_EXPORT_FILENAME")
