"""The tables of a document, made from the tree: lines, VAT, allowances, notes, references."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ionport.documents.amounts import EXACT, at_most_decimals, total
from ionport.documents.invoice.attachments import attachments
from ionport.documents.invoice.fields import joined, order_number, texts
from ionport.documents.invoice.model import Invoice
from ionport.documents.invoice.tree import Node

_PRICE_DECIMALS = 10
_ZERO, _ONE = Decimal(0), Decimal(1)

# What a reference is, with the terms of its number and its date.
_REFERENCES = (
    ("order", "BT-13", "BT-X-147"),
    ("sales_order", "BT-14", "BT-X-146"),
    ("contract", "BT-12", "BT-X-148"),
    ("project", "BT-11", ""),
    ("tender", "BT-17", "BT-X-556"),
    ("object", "BT-18", "BT-X-557"),
    ("receiving_advice", "BT-15", "BT-X-201"),
    ("despatch_advice", "BT-16", "BT-X-200"),
    ("delivery_note", "BT-X-202", "BT-X-203"),
)
# Group, kind, level, and the terms of amount, base, percentage, reason, its code, VAT, its rate.
_ALLOWANCES = (
    ("BG-20", "allowance", ("BT-92", "BT-93", "BT-94", "BT-97", "BT-98", "BT-95", "BT-96")),
    ("BG-21", "charge", ("BT-99", "BT-100", "BT-101", "BT-104", "BT-105", "BT-102", "BT-103")),
    ("BG-X-42", "charge", ("BT-X-272", "", "", "BT-X-271", "", "BT-X-273", "BT-X-274")),
    ("OWN-G2", "unknown", ("BT-92", "BT-93", "BT-94", "BT-97", "BT-98", "BT-95", "BT-96")),
)
_LINE_ALLOWANCES = (
    ("BG-27", "allowance", ("BT-136", "BT-137", "BT-138", "BT-139", "BT-140", "", "")),
    ("BG-28", "charge", ("BT-141", "BT-142", "BT-143", "BT-144", "BT-145", "", "")),
    ("OWN-G3", "unknown", ("BT-136", "BT-137", "BT-138", "BT-139", "BT-140", "", "")),
)
TERMS_OF_TYPES = {
    **{kind: term for kind, term, _date in _REFERENCES},
    "preceding_invoice": "BG-3",
    **{kind: group for group, kind, _terms in reversed(_ALLOWANCES)},
}
"""The business terms that the values of the columns TYPE stand for, by which they are named."""

_COLUMNS = ("AMOUNT", "BASE_AMOUNT", "PERCENTAGE", "REASON", "REASON_CODE", "VAT_CATEGORY", "VAT")


def line_rows(invoice: Invoice) -> Iterator[dict[str, str]]:
    """Yield the lines that count.

    EN 16931 knows no gross amount of a line, so TOTAL_AMOUNT is its net amount (BT-131); a line
    without an order number of its own belongs to the invoice's order (BT-13). Of an invoice
    nobody promises a day any more.
    """
    order, is_invoiced = order_number(invoice), invoice.kind.is_invoiced
    for line in invoice.lines:
        quantity = line.first("BT-129")
        yield texts(
            {
                "POSITION": line.value("BT-126"),
                "PURCHASE_ORDER": line.value("BT-X-21") or order,
                "LINE_NUMBER": line.value("BT-132"),
                "ITEM_NUMBER": line.value("BT-156"),
                "SUPPLIER_ITEM_NUMBER": line.value("BT-155"),
                "STANDARD_ITEM_NUMBER": line.value("BT-157"),
                "DESCRIPTION": line.value("BT-153"),
                "LONG_DESCRIPTION": line.value("BT-154"),
                "NOTE": joined(line.all("BT-127")),
                "QUANTITY": quantity,
                "UNIT": line.value("BT-130"),
                "UNIT_PRICE": unit_price(line),
                "DISCOUNT": sum_of(line, "BT-136") or None,
                "CHARGES": sum_of(line, "BT-141") or None,
                "NET_AMOUNT": line.first("BT-131"),
                "TOTAL_AMOUNT": line.first("BT-131"),
                "VAT": line.first("BT-152"),
                "VAT_CATEGORY": line.value("BT-151"),
                "ACCOUNTING_REFERENCE": line.value("BT-133"),
                "PERIOD_START": line.first("BT-134"),
                "PERIOD_END": line.first("BT-135"),
                "PROMISED_DELIVERY_DATE": None if is_invoiced else line.first("BT-X-85"),
            }
        )


def tax_rows(invoice: Invoice) -> Iterator[dict[str, str]]:
    """Yield the VAT breakdown in the invoice's currency, however many rows it has."""
    for number, row in enumerate(invoice.tree.all("BG-23"), start=1):
        basis, amount = decimal_of(row, "BT-116"), decimal_of(row, "BT-117")
        known = [figure for figure in (basis, amount) if figure is not None]
        yield texts(
            {
                "line_number": str(number),
                "tax_rate": row.first("BT-119"),
                "tax_category": row.value("BT-118"),
                "exemption_reason": row.value("BT-120"),
                "exemption_code": row.value("BT-121"),
                "net_amount": row.first("BT-116"),
                "tax_amount": row.first("BT-117"),
                "gross_amount": total(known) if len(known) > 1 else None,
            }
        )


