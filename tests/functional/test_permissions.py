"""What groups let people do: every form of the document side, and each permission both ways."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import httpx2
import pytest
from starlette.routing import Route

from ionport.documents.bulk.model import BulkAction, Selection
from ionport.identity.access import Access
from ionport.identity.groups.permissions import EVERY_TYPE, Grant, Permission
from ionport.identity.members.actors import find_actor
from ionport.identity.members.rights import WantedRights
from ionport.identity.model import Actor, OrganizationRole, TenantRole
from ionport.store import SystemScope
from ionport.web.app import _document_routes, _export_routes, _settings_routes
from tests.support.api import ALL_SCOPES, api_key, program
from tests.support.sides import until
from tests.support.web import Browser, said
from tests.support.whole import INVOICE, OTHER_INVOICE, Site, site_on

READER = "rita"
# What everybody does for themselves, whatever they may do with documents.
_OWN = (
    "/documents/columns",
    "/documents/files",
    "/documents/files/{file}/cancel",
    "/documents/views",
    "/documents/views/remove",
    "/organization",
    # Only judges a text that whoever may see the file has typed.
    "/settings/mapping-files/{mapping}/check",
)
_PLAIN = {"method": "infor-idm-bod", "type": "INVOICE", "field": "purchase_order"}
_POSTS = sorted(
    {
        route.path
        for route in (*_document_routes(), *_settings_routes(), *_export_routes())
        if isinstance(route, Route) and "POST" in (route.methods or ()) and route.path not in _OWN
    }
)
_FORM = {
    "reason": "why",
    "name": "x",
    "title": "x",
    "place": "main",
    "seen": "main",
    "action": "accept",
    "confirmed": "yes",
    "account": "DE89370400440532013000",
    "value invoice_id": "2",
    "seen invoice_id": "1",
}


@dataclass(slots=True)
class FurnishedOrganization:
    """An application with one of everything, and `rita`, a user who is in one group."""

    site: Site
    group: str = ""
    reader: str = ""
    ids: dict[str, str] = field(default_factory=dict)

    def grant(self, *grants: Grant) -> None:
        """Let the group grant this, and nothing else."""
        with self.site.application.database.write() as work:
            self.site.application.groups.change(
                Access(work, self.site.organization, Actor.operator()),
                self.group,
                "Readers",
                grants,
            )

    def send(self, path: str, **changes: str) -> httpx2.Response:
        """Send a form as rita."""
        browser = self.site.browser
        token = browser.csrf_token("/account")
        data = {**_FORM, **self.named(), "csrf_token": token, **changes}
        return browser.http.post(self.path(path), data=data)

    def named(self) -> dict[str, str]:
        """The ids that forms send as fields."""
        return {name: self.ids[name] for name in ("document", "decision")}

    def path(self, path: str) -> str:
        values = {**_PLAIN, "kind": "hold", **self.ids}
        return re.sub(r"{(\w+)[^}]*}", lambda found: values.get(found[1], "none"), path)


def denied(answer: httpx2.Response) -> bool:
    """Tell whether the right was missing, as a page of its own or beside the form."""
    text = said(answer.text)
    return answer.status_code == 403 or "This needs the permission" in text


def _found(browser: Browser, address: str, pattern: str) -> str:
    found = re.search(pattern, browser.get(address).text)
    assert found is not None, address
    return found[1]


@pytest.fixture(scope="module")
def organization(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FurnishedOrganization]:
    with site_on(tmp_path_factory.mktemp("organization") / "data", "") as site:
        organization = FurnishedOrganization(site)
        _add_everything(organization)
        site.sign_in_as(READER)
        yield organization


def _add_everything(organization: FurnishedOrganization) -> None:
    site, browser = organization.site, organization.site.browser
    side = site.application.documents
    assert side is not None
    page = site.add_export(credential=site.credentials()).url.path
    assert until(lambda: "pill-progress" not in browser.get(page).text)
    configuration = page.rpartition("/")[2]
    exported = site.document_id(OTHER_INVOICE)
    with site.application.database.write() as work:
        access = Access(work, site.organization, Actor.operator())
        (delivery,) = side.deliveries.export(access, exported, configuration)
    side.runner.run(delivery.id)
    document = site.document_id(INVOICE)
    suppliers = b"number,name\n1,Nordwerk\n"
    browser.send("/settings/suppliers/import", files=[("file", ("s.csv", suppliers))])
    browser.send("/settings/api-keys", {"name": "k", "scopes": "documents.read"})
    with site.application.database.write() as work:
        access = Access(work, site.organization, Actor.operator())
        folder = {"folder": str(site.application.settings.data / "scans")}
        source = side.sources.add_folder(access, "Scans", folder)
        run = side.bulk.start(access, BulkAction.ACCEPT, Selection(ids=(document,)), "right")
        decisions = side.documents.decisions
        decisions.hold(access, document, "waits")
        (decision,) = decisions.list(access, document)
    browser.send("/settings/companies/new", {"name": "A", "gln": "4012345000009", "place": "main"})
    browser.send("/settings/groups/add", {"name": "Readers", "grant": "see:"})
    get = browser
    organization.ids = {
        "document": document,
        "exported": exported,
        "delivery_id": delivery.id,
        "cause": "supplier_unknown",
        "configuration": configuration,
        "source": source.id,
        "run": run.id,
        "decision": decision.id,
        "connection": _found(get, "/settings/connections", r"/connections/(con_\w+)"),
        "company": _found(get, "/settings/companies", r"/companies/(cmp_\w+)"),
        "supplier": _found(get, "/settings/suppliers", r"/suppliers/(sup_\w+)"),
        "api_key": _found(get, "/settings/api-keys", r"/api-keys/(key_\w+)"),
        "group": _found(get, "/settings/groups", r"/groups/(grp_\w+)"),
    }
    organization.group = organization.ids["group"]
    organization.reader = site.add_user(READER, None, OrganizationRole.USER)
    organization.ids["user"] = site.add_user("bob", TenantRole.USER)
    own = site.organization.organization_id
    wanted = WantedRights(
        organizations={own: (OrganizationRole.USER, frozenset({organization.group}))}
    )
    with site.application.database.write() as work:
        ada = site.application.identity.find_user(work, "ada")
        assert ada is not None
        actor = find_actor(work.within(SystemScope("test")), ada.id)
        assert actor is not None
        site.application.rights.set_of_person(
            Access(work, site.organization, actor), organization.reader, wanted
        )


@pytest.mark.parametrize("path", _POSTS)
def test_who_may_only_see_is_refused_at_every_form(
    organization: FurnishedOrganization, path: str
) -> None:
    organization.grant(Grant(Permission.SEE))
    answer = organization.send(path)
    assert denied(answer), f"{answer.status_code}: {said(answer.text)[:300]}"


@dataclass(frozen=True, slots=True)
class PermittedAction:
    """One thing that a permission is for: a form, and whether it is shown on a page."""

    permission: Permission
    path: str
    page: str = ""
    offered: str = ""
    fields: Sequence[tuple[str, str]] = ()


_ACTIONS = (
    PermittedAction(
        Permission.EDIT, "/documents/{document}/correct", "/documents", "/documents/upload"
    ),
    PermittedAction(
        Permission.EDIT, "/documents/{document}/move", "/documents/{document}", "{document}/move"
    ),
    PermittedAction(
        Permission.DECIDE, "/documents/{document}/release", "/documents/{document}", "/release"
    ),
    PermittedAction(
        Permission.DELETE,
        "/documents/{document}/decide/delete",
        "/documents/{document}",
        "decide/delete",
    ),
    PermittedAction(Permission.APPROVE, "/documents/{document}/approve"),
    PermittedAction(Permission.EXPORT, "/documents/{document}/export"),
    PermittedAction(
        Permission.RE_EXPORT,
        "/deliveries/{delivery_id}/re-export",
        "/deliveries/{delivery_id}",
        "/re-export",
    ),
    PermittedAction(Permission.EXPORT, "/deliveries/{delivery_id}/retry"),
    PermittedAction(Permission.DECIDE, "/deliveries/{delivery_id}/arrival"),
    PermittedAction(
        Permission.MANAGE_CONNECTIONS,
        "/settings/connections/{connection}",
        "/settings/connections",
        "/settings/connections/new",
        (("name", "Renamed"),),
    ),
    PermittedAction(Permission.MANAGE_CONNECTIONS, "/settings/connections/{connection}/check"),
    PermittedAction(
        Permission.MANAGE_CONNECTIONS,
        "/settings/connections/{connection}/pause",
        "/settings/connections/{connection}",
        "/pause",
    ),
)


@pytest.mark.parametrize(
    "permitted", _ACTIONS, ids=lambda permitted: f"{permitted.permission} {permitted.path}"
)
def test_a_permission_lets_it_be_done_and_nothing_else_does(
    organization: FurnishedOrganization, permitted: PermittedAction
) -> None:
    others = [one for one in Permission if one is not permitted.permission]
    organization.grant(*(Grant(one) for one in others))
    assert denied(organization.send(permitted.path, **dict(permitted.fields)))
    if permitted.offered:
        assert (
            organization.path(permitted.offered)
            not in organization.site.browser.get(organization.path(permitted.page)).text
        )
    kind = EVERY_TYPE if permitted.permission is Permission.MANAGE_CONNECTIONS else "CREDIT_NOTE"
    organization.grant(Grant(Permission.SEE), Grant(permitted.permission, kind))
    if kind:
        assert denied(organization.send(permitted.path, **dict(permitted.fields))), (
            "of another document type"
        )
    # The first action of a kind ends what the document stood at: put it back for the next.
    organization.grant(Grant(Permission.SEE), Grant(permitted.permission))
    if permitted.offered:
        assert (
            organization.path(permitted.offered)
            in organization.site.browser.get(organization.path(permitted.page)).text
        )
    answer = organization.send(permitted.path, **dict(permitted.fields))
    assert not denied(answer), said(answer.text)
    assert answer.status_code < 500
    _put_back(organization)


def _put_back(organization: FurnishedOrganization) -> None:
    """Put the document on hold again, whatever an action has made of it."""
    site = organization.site
    assert site.application.documents is not None
    decisions = site.application.documents.documents.decisions
    with site.application.database.write() as work:
        access = Access(work, site.organization, Actor.operator())
        document = site.application.documents.documents.get(access, organization.ids["document"])
        if document.status.value == "deleted":
            kinds = [each.kind for each in decisions.list(access, document.id) if each.is_active]
            decisions.take_back(access, document.id, kinds[-1:])
        elif document.status.value != "on_hold":
            decisions.hold(access, document.id, "waits")


def test_payloads_are_shown_with_their_permission_alone(
    organization: FurnishedOrganization,
) -> None:
    browser, delivery = organization.site.browser, organization.path("/deliveries/{delivery_id}")
    archive = organization.path("/documents/{exported}/archive")
    organization.grant(*(Grant(one) for one in Permission if one is not Permission.SEE_PAYLOADS))
    page = browser.get(delivery).text
    assert "Body of the request" not in page
    assert "See payloads" in said(page)
    assert not [name for name in _names(browser.get(archive).content) if name.startswith("sent/")]
    organization.grant(Grant(Permission.SEE_PAYLOADS))
    assert "Body of the request" in browser.get(delivery).text
    assert [name for name in _names(browser.get(archive).content) if name.startswith("sent/")]


def _names(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.namelist()


def test_what_is_not_seen_is_as_what_does_not_exist(organization: FurnishedOrganization) -> None:
    browser = organization.site.browser
    pages = [
        "/documents/{document}",
        "/documents/{document}/file",
        "/documents/{document}/archive",
        "/documents/{document}/invoice",
        "/documents/{document}/correct",
        "/documents/{document}/decide/reject",
        "/deliveries/{delivery_id}",
        "/deliveries/{delivery_id}/live",
        "/deliveries/{delivery_id}/cancel",
        "/deliveries/{delivery_id}/re-export",
        "/deliveries/{delivery_id}/arrival",
    ]
    organization.grant(Grant(Permission.SEE, "INVOICE"))
    assert browser.get(organization.path(pages[0])).status_code == 200
    assert INVOICE in browser.text("/documents")
    assert OTHER_INVOICE in browser.text("/deliveries")
    organization.grant(*(Grant(one, "CREDIT_NOTE") for one in Permission))
    for path in pages:
        assert browser.get(organization.path(path)).status_code == 404, path
    for path in ("/documents", "/documents?q=demo", "/documents/list.csv", "/deliveries"):
        text = browser.get(path).text
        assert INVOICE not in text, path
        assert OTHER_INVOICE not in text, path
    for path in _POSTS:
        if path.startswith(("/documents/{document}", "/deliveries/{delivery_id}")):
            assert organization.send(path).status_code == 404, path
    answer = organization.send("/documents/bulk", action="accept")
    assert "Tick the documents first" in said(answer.text)
    run = organization.site.browser.text(organization.path("/documents/bulk/{run}"))
    assert INVOICE not in run


def test_an_api_key_does_what_its_scopes_and_its_users_groups_allow(
    organization: FurnishedOrganization,
) -> None:
    key = api_key(organization.site, ALL_SCOPES, username=READER)
    document = f"/documents/{organization.ids['document']}"
    with program(organization.site, key) as client:
        organization.grant(Grant(Permission.SEE))
        assert client.get(document).status_code == 200
        hold = f"{document}/decisions"
        body = {"kind": "release", "reason": "right"}
        refused = client.post(hold, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "needs_permission")
        assert client.post(f"{document}/export", json={}).status_code in (403, 404)
        organization.grant(*(Grant(one, "CREDIT_NOTE") for one in Permission))
        assert client.get(document).status_code == 404
        assert client.get("/documents").json()["items"] == []
    reading = api_key(organization.site, ["documents.read"], username=READER)
    organization.grant(*(Grant(one) for one in Permission))
    with program(organization.site, reading) as client:
        assert client.post(f"{document}/decisions", json=body).json()["code"] == "scope_missing"


def test_a_file_that_is_made_later_has_what_the_person_may_see_then(
    organization: FurnishedOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ionport.documents.list_files.service.AT_ONCE", 0)
    side, browser = organization.site.application.documents, organization.site.browser
    assert side is not None
    contents = []
    for kind in ("INVOICE", "CREDIT_NOTE"):
        organization.grant(Grant(Permission.SEE))
        page = organization.send("/documents/files", format="csv").url.path
        organization.grant(Grant(Permission.SEE, kind))
        side.list_file_runner.run_all()
        contents.append(browser.get(f"{page}/content").text)
    assert INVOICE in contents[0]
    assert INVOICE not in contents[1]


@pytest.mark.parametrize("left", [(), (Grant(Permission.SEE, "CREDIT_NOTE"),)])
def test_a_file_that_is_done_is_kept_from_whoever_sees_less_by_now(
    organization: FurnishedOrganization, monkeypatch: pytest.MonkeyPatch, left: Sequence[Grant]
) -> None:
    monkeypatch.setattr("ionport.documents.list_files.service.AT_ONCE", 0)
    side, browser = organization.site.application.documents, organization.site.browser
    assert side is not None
    for seen in ((Grant(Permission.SEE),), (Grant(Permission.SEE, "INVOICE"),)):
        organization.grant(*seen)
        page = organization.send("/documents/files", format="csv").url.path
        side.list_file_runner.run_all()
        assert INVOICE in browser.get(f"{page}/content").text
        organization.grant(*left)
        refused = browser.get(f"{page}/content")
        assert (refused.status_code, INVOICE in refused.text) == (403, False)
        assert f"{page}/content" not in browser.get(page).text
        organization.grant(Grant(Permission.SEE))
        assert INVOICE in browser.get(f"{page}/content").text


def test_no_file_is_made_for_whoever_sees_nothing(
    organization: FurnishedOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ionport.documents.list_files.service.AT_ONCE", 0)
    side, browser = organization.site.application.documents, organization.site.browser
    assert side is not None
    organization.grant(Grant(Permission.SEE))
    page = organization.send("/documents/files", format="csv").url.path
    organization.grant()
    side.list_file_runner.run_all()
    assert browser.get(f"{page}/content").status_code == 409
    organization.grant(Grant(Permission.SEE))
    assert browser.get(f"{page}/content").status_code == 409
    assert "Nothing was kept." in said(browser.get(page).text)


def test_an_action_on_many_asks_about_each_document(organization: FurnishedOrganization) -> None:
    """Whoever may decide about credit notes alone accepts no invoice, however it is ticked."""
    organization.grant(Grant(Permission.SEE), Grant(Permission.DECIDE, "CREDIT_NOTE"))
    text = said(organization.send("/documents/bulk", action="accept").text)
    assert "This needs the permission “Decide”" in text
    organization.grant(Grant(Permission.SEE))
    page = organization.site.browser.get("/documents").text
    assert 'name="action"' not in page


_LINK = re.compile(r'<a\b[^>]*\bhref="(/[^"#]*)')


@pytest.mark.parametrize("permissions", [(), (Permission.SEE,), tuple(Permission)], ids=len)
def test_no_page_links_to_what_is_refused(
    organization: FurnishedOrganization, permissions: Sequence[Permission]
) -> None:
    organization.grant(*(Grant(one) for one in permissions))
    browser, seen, refused = organization.site.browser, {"/"}, []
    waiting = [("/dashboard", "/"), ("/settings", "/")]
    while waiting:
        address, come_from = waiting.pop(0)
        answer = browser.get(address)
        if answer.status_code in (403, 503):
            refused.append(f"{come_from} links to {address}: {answer.status_code}")
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        for link in _LINK.findall(answer.text):
            target = html.unescape(link)
            page = target.partition("?")[0]
            if page not in seen and not page.startswith(("/manual", "/static")):
                seen.add(page)
                waiting.append((target, address))
    assert len(seen) > 10
    assert not refused, "\n".join(refused)
