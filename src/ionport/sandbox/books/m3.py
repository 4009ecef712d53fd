"""Books invoices into M3, by the transactions that an integrator would call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ionport.gateway.caller import Caller
from ionport.sandbox.m3.errors import TransactionFailed
from ionport.sandbox.m3.model import File, Record, Result
from ionport.sandbox.m3.parameters import (
    DEFAULT_COMPANY,
    DEFAULT_DIVISION,
    Batch,
    Options,
    Request,
)
from ionport.sandbox.m3.repository import M3Repository
from ionport.sandbox.m3.service import M3Service
from ionport.sandbox.messaging.flows.erp_invoice import ErpInvoice
from ionport.sandbox.messaging.flows.model import Booked
from ionport.store import ScopedWork, TenantScope

_BATCH, _VALIDATION = "APS450MI", "APS455MI"
_BOOKED = "90"


class M3Books:
    """M3: a batch of APS450MI that is approved, validated and so taken into the ledger."""

    def __init__(self, service: M3Service) -> None:
        self._service = service

    def book(self, access: ScopedWork[TenantScope], invoice: ErpInvoice) -> Booked:
        company, division = _entity(invoice.entity)
        options = Options(company=company, division=division)
        head = self._run(access, options, _BATCH, [Request("AddHead", _head(invoice))])[0]
        batch_number = head.records[0]["INBN"]
        repository = M3Repository(access.connection)
        key = (invoice.supplier,)
        if not repository.get(access.scope, company, File.SUPPLIER, [key]):
            text = f"Supplier {invoice.supplier} does not exist"
            raise TransactionFailed(text, code="WSU0103", field="SUNO")
        named = {"INBN": batch_number}
        lines = [Request("AddLine", {**named, **line}) for line in _lines(invoice)]
        if lines:
            self._run(access, options, _BATCH, lines)
        self._run(access, options, _BATCH, [Request("ApproveInvoice", named)])
        self._run(access, options, _VALIDATION, [Request("ValidByBatchNo", named)])
        found = repository.invoice(access.scope, company, batch_number) or {}
        return Booked(
            f"{company}-{batch_number}",
            found.get("VONO", ""),
            found.get("SUPA") == _BOOKED,
            found.get("errors", ""),
        )

    def _run(
        self,
        access: ScopedWork[TenantScope],
        options: Options,
        program: str,
        requests: Sequence[Request],
    ) -> Sequence[Result]:
        caller = Caller(access.scope.tenant_id, "", None, "ION", "")
        batch = Batch(program, options, requests)
        checked = self._service.check(batch, caller)
        results = self._service.run(access, caller, batch, checked).results
        if error := next((each.error for each in results if each.error is not None), None):
            raise error
        return results


def _entity(text: str) -> tuple[int, str]:
    """Return company and division of an accounting entity such as `001_AAA`."""
    company, _separator, division = text.partition("_")
    number = int(company) if company.isascii() and company.isdigit() and len(company) < 4 else 0
    return number or DEFAULT_COMPANY, division[:3] or DEFAULT_DIVISION


def _head(invoice: ErpInvoice) -> Record:
    return _filled(
        SUNO=invoice.supplier,
        IVDT=_date(invoice.issued),
        SINO=invoice.number,
        CUCD=invoice.currency,
        CUAM=invoice.total,
        VTAM=invoice.tax,
        DUDT=_date(invoice.due),
        PUNO=invoice.order,
        CORI=invoice.correlation_id,
    )


def _lines(invoice: ErpInvoice) -> Iterator[Record]:
    """Return the lines by their types: docs/reference/m3.md#supplier-invoices."""
    for tax in invoice.taxes:
        code = tax.code.lstrip("0") or "0"
        yield _filled(RDTP="3", VTCD=code, VTA1=tax.amount, VTP1=tax.rate)
    for line in invoice.lines:
        if line.order and line.position:
            yield _filled(
                RDTP="1",
                PUNO=line.order,
                PNLI=line.position,
                ITNO=line.item,
                IVQA=line.quantity,
                PUUN=line.unit,
                NEPR=line.price,
                NLAM=line.amount,
            )
        elif line.amount:
            yield _filled(RDTP="8", NLAM=line.amount, IVQA=line.quantity)


def _date(text: str) -> str:
    return text.replace("-", "")


def _filled(**values: str) -> Record:
    return {name: value for name, value in values.items() if value}
