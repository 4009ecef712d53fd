"""What a document type consists of: fields and tables, with their labels.

Source: docs/reference/document-system.md#fields-and-tables.

Labels are gettext messages, translated when they are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ionport.core.i18n import _


class FieldType(StrEnum):
    """The type of a value; the stored text is canonical (ISO date, plain decimal)."""

    STRING = "STRING"
    AMOUNT = "AMOUNT"
    DATE = "DATE"
    NUMBER = "NUMBER"
    CURRENCY = "CURRENCY"

    @property
    def label(self) -> str:
        """The type in the user's words."""
        return {
            FieldType.STRING: _("Text"),
            FieldType.AMOUNT: _("Amount"),
            FieldType.DATE: _("Date"),
            FieldType.NUMBER: _("Decimal number"),
            FieldType.CURRENCY: _("Currency"),
        }[self]


class Origin(StrEnum):
    """Who fills a field."""

    INVOICE = "invoice"
    HAND = "hand"
    """A person; no e-invoice has it."""
    SYSTEM = "system"
    COMPANY = "company"
    """The company that the document belongs to."""


@dataclass(frozen=True, slots=True)
class Field:
    """A header field or a column; `group` is the group of the validation screen."""

    id: str
    type: FieldType
    message: str
    group: str = ""
    origin: Origin = Origin.INVOICE

    @property
    def label(self) -> str:
        """The label in the current language."""
        return _(self.message)


@dataclass(frozen=True, slots=True)
class TableType:
    """A table of a document type, with its columns in the order they are shown."""

    id: str
    message: str
    columns: tuple[Field, ...]

    @property
    def label(self) -> str:
        """The label in the current language."""
        return _(self.message)


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A document type."""

    id: str
    message: str
    fields: tuple[Field, ...]
    tables: tuple[TableType, ...]

    @property
    def label(self) -> str:
        """The label in the current language."""
        return _(self.message)


_BY_HAND = frozenset(
    {
        "accounting_date",
        "delivery_status",
        "invoice_sub_type",
        "purchase_type",
        "received_date",
        "supplier_category",
        "tax_code",
        "tax_code_2",
        "tax_code_3",
        "tax_country",
        "warehouse_location",
    }
)
_BY_SYSTEM = frozenset({"correlation_id", "idm_reference"})
# Of the company that the document belongs to; a value by hand wins.
_BY_COMPANY = frozenset(
    {
        "accounting_entity",
        "company",
        "company_id",
        "company_name",
        "company_plz",
        "company_street",
        "company_vat",
        "division",
        "ln_company",
        "sub_org",
    }
)


def fields_of(group: str, rows: str) -> tuple[Field, ...]:
    """Return the fields of `rows`: one a line, id, type and label."""
    fields = []
    for row in rows.strip().splitlines():
        field_id, field_type, label = row.split(maxsplit=2)
        fields.append(Field(field_id, FieldType(field_type), label, group, _origin(field_id)))
    return tuple(fields)


def _origin(field_id: str) -> Origin:
    if field_id in _BY_HAND:
        return Origin.HAND
    if field_id in _BY_COMPANY:
        return Origin.COMPANY
    return Origin.SYSTEM if field_id in _BY_SYSTEM else Origin.INVOICE


INVOICE_TABLE = "INVOICE_TABLE"
"""The id of the table of lines, which every type has."""

COMPANY_FIELDS = fields_of(
    "Company Details",
    """
    buyer_id STRING Buyer ID
    buyer_name STRING Buyer Name
    buyer_address STRING Buyer Address
    buyer_country_code STRING Buyer Country
    buyer_tax_id STRING Buyer VAT Number
    buyer_tax_number STRING Buyer Tax Number
    buyer_registration STRING Buyer Registration
    ship_to_party_id STRING Ship-to Party ID
    ship_to_party_name STRING Ship-to Party Name
    sub_org STRING Sub-Organization
    company_id STRING Company ID
    company_name STRING Company Name
    company_street STRING Company Street
    company_plz STRING Company Postal Code
    company_vat STRING Company VAT Number
    accounting_entity STRING Accounting Entity
    company STRING M3 Company (CONO)
    division STRING M3 Division (DIVI)
    ln_company STRING LN Company
    """,
)
"""Of every type: who gets the document, and the company that it belongs to."""
