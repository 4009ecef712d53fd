from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from ionport.asgi import page_sides
from ionport.core.clock import MovableClock
from ionport.identity.model import Actor, TenantRole
from ionport.sandbox.control.tables import sandbox_calls
from ionport.store import Database
from tests.support.infor_side import OTHER_TENANT, TENANT, InforSide, infor_side, new_item
from tests.support.ion import bod
from tests.support.web import Browser, People, browser_on

BASE = f"/ion-api/{TENANT}/inspector"
ATTACK = "<script>alert(1)</script>"
_PUBLISH = "/IONSERVICES/api/ion/messaging/service/v2/multipartMessage"


@dataclass(slots=True)
class Site:
    """An Infor side that clients call, and a browser of its administrator beside it."""

    infor: InforSide
    people: People
    browser: Browser
    token: str = field(repr=False)

    def call(self, method: str, path: str, **options: object) -> httpx2.Response:
        with self.infor.client(self.token) as client:
            return client.request(method, path, **options)

    def create_item(self, **values: object) -> str:
        answer = self.call(
            "POST",
            "/IDM/api/items",
            json=new_item(**values),
            headers={"Accept": "application/json"},
        )
        pid: str = answer.raise_for_status().json()["item"]["pid"]
        return pid

    def publish(self, message_id: str, text: str = "471102", expected: int = 201) -> None:
        parameters = {
            "documentName": "Sync.CaptureDocument",
            "messageId": message_id,
            "fromLogicalId": "lid://infor.ims.ionport",
            "toLogicalId": "lid://default",
        }
        files = {
            "ParameterRequest": (None, json.dumps(parameters), "application/json"),
            "MessagePayload": ("bod.xml", bod(text), "application/octet-stream"),
        }
        assert self.call("POST", _PUBLISH, files=files).status_code == expected

    def link(self, path: str, pattern: str) -> str:
        """The first link on a page whose address matches."""
        found = re.search(rf'href="({pattern})"', self.browser.get(path).text)
        assert found is not None, f"{path} has no link {pattern}"
        return html.unescape(found[1])


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
            token = infor.log_in(infor.credentials())
            with database.write() as work:
                work.connection.execute(sandbox_calls.delete())
            yield Site(infor, people, browser, token)


def test_empty_lists_say_what_to_do_next(site: Site):
    assert "download its credentials, and let a client log in" in site.browser.text(BASE)
    assert "No IDM item yet" in site.browser.text(f"{BASE}/items")
    assert "No ION message yet" in site.browser.text(f"{BASE}/messages")


def test_a_call_shows_what_it_asked_and_what_it_made(site: Site):
    pid = site.create_item()
    page = site.browser.text(BASE)
    assert "POST /IDM/api/items" in page
    assert "1 entry" in page
    call = site.link(BASE, f'{BASE}/calls/[^"]+')
    shown = site.browser.text(call)
    assert "200 OK" in shown
    assert f"IDM item {pid}" in shown
    assert '"entityName": "M3_SupplierInvoice"' in shown
    assert site.link(call, f'{BASE}/items/[^"]+') == f"{BASE}/items/{pid}"


def test_no_secret_is_on_any_page(site: Site):
    site.create_item()
    path = f"/IDM/api/items/search?access_token={site.token}"
    site.call("GET", path, headers={"X-Api-Key": site.token})
    for path in (BASE, site.link(BASE, f'{BASE}/calls/[^"]+')):
        page = site.browser.get(path).text
        assert site.token not in page
        assert site.token[-40:] not in page
    assert "x-api-key ••••••••" in site.browser.text(path)


