"""Whoever asks for something of another organization is answered as for an id of nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unittest.mock import patch

import httpx2
import pytest
from starlette.routing import Route

from ionport.connections.suppliers.model import Erp, FetchState, SupplierFetch
from ionport.connections.suppliers.repository import FetchRepository
from ionport.documents.list_files import service as list_files
from ionport.documents.review.decisions.model import DecisionKind
from ionport.identity.access import Access
from ionport.identity.model import Actor, Organization, OrganizationRole
from ionport.identity.repository import OrganizationRepository
from ionport.store import OrganizationScope, SystemScope
from ionport.web.app import _document_routes, _export_routes, _settings_routes
from tests.support.whole import INVOICE, Site, site_on

_OTHER = OrganizationScope("org_other")
_LISTS = {
    "document": ("/documents", r'/documents/(doc_[^/"]+)'),
    "delivery_id": ("/deliveries", r'/deliveries/(dlv_[^/"]+)'),
    "configuration": ("/settings/export", r'/settings/export/([a-z]+_[^/"]+)'),
    "connection": ("/settings/connections", r'/settings/connections/([a-z]+_[^/"]+)'),
    "company": ("/settings/companies", r'/settings/companies/(cmp_[^/"]+)'),
    "supplier": ("/settings/suppliers", r'/settings/suppliers/(sup_[^/"]+)'),
    "mapping": ("/settings/mapping-files", r'/settings/mapping-files/(map_[^/"]+)'),
    "source": ("/settings/watched-folders", r'/settings/watched-folders/(src_[^/"]+)'),
}
_LISTS |= {
    "file": ("/documents/bulk", r'/documents/files/(list_[^/"]+)'),
    "run": ("/documents/bulk", r'/documents/bulk/(bulk_[^/"]+)'),
    "webhook": ("/settings/webhooks", r'/settings/webhooks/(whk_[^/"]+)'),
    "api_key": ("/settings/api-keys", r'/settings/api-keys/([a-z]+_[^/"]+)/delete'),
    "user": ("/settings/users", r'/settings/users/(usr_[^/"]+)'),
    "group": ("/settings/groups", r'/settings/groups/(grp_[^/"]+)'),
}
_FURTHER = {"kind": DecisionKind.REJECT.value, "number": "1", "code": "nothing_to_accept"}
_FURTHER |= {"cause": "supplier_unknown", "step": "idm_create", "former": "cvr_none"}
_PLAIN = {"method": "infor-idm-bod", "type": "INVOICE", "field": "purchase_order"}


def _of_things(method: str) -> list[str]:
    """Return the addresses of the document side with an id in them that take `method`."""
    paths = {
        route.path
        for route in (*_document_routes(), *_settings_routes(), *_export_routes())
        if isinstance(route, Route) and method in (route.methods or ())
    }
    names = {path: re.findall(r"{(\w+)", path) for path in paths}
    return sorted(path for path in paths if names[path] and names[path][0] not in _PLAIN)


_POSTS, _GETS = _of_things("POST"), _of_things("GET")


@pytest.fixture(scope="module")
def ids() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, ids: dict[str, str]) -> Iterator[Site]:
    """Eve administers another organization; `ids` has one of everything of the first one."""
    with site_on(tmp_path_factory.mktemp("site") / "data", "") as site:
        _add_everything(site)
        for name, (address, pattern) in _LISTS.items():
            found = re.search(pattern, site.browser.get(address).text)
            assert found is not None, name
            ids[name] = found[1]
        told = site.browser.send(
            f"/settings/webhooks/{ids['webhook']}/test", form_at="/settings/webhooks"
        )
        message = re.search(r"/messages/(msg_\w+)/resend", told.text)
        assert message is not None
        ids["message"] = message[1]
        ids["fetch"] = _fetch(site, ids["connection"])
        site.sign_in_as("eve")
        yield site


def _add_everything(site: Site) -> None:
    application, operator = site.application, Actor.operator()
    assert application.documents is not None
    configuration = site.add_export(credential=site.credentials()).url.path.rpartition("/")[2]
    document = site.document_id(INVOICE)
    suppliers = b"number,name\n1,Nordwerk\n"
    site.browser.send("/settings/suppliers/import", files=[("file", ("s.csv", suppliers))])
    site.browser.send("/settings/api-keys", {"name": "k", "scopes": "documents.read"})
    webhook = {"name": "w", "url": "http://127.0.0.1:9/", "events": "document.received"}
    site.browser.send("/settings/webhooks/new", webhook)
    site.browser.send("/settings/groups/add", {"name": "Readers", "grant": "see:"})
    bulk = {"action": "accept", "document": document, "confirmed": "yes", "reason": "x"}
    site.browser.send("/documents/bulk", bulk, form_at="/account")
    with patch.object(list_files, "AT_ONCE", 0):
        site.browser.send("/documents/files", {"format": "csv"}, form_at="/account")
    eve = site.add_user("eve", None, None)
    with application.database.write() as work:
        access = Access(work, site.organization, operator)
        folder = {"folder": str(application.settings.data / "scans")}
        application.documents.sources.add_folder(access, "Scans", folder)
        application.documents.deliveries.export(access, document, configuration)
        application.documents.documents.decisions.hold(access, document, "waits")
        OrganizationRepository(work.connection).add(
            SystemScope("test"), Organization("org_other", "Other", None), application.clock.now()
        )
        application.identity.set_organization_role(
            work, operator, eve, _OTHER.organization_id, OrganizationRole.ADMINISTRATOR
        )
    # From the first company on an invoice for none of them would be held.
    company = {"name": "A", "gln": "4012345000009", "place": "main"}
    site.browser.send("/settings/companies/new", company)


def _fetch(site: Site, connection: str) -> str:
    """A fetch of suppliers that is under way."""
    organization, now = site.organization.organization_id, site.application.clock.now()
    fetch = SupplierFetch(
        *("sft_1", organization, connection, Erp.M3, "", True, FetchState.RUNNING, "ada", now, now)
    )
    with site.application.database.write() as work:
        assert FetchRepository(work.connection).add(site.organization, fetch)
    return fetch.id


def _answer(site: Site, method: str, path: str, ids: dict[str, str]) -> tuple[httpx2.Response, str]:
    """Read the path or send a form to it; return the answer with its text without the ids."""
    values = {**_PLAIN, **_FURTHER, **ids}
    address = re.sub(r"{(\w+)[^}]*}", lambda found: values.get(found[1], "none"), path)
    token = site.browser.csrf_token("/account")
    form = {
        "csrf_token": token,
        "reason": "why",
        "decision": "dec_none",
        "name": "x",
        "title": "x",
        "account": "DE89370400440532013000",
        "value invoice_id": "2",
        "seen invoice_id": "1",
    }
    data = form if method == "POST" else None
    answer = site.browser.http.request(method, address, data=data, follow_redirects=False)
    text = f"{answer.headers.get('location', '')} {answer.headers.get('set-cookie', '')}"
    text += answer.text
    for one in (*ids.values(), "none", token, answer.headers["x-request-id"]):
        text = text.replace(one, "…")
    return answer, text


def test_every_kind_of_thing_is_asked_for() -> None:
    named = {name for path in (*_POSTS, *_GETS) for name in re.findall(r"{(\w+)", path)}
    assert named <= {*_LISTS, *_PLAIN, *_FURTHER, "message", "fetch"}
    assert len(_POSTS) > 25
    assert len(_GETS) > 25


@pytest.mark.parametrize(
    ("method", "path"),
    [*(("POST", path) for path in _POSTS), *(("GET", path) for path in _GETS)],
)
def test_a_foreign_id_is_answered_as_an_id_of_nothing(
    site: Site, ids: dict[str, str], method: str, path: str
) -> None:
    foreign, said = _answer(site, method, path, ids)
    absent, said_of_nothing = _answer(site, method, path, dict.fromkeys(ids, "none"))
    assert (foreign.status_code, said) == (absent.status_code, said_of_nothing)
    assert foreign.status_code == 404
