"""The invoice that an ERP books, read from a CaptureDocument or a SupplierInvoice.

Source: docs/reference/ion-messaging.md#synccapturedocument, whose names are those that the
published mappings read and write. They book every document as an invoice, and so does this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from ionport.sandbox.messaging.flows.acknowledge_bod import InvoiceDocument

# The published mappings read three VAT rates.
_RATES: Final = ("", "2", "3")


@dataclass(frozen=True, slots=True)
class ErpTax:
    """One VAT rate of an invoice."""

    rate: str
    base: str
    amount: str
    code: str


@dataclass(frozen=True, slots=True)
class ErpLine:
    """One line of an invoice; `order` and `position` name a line of a purchase order."""

    order: str
    position: str
    item: str
    quantity: str
    unit: str
    price: str
    amount: str


@dataclass(frozen=True, slots=True)
class ErpInvoice:
    """An invoice as an ERP takes it; texts are empty where the document says nothing.

    Amounts have a decimal point, dates are YYYY-MM-DD. `entity` is the accounting entity.
    """

    entity: str
    supplier: str
    number: str
    issued: str
    due: str
    currency: str
    total: str
    tax: str
    order: str
    correlation_id: str
    taxes: tuple[ErpTax, ...]
    lines: tuple[ErpLine, ...]


def read_invoice(document: InvoiceDocument) -> ErpInvoice:
    """Return the invoice that an ERP books for a document."""
    if document.first("CaptureDocument") is not None:
        return _of_capture(document)
    return _of_supplier_invoice(document)


def _of_capture(document: InvoiceDocument) -> ErpInvoice:
    named = document.value
    taxes = [
        ErpTax(
            rate=named(f"VatPercent{rate}") or "",
            base=named(f"NetAmount{rate}") or "",
            amount=named(f"VATAmount{rate}") or "",
            code=named(f"TaxCode{rate}") or "",
        )
        for rate in _RATES
    ]
    rows = (_columns(row) for row in _all(document.root, "Row"))
    return ErpInvoice(
        entity=document.text_of("AccountingEntityID"),
        supplier=named("SupplierID") or "",
        number=document.number,
        issued=(named("InvoiceDate") or document.text_of("DocumentDateTime"))[:10],
        due=(named("DueDate") or "")[:10],
        currency=named("Currency") or "",
        total=named("TotalAmount") or "",
        tax=named("VATAmount") or "",
        order=named("PurchaseOrder") or "",
        correlation_id=document.correlation_id,
        taxes=tuple(each for each in taxes if each.amount),
        lines=tuple(
            ErpLine(
                order=row.get("PONumber", ""),
                position=row.get("Position", ""),
                item=row.get("ItemNumber", ""),
                quantity=row.get("Quantity", ""),
                unit=row.get("UnitMeasurement", ""),
                price=row.get("UnitPrice", ""),
                amount=row.get("Amount", ""),
            )
            for row in rows
        ),
    )


def _of_supplier_invoice(document: InvoiceDocument) -> ErpInvoice:
    header = document.first("SupplierInvoiceHeader")
    if header is None:
        header = document.root
    taxes = [
        ErpTax(
            rate=_percent(_at(each, "Calculation", "RateNumeric")),
            base=_at(each, "BasisAmount"),
            amount=_at(each, "Amount"),
            code=_at(each, "ID"),
        )
        for each in _children(header, "Tax")
    ]
    total = next(_all(header, "TotalAmount"), None)
    return ErpInvoice(
        entity=document.text_of("AccountingEntityID"),
        supplier=_at(header, "SupplierParty", "PartyIDs", "ID"),
        number=_at(header, "DocumentID", "ID"),
        issued=_at(header, "DocumentDateTime")[:10],
        due=_at(header, "PaymentTerm", "Term", "DueDateTime")[:10],
        currency="" if total is None else total.get("currencyID", ""),
        total="" if total is None else _text(total),
        tax=taxes[0].amount if taxes else "",
        order=_at(header, "PurchaseOrderReference", "DocumentID", "ID"),
        correlation_id=document.correlation_id,
        taxes=tuple(each for each in taxes if each.amount),
        lines=tuple(_line(each) for each in _all(document.root, "SupplierInvoiceLine")),
    )


def _line(line: etree._Element) -> ErpLine:
    quantity = next(_children(line, "Quantity"), None)
    return ErpLine(
        order=_at(line, "PurchaseOrderReference", "DocumentID", "ID"),
        position=_at(line, "PurchaseOrderReference", "LineNumber"),
        item=_at(line, "Item", "ItemID", "ID"),
        quantity="" if quantity is None else _text(quantity),
        unit="" if quantity is None else quantity.get("unitCode", ""),
        price=_at(line, "UnitPrice", "Amount"),
        amount=_at(line, "ExtendedAmount"),
    )


def _percent(rate: str) -> str:
    """Return a rate such as 0.19 as percent; what is no number stays as it is."""
    try:
        return f"{float(rate) * 100:g}" if rate else ""
    except ValueError:
        return rate


def _columns(row: etree._Element) -> dict[str, str]:
    return {_at(column, "Name"): _at(column, "Value") for column in _children(row, "Column")}


def _at(element: etree._Element, *names: str) -> str:
    """Return the text of the element at a path of local names, the first of each; else empty."""
    found: etree._Element | None = element
    for name in names:
        found = None if found is None else next(_children(found, name), None)
    return "" if found is None else _text(found)


def _children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    return (each for each in element if _is(each, name))


def _all(element: etree._Element, name: str) -> Iterator[etree._Element]:
    return (each for each in element.iter() if _is(each, name))


def _is(element: etree._Element, name: str) -> bool:
    return isinstance(element.tag, str) and etree.QName(element).localname == name


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()
