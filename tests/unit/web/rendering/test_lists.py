"""What an address asks of a list and the list has is no complaint."""

from __future__ import annotations

from tests.support.whole import Site


def test_what_a_list_knows_is_no_complaint(site: Site) -> None:
    site.upload("demo-invoice-ubl.xml")
    for query in ("status=approval", "time=custom&from=2026-11-30", "sort=number&dir=asc&size=100"):
        assert "unknown-value" not in site.browser.get(f"/documents?{query}").text, query
