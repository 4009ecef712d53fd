"""From a file to a document's fields and tables, under the ids of facts/docbits.md §2.4."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.documents.amounts import EXACT, at_most_decimals, decimal_text
from ionport.documents.checks import check_amounts
from ionport.documents.einvoice import EInvoice, Line, Party, parse_einvoice
from ionport.documents.model import Row
from ionport.documents.review.identity import InvoiceIdentity, invoice_identity
from ionport.documents.review.model import NewFinding
from ionport.documents.types import INVOICE_TABLE, TAX_LINES

_MAX_FILENAME = 200
_PRICE_DECIMALS = 10
# Only these have header fields of their own; every rate stands in the table of tax lines.
_RATE_SUFFIXES = ("", "_2", "_3")


@dataclass(frozen=True, slots=True)
class Intake:
    """What a file says, before it is a document."""

    document_type: str
    mime_type: str
    fields: Row
    tables: Mapping[str, tuple[Row, ...]]
    findings: tuple[NewFinding, ...]
    identity: InvoiceIdentity


def read_file(content: bytes) -> Intake:
    """Read an e-invoice; errors as `parse_einvoice`, and a clear one for a PDF or a picture."""
    _refuse_other_files(content)
    invoice = parse_einvoice(content)
    return Intake(
        document_type="CREDIT_NOTE" if invoice.is_credit_note else "INVOICE",
        mime_type="application/xml",
        fields=invoice_fields(invoice),
        tables={
            INVOICE_TABLE: tuple(_line_row(line, invoice) for line in invoice.lines),
            TAX_LINES: tuple(_tax_rows(invoice)),
        },
        findings=check_amounts(invoice),
        identity=_identity(invoice),
    )


def _identity(invoice: EInvoice) -> InvoiceIdentity:
    seller = invoice.seller
    return invoice_identity(
        is_credit_note=invoice.is_credit_note,
        number=invoice.header.number,
        issue_date=invoice.header.issue_date,
        supplier_name=seller.name,
        supplier_ids=(
            seller.vat_id,
            seller.tax_registration,
            seller.registration,
            seller.gln,
            seller.identifier,
        ),
    )


def invoice_fields(invoice: EInvoice) -> Row:
    """Return the header fields that the invoice fills; what it does not say is left out."""
    header, totals = invoice.header, invoice.totals
    fields: dict[str, str | date | Decimal | None] = {
        "invoice_id": header.number,
        "invoice_date": header.issue_date,
        "invoice_type": header.type_code,
        "purchase_order": header.order_number,
        "delivery_date": header.delivery_date,
        "due_date": header.due_date,
        "reference": header.buyer_reference,
        "currency": header.currency,
        "total_amount": totals.gross,
        "total_net_amount": totals.net,
        "total_tax_amount": totals.tax,
        "charges": totals.charges,
        "discount": totals.allowances,
        "prepaid_amount": totals.prepaid,
        "amount_due": totals.due,
        "payment_terms": header.payment_terms,
        "payment_method": header.payment_means,
        "payment_reference": header.payment_reference,
        "supplier_iban": "".join(header.account.split()),
        "bank_id": header.bank,
        "ship_to_party_id": header.ship_to_id,
        "ship_to_party_name": header.ship_to_name,
        **_party_fields("supplier", invoice.seller),
        **_party_fields("buyer", invoice.buyer),
    }
    for suffix, tax in zip(_RATE_SUFFIXES, invoice.taxes, strict=False):
        fields["net_amount" + suffix] = tax.basis
        fields["tax_amount" + suffix] = tax.amount
        fields["tax_rate" + suffix] = tax.rate
    return _texts(fields)


def _party_fields(prefix: str, party: Party) -> dict[str, str | date | Decimal | None]:
    town = " ".join(filter(None, (party.postcode, party.city)))
    address = (party.street, party.street_2, party.street_3, town)
    return {
        f"{prefix}_id": party.identifier,
        f"{prefix}_name": party.name,
        f"{prefix}_tax_id": party.vat_id or party.tax_registration,
        f"{prefix}_country_code": party.country_code,
        f"{prefix}_address": ", ".join(filter(None, address)),
    }


def _line_row(line: Line, invoice: EInvoice) -> Row:
    """Return a row of the invoice table.

    EN 16931 knows no gross amount of a line, so TOTAL_AMOUNT is the line's net total (BT-131);
    a line without an order number of its own belongs to the invoice's order (BT-13).
    """
    return _texts(
        {
            "POSITION": line.number,
            "PURCHASE_ORDER": line.order_number or invoice.header.order_number,
            "LINE_NUMBER": line.order_line,
            "ITEM_NUMBER": line.buyer_item,
            "SUPPLIER_ITEM_NUMBER": line.seller_item,
            "DESCRIPTION": line.name,
            "QUANTITY": line.quantity,
            "UNIT": line.unit,
            "UNIT_PRICE": _unit_price(line),
            "DISCOUNT": line.allowances or None,
            "CHARGES": line.charges or None,
            "NET_AMOUNT": line.net,
            "TOTAL_AMOUNT": line.net,
            "VAT": line.rate,
        }
    )


def _unit_price(line: Line) -> Decimal | None:
    """Return the price of one unit: readers of UNIT_PRICE know no base quantity (BT-149)."""
    per = line.price_quantity
    if line.price is None or per is None or per.is_zero() or per == 1:
        return line.price
    return at_most_decimals(EXACT.divide(line.price, per), _PRICE_DECIMALS)


def _tax_rows(invoice: EInvoice) -> Iterable[Row]:
    for number, tax in enumerate(invoice.taxes, start=1):
        yield _texts(
            {
                "line_number": str(number),
                "tax_rate": tax.rate,
                "tax_category": tax.category,
                "net_amount": tax.basis,
                "tax_amount": tax.amount,
                "gross_amount": EXACT.add(tax.basis, tax.amount),
            }
        )


def _texts(values: Mapping[str, str | date | Decimal | None]) -> Row:
    return {name: text for name, value in values.items() if (text := _canonical(value))}


def _canonical(value: str | date | Decimal | None) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return decimal_text(value)
    return value if isinstance(value, str) else value.isoformat()


def clean_filename(filename: str, default: str = "document.xml") -> str:
    """Return the last part of `filename` without control characters, at most 200 letters."""
    last = filename.replace("\\", "/").rpartition("/")[2]
    letters = (letter for letter in last if unicodedata.category(letter)[0] != "C")
    return "".join(letters).strip()[-_MAX_FILENAME:] or default


def _refuse_other_files(content: bytes) -> None:
    for signature, name in (
        (b"%PDF-", _("a PDF")),
        (b"PK\x03\x04", _("a ZIP archive or an Office file")),
        (b"\x89PNG", _("a picture")),
        (b"\xff\xd8\xff", _("a picture")),
        (b"{", _("JSON")),
    ):
        if content.startswith(signature):
            raise InvalidInput(
                _(
                    "This file is {kind}. ionport reads e-invoices as XML (UBL or CII): upload the"
                    " XML file that belongs to the invoice."
                ).format(kind=name),
                code="not_an_einvoice",
            )
