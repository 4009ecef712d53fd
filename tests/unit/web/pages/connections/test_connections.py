"""A connection is uploaded on its own page, before anything is exported over it."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import httpx2

from ionport.identity.model import OrganizationRole
from tests.support.sides import until
from tests.support.web import said
from tests.support.whole import Desk

_NEW = "/settings/connections/new"


def _upload(desk: Desk, content: bytes, **values: str) -> httpx2.Response:
    files = [("connection_file", ("DocBits_TST.ionapi", content))]
    return desk.browser.send(_NEW, values, files=files)


def test_an_uploaded_file_is_a_connection_with_its_proof(desk: Desk) -> None:
    credential = desk.credentials()
    page = _upload(desk, credential, name="Invoices to M3")
    assert page.status_code == 200
    assert page.url.path.startswith("/settings/connections/con_")
    assert "Invoices to M3 is saved and sealed." in page.text
    again = _upload(desk, credential)
    assert again.url.path == page.url.path, "the same credential is the same connection"
    listed = desk.browser.get("/settings/connections").text
    assert listed.count("Invoices to M3") == 1
    assert f'href="{_NEW}"' in listed


def test_a_connection_tells_who_uses_it_and_what_its_earlier_proofs_ended_with(desk: Desk) -> None:
    made = desk.add_export(credential=desk.credentials())
    found = re.search(r'href="(/settings/connections/con_\w+)"', made.text)
    assert found

    assert until(lambda: "every 1s" not in desk.browser.get(found[1]).text)
    page = desk.browser.get(found[1]).text
    assert "Used by" in page
    assert "Earlier proofs" not in page
    desk.browser.send(f"{found[1]}/check", form_at=found[1])
    assert until(lambda: "every 1s" not in desk.browser.get(found[1]).text)
    page = desk.browser.get(found[1]).text
    assert page.count("Earlier proofs</h2>") == 1
    assert "Used by Invoices to Infor" in said(page)


def test_a_proof_is_told_in_the_readers_language_with_its_values(desk: Desk) -> None:
    made = desk.add_export(credential=desk.credentials())
    found = re.search(r'href="(/settings/connections/con_\w+)"', made.text)
    assert found
    assert until(lambda: "every 1s" not in desk.browser.get(found[1]).text)
    texts = {
        "en": ("answers on this computer", " of tenant ", "Signed on: Service account"),
        "de": ("antwortet auf diesem Rechner", "DocBits_TST des Mandanten ", "Angemeldet: Service"),
        "fr": (
            "répond sur cet ordinateur",
            "DocBits_TST du tenant ",
            "Session ouverte : Service Account",
        ),
    }
    for language, parts in texts.items():
        desk.browser.http.headers["accept-language"] = language
        page = said(desk.browser.get(found[1]).text)
        for part in parts:
            assert part in page, (language, part)
        for others in (parts for code, parts in texts.items() if code != language):
            assert not any(part in page for part in others), language


def test_what_is_wrong_with_a_file_is_told_in_the_readers_language(desk: Desk) -> None:
    desk.browser.http.headers["accept-language"] = "de"
    refused = said(_upload(desk, b"%PDF-1.7", name="Kept").text)
    assert "Das ist ein PDF-Dokument, keine .ionapi-Datei." in refused


def _proved(desk: Desk, credential: bytes, **changed: str) -> tuple[str, str]:
    """Upload a file with other values; returns the connection's address, and page when proved."""
    content = json.dumps({**json.loads(credential), **changed}).encode()
    address = _upload(desk, content).url.path
    assert until(lambda: "every 1s" not in desk.browser.get(address).text)
    return address, desk.browser.get(address).text


def test_a_remedy_leads_to_its_page_where_this_server_has_the_tenant(desk: Desk) -> None:
    credential = desk.credentials()
    _address, wrong_secret = _proved(desk, credential, cs="wrong")
    app = rf'On this server: <a href="({desk.apps_path}/app_\w+)">[^<]*DocBits_TST'
    found = re.search(app, wrong_secret)
    assert found
    assert "DocBits_TST" in desk.browser.get(found[1]).text
    _address, wrong_keys = _proved(desk, credential, sask="wrong")
    tenant = desk.apps_path.removesuffix("authorized-apps")
    assert f'On this server: <a href="{tenant}service-accounts">' in wrong_keys
    _address, of_no_app = _proved(desk, credential, cs="wrong", cn="Gone")
    assert f'On this server: <a href="{desk.apps_path}">' in of_no_app


def test_a_remedy_leads_nowhere_for_another_servers_tenant_or_who_may_not_go_there(
    desk: Desk,
) -> None:
    credential = desk.credentials()
    iu = json.loads(credential)["iu"].replace("127.0.0.1", "localhost")
    _address, elsewhere = _proved(desk, credential, cs="wrong", iu=iu)
    assert "The client id or the client secret is not accepted." in elsewhere
    assert "On this server" not in elsewhere
    address, here = _proved(desk, credential, cs="wrong")
    assert "On this server" in here
    desk.add_user("clerk", organization_role=OrganizationRole.ADMINISTRATOR)
    desk.sign_in_as("clerk")
    seen = desk.browser.get(address).text
    assert "The client id or the client secret is not accepted." in seen
    assert "On this server" not in seen


