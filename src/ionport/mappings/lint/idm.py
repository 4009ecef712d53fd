"""Checks of IDM mappings (docs/reference/mapping-files.md#idm)."""

from __future__ import annotations

from collections.abc import Iterator

from ionport.core.i18n import _
from ionport.mappings.grammars.aliases import CORRELATION_ID, comparable, document_field, field_id
from ionport.mappings.grammars.properties import Properties
from ionport.mappings.lint.common import (
    KNOWN_TYPES,
    ListRule,
    check_fields,
    check_lists,
    empty_value,
    longest_prefix,
    no_correlation_id,
    no_document_type,
    unknown_key,
)
from ionport.mappings.model import Finding, Severity
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


def lint_idm(properties: Properties) -> Iterator[Finding]:
    """Yield the findings about an IDM mapping."""
    yield from _check_correlation_id(properties)
    yield from _check_document_types(properties)
    yield from check_lists(properties, _RULES)
    yield from check_fields(
        properties,
        {n: "IF_" + n for n in properties.names("Index_Fields") if properties.get("IF_" + n)},
    )
    yield from _check_same_invoice(properties)
    yield from _check_constants(properties)
    yield from _check_expressions(properties)
    yield from _check_embedded_files(properties)


def _check_document_types(properties: Properties) -> Iterator[Finding]:
    """A key outside the grammar is a document type, or a slip of the pen."""
    keys = [line.key for line in properties if is_document_type_key(line.key)]
    known = [key for key in keys if comparable(key) in KNOWN_TYPES]
    words = (*LISTS, *EXPRESSIONS, *(name.upper() for name in KNOWN_TYPES))
    if not any(properties.get(key) for key in known):
        yield no_document_type(_("Add a line such as “INVOICE=M3_SupplierInvoice”."))
    for key in keys:
        if key not in known:
            yield unknown_key(properties, key, words)
        elif not properties.get(key):
            yield empty_value(properties, key, _("Write the IDM document type after the “=”."))


def _check_correlation_id(properties: Properties) -> Iterator[Finding]:
    for name in properties.names("Index_Fields"):
        if field_id(name) == CORRELATION_ID and properties.get("IF_" + name):
            return
    yield no_correlation_id(
        properties.line("Index_Fields"),
        _(
            "Add CORRELATION_ID to Index_Fields and a line"
            " “IF_CORRELATION_ID=BOD_AlternateDocumentID_1” (an attribute of the IDM document"
            " type), or accept that documents are delivered at least once."
        ),
    )


def _check_same_invoice(properties: Properties) -> Iterator[Finding]:
    """IDM is asked for another item of the same invoice by what the mapping sends of it."""
    sent = {
        document_field(field_id(name))
        for name in properties.names("Index_Fields")
        if properties.get("IF_" + name)
    }
    if "invoice_id" in sent and sent & set(SUPPLIER_FIELDS):
        return
    yield Finding(
        Severity.INFO,
        "same_invoice_not_asked",
        properties.line("Index_Fields"),
        "Index_Fields",
        _(
            "IDM is not asked whether the invoice is there already: the mapping does not send"
            " both its number and its supplier."
        ),
        _("Add INVOICE_ID and SUPPLIER_NAME, or another identity of the supplier."),
    )


def _check_constants(properties: Properties) -> Iterator[Finding]:
    for name in properties.names("Static_Fields"):
        key = "SF_" + name
        if properties.has(key) and not properties.get(key):
            yield empty_value(
                properties, key, _("Write the value, unless the attribute stays empty.")
            )


def _check_expressions(properties: Properties) -> Iterator[Finding]:
    for key in (*EXPRESSIONS, *(line.key for line in properties if _is_embedded_name(line.key))):
        if not properties.has(key):
            yield Finding(
                Severity.INFO,
                "missing_expression",
                None,
                key,
                _("There is no {key}.").format(key=key),
                _("Without it the file keeps its own name and IDM sets the access rights."),
            )
        for reference in filter(None, (part.strip() for part in properties.get(key).split("+"))):
            yield from _check_reference(properties, key, reference)


def _check_reference(properties: Properties, key: str, reference: str) -> Iterator[Finding]:
    if reference.startswith("IF_"):
        yield from check_fields(properties, {reference.removeprefix("IF_"): key})
    elif not (reference.startswith(("SV_", "SF_")) and properties.get(reference)):
        yield Finding(
            Severity.WARNING,
            "unresolved_reference",
            properties.line(key),
            key,
            _("{reference} has no value in this file; the place stays empty.").format(
                reference=reference
            ),
            _("Add a line “{reference}=…”, or remove it from {key}.").format(
                reference=reference, key=key
            ),
        )


def _check_embedded_files(properties: Properties) -> Iterator[Finding]:
    names = properties.names("EMBEDDED_FILES_EXPORT")
    for name in names:
        for suffix in _EMBEDDED:
            key = f"EFE_{name}{suffix}"
            if not properties.get(key):
                yield empty_value(properties, key, _("Add the line “{key}=…”.").format(key=key))
    expected = {f"EFE_{name}{suffix}" for name in names for suffix in _EMBEDDED}
    for line in properties:
        if longest_prefix(line.key, PREFIXES) == "EFE_" and line.key not in expected:
            yield unknown_key(properties, line.key, expected)
    if names:
        yield Finding(
            Severity.INFO,
            "embedded_files",
            properties.line("EMBEDDED_FILES_EXPORT"),
            "EMBEDDED_FILES_EXPORT",
            _(
                "The files inside a document become further files of its item; IDM document types"
                " of their own (EFE_…_EXPORT_DOC_TYPE) are not used."
            ),
            _("Nothing to do. XML_DOCUMENT.xml is the invoice as it was received."),
        )


def _is_embedded_name(key: str) -> bool:
    return key.startswith("EFE_") and key.endswith("_EXPORT_FILENAME")
