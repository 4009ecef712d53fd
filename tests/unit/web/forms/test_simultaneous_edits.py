"""Two people edit the same stored thing: the second is told, whichever form it is."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from starlette.routing import Route

from ionport.core.http.signed_webhooks import new_webhook_secret
from ionport.core.ids import new_id
from ionport.gateway.policies.model import sample_policy
from ionport.gateway.suites.model import PolicyType
from ionport.web import pages
from tests.support.html_forms import form_with
from tests.support.web import said
from tests.support.whole import Site, site_on
from tests.unit.web.pages.api_suites.test_suites import endpoint_path, suite_path
from tests.unit.web.pages.control import test_control as control
from tests.unit.web.pages.ion_desk import test_connection_points as points
from tests.unit.web.pages.ion_desk import test_document_flows as flows


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit form: how its thing is made, where the form is, what two people type."""

    make: Callable[[Site], str]
    name: str
    first: str
    second: str
    form: str = "{}"
    post: str = "{}"
    more: dict[str, str] = field(default_factory=dict)


def _app(site: Site) -> str:
    return str(site.add_app("Edited app").url.path)


def _account(site: Site) -> str:
    site.credentials("App of the account")
    base = f"/ion-api/{site.tenant.tenant_id}/service-accounts"
    found = re.search(rf'href="({base}/[a-z]+_\w+)"', site.browser.get(base).text)
    assert found is not None
    return found[1]


def _user(site: Site) -> str:
    return f"/ion-api/{site.tenant.tenant_id}/users/{site.add_user('edited')}"


def _policy(site: Site) -> str:
    place = f"{suite_path(site, context='WithPolicy')}/policies"
    fields = {"type": "quota", "name": "A quota", "flow": "REQUEST"}
    fields["definition"] = sample_policy(PolicyType.QUOTA)
    page = site.browser.send(f"{place}/add", fields).text
    found = re.search(r'href="([^"]*/policies/\w+)/edit"', page)
    assert found is not None
    return found[1]


def _connection(site: Site) -> str:
    page = site.add_export("Of a connection", site.credentials(f"App {new_id('x')}")).text
    found = re.search(r'href="(/settings/connections/con_\w+)"', page)
    assert found is not None
    return found[1]


def _target(site: Site) -> str:
    values = {"name": "Edited target", "url": "https://receiver.example/hook"}
    secret = new_webhook_secret().reveal()
    page = site.browser.send("/settings/connections/new/webhook", {**values, "secret": secret})
    return str(page.url.path)


def _export(site: Site) -> str:
    return str(site.add_export("Edited", site.credentials("App of the export")).url.path)


def _company(site: Site) -> str:
    values = {"name": "Edited company", "vat_id": "DE987654321", "postal_code": "89073"}
    page = site.browser.send("/settings/companies/new", values)
    return str(page.url.path)


def _group(site: Site) -> str:
    site.browser.send("/settings/groups/add", {"name": "Edited group", "grant": "see:"})
    found = re.search(
        r'href="(/settings/groups/grp_\w+)"', site.browser.get("/settings/groups").text
    )
    assert found is not None
    return found[1]


def _colleague(site: Site) -> str:
    return f"/settings/users/{site.add_user('colleague')}"


def _webhook(site: Site) -> str:
    fields = {"name": "Edited", "url": "http://127.0.0.1:9/", "events": "document.received"}
    found = re.search(
        r"/settings/webhooks/whk_\w+", site.browser.send("/settings/webhooks/new", fields).text
    )
    assert found is not None
    return found[0]


