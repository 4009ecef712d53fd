"""A connection is uploaded on its own page, before anything is exported over it."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import httpx2
from sqlalchemy import insert, select

from ionport.connections.tables import connections
from ionport.identity.model import OrganizationRole
from tests.support.sides import until
from tests.support.web import said
from tests.support.whole import Site

_NEW = "/settings/connections/new"


def _upload(site: Site, content: bytes, **values: str) -> httpx2.Response:
    files = [("connection_file", ("DocBits_TST.ionapi", content))]
    return site.browser.send(_NEW, values, files=files)


def test_an_uploaded_file_is_a_connection_with_its_proof(site: Site) -> None:
    credential = site.credentials()
    page = _upload(site, credential, name="Invoices to M3")
    assert page.status_code == 200
    assert page.url.path.startswith("/settings/connections/con_")
    assert "Invoices to M3 is saved and sealed." in page.text
    again = _upload(site, credential)
    assert again.url.path == page.url.path, "the same credential is the same connection"
    listed = site.browser.get("/settings/connections").text
    assert listed.count("Invoices to M3") == 1
    assert f'href="{_NEW}"' in listed


def test_a_connection_tells_who_uses_it_and_what_its_earlier_proofs_ended_with(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    found = re.search(r'href="(/settings/connections/con_\w+)"', made.text)
    assert found

    assert until(lambda: "every 1s" not in site.browser.get(found[1]).text)
    page = site.browser.get(found[1]).text
    assert "Used by" in page
    assert "Earlier proofs" not in page
    site.browser.send(f"{found[1]}/check", form_at=found[1])
    assert until(lambda: "every 1s" not in site.browser.get(found[1]).text)
    page = site.browser.get(found[1]).text
    assert page.count("Earlier proofs</h2>") == 1
    assert "Used by Invoices to Infor" in said(page)


def test_a_proof_is_told_in_the_readers_language_with_its_values(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    found = re.search(r'href="(/settings/connections/con_\w+)"', made.text)
    assert found
    assert until(lambda: "every 1s" not in site.browser.get(found[1]).text)
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
        site.browser.http.headers["accept-language"] = language
        page = said(site.browser.get(found[1]).text)
        for part in parts:
            assert part in page, (language, part)
        for others in (parts for code, parts in texts.items() if code != language):
            assert not any(part in page for part in others), language


def test_what_is_wrong_with_a_file_is_told_in_the_readers_language(site: Site) -> None:
    site.browser.http.headers["accept-language"] = "de"
    refused = said(_upload(site, b"%PDF-1.7", name="Kept").text)
    assert "Das ist ein PDF-Dokument, keine .ionapi-Datei." in refused


def _proved(site: Site, credential: bytes, **changed: str) -> tuple[str, str]:
    """Upload a file with other values; returns the connection's address, and page when proved."""
    content = json.dumps({**json.loads(credential), **changed}).encode()
    address = _upload(site, content).url.path
    assert until(lambda: "every 1s" not in site.browser.get(address).text)
    return address, site.browser.get(address).text


def test_a_remedy_leads_to_its_page_where_this_server_has_the_tenant(site: Site) -> None:
    credential = site.credentials()
    _address, wrong_secret = _proved(site, credential, cs="wrong")
    app = rf'On this server: <a href="({site.apps_path}/app_\w+)">[^<]*DocBits_TST'
    found = re.search(app, wrong_secret)
    assert found
    assert "DocBits_TST" in site.browser.get(found[1]).text
    _address, wrong_keys = _proved(site, credential, sask="wrong")
    tenant = site.apps_path.removesuffix("authorized-apps")
    assert f'On this server: <a href="{tenant}service-accounts">' in wrong_keys
    _address, of_no_app = _proved(site, credential, cs="wrong", cn="Gone")
    assert f'On this server: <a href="{site.apps_path}">' in of_no_app


def test_a_remedy_leads_nowhere_for_another_servers_tenant_or_who_may_not_go_there(
    site: Site,
) -> None:
    credential = site.credentials()
    iu = json.loads(credential)["iu"].replace("127.0.0.1", "localhost")
    _address, elsewhere = _proved(site, credential, cs="wrong", iu=iu)
    assert "The client id or the client secret is not accepted." in elsewhere
    assert "On this server" not in elsewhere
    address, here = _proved(site, credential, cs="wrong")
    assert "On this server" in here
    site.add_user("clerk", organization_role=OrganizationRole.ADMINISTRATOR)
    site.sign_in_as("clerk")
    seen = site.browser.get(address).text
    assert "The client id or the client secret is not accepted." in seen
    assert "On this server" not in seen


def test_another_file_is_refused_beside_its_box(site: Site) -> None:
    refused = _upload(site, b"SF_CONO=1", name="Kept")
    assert refused.status_code == 422
    assert 'class="upload is-invalid"' in refused.text
    assert 'value="Kept"' in refused.text
    assert _upload(site, b"").status_code == 422
    assert "No connection yet" in site.browser.get("/settings/connections").text