def allowance_rows(invoice: Invoice) -> Iterator[dict[str, str]]:
    """Yield allowances and charges of the invoice and of its lines."""
    for group, kind, terms in _ALLOWANCES:
        for node in invoice.tree.all(group):
            yield _allowance(node, "", kind, terms)
    for line in invoice.lines:
        for group, kind, terms in _LINE_ALLOWANCES:
            for node in line.all(group):
                yield _allowance(node, line.value("BT-126"), kind, terms)


def note_rows(invoice: Invoice) -> Iterator[dict[str, str]]:
    """Yield the notes (BG-1)."""
    for note in invoice.tree.all("BG-1"):
        row = texts({"SUBJECT_CODE": note.value("BT-21"), "TEXT": note.value("BT-22")})
        if row:
            yield row


def reference_rows(invoice: Invoice) -> Iterator[dict[str, str]]:
    """Yield the documents that the invoice refers to, preceding invoices among them."""
    tree = invoice.tree
    for kind, term, date_term in _REFERENCES:
        dates = tree.all(date_term) if date_term else ()
        for index, node in enumerate(tree.all(term)):
            date = node.first(date_term) or (dates[index] if index < len(dates) else None)
            yield texts({"TYPE": kind, "NUMBER": node.text, "DATE": date})
    for group in tree.all("BG-3"):
        number = group.value("BT-25")
        yield texts({"TYPE": "preceding_invoice", "NUMBER": number, "DATE": group.first("BT-26")})


def attachment_rows(invoice: Invoice) -> Iterator[dict[str, str]]:
    """Yield the supporting documents (BG-24), attached or elsewhere."""
    for one in attachments(invoice):
        yield texts(
            {
                "REFERENCE": one.reference,
                "DESCRIPTION": one.description,
                "FILENAME": one.filename,
                "MIME_TYPE": one.mime_type,
                "SIZE": "" if one.size is None else str(one.size),
                "LOCATION": one.location,
            }
        )


def unit_price(line: Node) -> Decimal | None:
    """Return the price of one unit: readers of UNIT_PRICE know no base quantity (BT-149)."""
    price, per = decimal_of(line, "BT-146"), base_quantity(line)
    if price is None or per.is_zero() or per == 1:
        return price
    return at_most_decimals(EXACT.divide(price, per), _PRICE_DECIMALS)


def base_quantity(line: Node) -> Decimal:
    """Return how many units the price is for; some files say it at the gross price only."""
    for term in ("BT-149", "BT-149-1"):
        if (per := decimal_of(line, term)) is not None:
            return per
    return _ONE


def decimal_of(node: Node, term: str) -> Decimal | None:
    """Return the number of the first `term` below `node`."""
    found = node.first(term)
    return None if found is None else found.decimal


def sum_of(node: Node, term: str) -> Decimal:
    """Return the exact sum of all `term` below `node` that are numbers."""
    return total(one.decimal or _ZERO for one in node.all(term))


def _allowance(node: Node, line: str, kind: str, terms: tuple[str, ...]) -> dict[str, str]:
    figures = {
        column: node.first(term) if term else None
        for column, term in zip(_COLUMNS, terms, strict=True)
    }
    return texts({"TYPE": kind, "POSITION": line, **figures})
