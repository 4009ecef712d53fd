"""What an address asks of a list and the list does not have is told, and not passed over."""

from __future__ import annotations

from html import unescape
from pathlib import Path

from tests.browser.furnished import furnished_house
from tests.support.whole import Desk

_FILTERS = {
    "/documents": [
        *("status", "document_type", "time", "sort", "dir"),
        *("size", "after", "before", "from", "to"),
    ],
    "/deliveries": ["status", "configuration", "from", "to", "sort", "page"],
    "/settings/audit-log": ["action", "from", "to", "after"],
    "/settings/export": ["document_type", "page"],
    "/settings/users": ["sort"],
    "/settings/document-types/INVOICE/effects": ["group", "effect"],
    "{tenant}/users": ["role", "status", "sort"],
    "{tenant}/service-accounts": ["disabled", "user"],
    "{tenant}/authorized-apps": ["type", "disabled"],
    "{tenant}/inspector": ["service", "status", "age"],
    "{tenant}/inspector/items": ["entity", "held"],
    "{tenant}/inspector/messages": ["findings"],
    "{tenant}/connection-points": ["status"],
}


def test_an_unknown_filter_sort_or_date_is_told_above_the_list(tmp_path: Path) -> None:
    with furnished_house(tmp_path) as furnished:
        base = f"/ion-api/{furnished.desk.application.tenant.id}"
        for path, names in _FILTERS.items():
            query = "&".join(f"{name}=nonsense" for name in names)
            page = unescape(furnished.desk.browser.get(f"{path.format(tenant=base)}?{query}").text)
            above, _table, _rows = page.partition("<tbody")
            missing = [name for name in names if f"“{name}=nonsense”" not in above]
            assert not missing, (path, missing)


def test_what_a_list_knows_is_no_complaint(desk: Desk) -> None:
    desk.upload("demo-invoice-ubl.xml")
    for query in ("status=approval", "time=custom&from=2026-11-30", "sort=number&dir=asc&size=100"):
        assert "unknown-value" not in desk.browser.get(f"/documents?{query}").text, query