@pytest.mark.on_each_database
def test_calls_are_filtered_by_service_status_and_text(site: Site):
    site.create_item()
    site.publish("m-1")
    site.call("GET", "/IDM/api/items/M3_SupplierInvoice-99-1-LATEST")
    assert "3 entries" in site.browser.text(BASE)
    assert "1 entry" in site.browser.text(f"{BASE}?service=IONSERVICES")
    assert "1 entry" in site.browser.text(f"{BASE}?status=404")
    assert "1 entry" in site.browser.text(f"{BASE}?status=failed")
    assert "1 entry" in site.browser.text(f"{BASE}?q=multipart")
    assert "No call matches" in site.browser.text(f"{BASE}?q=nowhere&status=201")
    first, last = site.browser.text(f"{BASE}?sort=time&dir=asc"), site.browser.text(BASE)
    assert first.index("multipartMessage") > first.index("IDM/api/items")
    assert last.index("-99-1-LATEST") < last.index("multipartMessage")


def test_calls_are_followed_with_the_filter_kept_until_somebody_stops(site: Site):
    site.create_item()
    still = site.browser.get(f"{BASE}?service=IDM").text
    assert "every 2s" not in still
    follow = re.search(r'href="([^"]*live=on[^"]*)"', still)
    assert follow is not None
    page = site.browser.get(html.unescape(follow[1])).text
    asked = re.search(r'hx-get="([^"]*)" hx-trigger="every 2s" hx-select="#rows"', page)
    assert asked is not None
    assert "service=IDM" in asked[1]
    site.call("GET", "/IDM/api/items/M3_SupplierInvoice-77-1-LATEST")
    assert "-77-1-LATEST" in site.browser.get(html.unescape(asked[1])).text
    assert "Stop following" in page


@pytest.mark.on_each_database
def test_unknown_filters_and_pages_do_no_harm(site: Site):
    site.create_item()
    for query in ("status=x&service=%27", "status=99999999999", "sort=1;drop&dir=x&page=-1"):
        assert site.browser.get(f"{BASE}?{query}").status_code == 200
        assert site.browser.get(f"{BASE}/items?entity=x&{query}").status_code == 200


def test_a_body_that_was_not_kept_is_explained(site: Site):
    site.call("GET", "/IDM/api/items/search?$query=%2FM3_SupplierInvoice")
    assert "The call had no body." in site.browser.text(site.link(BASE, f'{BASE}/calls/[^"]+'))
    site.call("POST", "/IDM/api/unheard-of", content=b"{}")
    assert "does not imitate this operation" in site.browser.text(
        site.link(BASE, f'{BASE}/calls/[^"]+')
    )
    site.call("POST", "/IDM/api/items", content=b'{"client_secret": "x"}')
    assert "carried credentials" in site.browser.text(site.link(BASE, f'{BASE}/calls/[^"]+'))
    site.call("POST", "/CustomerApi/None/Such", content=b"an upload")
    unread = site.browser.text(site.link(BASE, f'{BASE}/calls/[^"]+'))
    assert "The call was answered before its body was read." in unread
    site.call("POST", "/as/token.oauth2", data={"grant_type": "password", "username": "x"})
    passed_by = site.browser.text(site.link(BASE, f'{BASE}/calls/[^"]+'))
    assert "that of a login holds secrets" in passed_by
    # Of what passes by no digest is known; that of an empty body would be a wrong one.
    assert hashlib.sha256(b"").hexdigest() not in passed_by
    site.create_item(content=b"x" * 1_100_000)
    assert "larger than 1 MB" in site.browser.text(site.link(BASE, f'{BASE}/calls/[^"]+'))


def test_an_answer_that_was_not_kept_is_explained(site: Site):
    pid = site.create_item(content=b"x" * 16_001)
    site.call("GET", f"/IDM/api/items/{pid}/resource/stream")
    assert "it is longer than 16 kB." in site.browser.text(site.link(BASE, f'{BASE}/calls/[^"]+'))
    site.call("GET", "/LN/c4ws/services/BusinessPartner_v3?wsdl")
    page = site.browser.text(site.link(BASE, f'{BASE}/calls/[^"]+'))
    assert "The answer was not kept: it looked as if it carried credentials." in page
    assert "16 kB" not in page


