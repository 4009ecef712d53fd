"""The inspector's pages of M3 and LN, and the coverage of the sandbox."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ionport.asgi import page_sides
from ionport.core.clock import MovableClock
from ionport.identity.model import Actor, TenantRole
from ionport.store import Database
from tests.support.erp import add_ln_invoice, add_m3_invoice
from tests.support.infor_side import SCOPE, TENANT, InforSide, infor_side
from tests.support.oauth import add_user
from tests.support.soap import SERVICE, XML_HEADERS, invoice_xml, request
from tests.support.web import Browser, People, browser_on

BASE = f"/ion-api/{TENANT}/inspector"
COVERAGE = f"/ion-api/{TENANT}/coverage"


@dataclass(slots=True)
class Site:
    infor: InforSide
    browser: Browser

    def add_m3(self) -> str:
        return add_m3_invoice(self.infor.database, self.infor.clock, SCOPE)

    def add_ln(self) -> str:
        return add_ln_invoice(self.infor.database, self.infor.clock, SCOPE)


@pytest.fixture
def site(database: Database, clock: MovableClock, tmp_path: Path) -> Iterator[Site]:
    people = People.on(database, clock)
    with infor_side(database, tmp_path / "blobs", clock) as infor:
        for name, role in (("ada", TenantRole.IONAPI_ADMINISTRATOR), ("bob", TenantRole.USER)):
            user = people.add(name, tenant_role=None)
            with database.write() as work:
                people.identity.set_tenant_role(work, Actor.operator(), user.id, TENANT, role)
        with browser_on(people.services(), page_sides(infor.services, None)) as browser:
            browser.sign_in("ada")
            yield Site(infor, browser)


def test_an_empty_list_says_how_an_invoice_gets_there(site: Site) -> None:
    assert "adds a head with APS450MI" in site.browser.text(f"{BASE}/m3")
    assert "creates one by SOAP" in site.browser.text(f"{BASE}/ln")


def test_an_m3_invoice_shows_head_lines_and_what_validation_found(site: Site) -> None:
    key = site.add_m3()
    listed = site.browser.text(f"{BASE}/m3")
    for part in ("R-4711", "GHOST", "119 EUR", "15 With errors"):
        assert part in listed
    shown = site.browser.text(f"{BASE}/m3/{key}")
    for part in ("Supplier invoice 1001", "GHOST does not exist", "3 Tax", "4500001", "no error"):
        assert part in shown
    assert "last line" not in shown, "the sandbox's own fields are not M3's"


def test_an_ln_invoice_shows_header_lines_and_how_far_it_came(site: Site) -> None:
    key = site.add_ln()
    listed = site.browser.text(f"{BASE}/ln")
    for part in ("R-4711", "GHOST", "119.00 EUR", "Registration Errors"):
        assert part in listed
    shown = site.browser.text(f"{BASE}/ln/{key}")
    for part in (
        "Received purchase invoice 1001",
        "Supplier GHOST does not exist",
        "In Process",
        "TaxCode V19",
        "PUR000001",
        "Cost lines 0 The invoice has none.",
    ):
        assert part.replace("TaxCode V19", "V19") in shown


@pytest.mark.on_each_database
@pytest.mark.parametrize(
    ("room", "right", "wrong"), [("m3", "15", "90"), ("ln", "Registration Errors", "Approved")]
)
def test_lists_are_searched_filtered_and_sorted(
    site: Site, room: str, right: str, wrong: str
) -> None:
    (site.add_m3 if room == "m3" else site.add_ln)()
    path = f"{BASE}/{room}"
    for query, is_found in (
        ("?q=r-47", True),
        ("?q=ghost", True),
        ("?q=nothing", False),
        (f"?status={right}", True),
        (f"?status={wrong}", False),
        ("?status=unknown", True),
        ("?sort=time&dir=asc", True),
        ("?page=9", False),
    ):
        assert ("R-4711" in site.browser.text(path + query)) is is_found


@pytest.mark.on_each_database
@pytest.mark.parametrize("key", ["1-9999", "x", "1-", "-", "9999-1001", "200-x"])
def test_an_unknown_invoice_is_not_found(site: Site, key: str) -> None:
    for room in ("m3", "ln"):
        assert site.browser.get(f"{BASE}/{room}/{key}").status_code == 404


def test_a_user_without_the_role_sees_no_invoice(site: Site) -> None:
    key = site.add_ln()
    site.browser.http.cookies.clear()
    site.browser.sign_in("bob")
    for path in (f"{BASE}/m3", f"{BASE}/ln", f"{BASE}/ln/{key}", f"{BASE}/m3/1-1001"):
        assert site.browser.get(path).status_code == 403


def test_a_call_leads_to_the_invoice_that_it_made(site: Site) -> None:
    user = add_user(site.infor.database, site.infor.clock, "m3user")
    token = site.infor.log_in(site.infor.credentials(user_id=user.user_id))
    header = {
        "SupplierCode": "SUP000001",
        "InvoiceNumberSupplier": "R-1",
        "InvoiceDate": "2026-03-01",
        "InvoiceAmount": "1",
        "InvoiceCurrency": "EUR",
    }
    with site.infor.client(token) as client:
        soap = request("Create", invoice_xml(header))
        address = f"/LN/c4ws/services/{SERVICE}"
        assert client.post(address, content=soap, headers=XML_HEADERS).status_code == 200
        fields = {"SUNO": "20001", "IVDT": "20260301", "SINO": "R-1"}
        assert client.get("/M3/m3api-rest/v2/execute/APS450MI/AddHead", params=fields).is_success
        line = {"INBN": "1001", "RDTP": "8", "NLAM": "1"}
        assert client.get("/M3/m3api-rest/v2/execute/APS450MI/AddLine", params=line).is_success
    for service, invoice in (("LN", "ln/200-1001"), ("M3", "m3/1-1001")):
        page = site.browser.get(f"{BASE}?service={service}").text
        (call, *_others) = re.findall(rf'href="({BASE}/calls/\w+)"', page)
        assert f'href="{BASE}/{invoice}"' in site.browser.get(call).text
        assert site.browser.get(f"{BASE}/{invoice}").status_code == 200


def test_the_coverage_tells_what_is_imitated_and_known_from_where(site: Site) -> None:
    text = site.browser.text(COVERAGE)
    for part in (
        "GET /M3/m3api-rest/v2/execute/{program}/{transaction}",
        "AddHead",
        "inferred",
        "the real name, which Infor does not publish",
        "POST /LN/c4ws/services/{service}",
    ):
        assert part in text


def test_the_coverage_is_folded_and_unfolds_what_a_search_or_a_choice_finds(site: Site) -> None:
    folded = site.browser.get(COVERAGE).text
    assert folded.count('class="card-box coverage"') > 5
    assert " open>" not in folded
    found = site.browser.get(f"{COVERAGE}?q=addhead").text
    assert found.count('class="card-box coverage"') == found.count(" open>") == 1
    assert "AddHead" in found
    assert "Compass" not in found
    chosen = site.browser.get(f"{COVERAGE}?known=inferred").text
    assert set(re.findall(r'<td><span class="pill[^>]*>(.*?)</span>', chosen)) == {"inferred"}
    for nothing in ("q=%3Cnothing%3E", "known=nonsense"):
        assert "Nothing matches" in site.browser.get(f"{COVERAGE}?{nothing}").text


def test_each_service_has_an_openapi_document_to_save(site: Site) -> None:
    links = re.findall(rf'href="({COVERAGE}/\w+/openapi.json)"', site.browser.get(COVERAGE).text)
    assert len(links) >= 5
    for link in links:
        answer = site.browser.get(link)
        assert answer.headers["content-disposition"].startswith("attachment")
        document = json.loads(answer.content)
        assert document["servers"][0]["url"].startswith(f"{site.infor.url}/{TENANT}/")
    assert site.browser.get(f"{COVERAGE}/Nothing/openapi.json").status_code == 404
