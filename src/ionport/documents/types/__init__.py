"""The document types with their fields and tables, by id.

Source: docs/reference/document-system.md#fields-and-tables.
"""

from __future__ import annotations

from collections.abc import Mapping

from ionport.core.errors import NotFound
from ionport.core.i18n import _
from ionport.documents.types.invoices import (
    ALLOWANCES_CHARGES,
    ATTACHMENTS,
    INVOICE_FIELDS,
    INVOICE_TABLES,
    NOTES,
    REFERENCES,
    TAX_LINES,
)
from ionport.documents.types.model import (
    INVOICE_TABLE,
    DocumentType,
    Field,
    FieldType,
    Origin,
    TableType,
)
from ionport.documents.types.orders import DELIVERY_NOTE, ORDER_CONFIRMATION

__all__ = [
    "ALLOWANCES_CHARGES",
    "ATTACHMENTS",
    "DOCUMENT_TYPES",
    "INVOICE_TABLE",
    "INVOICE_TYPES",
    "NOTES",
    "REFERENCES",
    "TAX_LINES",
    "DocumentType",
    "Field",
    "FieldType",
    "Origin",
    "TableType",
    "date_of",
    "document_type",
    "number_of",
]

_OF_INVOICES = (
    DocumentType("INVOICE", "Invoice", INVOICE_FIELDS, INVOICE_TABLES),
    DocumentType("CREDIT_NOTE", "Credit Note", INVOICE_FIELDS, INVOICE_TABLES),
)
DOCUMENT_TYPES: Mapping[str, DocumentType] = {
    kind.id: kind for kind in (*_OF_INVOICES, ORDER_CONFIRMATION, DELIVERY_NOTE)
}
"""The document types by id."""
INVOICE_TYPES = frozenset(kind.id for kind in _OF_INVOICES)
"""The ids of those that are booked as invoices."""

# A type has one of each.
_NUMBERS = ("invoice_id", "order_confirmation_id", "delivery_note_id")
_DATES = ("invoice_date", "document_date")


def document_type(type_id: str) -> DocumentType:
    """Return the document type with this id; raises NotFound."""
    try:
        return DOCUMENT_TYPES[type_id]
    except KeyError:
        raise NotFound(
            _("There is no document type {type}.").format(type=type_id), code="no_document_type"
        ) from None


def number_of(fields: Mapping[str, str]) -> str:
    """Return the number that its sender gave a document, ``""`` for none."""
    return next((fields[name] for name in _NUMBERS if fields.get(name)), "")


def date_of(fields: Mapping[str, str]) -> str:
    """Return the day on which a document was issued, ``""`` for none."""
    return next((fields[name] for name in _DATES if fields.get(name)), "")
