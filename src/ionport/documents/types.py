"""Document types with their fields and tables.

Source: docs/reference/document-system.md#fields-and-tables.

The types, fields and columns that ionport ships; labels are gettext messages, translated when
they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ionport.core.errors import NotFound
from ionport.core.i18n import _


class FieldType(StrEnum):
    """How a value is meant; the stored text is canonical (ISO date, plain decimal)."""

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
            FieldType.NUMBER: _("Number"),
            FieldType.CURRENCY: _("Currency"),
        }[self]


class Origin(StrEnum):
    """Who fills a field."""

    INVOICE = "invoice"
    HAND = "hand"
    """A person; no e-invoice says it."""
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


INVOICE_TABLE = "INVOICE_TABLE"
TAX_LINES = "tax_lines"
ALLOWANCES_CHARGES = "ALLOWANCES_CHARGES"
NOTES = "NOTES"
REFERENCES = "REFERENCES"
ATTACHMENTS = "ATTACHMENTS"

_BY_HAND = frozenset(
    {
        "accounting_date",
        "invoice_sub_type",
        "purchase_type",
        "tax_code",
        "tax_code_2",
        "tax_code_3",
        "tax_country",
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


def _fields(group: str, rows: str) -> tuple[Field, ...]:
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


_INVOICE_FIELDS = (
    *_fields(
        "Invoice Details",
        """
        invoice_id STRING Invoice Number
        invoice_date DATE Invoice Date
        invoice_type STRING Invoice Type
        invoice_sub_type STRING Invoice Sub Type
        purchase_type STRING Purchase Type
        purchase_order STRING Purchase Order
        order_date DATE Order Date
        delivery_date DATE Delivery Date
        accounting_date DATE Accounting Date
        reference STRING Reference
        sales_order STRING Sales Order
        contract_reference STRING Contract
        project_reference STRING Project
        tender_reference STRING Tender or Lot
        invoiced_object STRING Invoiced Object
        receiving_advice STRING Receiving Advice
        despatch_advice STRING Despatch Advice
        accounting_reference STRING Accounting Reference
        preceding_invoice STRING Preceding Invoice
        preceding_invoice_date DATE Preceding Invoice Date
        period_start DATE Period Start
        period_end DATE Period End
        tax_point_date DATE Tax Point Date
        correlation_id STRING Correlation ID
        idm_reference STRING IDM Reference
        """,
    ),
    *_fields(
        "Payment Details",
        """
        supplier_iban STRING IBAN
        bank_id STRING Bank ID
        payment_terms STRING Payment Terms
        payment_method STRING Payment Method
        payment_reference STRING Payment Reference
        discount_term STRING Discount Term
        due_date DATE Due Date
        mandate_reference STRING Mandate Reference
        creditor_id STRING Creditor ID
        payee_name STRING Payee Name
        payee_id STRING Payee ID
        payee_registration STRING Payee Registration
        """,
    ),
    *_fields(
        "VAT & Amounts",
        """
        net_amount AMOUNT Net Amount
        tax_amount AMOUNT Tax Amount
        tax_rate NUMBER Tax Rate
        tax_code STRING Tax Code
        net_amount_2 AMOUNT Net Amount 2
        tax_amount_2 AMOUNT Tax Amount 2
        tax_rate_2 NUMBER Tax Rate 2
        tax_code_2 STRING Tax Code 2
        net_amount_3 AMOUNT Net Amount 3
        tax_amount_3 AMOUNT Tax Amount 3
        tax_rate_3 NUMBER Tax Rate 3
        tax_code_3 STRING Tax Code 3
        charges AMOUNT Charges
        discount AMOUNT Discount
        total_net_amount AMOUNT Total Net Amount
        total_tax_amount AMOUNT Total Tax Amount
        total_amount AMOUNT Total Amount
        prepaid_amount AMOUNT Prepaid Amount
        rounding_amount AMOUNT Rounding Amount
        amount_due AMOUNT Amount Due
        total_tax_amount_accounting AMOUNT Total Tax in Accounting Currency
        accounting_currency CURRENCY Accounting Currency
        currency CURRENCY Currency
        """,
    ),
    *_fields(
        "Vendor Details",
        """
        supplier_id STRING Supplier ID
        supplier_name STRING Supplier Name
        supplier_address STRING Supplier Address
        supplier_country_code STRING Supplier Country
        supplier_tax_id STRING Supplier VAT Number
        supplier_tax_number STRING Supplier Tax Number
        supplier_registration STRING Supplier Registration
        """,
    ),
    *_fields(
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
    ),
)

_TABLES = (
    TableType(
        INVOICE_TABLE,
        "Invoice Table",
        _fields(
            "",
            """
            POSITION STRING Position
            PURCHASE_ORDER STRING Purchase Order
            LINE_NUMBER STRING Order Line
            ITEM_NUMBER STRING Item Number
            SUPPLIER_ITEM_NUMBER STRING Supplier Item Number
            STANDARD_ITEM_NUMBER STRING Standard Item Number
            DESCRIPTION STRING Description
            LONG_DESCRIPTION STRING Long Description
            NOTE STRING Note
            QUANTITY NUMBER Quantity
            UNIT STRING Unit
            UNIT_PRICE AMOUNT Unit Price
            DISCOUNT AMOUNT Discount
            CHARGES AMOUNT Charges
            NET_AMOUNT AMOUNT Net Amount
            TOTAL_AMOUNT AMOUNT Total Amount
            VAT NUMBER VAT %
            VAT_CATEGORY STRING VAT Category
            ACCOUNTING_REFERENCE STRING Accounting Reference
            PERIOD_START DATE Period Start
            PERIOD_END DATE Period End
            """,
        ),
    ),
    TableType(
        TAX_LINES,
        "Tax Lines",
        _fields(
            "",
            """
            line_number STRING Line
            tax_rate NUMBER Tax Rate
            tax_category STRING Tax Category
            tax_code STRING Tax Code
            tax_country STRING Tax Country
            exemption_reason STRING Exemption Reason
            exemption_code STRING Exemption Code
            net_amount AMOUNT Net Amount
            tax_amount AMOUNT Tax Amount
            gross_amount AMOUNT Gross Amount
            """,
        ),
    ),
    TableType(
        ALLOWANCES_CHARGES,
        "Allowances and Charges",
        _fields(
            "",
            """
            TYPE STRING Type
            POSITION STRING Position
            AMOUNT AMOUNT Amount
            BASE_AMOUNT AMOUNT Base Amount
            PERCENTAGE NUMBER Percentage
            REASON STRING Reason
            REASON_CODE STRING Reason Code
            VAT_CATEGORY STRING VAT Category
            VAT NUMBER VAT %
            """,
        ),
    ),
    TableType(
        NOTES,
        "Notes",
        _fields(
            "",
            """
            SUBJECT_CODE STRING Subject Code
            TEXT STRING Text
            """,
        ),
    ),
    TableType(
        REFERENCES,
        "References",
        _fields(
            "",
            """
            TYPE STRING Type
            NUMBER STRING Number
            DATE DATE Date
            """,
        ),
    ),
    TableType(
        ATTACHMENTS,
        "Attachments",
        _fields(
            "",
            """
            REFERENCE STRING Reference
            DESCRIPTION STRING Description
            FILENAME STRING File Name
            MIME_TYPE STRING Media Type
            SIZE NUMBER Size in Bytes
            LOCATION STRING Location
            """,
        ),
    ),
)

DOCUMENT_TYPES: Mapping[str, DocumentType] = {
    "INVOICE": DocumentType("INVOICE", "Invoice", _INVOICE_FIELDS, _TABLES),
    "CREDIT_NOTE": DocumentType("CREDIT_NOTE", "Credit Note", _INVOICE_FIELDS, _TABLES),
}
"""The document types by id."""


def document_type(type_id: str) -> DocumentType:
    """Return the document type with this id; raises NotFound."""
    try:
        return DOCUMENT_TYPES[type_id]
    except KeyError:
        raise NotFound(
            _("There is no document type {type}.").format(type=type_id), code="no_document_type"
        ) from None
