"""Invoices for the imitated LN, sent as its clients send them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import httpx2

from tests.support.soap import (
    SERVICE,
    XML_HEADERS,
    Line,
    entities_of,
    invoice_xml,
    request,
)

ADDRESS = f"/LN/c4ws/services/{SERVICE}"
_numbers = itertools.count(1)

RECEIPT: Line = (
    "InvoiceReceipt",
    {
        "OrderType": "purchase",
        "LogisticCompany": "200",
        "OrderSequence": "1",
        "PackingSlip": "LS-7781",
        "Order": "PUR000001",
        "OrderPosition": "10",
        "Receipt": "RCP000001",
        "ReceiptLine": "1",
        "InvoicedAmount": "60.00",
        "InvoicedQuantity": "500",
    },
)
TAX: Line = (
    "InvoiceTax",
    {"LineNumber": "1", "TaxSequenceNumber": "1", "TaxCode": "V19", "TaxAmount": "19.00"},
)
COST: Line = (
    "InvoiceCost",
    {"LineNumber": "1", "TargetCompany": "200", "LedgerAccount": "4711", "Amount": "40.00"},
)


def header(**changes: str) -> dict[str, str]:
    values = {
        "FinancialCompany": "0200",
        "RateDeterminer": "docd",
        "ExternalRateFactor": "1",
        "SupplierCode": "SUP000001",
        "InvoiceNumberSupplier": f"R-{next(_numbers)}",
        "InvoiceDate": "2026-03-01",
        "InvoiceAmount": "119.00",
        "InvoiceCurrency": "EUR",
        "DocumentIDExternalPackage": "0d7c5d4e-1111-4222-8333-944444444444",
        "TaxBaseAmount": "100.00",
    }
    return {**values, **changes}


def changed(line: Line, **values: str) -> Line:
    return line[0], {**line[1], **values}


def post(client: httpx2.Client, content: str | bytes, address: str = ADDRESS) -> httpx2.Response:
    return client.post(address, content=content, headers=XML_HEADERS)


def create(client: httpx2.Client, *invoices: str, control: str = "") -> httpx2.Response:
    return post(client, request("Create", "".join(invoices), control=control))


def new_invoice(client: httpx2.Client, *lines: Line, **changes: str) -> dict[str, str]:
    answer = create(client, invoice_xml(header(**changes), lines))
    assert answer.status_code == 200, answer.text
    (key,) = entities_of(answer.content, "Create")
    return key


def keyed(operation: str, key: Mapping[str, str]) -> str:
    return request(operation, invoice_xml(key))


def expression(name: str, how: str, value: str) -> str:
    return (
        f"<ComparisonExpression><comparisonOperator>{how}</comparisonOperator>"
        f"<attributeName>{SERVICE}.{name}</attributeName><instanceValue>{value}</instanceValue>"
        "</ComparisonExpression>"
    )


def joined(how: str, expressions: str) -> str:
    operator = f"<logicalOperator>{how}</logicalOperator>"
    return f"<Filter><LogicalExpression>{operator}{expressions}</LogicalExpression></Filter>"


def list_invoices(client: httpx2.Client, control: str, company: str = "201") -> list[str]:
    answer = post(client, request("List", "", control=control, company=company))
    assert answer.status_code == 200, answer.text
    found = entities_of(answer.content, "List")
    return [invoice["InvoiceNumberSupplier"] for invoice in found]