def test_an_item_shows_its_attributes_and_gives_its_file(site: Site):
    content = b"<Invoice>471102</Invoice>"
    pid = site.create_item(content=content, filename="Rechnung “1”.xml")
    shown = site.browser.text(f"{BASE}/items/{pid}")
    for part in ("BOD_SupplierInvoiceID 471102", "Public", hashlib.sha256(content).hexdigest()):
        assert part in shown
    file = site.browser.get(f"{BASE}/items/{pid}/file")
    assert file.content == content
    assert file.headers["content-type"] == "application/octet-stream"
    assert file.headers["content-disposition"] == (
        'attachment; filename="Rechnung _1_.xml"; '
        "filename*=UTF-8''Rechnung%20%E2%80%9C1%E2%80%9D.xml"
    )
    assert file.headers["x-content-type-options"] == "nosniff"
    assert file.headers["content-security-policy"].startswith("sandbox")


def test_an_item_shows_its_versions_and_the_files_of_each(site: Site):
    pid = site.create_item(content=b"old", attributes={"M3_Company": "old company"})
    preview = {"name": "Preview", "filename": "own.png", "base64": "UA=="}
    change = {
        "attrs": {"attr": [{"name": "M3_Company", "value": "new company"}]},
        "resrs": {"res": [{"filename": "new.pdf", "base64": "bmV3"}, preview]},
    }
    flags = "?$checkout=true&$checkin=true&$merge=true"
    answer = site.call("PUT", f"/IDM/api/items/{pid}{flags}", json={"item": change})
    latest = answer.raise_for_status().json()["item"]["pid"]
    shown = site.browser.text(f"{BASE}/items/{latest}")
    for part in ("new company", "new.pdf main file", "own.png Preview"):
        assert part in shown
    assert "old company" not in shown
    assert site.browser.get(f"{BASE}/items/{latest}/file?name=Preview").content == b"P"
    assert site.browser.get(f"{BASE}/items/{latest}/file?name=Nothing").status_code == 404
    earlier = site.link(f"{BASE}/items/{latest}", f'{BASE}/items/[^"]+-0')
    assert "old company" in site.browser.text(earlier)
    assert "This is an earlier version" in site.browser.text(earlier)
    assert site.browser.get(f"{earlier}/file").content == b"old"
    assert site.link(earlier, f'{BASE}/items/[^"]+-LATEST').endswith("-0-LATEST")


def test_an_item_that_is_checked_out_says_by_whom(site: Site):
    pid = site.create_item()
    assert "There is no other one yet." in site.browser.text(f"{BASE}/items/{pid}")
    answer = site.call("PUT", f"/IDM/api/items/{pid}?$checkout=true", json={"item": {}})
    who = answer.raise_for_status().json()["item"]["checkedOutBy"]
    shown = site.browser.text(f"{BASE}/items/{pid}")
    assert f"{who} has checked the item out since" in shown
    assert "There is no other one yet." in shown
    assert f"{pid} checked out" in site.browser.text(f"{BASE}/items")
    other = site.create_item()
    page = site.browser.text(f"{BASE}/items?held=out")
    assert pid in page
    assert other not in page


@pytest.mark.on_each_database
def test_items_are_filtered_and_sorted(site: Site):
    first = site.create_item(attributes={"BOD_SupplierInvoiceID": "one"})
    second = site.create_item(attributes={"BOD_SupplierInvoiceID": "two"})
    page = site.browser.text(f"{BASE}/items?q=two")
    assert second in page
    assert first not in page
    ascending = site.browser.text(f"{BASE}/items?sort=time&dir=asc")
    assert ascending.index(first) < ascending.index(second)
    assert "No item matches" in site.browser.text(f"{BASE}/items?entity=M3_Nothing")


def test_what_a_call_removed_is_no_link(site: Site):
    pid = site.create_item()
    assert site.call("DELETE", f"/IDM/api/items/{pid}").status_code == 204
    assert f"{pid} no longer there" in site.browser.text(site.link(BASE, f'{BASE}/calls/[^"]+'))


