"""The older names that mapping files use for document types, fields, tables and columns.

Names are compared without regard to case (docs/reference/mapping-files.md#lexical-rules,
docs/reference/document-system.md#fields-and-tables).
"""

from __future__ import annotations

import re
from functools import lru_cache

from ionport.documents.invoice.fields import FIELD_TERMS

CORRELATION_ID = "correlation_id"
IDM_REFERENCE = "idm_reference"
"""The id that IDM gives the item of a delivery."""
SUPPLIER_VAT_COUNTRY = "supplier_vat_country"
DERIVED_FIELDS = frozenset({SUPPLIER_VAT_COUNTRY})
"""What a mapping may name beside the document's fields: made of one of them when it is sent."""

_TERM = re.compile(r"(?:BT|OWN)-[A-Z0-9-]+", re.IGNORECASE)

_FIELDS = {
    "invoice_number": "invoice_id",
    "vendor_id": "supplier_id",
    "vendor_name": "supplier_name",
    "vendor_address": "supplier_address",
    "vat_no_extracted": "supplier_tax_id",
    "iban_extracted": "supplier_iban",
    "accounting_entity_id": "accounting_entity",
    "cono": "company",
    "divi": "division",
    "division_no": "accounting_entity",
    "sub_organization": "sub_org",
    "supplier_order_number": "sales_order",
    "auftragsnr": "sales_order",
    "promised_delivery_date": "delivery_date",
    "lieferdatum": "delivery_date",
    "supplier_cat": "supplier_category",
}
_FIELD_OF_TERM = {term: field for field, term in FIELD_TERMS.items()}
_COLUMNS = {
    "PONUMBER": "PURCHASE_ORDER",
    "PO_NUMBER": "PURCHASE_ORDER",
    "UNITMEASUREMENT": "UNIT",
    "UNIT_MEASUREMENT": "UNIT",
    "LIEFERDATUM": "PROMISED_DELIVERY_DATE",
    "SUB_POSITION": "SUB_LINE_NUMBER",
}


def term_id(name: str) -> str:
    """Return the business term of the invoice that a mapping file names (`BT-13`), or ``""``."""
    return name.upper() if "-" in name and _TERM.fullmatch(name) else ""


def field_id(name: str) -> str:
    """Return the id of the document field, or of the business term, that a mapping calls `name`."""
    if term := term_id(name):
        return term
    lower = name.lower()
    return _FIELDS.get(lower, lower)


def document_field(name: str) -> str:
    """Return the document's field that is made from the term `name`, or `name` itself."""
    return _FIELD_OF_TERM.get(name, name)


def column_id(name: str) -> str:
    """Return the id of the column of the invoice table that a mapping file calls `name`."""
    upper = name.upper()
    return _COLUMNS.get(upper, upper)


@lru_cache(maxsize=1024)
def comparable(name: str) -> str:
    """Return `name` for comparing document types and tables: `InvoiceTable` = `INVOICE_TABLE`."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())
