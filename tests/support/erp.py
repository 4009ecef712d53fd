"""Invoices in the imitated M3 and LN, for pages that show them."""

from __future__ import annotations

from ionport.core.clock import Clock
from ionport.gateway.caller import Caller
from ionport.sandbox.ln.envelope import read_call
from ionport.sandbox.ln.invoices import read_invoices
from ionport.sandbox.ln.service import LnService, LnSettings
from ionport.sandbox.m3.parameters import Batch, Options, Request
from ionport.sandbox.m3.service import M3Service, M3Settings
from ionport.store import Database, TenantScope
from tests.support.soap import SERVICE, invoice_xml, request


def add_m3_invoice(database: Database, clock: Clock, scope: TenantScope) -> str:
    """Add an invoice that validation finds wrong to a company's batch; return its key."""
    service = M3Service(clock, M3Settings(require_user=False))
    caller = Caller(scope.tenant_id, f"{scope.tenant_id}~own", None, None, "req_1")

    def run(program: str, *transactions: tuple[str, dict[str, str]]) -> list[dict[str, str]]:
        requests = [Request(name, record) for name, record in transactions]
        batch = Batch(program, Options(), requests)
        checked = service.check(batch, caller)
        with database.write() as work:
            outcome = service.run(work.within(scope), caller, batch, checked)
        assert [result.error for result in outcome.results] == [None] * len(transactions)
        return [dict(result.records[0]) if result.records else {} for result in outcome.results]

    head = {"SUNO": "GHOST", "IVDT": "20260301", "SINO": "R-4711", "CUAM": "119", "CUCD": "EUR"}
    number = run("APS450MI", ("AddHead", head))[0]["INBN"]
    lines = (
        {"RDTP": "1", "PUNO": "4500001", "PNLI": "10", "IVQA": "5", "NLAM": "100"},
        {"RDTP": "3", "VTCD": "19", "VTA1": "19"},
        {"RDTP": "3"},
    )
    run("APS450MI", *(("AddLine", {"INBN": number, **line}) for line in lines))
    run("APS455MI", ("ValidByBatchNo", {"INBN": number}))
    return f"1-{number}"


def add_ln_invoice(database: Database, clock: Clock, scope: TenantScope) -> str:
    """Add an invoice that cannot be registered to LN; return its key."""
    header = {
        "SupplierCode": "GHOST",
        "InvoiceNumberSupplier": "R-4711",
        "InvoiceDate": "2026-03-01",
        "InvoiceAmount": "119.00",
        "InvoiceCurrency": "EUR",
    }
    lines = [
        ("InvoiceTax", {"LineNumber": "1", "TaxCode": "V19", "TaxAmount": "19.00"}),
        ("InvoiceReceipt", {"Order": "PUR000001", "OrderPosition": "10"}),
    ]
    call = read_call(SERVICE, request("Create", invoice_xml(header, lines)).encode())
    service = LnService(clock, LnSettings())
    with database.write() as work:
        (invoice,) = service.create(
            work.within(scope), read_invoices(call), client_id="own", each_on_its_own=False
        ).invoices
        service.process(work.within(scope), [(invoice.company, invoice.number)])
    return invoice.key
