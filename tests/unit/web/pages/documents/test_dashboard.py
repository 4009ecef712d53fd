"""The dashboard counts what waits, tells why, and leads a new installation through the walk."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update

from ionport.exports.tables import deliveries
from ionport.web.rendering.templating import ENVIRONMENT
from tests.support.sides import until
from tests.support.web import said
from tests.support.whole import INVOICE, Site
from tests.unit.web.pages.documents.test_documents import _active_export, _run


def steps_done(site: Site) -> list[bool]:
    page = site.browser.get("/dashboard").text
    return ["is-done" in each for each in re.findall(r'<li class="(is-done|)">', page)]


def tile(site: Site, label: str) -> str:
    page = site.browser.get("/dashboard").text
    found = re.search(rf"<b>(\d+)</b><span>{label}</span>", page)
    assert found, label
    return found[1]


def test_the_first_steps_tick_themselves_and_go_when_all_are_done(site: Site) -> None:
    assert steps_done(site) == [False] * 7, "the last is what the ERP says"
    assert f"{site.apps_path}/add" in site.browser.get("/dashboard").text
    _active_export(site)
    # Nobody is told what becomes of what it delivers, so that step is not one of them.
    assert until(lambda: steps_done(site) == [True, True, True, True, False, False], 120, 0.05)
    document = f"/documents/{site.document_id()}"
    assert steps_done(site) == [True, True, True, True, True, False]
    site.browser.send(f"{document}/export", form_at=document)
    _run(site)
    assert steps_done(site) == []
    text = said(site.browser.get("/dashboard").text)
    assert "Documents received 1 Deliveries started 1 of which delivered 1" in text


def test_where_the_erp_tells_what_becomes_of_it_the_first_steps_end_with_posted(site: Site) -> None:
    _active_export(site)
    document = f"/documents/{site.document_id()}"
    site.browser.send(f"{document}/export", form_at=document)
    _run(site)
    with site.application.database.write() as work:
        connection = work.connection.execute(select(deliveries.c.connection_id)).scalar_one()
        values = {"status": "delivered", "erp_status": "accepted"}
        work.connection.execute(update(deliveries).values(values))
    address = f"/settings/connections/{connection}"
    site.browser.send(f"{address}/token", form_at=f"{address}/token")
    assert steps_done(site) == [True] * 6 + [False]
    assert "See it posted" in site.browser.text("/dashboard")
    with site.application.database.write() as work:
        posted = {"erp_status": "posted", "erp_voucher": "30000001"}
        work.connection.execute(update(deliveries).values(posted))
    assert steps_done(site) == [True] * 7
    assert "Posted as 30000001" in site.browser.text("/dashboard")


def test_the_first_step_is_done_when_the_file_was_downloaded(site: Site) -> None:
    site.add_app()
    assert not any(steps_done(site))
    site.credentials("Other_TST")
    assert steps_done(site) == [True] + [False] * 6


def test_failures_stand_by_cause_and_lead_to_their_deliveries(site: Site) -> None:
    _active_export(site)
    document = f"/documents/{site.document_id()}"
    site.browser.send(f"{document}/export", form_at=document)
    values = {
        "status": "failed",
        "error_code": "http_403",
        "error_text": "IDM refused the item.",
        "remedy": "Give the service account its role.",
    }
    with site.application.database.write() as work:
        work.connection.execute(update(deliveries).values(values))
    page = site.browser.get("/dashboard").text
    assert "IDM refused the item. Give the service account its role. 1" in said(page)
    link = "/deliveries?cause=http_403"
    assert f'href="{link}"' in page
    assert INVOICE in site.browser.get(link).text
    assert INVOICE not in site.browser.get("/deliveries?cause=http_500").text


def test_what_waits_is_counted_with_the_list_that_shows_it(site: Site) -> None:
    site.document_id()
    assert tile(site, "Validated, pending export") == "1"
    assert tile(site, "Ready for validation") == "0"
    for status in ("Pending approval", "Pending second approval", "On hold"):
        assert tile(site, status) == "0"
    assert (
        'href="/documents?status=validated_pending_export"' in site.browser.get("/dashboard").text
    )


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("2808.8", "EUR", "2,808.80 EUR"),
        ("-1234567", "JPY", "-1,234,567 JPY"),
        ("1.2345", "EUR", "1.2345 EUR"),
        ("12", "", "12.00"),
        ("", "EUR", "EUR"),
        ("n/a", "EUR", "n/a EUR"),
        ("NaN", "EUR", "NaN EUR"),
    ],
)
def test_amounts_have_groups_and_the_decimals_of_their_currency(
    amount: str, currency: str, shown: str
) -> None:
    assert ENVIRONMENT.filters["money"](amount, currency) == shown
