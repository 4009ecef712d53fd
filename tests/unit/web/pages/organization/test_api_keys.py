"""An administrator makes API keys, sees which are used, and ends them."""

from __future__ import annotations

import re

from ionport.identity.model import OrganizationRole, TenantRole
from tests.support.api import program
from tests.support.web import said
from tests.support.whole import Site

PATH = "/settings/api-keys"


def _made(site: Site, **changes: str) -> str:
    fields = {"name": "ERP archive", "scopes": "documents.read", "days": "365", **changes}
    page = site.browser.send(PATH, fields)
    assert page.headers["cache-control"] == "no-store"
    found = re.search(r"iok_[\w-]{43}", page.text)
    assert found is not None, said(page.text)
    return found[0]


def test_a_key_is_shown_once_and_opens_the_api(site: Site) -> None:
    secret = _made(site)
    page = site.browser.get(PATH).text
    assert secret not in page
    assert f"{secret[:8]}…" in page
    assert "UTC ada never" in said(page)
    with program(site, secret) as client:
        assert client.get("/documents").status_code == 200
    assert "UTC ada never" not in site.browser.text(PATH)


def test_a_deleted_key_opens_nothing(site: Site) -> None:
    secret = _made(site)
    found = re.search(rf'href="({PATH}/key_\w+/delete)"', site.browser.get(PATH).text)
    assert found is not None
    assert "Delete the API key ERP archive?" in site.browser.text(found[1])
    assert "The API key is deleted." in said(site.browser.send(found[1]).text)
    with program(site, secret) as client:
        assert client.get("/documents").status_code == 401


def test_what_is_wrong_stands_beside_its_field_and_the_rest_is_kept(site: Site) -> None:
    fields = {"name": "", "scopes": "documents.write", "days": "90"}
    page = site.browser.send(PATH, fields)
    assert page.status_code == 422
    assert "A name has 1 to 80 letters." in page.text
    assert re.search(r'value="documents.write" checked', page.text)
    assert re.search(r'value="90" selected', page.text)
    fields = {"name": "x", "days": "soon"}
    page = site.browser.send(PATH, fields)
    assert "Choose at least one of" in page.text
    assert "Use 1 to 3650 days." in page.text


def test_who_administers_nothing_makes_no_key(site: Site) -> None:
    site.add_user("bob", TenantRole.USER, OrganizationRole.USER)
    site.sign_in_as("bob")
    assert site.browser.get(PATH).status_code == 403
