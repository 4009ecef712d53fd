"""The header fields of a document as a second table over the tree: field id ← terms.

A field takes the first value of its terms, from left to right. What the invoice does not say is
left out; nothing is filled in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from ionport.documents.amounts import decimal_text
from ionport.documents.invoice.model import Invoice, Kind
from ionport.documents.invoice.table import Syntax
from ionport.documents.invoice.tree import NUMBERS, Node

FIELD_TERMS: Mapping[str, str] = {
    "invoice_id": "BT-1",
    "invoice_date": "BT-2",
    "invoice_type": "BT-3",
    "currency": "BT-5",
    "accounting_currency": "BT-6",
    "tax_point_date": "BT-7",
    "due_date": "BT-9",
    "reference": "BT-10",
    "project_reference": "BT-11",
    "contract_reference": "BT-12",
    "order_date": "BT-X-147",
    "sales_order": "BT-14",
    "receiving_advice": "BT-15",
    "despatch_advice": "BT-16",
    "tender_reference": "BT-17",
    "invoiced_object": "BT-18",
    "accounting_reference": "BT-19",
    "payment_terms": "BT-20",
    "preceding_invoice": "BT-25",
    "preceding_invoice_date": "BT-26",
    "ship_to_party_name": "BT-70",
    "ship_to_party_id": "BT-71",
    "delivery_date": "BT-72",
    "period_start": "BT-73",
    "period_end": "BT-74",
    "payment_method": "BT-81",
    "payment_reference": "BT-83",
    "bank_id": "BT-86",
    "mandate_reference": "BT-89",
    "creditor_id": "BT-90",
    "total_net_amount": "BT-109",
    "total_tax_amount": "BT-110",
    "total_tax_amount_accounting": "BT-111",
    "total_amount": "BT-112",
    "discount": "BT-107",
    "charges": "BT-108",
    "prepaid_amount": "BT-113",
    "rounding_amount": "BT-114",
    "amount_due": "BT-115",
    "supplier_id": "BT-29",
    "supplier_name": "BT-27",
    "supplier_tax_id": "BT-31",
    "supplier_tax_number": "BT-32",
    "supplier_registration": "BT-30",
    "supplier_country_code": "BT-40",
    "buyer_id": "BT-46",
    "buyer_name": "BT-44",
    "buyer_tax_id": "BT-48",
    "buyer_tax_number": "OWN-1",
    "buyer_registration": "BT-47",
    "buyer_country_code": "BT-55",
    "payee_name": "BT-59",
    "payee_id": "BT-60",
    "payee_registration": "BT-61",
}
OTHER_FIELD_TERMS: Mapping[Kind, Mapping[str, str]] = {
    Kind.ORDER_CONFIRMATION: {"order_confirmation_id": "BT-1", "document_date": "BT-2"},
    Kind.DELIVERY_NOTE: {"delivery_note_id": "BT-1", "document_date": "BT-2"},
}
"""The field ids of number and date in documents that are no invoices."""
_ADDRESSES = {
    "supplier_address": ("BT-35", "BT-36", "BT-162", "BT-38", "BT-37"),
    "buyer_address": ("BT-50", "BT-51", "BT-163", "BT-53", "BT-52"),
}
# Only these have header fields of their own; every VAT row stands in the table of tax lines.
RATE_SUFFIXES = ("", "_2", "_3")
VAT_TERMS = {"net_amount": "BT-116", "tax_amount": "BT-117", "tax_rate": "BT-119"}

# UBL demands an order's ID even if only the seller's order is known; these then fill it.
_NO_ORDERS = frozenset({"NA"})
# German cash discount: #SKONTO#TAGE=14#PROZENT=2.00#BASISBETRAG=100.00#
_CASH_DISCOUNT = re.compile(
    r"#SKONTO#TAGE=(\d{1,4})#PROZENT=(\d{1,3}(?:\.\d{1,4})?)(?:#BASISBETRAG=(-?[\d.]{1,20}))?#"
)


def header_fields(invoice: Invoice) -> dict[str, str]:
    """Return the fields that the invoice fills, by id; canonical texts.

    Of other kinds those of an invoice are among them that their document type does not have.
    """
    tree = invoice.tree
    index = tree.index()
    named = {**FIELD_TERMS, **OTHER_FIELD_TERMS.get(invoice.kind, {})}
    fields = {field: canonical(index[term][0]) for field, term in named.items() if term in index}
    fields["purchase_order"] = order_number(invoice)
    fields["supplier_iban"] = "".join(tree.value("BT-84").split())
    fields["discount_term"] = "; ".join(discount_terms(invoice))
    for field, terms in _ADDRESSES.items():
        *streets, postcode, city = (tree.value(term) for term in terms)
        town = " ".join(filter(None, (postcode, city)))
        fields[field] = ", ".join(filter(None, (*streets, town)))
    for suffix, row in zip(RATE_SUFFIXES, tree.all("BG-23"), strict=False):
        for field, term in VAT_TERMS.items():
            fields[field + suffix] = canonical(row.first(term))
    return {field: text for field, text in fields.items() if text}


def order_number(invoice: Invoice) -> str:
    """Return the buyer's order (BT-13), which is none where UBL only had to be filled."""
    number = invoice.tree.value("BT-13")
    if invoice.syntax is Syntax.UBL and number in _NO_ORDERS and invoice.tree.value("BT-14"):
        return ""
    return number


def discount_terms(invoice: Invoice) -> Iterator[str]:
    """Yield each discount for early payment: `14 days, 2.00 %`, with `of 100.00` when said."""
    for terms in invoice.tree.all("BT-20"):
        for days, percent, base in _CASH_DISCOUNT.findall(terms.written):
            yield _discount(f"{days} days", percent, base)
    for group in invoice.tree.all("BG-X-44"):
        period = group.first("BT-X-283")
        percent = canonical(group.first("BT-X-286"))
        if period is not None and percent:
            unit = period.children[0].text if period.children else ""
            days = f"{period.text} {'days' if unit == 'DAY' else unit}".strip()
            yield _discount(days, percent, canonical(group.first("BT-X-285")))


def canonical(node: Node | None) -> str:
    """Return a value as fields hold it: a number without an exponent or superfluous zeros."""
    if node is None:
        return ""
    number = node.decimal if node.term in NUMBERS else None
    return node.text if number is None else decimal_text(number)


def texts(values: Mapping[str, str | Decimal | Node | None]) -> dict[str, str]:
    """Return a row without its empty values."""
    return {name: text for name, value in values.items() if (text := _text(value))}


def joined(nodes: Iterable[Node]) -> str:
    """Return the texts of several occurrences as one."""
    return "; ".join(node.text for node in nodes)


def _text(value: str | Decimal | Node | None) -> str:
    if isinstance(value, str):
        return value
    return decimal_text(value) if isinstance(value, Decimal) else canonical(value)


def _discount(days: str, percent: str, base: str) -> str:
    return f"{days}, {percent} %" + (f" of {base}" if base else "")
