"""Nobody is shown a form that is refused when it is sent: all routes, walked by who may little."""

from __future__ import annotations

import html
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from starlette.routing import Route

from ionport.identity.model import OrganizationRole, TenantRole
from ionport.web import pages
from tests.support.whole import INVOICE, Site, site_on

_FORM = re.compile(r'<form\b[^>]*\bmethod="post"[^>]*>', re.IGNORECASE)
_LINK = re.compile(r'\bhref="([^"#]+)')
_ACTION = re.compile(r'\baction="([^"]*)"')
# Forms of everybody's own session.
_OWN = ("/sign-out", "/sign-in", "/account", "/organization")
PEOPLE = {
    "stranger": (None, OrganizationRole.USER),
    "member": (TenantRole.USER, OrganizationRole.USER),
    "nobody": (None, None),
    "reader": (None, OrganizationRole.USER),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("walk")
    with site_on(folder, "") as site:
        site.add_export(credential=site.credentials())
        site.upload(INVOICE)
        site.browser.send("/settings/companies/new", {"name": "Acme", "gln": "4012345000009"})
        suppliers = b"number,name\n1,Nordwerk\n"
        site.browser.send("/settings/suppliers/import", files=[("file", ("s.csv", suppliers))])
        site.browser.send("/settings/groups/add", {"name": "Readers", "grant": "see:"})
        for name, (tenant_role, organization_role) in PEOPLE.items():
            user = site.add_user(name, tenant_role, organization_role)
            if name == "reader":
                _let_see_alone(site, user)
        yield site


def _let_see_alone(site: Site, user: str) -> None:
    """Put a person into the group that is for reading."""
    found = re.search(r"/settings/groups/(grp_\w+)", site.browser.get("/settings/groups").text)
    assert found is not None
    own, page = site.organization.organization_id, f"/settings/users/{user}"
    sent = {f"organization:{own}": "user", f"groups:{own}": found[1]}
    assert site.browser.send(f"{page}/rights", sent, form_at=page).status_code == 200


@pytest.fixture(scope="module")
def addresses(site: Site) -> list[str]:
    """The addresses of all pages; whose of the organization's things there is one of each."""
    filled = {"tenant": site.tenant.tenant_id, "method": "infor-idm-bod", "tool": "postman"}
    filled |= {"type": "INVOICE", "field": "purchase_order"}
    for name, address, link in (
        ("document", "/documents", '/documents/(doc_[^/"]+)'),
        ("delivery_id", "/deliveries", '/deliveries/(dlv_[^/"]+)'),
        ("configuration", "/settings/export", '/settings/export/([a-z]+_[^/"]+)'),
        ("company", "/settings/companies", '/settings/companies/(cmp_[^/"]+)'),
        ("supplier", "/settings/suppliers", '/settings/suppliers/(sup_[^/"]+)'),
        ("connection", "/settings/connections", '/settings/connections/([a-z]+_[^/"]+)'),
    ):
        found = re.search(link, site.browser.get(address).text)
        filled[name] = found[1] if found else "x"
    return [
        re.sub(r"{(\w+)[^}]*}", lambda found: filled.get(found[1], "x"), route.path)
        for module in pkgutil.walk_packages(pages.__path__, f"{pages.__name__}.")
        for route in getattr(importlib.import_module(module.name), "ROUTES", ())
        if isinstance(route, Route) and "GET" in (route.methods or ())
    ]


@pytest.mark.parametrize("person", PEOPLE)
def test_no_form_is_shown_to_whom_it_is_refused(
    site: Site, addresses: list[str], person: str
) -> None:
    for thing in ("/documents/doc_", "/settings/connections/con_", "/settings/companies/cmp_"):
        assert any(thing in address for address in addresses)
    site.sign_in_as(person)
    refused = []
    for address in addresses:
        page = site.browser.get(address)
        if page.status_code != 200 or "html" not in page.headers.get("content-type", ""):
            continue
        for form in _FORM.findall(page.text):
            action = _ACTION.search(form)
            target = html.unescape(action[1]) if action and action[1] else address
            if target.startswith(_OWN):
                continue
            status = site.browser.send(target, {}, form_at=address).status_code
            # What is of a tenant is its administrators' alone, however wrong the form is.
            if status in (403, 404) or (status == 422 and target.startswith("/ion-api/")):
                refused.append(f"{address} shows a form to {target}: {status}")
    assert not refused, "\n".join(refused)


@pytest.mark.parametrize("person", PEOPLE)
def test_no_link_leads_to_whom_it_is_refused(site: Site, person: str) -> None:
    site.sign_in_as(person)
    left, seen, refused = [("/", "/")], {"/sign-out"}, []
    while left:
        address, page = left.pop()
        path = urlsplit(address).path
        # What everybody may read; addresses that differ by their query are one page.
        if path in seen or path.startswith(("/manual", "/static", "/llms")):
            continue
        seen.add(path)
        answer = site.browser.get(address)
        if answer.status_code >= 400:
            refused.append(f"{page} leads to {address}: {answer.status_code}")
        elif "html" in answer.headers.get("content-type", ""):
            links = map(html.unescape, _LINK.findall(answer.text))
            left += [(urljoin(path, one), path) for one in links if ":" not in one]
    assert "/account" in seen
    assert not refused, "\n".join(refused)
