"""Where one server has both sides, the inspector leads to the ledger, and the ledger to it."""

from __future__ import annotations

import re

from ionport.core.clock import SystemClock
from ionport.store import TenantScope
from tests.support.acknowledging import POSTED, acknowledgement
from tests.support.erp import add_ln_invoice, add_m3_invoice
from tests.support.whole import Site
from tests.unit.web.pages.connections.test_endpoints import _connection, _make_token, _tell
from tests.unit.web.pages.documents.test_documents import _active_export, _run


def test_an_ln_invoice_leads_to_its_delivery(site: Site) -> None:
    tenant = site.tenant.tenant_id
    number = add_ln_invoice(site.application.database, SystemClock(), TenantScope(tenant))
    key = number if "-" in number else f"200-{number}"
    page = site.browser.get(f"/ion-api/{tenant}/inspector/ln/{key}").text
    assert f'<a href="/deliveries?q={key}">Show its delivery</a>' in page


def test_a_delivery_leads_to_the_invoice_that_the_erp_named(site: Site) -> None:
    tenant = site.tenant.tenant_id
    key = add_m3_invoice(site.application.database, SystemClock(), TenantScope(tenant))
    _active_export(site)
    connection = _connection(site)
    token = _make_token(site, connection)
    document = f"/documents/{site.document_id()}"
    site.browser.send(f"{document}/export", form_at=document)
    _run(site)
    (delivery,) = set(re.findall(r"/deliveries/dlv_\w+", site.browser.get(document).text))
    shown = r'<a href="([^"]+)">Show it in the sandbox'
    (item,) = re.findall(shown, site.browser.get(delivery).text)
    assert item.startswith(f"/ion-api/{tenant}/inspector/items/")
    assert item.rpartition("/")[2] in site.browser.text(item)
    correlation_id = re.findall(r"[0-9a-f-]{36}", site.browser.text(delivery))[0]
    _tell(site, connection, token, acknowledgement(correlation_id, POSTED, "2"))
    page = site.browser.get(delivery).text
    (address,) = set(re.findall(shown, page)) - {item}
    assert address == f"/ion-api/{tenant}/inspector/m3/{key}"
    assert "R-4711" in site.browser.text(address)