def test_a_file_is_replaced_and_brought_back_with_a_proof_each_time(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    found = re.search(r'href="(/settings/connections/con_\w+)"', made.text)
    assert found
    address = found[1]
    assert until(lambda: "every 1s" not in site.browser.get(address).text)
    assert "Replace file" in site.browser.get(address).text
    refused = site.browser.send(f"{address}/file", files=[("connection_file", ("x.ionapi", b"x"))])
    assert refused.status_code == 422
    assert 'class="upload is-invalid"' in refused.text
    other = site.credentials("Other_TST")
    files = [("connection_file", ("Other_TST.ionapi", other))]
    page = site.browser.send(f"{address}/file", files=files)
    assert page.url.path == address
    assert "The file is replaced" in page.text
    assert "Other_TST" in said(page.text)
    assert until(lambda: "every 1s" not in site.browser.get(address).text)
    page_text = site.browser.get(address).text
    assert "Earlier proofs" in page_text
    assert "of a former file" in page_text
    restore = re.search(rf'href="({address}/files/cvr_\w+/restore)"', page_text)
    assert restore
    back = site.browser.send(restore[1], form_at=restore[1])
    assert "The former file is used again" in back.text
    assert until(lambda: "every 1s" not in site.browser.get(address).text)


def test_more_credentials_that_end_than_the_dashboard_names_are_counted_and_listed(
    site: Site,
) -> None:
    page = _upload(site, site.credentials(), name="Fresh one")
    address = page.url.path
    assert until(lambda: "every 1s" not in site.browser.get(address).text)
    ended = site.application.clock.now().date() - timedelta(days=3)
    with site.application.database.write() as work:
        row = work.connection.execute(select(connections)).mappings().one()
        for number in range(22):
            own = {"id": f"con_{number}", "name": f"Old {number}", "fingerprint": str(number)}
            values = {
                **row,
                **own,
                "credentials_end_on": (ended + timedelta(days=number)).isoformat(),
            }
            work.connection.execute(insert(connections).values(values))
    dashboard = site.browser.get("/dashboard").text
    assert dashboard.count("Its credentials end") == 20
    assert '<a href="/settings/connections?ends=soon">2 further connections</a>' in dashboard
    listed = site.browser.text("/settings/connections?ends=soon")
    assert listed.count("Its credentials end") == 22
    assert listed.index("Old 2 ") < listed.index("Old 10 ")
    assert "Fresh one" not in listed
    every = site.browser.text("/settings/connections")
    assert every.count("Its credentials end") == 22
    assert "Fresh one" in every


def test_whoever_deletes_a_connection_in_use_is_told_so_before(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    found = re.search(r'href="(/settings/connections/con_\w+)"', made.text)
    assert found
    page = site.browser.get(f"{found[1]}/delete").text
    assert "The connection is used by: Invoices to Infor." in said(page)
    assert 'class="btn btn-danger"' not in page
    # A deleted configuration still names it.
    site.browser.send(f"{made.url.path}/delete", form_at=f"{made.url.path}/delete")
    page = site.browser.get(f"{found[1]}/delete").text
    assert "The connection stays: 1 deleted configuration used it." in said(page)
    assert 'class="btn btn-danger"' not in page


def test_the_page_lists_what_has_to_be_set_up_at_infor(site: Site) -> None:
    text = said(site.browser.get(_NEW).text)
    setting_up = "ION Desk Admin", "ION API Admin", "IDM Admin"
    of_the_account = "IDM-AdvancedUser", "Infor-SuiteUser", "MingleEnterprise"
    for name in (*setting_up, *of_the_account, "Sync.CaptureDocument"):
        assert name in text


def test_the_page_shows_the_quota_and_takes_other_limits(site: Site) -> None:
    page = _upload(site, site.credentials())
    address = page.url.path
    assert until(lambda: "every 1s" not in site.browser.get(address).text)
    assert "Last used not yet" in said(site.browser.get(address).text)
    shown = said(site.browser.get(address).text)
    for counted in (
        "Sign-ons in the last minute 0 20 enough",
        "Sign-ons today 0 1,000 enough",
        "Tokens today 0 100 enough",
        "Calls in the last minute 0 3,000 enough",
        "Calls today 0 250,000 enough",
    ):
        assert counted in shown
    refused = site.browser.send(f"{address}/limits", {"tokens_day": "none"})
    assert refused.status_code == 422
    assert "Enter a whole number from 1 to 100,000,000." in refused.text
    kept = site.browser.send(f"{address}/limits", {"tokens_day": "250"})
    assert "Tokens today 0 250 enough" in said(kept.text)


def test_the_end_of_credentials_is_noted_and_seen_before_it_comes(site: Site) -> None:
    path = str(_upload(site, site.credentials(), name="Infor").url.path)
    today = site.application.clock.now().date()
    for days, words in (
        (31, None),
        (30, "Its credentials end in 30 days, on"),
        (1, "Its credentials end tomorrow"),
        (0, "Its credentials end today."),
        (-1, "Its credentials ended on"),
    ):
        day = (today + timedelta(days=days)).isoformat()
        values = {"name": "Infor PRD", "credentials_end_on": day}
        assert "The connection is changed." in site.browser.send(path, values, form_at=path).text
        page, dashboard = site.browser.text(path), site.browser.text("/dashboard")
        assert (words is None) is ("Its credentials end" not in page), days
        assert words is None or (words in page and f"Infor PRD : {words}" in dashboard), days
    refused = site.browser.send(path, {"name": "Other", "credentials_end_on": "soon"}, form_at=path)
    assert refused.status_code == 422
    assert "Enter a day such as" in refused.text
    assert 'value="Other"' in refused.text
    assert "Infor PRD" in site.browser.text(path)


def test_the_roles_of_a_user_are_not_ticked_for_an_account_without_one(site: Site) -> None:
    path = str(_upload(site, site.credentials()).url.path)
    assert until(lambda: "every 1s" not in site.browser.get(path).text)
    page = site.browser.get(path).text
    done = re.findall(r'<li class="is-done">.*?<b>(.*?)</b>', page, re.S)
    assert any("authorized app" in title for title in done)
    assert not any("roles of the service account" in title for title in done)