def test_another_file_is_refused_beside_its_box(desk: Desk) -> None:
    refused = _upload(desk, b"SF_CONO=1", name="Kept")
    assert refused.status_code == 422
    assert 'class="upload is-invalid"' in refused.text
    assert 'value="Kept"' in refused.text
    assert _upload(desk, b"").status_code == 422
    assert "No connection yet" in desk.browser.get("/settings/connections").text


def test_a_file_is_replaced_and_brought_back_with_a_proof_each_time(desk: Desk) -> None:
    made = desk.add_export(credential=desk.credentials())
    found = re.search(r'href="(/settings/connections/con_\w+)"', made.text)
    assert found
    address = found[1]
    assert until(lambda: "every 1s" not in desk.browser.get(address).text)
    assert "Replace file" in desk.browser.get(address).text
    refused = desk.browser.send(f"{address}/file", files=[("connection_file", ("x.ionapi", b"x"))])
    assert refused.status_code == 422
    assert 'class="upload is-invalid"' in refused.text
    other = desk.credentials("Other_TST")
    files = [("connection_file", ("Other_TST.ionapi", other))]
    page = desk.browser.send(f"{address}/file", files=files)
    assert page.url.path == address
    assert "The file is replaced" in page.text
    assert "Other_TST" in said(page.text)
    assert until(lambda: "every 1s" not in desk.browser.get(address).text)
    page_text = desk.browser.get(address).text
    assert "Earlier proofs" in page_text
    assert "of a former file" in page_text
    restore = re.search(rf'href="({address}/files/cvr_\w+/restore)"', page_text)
    assert restore
    back = desk.browser.send(restore[1], form_at=restore[1])
    assert "The former file is used again" in back.text
    assert until(lambda: "every 1s" not in desk.browser.get(address).text)


def test_whoever_deletes_a_connection_in_use_is_told_so_before(desk: Desk) -> None:
    made = desk.add_export(credential=desk.credentials())
    found = re.search(r'href="(/settings/connections/con_\w+)"', made.text)
    assert found
    assert "It is used by: Invoices to Infor." in said(desk.browser.get(f"{found[1]}/delete").text)


def test_the_page_lists_what_has_to_be_set_up_at_infor(desk: Desk) -> None:
    text = said(desk.browser.get(_NEW).text)
    setting_up = "ION Desk Admin", "ION API Admin", "IDM Admin"
    of_the_account = "IDM-AdvancedUser", "Infor-SuiteUser", "MingleEnterprise"
    for name in (*setting_up, *of_the_account, "Sync.CaptureDocument"):
        assert name in text


def test_the_page_shows_the_quota_and_takes_other_limits(desk: Desk) -> None:
    page = _upload(desk, desk.credentials())
    address = page.url.path
    assert until(lambda: "every 1s" not in desk.browser.get(address).text)
    assert "Last used not yet" in said(desk.browser.get(address).text)
    shown = said(desk.browser.get(address).text)
    for counted in (
        "Sign-ons in the last minute 0 20 enough",
        "Sign-ons today 0 1,000 enough",
        "Tokens today 0 100 enough",
        "Calls in the last minute 0 3,000 enough",
        "Calls today 0 250,000 enough",
    ):
        assert counted in shown
    refused = desk.browser.send(f"{address}/limits", {"tokens_day": "none"})
    assert refused.status_code == 422
    assert "Enter a whole number from 1 to 100,000,000." in refused.text
    kept = desk.browser.send(f"{address}/limits", {"tokens_day": "250"})
    assert "Tokens today 0 250 enough" in said(kept.text)


def test_the_end_of_credentials_is_noted_and_seen_before_it_comes(desk: Desk) -> None:
    path = str(_upload(desk, desk.credentials(), name="Infor").url.path)
    today = desk.application.clock.now().date()
    for days, words in (
        (31, None),
        (30, "Its credentials end in 30 days, on"),
        (1, "Its credentials end tomorrow"),
        (0, "Its credentials end today."),
        (-1, "Its credentials ended on"),
    ):
        day = (today + timedelta(days=days)).isoformat()
        values = {"name": "Infor PRD", "credentials_end_on": day}
        assert "The connection is changed." in desk.browser.send(path, values, form_at=path).text
        page, dashboard = desk.browser.text(path), desk.browser.text("/dashboard")
        assert (words is None) is ("Its credentials end" not in page), days
        assert words is None or (words in page and f"Infor PRD : {words}" in dashboard), days
    refused = desk.browser.send(path, {"name": "Other", "credentials_end_on": "soon"}, form_at=path)
    assert refused.status_code == 422
    assert "Enter a day such as" in refused.text
    assert 'value="Other"' in refused.text
    assert "Infor PRD" in desk.browser.text(path)


def test_the_roles_of_a_user_are_not_ticked_for_an_account_without_one(desk: Desk) -> None:
    path = str(_upload(desk, desk.credentials()).url.path)
    assert until(lambda: "every 1s" not in desk.browser.get(path).text)
    page = desk.browser.get(path).text
    done = re.findall(r'<li class="is-done">.*?<b>(.*?)</b>', page, re.S)
    assert any("authorized app" in title for title in done)
    assert not any("roles of the service account" in title for title in done)
