"""The audit log of a tenant tells names, and leads to what they name."""

from __future__ import annotations

import re

from tests.support.web import said
from tests.support.whole import Site

_ID = re.compile(r"\b(?:app|sac|api|ept|pol|doc|flw|cpt|usr|fault)_[0-9a-f]{32}\b")


def _log(site: Site) -> str:
    return site.browser.get(f"/ion-api/{site.tenant.tenant_id}/audit-log").text


def test_what_an_app_and_its_accounts_went_through_is_told_by_names_with_links(site: Site) -> None:
    site.credentials()
    page = _log(site)
    assert not _ID.findall(said(page)), said(page)
    app = re.search(rf'href="({site.apps_path}/app_\w+)">DocBits_TST<', page)
    assert app is not None
    assert site.browser.get(app[1]).status_code == 200
    account = re.search(r'href="([^"]*/service-accounts/sac_\w+)">Service account of', page)
    assert account is not None
    assert site.browser.get(account[1]).status_code == 200
    assert "App: DocBits_TST" in said(page)


def test_what_is_deleted_keeps_its_name_and_leads_to_its_history(site: Site) -> None:
    site.credentials("Gone_TST")
    found = re.search(rf"{site.apps_path}/app_\w+", site.browser.get(site.apps_path).text)
    assert found is not None
    site.browser.send(f"{found[0]}/delete")
    page = _log(site)
    assert not _ID.findall(said(page)), said(page)
    assert f'href="{found[0]}"' not in page
    assert "App: Gone_TST" in said(page)


def test_what_is_about_the_tenant_leads_to_its_settings(site: Site) -> None:
    base = f"/ion-api/{site.tenant.tenant_id}"
    site.browser.send(f"{base}/configuration/scopes/add", {"name": "Acme-Orders"})
    assert f'href="{base}/configuration">Configuration<' in _log(site)
