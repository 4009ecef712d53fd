"""Where one server has both sides, the inspector leads to the ledger."""

from __future__ import annotations

from ionport.core.clock import SystemClock
from ionport.store import TenantScope
from tests.support.erp import add_ln_invoice
from tests.support.whole import Desk


def test_an_ln_invoice_leads_to_its_delivery(desk: Desk) -> None:
    tenant = desk.tenant.tenant_id
    number = add_ln_invoice(desk.application.database, SystemClock(), TenantScope(tenant))
    key = number if "-" in number else f"200-{number}"
    page = desk.browser.get(f"/ion-api/{tenant}/inspector/ln/{key}").text
    assert f'<a href="/deliveries?q={key}">Show its delivery</a>' in page
