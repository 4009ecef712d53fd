"""Books invoices into LN, as received purchase invoices."""

from __future__ import annotations

import re

from ionport.core.errors import InvalidInput
from ionport.sandbox.ln.invoices import ReadInvoice, problem_of
from ionport.sandbox.ln.model import (
    COST,
    DEFAULT_COMPANY,
    HEADER,
    RECEIPT,
    TAX,
    Component,
    Draft,
    Processing,
    Values,
)
from ionport.sandbox.ln.service import LnService
from ionport.sandbox.messaging.flows.erp_invoice import ErpInvoice, ErpLine
from ionport.sandbox.messaging.flows.model import Booked
from ionport.store import ScopedWork, TenantScope

_NUMBER = re.compile(r"\d{1,5}")


class LnBooks:
    """LN: a received purchase invoice that is processed."""

    def __init__(self, service: LnService) -> None:
        self._service = service

    def book(self, access: ScopedWork[TenantScope], invoice: ErpInvoice) -> Booked:
        number = _NUMBER.match(invoice.entity)
        company = int(number[0]) if number else DEFAULT_COMPANY
        header = _filled(
            FinancialCompany=str(company),
            SupplierCode=invoice.supplier,
            InvoiceNumberSupplier=invoice.number,
            InvoiceDate=invoice.issued,
            InvoiceAmount=invoice.total,
            InvoiceCurrency=invoice.currency,
            TaxCountry="DE",
            DocumentIDExternalPackage=invoice.correlation_id,
            InvoiceDocumentType="Invoice",
        )
        taxes = [
            _filled(LineNumber=str(position), TaxBaseAmount=tax.base, TaxAmount=tax.amount)
            for position, tax in enumerate(invoice.taxes, start=1)
        ]
        receipts = [_receipt(line) for line in invoice.lines if line.order and line.position]
        _check(HEADER, header)
        for component, lines in ((TAX, taxes), (RECEIPT, receipts)):
            for line in lines:
                _check(component, line)
        draft = Draft(header, {TAX.name: taxes, RECEIPT.name: receipts, COST.name: []})
        read = [ReadInvoice(draft, [])]
        created = self._service.create(access, read, client_id="", each_on_its_own=False)
        key = (company, created.invoices[0].number)
        (processed,) = self._service.process(access, [key])
        for message in processed.messages:
            if message.startswith("Supplier "):
                raise InvalidInput(message, code="supplier_unknown")
        is_posted = processed.processing is Processing.PROCESSED
        return Booked(processed.key, "", is_posted, "\n".join(processed.messages))


def _receipt(line: ErpLine) -> Values:
    return _filled(
        Order=line.order,
        OrderPosition=line.position,
        InvoicedQuantity=line.quantity,
        InvoicedAmount=line.amount,
    )


def _check(component: Component, values: Values) -> None:
    """Raise InvalidInput for the first attribute that LN would refuse."""
    for attribute in component.attributes.values():
        value = values.get(attribute.name, "")
        if attribute.is_mandatory and not value:
            raise InvalidInput(f"Attr. '{attribute.name}': the value is mandatory.")
        if value and (problem := problem_of(attribute, value)):
            raise InvalidInput(problem.text, code=problem.code)


def _filled(**values: str) -> Values:
    return {name: value for name, value in values.items() if value}