EDITS = {
    "/ion-api/{tenant}/authorized-apps/{app}/edit": Edit(
        _app, "description", "typed first", "typed second", "{}/edit", "{}/edit"
    ),
    "/ion-api/{tenant}/service-accounts/{account}": Edit(
        _account, "description", "typed first", "typed second"
    ),
    "/ion-api/{tenant}/users/{user}/roles": Edit(
        _user, "organization:", "administrator", "user", "{}", "{}/roles"
    ),
    "/ion-api/{tenant}/configuration": Edit(
        lambda site: f"/ion-api/{site.tenant.tenant_id}/configuration",
        "logins_per_minute",
        "18",
        "17",
        more={"confirmed": "on"},
    ),
    "/ion-api/{tenant}/document-flows/{flow}": Edit(
        flows.add, "description", "typed first", "typed second"
    ),
    "/ion-api/{tenant}/connection-points/{point}": Edit(
        lambda site: points.add(site, points.client_id(site)),
        "description",
        "typed first",
        "typed second",
    ),
    "/ion-api/{tenant}/available-apis/{suite}/edit": Edit(
        lambda site: suite_path(site, context="Edited"),
        "description",
        "typed first",
        "typed second",
        "{}/edit",
        "{}/edit",
    ),
    "/ion-api/{tenant}/available-apis/{suite}/endpoints/{endpoint}/edit": Edit(
        lambda site: endpoint_path(site, suite_path(site, context="WithEndpoint")),
        "endpoint_description",
        "typed first",
        "typed second",
        "{}/edit",
        "{}/edit",
    ),
    "/ion-api/{tenant}/available-apis/{suite}/policies/{policy}/edit": Edit(
        _policy, "name", "typed first", "typed second", "{}/edit", "{}/edit"
    ),
    "/ion-api/{tenant}/faults/{fault}": Edit(
        lambda site: f"{control.base(site)}/faults/{control.add_rule(site)}",
        "name",
        "typed first",
        "typed second",
    ),
    "/settings/groups/{group}": Edit(_group, "name", "typed first", "typed second"),
    "/settings/organization": Edit(
        lambda _site: "/settings/organization", "name", "typed first", "typed second"
    ),
    "/settings/users/{user}/rights": Edit(
        _colleague, "organization:", "administrator", "user", "{}", "{}/rights"
    ),
    "/settings/retention": Edit(
        lambda _site: "/settings/retention", "INVOICE", "20", "30", more={"confirmed": "yes"}
    ),
    "/settings/alerts": Edit(
        lambda _site: "/settings/alerts",
        "recipients",
        "first@example.com",
        "second@example.com",
        more={"host": "127.0.0.1", "sender": "ionport@example.com"},
    ),
    "/settings/webhooks/{webhook}/edit": Edit(
        _webhook, "name", "typed first", "typed second", "{}/edit", "{}/edit"
    ),
    "/settings/connections/{connection}/edit": Edit(
        _target, "name", "typed first", "typed second", "{}/edit", "{}/edit"
    ),
    "/settings/companies/{company}": Edit(_company, "city", "Ulm", "Kehl"),
    "/settings/document-types/{type}/approvals": Edit(
        lambda _site: "/settings/document-types/INVOICE",
        "first_from",
        "10",
        "20",
        post="{}/approvals",
    ),
    "/settings/document-types/{type}/fields/{field}": Edit(
        lambda _site: "/settings/document-types/INVOICE/fields/purchase_order",
        "pattern",
        "first.*",
        "second.*",
    ),
    "/settings/connections/{connection}": Edit(_connection, "name", "typed first", "typed second"),
    "/settings/connections/{connection}/limits": Edit(
        _connection, "tokens_day", "200", "300", "{}/limits", "{}/limits"
    ),
    "/settings/export/{configuration}/edit": Edit(
        _export, "title", "typed first", "typed second", "{}/edit", "{}/edit"
    ),
}