def test_a_message_tells_how_often_it_came(site: Site):
    site.publish("m-1")
    message = site.link(f"{BASE}/messages", f'{BASE}/messages/msg_[^"]+')
    assert "The message came once." in site.browser.text(message)
    site.publish("m-1")
    assert "It came 2 times with the same bytes, and is kept once." in site.browser.text(message)
    site.publish("m-1", text="471103")
    shown = site.browser.text(message)
    assert "It came 3 times. 1 arrival differed from the first; ION keeps the first." in shown
    assert "The message id was used again with other content." in shown
    assert "1 finding" in site.browser.text(f"{BASE}/messages")
    assert "messageId m-1" in shown
    assert "<ID>471102</ID>" in shown
    assert b"<ID>471102</ID>" in site.browser.get(f"{message}/file").content


def test_a_call_to_the_data_catalog_is_shown_with_what_it_made(site: Site):
    content = {"name": "Orders", "type": "ANY"}
    site.call("POST", "/IONSERVICES/datacatalog/v1/object", json=content)
    shown = site.browser.text(site.link(BASE, f'{BASE}/calls/[^"]+'))
    assert "put object" in shown
    assert "Orders" in shown


@pytest.mark.on_each_database
def test_messages_are_filtered_by_findings(site: Site):
    site.publish("m-1")
    site.publish("m-2")
    site.publish("m-2", text="471103")
    path = f"{BASE}/messages"
    assert "1 entry" in site.browser.text(f"{path}?findings=yes")
    assert "m-2" in site.browser.text(f"{path}?findings=yes")
    assert "m-1" in site.browser.text(f"{path}?findings=no")
    assert "2 entries" in site.browser.text(f"{path}?findings=%27")
    assert "No message matches" in site.browser.text(f"{path}?findings=yes&q=m-1")


@pytest.mark.on_each_database
def test_messages_are_found_by_id(site: Site):
    site.publish("m-1")
    site.publish("m-2")
    page = site.browser.text(f"{BASE}/messages?q=m-2")
    assert "m-2" in page
    assert "m-1" not in page
    assert "No message matches" in site.browser.text(f"{BASE}/messages?q=m-3")


def test_what_clients_send_is_shown_and_never_run(site: Site):
    escaped = html.escape(ATTACK)
    pid = site.create_item(
        attributes={"BOD_SupplierInvoiceID": ATTACK},
        content=ATTACK.encode(),
        filename=f"{ATTACK}.xml".replace("/", ""),
    )
    site.publish("m-<script>", text=escaped)
    site.call("GET", f"/IDM/api/items/search?$query={ATTACK}")
    message = site.link(f"{BASE}/messages", f'{BASE}/messages/msg_[^"]+')
    calls = re.findall(rf'href="({BASE}/calls/[^"]+)"', site.browser.get(BASE).text)
    assert len(calls) == 3
    pages = [BASE, f"{BASE}/items", f"{BASE}/messages", f"{BASE}/items/{pid}", message, *calls]
    for path in pages:
        page = site.browser.get(path).text
        assert "<script>alert" not in page
        assert "m-<script>" not in page
    assert ATTACK in site.browser.text(f"{BASE}/items/{pid}")
    assert escaped in site.browser.text(message)


def test_the_pages_need_the_role_ionapi_administrator(site: Site):
    pid = site.create_item()
    site.publish("m-1")
    call = site.link(BASE, f'{BASE}/calls/[^"]+')
    message = site.link(f"{BASE}/messages", f'{BASE}/messages/msg_[^"]+')
    plain = Browser(str(site.browser.http.base_url))
    with plain.http:
        plain.sign_in("bob")
        item = f"{BASE}/items/{pid}"
        for path in (BASE, call, f"{BASE}/items", item, f"{item}/file", message, f"{message}/file"):
            answer = plain.get(path)
            assert answer.status_code == 403, path
            assert "IONAPI-Administrator" in answer.text


def test_another_tenant_is_not_there(site: Site):
    pid = site.create_item()
    elsewhere = f"/ion-api/{OTHER_TENANT}/inspector"
    assert site.browser.get(elsewhere).status_code == 404
    assert site.browser.get(f"{elsewhere}/items/{pid}/file").status_code == 404
    for path in ("calls/call_0", "items/x", f"items/{pid}0", "messages/msg_0"):
        assert site.browser.get(f"{BASE}/{path}").status_code == 404