# The last word of an address whose POST overwrites nothing that its form showed.
NO_EDITS = {
    "add", "add-attribute", "add-acl", "upload", "import", "new", "{method}",  # make something new
    "new-sftp", "accounts", "alternate-export", "ion-package", "token", "api-keys", "bulk",
    "delete", "purge", "remove", "revoke", "back", "reset", "restore", "expire",  # take away
    "activate", "deactivate", "enable", "disable", "on", "off", "limits",  # say the new state
    "export", "re-export", "retry", "cancel", "check", "send-again", "seed", "snapshots", "jump",
    "all-the-same", "reveal", "download", "replace", "rotate", "key-pair",  # do something
    "pause", "resume", "try", "resend", "test", "secret", "take-over", "keep-exported",
    "roll-back", "convert", "accept",
    "end", "end-others", "code", "second-factor", "codes",  # sessions and second steps
    "{kind}", "approve", "release", "undo", "arrival",  # decide, where the document still lets them
    "password", "sign-in", "sign-out", "sign-on", "switch", "decision", "account",  # people
    "theme", "{token}", "{tool}", "token-tools", "control-keys",
}  # fmt: skip
# Addresses that end in something of their own, with the reason.
NO_EDITS_WHOLE = {
    "/ion-api/{tenant}/connection-points": "one switch: its POST says the new state",
    "/ion-api/{tenant}/configuration/scopes/{scope}": "deletes",
    "/documents/{document}/correct": "compares each value with what was shown: test_decisions.py",
    "/documents/columns": "the person's own columns: its POST says the new state",
    "/deliveries/replay": "starts an action on what failed",
    "/ion-api/{tenant}/available-apis/send": "sends a call and stores nothing",
    "/language": "chooses the language of this browser, or of the person's account",
    "/organization": "chooses the organization of this browser",
    "/settings/suppliers/fetch": "adds suppliers, and fills what is empty",
    "/settings/export/import": "makes new configurations",
    "/settings/export/{configuration}/duplicate": "makes a new configuration",
    "/settings/connections/{connection}/file": "keeps the file that it replaces",
    "/documents/files": "makes a file of what is stored",
    "/documents/views": "saves a new view",
    "/documents/{document}/move": "compares it with what was shown: test_document_company.py",
    "/settings/document-types/{type}/effects": "compares it too: test_document_types.py",
    "/settings/export/{configuration}/mend": "compares the version: test_mapping_files.py",
    "/settings/mapping-files/{mapping}/versions/{number}/switch": "says the new state",
    "/settings/mapping-files/{mapping}": "compares the version: test_mapping_files.py",
    "/settings/mapping-files/{mapping}/form": "compares the version: test_form.py",
    "/documents/{document}/choose": "compares what counts with what was shown: test_choosing.py",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(tmp_path_factory.mktemp("site"), "") as site:
        yield site


def _posts() -> Iterator[str]:
    for module in pkgutil.walk_packages(pages.__path__, f"{pages.__name__}."):
        found = importlib.import_module(module.name)
        for route in getattr(found, "ROUTES", ()):
            if isinstance(route, Route) and "POST" in (route.methods or ()):
                yield route.path


def test_every_form_that_edits_a_stored_thing_is_tried_here() -> None:
    unknown = [
        path
        for path in _posts()
        if path not in EDITS
        and path not in NO_EDITS_WHOLE
        and path.rstrip("/").rpartition("/")[2] not in NO_EDITS
    ]
    assert unknown == [], "give a new form an Edit, or say why it overwrites nothing"
    assert set(EDITS) <= set(_posts())


@pytest.mark.parametrize("path", EDITS)
def test_the_second_of_two_simultaneous_edits_is_told(site: Site, path: str) -> None:
    edit = EDITS[path]
    thing = edit.make(site)
    at, to = edit.form.format(thing), edit.post.format(thing)
    shown = site.browser.get(at).text
    name = next(one for one in form_with(shown, "shown_values").fields if one.startswith(edit.name))
    mine = {**form_with(shown, "shown_values").fields, **edit.more, name: edit.first}
    theirs = {**mine, name: edit.second}
    saved = site.browser.http.post(to, data=mine)
    assert saved.status_code == 200, said(saved.text)

    told = site.browser.http.post(to, data=theirs)
    assert told.status_code == 409, said(told.text)
    text = said(told.text)
    assert re.search(r"\bada \(20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC\) changed", text)
    assert "changed this while you had it open" in text
    assert f"is now “{edit.first}”" in text
    kept = form_with(told.text, "shown_values").fields
    assert kept[name] == edit.second, "what was typed stays"
    assert form_with(site.browser.get(at).text, "shown_values").fields[name] == edit.first

    again = site.browser.http.post(to, data={**kept, **edit.more})
    assert again.status_code == 200, said(again.text)
    assert form_with(site.browser.get(at).text, "shown_values").fields[name] == edit.second


def test_an_edit_without_a_mark_is_not_stored(site: Site) -> None:
    path = _connection(site)
    fields = {"csrf_token": site.browser.csrf_token(path), "name": "blind"}
    assert site.browser.http.post(path, data=fields).status_code == 409
    fields["shown_values"] = "[" * 500
    assert site.browser.http.post(path, data=fields).status_code == 409
    assert "blind" not in site.browser.get(path).text
