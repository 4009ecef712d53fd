"""The form of each type of app, and editing."""

from __future__ import annotations

import datetime
import re

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.web import said
from tests.support.whole import Site

COMMON = {"access_token": "2", "access_token_unit": "hours"}
LABELS = {
    "Backend Service": ["Grant Type", "Use Bridge Authentication", "User Impersonation"],
    "Web": ["Redirect URL", "Authorized JavaScript Origins"],
    "Mobile - Android": [
        "Redirect URL",
        "Download URL",
        "Package Name",
        "Signing Certificate Fingerprint (SHA1)",
        "Load Certificate",
    ],
    "Mobile - IOS": ["Redirect URL", "Bundle ID", "App Store ID"],
    "Mobile - Windows": ["Redirect URL"],
}
EVERY_LABEL = {label for labels in LABELS.values() for label in labels}
FIELDS = {
    "Web": {"redirect_urls": "https://app.example.com/callback", "javascript_origins": "*"},
    "Mobile - Android": {
        "redirect_urls": "com.example.app://callback",
        "package_name": "com.example.app",
        "is_public": "on",
    },
    "Mobile - IOS": {
        "redirect_urls": "com.example.app://callback",
        "bundle_id": "com.example.app",
        "app_store_id": "123456789",
        "is_public": "on",
    },
    "Mobile - Windows": {"redirect_urls": "oob://localhost/wpfclient", "is_public": "on"},
}


def choose(site: Site, kind: str, **typed: str) -> httpx2.Response:
    fields = {"type": kind, "action": "type", "shown_type": "Backend Service", **typed}
    return site.browser.send(f"{site.apps_path}/add", fields)


def save(site: Site, kind: str, name: str = "Shop_TST", **changes: str) -> httpx2.Response:
    fields = {"name": name, "type": kind, "shown_type": kind, **COMMON, **FIELDS.get(kind, {})}
    return site.browser.send(f"{site.apps_path}/add", {**fields, **changes})


def test_the_preset_for_a_document_system_switches_refresh_tokens_on(site: Site) -> None:
    def form(address: str) -> str:
        return site.browser.get(f"{site.apps_path}/{address}").text

    switched_on = re.compile(r'name="issue_refresh_tokens" checked')
    assert f'href="{site.apps_path}/add?preset=document-system"' in form("add")
    assert not switched_on.search(form("add"))
    assert switched_on.search(form("add?preset=document-system"))
    assert not switched_on.search(form("add?preset=nothing"))


@pytest.mark.parametrize("kind", list(LABELS))
def test_a_type_shows_its_own_fields_and_keeps_what_was_typed(site: Site, kind: str) -> None:
    answer = choose(site, kind, name="Typed_TST")
    assert answer.status_code == 200
    assert 'value="Typed_TST"' in answer.text
    page = said(answer.text)
    for label in EVERY_LABEL:
        assert (label in page) == (label in LABELS[kind]), label
    assert "OAuth 2.0 Access Token" in page


@pytest.mark.parametrize("kind", list(FIELDS))
def test_an_app_of_each_type_is_saved_with_its_fields(site: Site, kind: str) -> None:
    answer = save(site, kind)
    page = said(answer.text)
    assert "Shop_TST is saved" in page
    for value in FIELDS[kind].values():
        assert value == "on" or value in page
    assert ("a public app proves itself by PKCE" in page) == kind.startswith("Mobile")
    assert ("QR code" in page) == kind.startswith("Mobile")
    assert "Service accounts" not in page


def test_saving_after_another_type_was_chosen_shows_that_types_fields_first(site: Site) -> None:
    answer = save(site, "Web", shown_type="Backend Service")
    assert answer.status_code == 200
    assert "Redirect URL" in said(answer.text)
    assert "No authorized app yet" in said(site.browser.get(site.apps_path).text)


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        ("Web", {"redirect_urls": ""}, "redirect_urls"),
        ("Web", {"redirect_urls": "https://a.example/#x"}, "redirect_urls"),
        ("Web", {"redirect_urls": "javascript:alert(1)"}, "redirect_urls"),
        ("Web", {"javascript_origins": "https://a.example/path"}, "javascript_origins"),
        ("Mobile - Android", {"package_name": "no package"}, "package_name"),
        ("Mobile - Android", {"certificate_fingerprint": "AB:CD"}, "certificate_fingerprint"),
        ("Mobile - Android", {"download_url": "http://a.example"}, "download_url"),
        ("Mobile - IOS", {"bundle_id": "nope"}, "bundle_id"),
        ("Mobile - IOS", {"app_store_id": "x"}, "app_store_id"),
        ("Mobile - Windows", {"redirect_urls": "http://a.example/"}, "redirect_urls"),
    ],
)
def test_a_mistake_is_shown_beside_its_field(
    site: Site, kind: str, changes: dict[str, str], field: str
) -> None:
    answer = save(site, kind, **changes)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def certificate(encoding: serialization.Encoding) -> tuple[bytes, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Shop")])
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(encoding), made.fingerprint(hashes.SHA1()).hex(":").upper()


@pytest.mark.parametrize("encoding", [serialization.Encoding.PEM, serialization.Encoding.DER])
def test_load_certificate_fills_in_the_fingerprint(
    site: Site, encoding: serialization.Encoding
) -> None:
    content, fingerprint = certificate(encoding)
    fields = {"type": "Mobile - Android", "shown_type": "Mobile - Android", "name": "Kept"}
    path = f"{site.apps_path}/add"
    files = [("certificate", ("shop.cer", content))]
    answer = site.browser.send(path, {**fields, "action": "certificate"}, files=files)
    assert answer.status_code == 200
    assert f'value="{fingerprint}"' in answer.text
    assert 'value="Kept"' in answer.text


@pytest.mark.parametrize("content", [b"", b"not a certificate", b"x" * 70_000])
def test_a_file_that_is_no_certificate_is_told_beside_its_box(site: Site, content: bytes) -> None:
    fields = {"type": "Mobile - Android", "shown_type": "Mobile - Android"}
    answer = site.browser.send(
        f"{site.apps_path}/add",
        {**fields, "action": "certificate"},
        files=[("certificate", ("shop.cer", content))],
    )
    assert answer.status_code == 422
    assert 'id="certificate-error"' in answer.text


def test_the_form_of_an_app_holds_what_is_stored_and_saves_a_change(site: Site) -> None:
    path = save(site, "Web", refresh_token="3", refresh_token_unit="days").url.path
    form = site.browser.get(f"{path}/edit").text
    assert "https://app.example.com/callback" in form
    assert "The type cannot be changed." in said(form)
    fields = {
        "name": "Shop_TST",
        "type": "Web",
        "shown_type": "Web",
        **COMMON,
        "redirect_urls": "https://app.example.com/callback\nhttps://app.example.com/other",
        "javascript_origins": "*",
        "description": "Two addresses",
    }
    answer = site.browser.send(f"{path}/edit", fields)
    page = said(answer.text)
    assert "The change holds from the next request on." in page
    assert "https://app.example.com/other" in page
    assert "App changed" in page


def test_a_change_that_stops_clients_tells_what_it_stops_and_asks(site: Site) -> None:
    path = save(site, "Web", refresh_token="3", refresh_token_unit="days").url.path
    fields = {"name": "Shop_TST", "type": "Web", "shown_type": "Web", **COMMON, "is_public": "on"}
    fields |= {"redirect_urls": "https://app.example.com/<other>", "description": "x"}
    wrong = site.browser.send(f"{path}/edit", fields)
    assert wrong.status_code == 422
    fields["redirect_urls"] = "https://app.example.com/other"
    asked = site.browser.send(f"{path}/edit", fields)
    text = said(asked.text)
    assert "The Secret stops working for good." in text
    assert "People can no longer come back to https://app.example.com/callback." in text
    assert "Scripts of * can no longer call." in text
    assert "0 logins are in force" in text
    assert "https://app.example.com/callback" in site.browser.get(path).text
    sent = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', asked.text))
    assert sent["confirmed"] == "on"
    back = site.browser.send(f"{path}/edit", {**sent, "action": "type"})
    assert "https://app.example.com/other</textarea>" in back.text
    saved = site.browser.send(f"{path}/edit", sent)
    assert "The change holds from the next request on." in said(saved.text)
    assert "https://app.example.com/callback" not in saved.text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"grant_type": "Client Credentials"}, "Clients that log in by Password Credentials"),
        ({"use_bridge": "on"}, "sign their requests with a key"),
    ],
)
def test_a_machines_app_asks_as_well(site: Site, changes: dict[str, str], told: str) -> None:
    path = site.add_app().url.path
    fields = {"name": "DocBits_TST", "type": "Backend Service", "shown_type": "Backend Service"}
    fields |= {"grant_type": "Password Credentials", "description": "x", **COMMON}
    assert told in said(site.browser.send(f"{path}/edit", fields | changes).text)
    harmless = site.browser.send(f"{path}/edit", fields | {"name": "Renamed_TST"})
    assert "The change holds from the next request on." in said(harmless.text)


def test_saving_the_form_as_it_is_changes_nothing(site: Site) -> None:
    path = site.add_app(use_bridge="on", user_impersonation="on").url.path
    before = said(site.browser.get(path).text).partition("Created")[0]
    fields = {
        "name": "DocBits_TST",
        "type": "Backend Service",
        "shown_type": "Backend Service",
        "grant_type": "Password Credentials",
        "description": "Exports invoices",
        "use_bridge": "on",
        "user_impersonation": "on",
        "issue_refresh_tokens": "on",
        "refresh_token": "0",
        "refresh_token_unit": "hours",
        **COMMON,
    }
    after = site.browser.send(f"{path}/edit", fields)
    assert before.partition("DocBits_TST App")[2] in said(after.text)


def test_a_type_cannot_be_changed_by_a_forged_form(site: Site) -> None:
    path = site.add_app().url.path
    fields = {"name": "DocBits_TST", "type": "Web", "shown_type": "Web", **COMMON}
    fields["description"] = "Exports invoices"
    answer = site.browser.send(f"{path}/edit", {**fields, "grant_type": "Password Credentials"})
    assert "Backend Service" in said(answer.text)
    assert "Redirect URL" not in said(site.browser.get(path).text)


def test_a_name_that_another_app_has_is_refused_with_a_link(site: Site) -> None:
    other = site.add_app("Other_TST").url.path
    path = site.add_app().url.path
    fields = {"name": "other_tst", "description": "x", "shown_type": "Backend Service", **COMMON}
    fields |= {"type": "Backend Service", "grant_type": "Password Credentials"}
    answer = site.browser.send(f"{path}/edit", fields)
    assert answer.status_code == 409
    assert f'href="{other}"' in answer.text


def test_scopes_are_asked_for_only_where_they_count(site: Site) -> None:
    configuration = f"/ion-api/{site.tenant.tenant_id}/configuration"
    settings = {
        "url_flavour": "cloud",
        "token_form": "infor",
        "refusal_form": "explained",
        "logins_per_minute": "20",
        "logins_per_day": "1000",
        "tokens_per_client_per_day": "100",
        "confirmed": "on",
    }
    add = f"{site.apps_path}/add"
    assert 'name="scopes"' not in site.browser.get(add).text
    site.browser.send(configuration, {**settings, "scope_mode": "Enforced"})
    page = site.browser.get(add).text
    assert 'name="scopes"' in page
    assert 'name="enforce_scopes"' not in page
    mode = "Enforced Per Authorized App"
    site.browser.send(configuration, {**settings, "scope_mode": mode})
    assert 'name="enforce_scopes"' in site.browser.get(add).text
    switched = {"enforce_scopes": "on", "offers_enforce_scopes": "on"}
    refused = site.add_app("Empty_TST", **switched, scopes=" ")
    assert refused.status_code == 422
    assert 'id="scopes-error"' in refused.text
    saved = site.add_app("Scoped_TST", **switched, scopes="Infor-IDM Infor-ION")
    assert "Infor-IDM Infor-ION" in said(saved.text)
    assert 'name="scopes"' in site.browser.get(f"{saved.url.path}/download").text
    site.browser.send(f"{configuration}/scopes/add", {"name": "Acme-Orders", "description": "Own"})
    edit = site.browser.get(f"{saved.url.path}/edit").text
    ticks = dict(re.findall(r'name="scope" value="([^"]+)"( checked)?', edit))
    assert ticks["Infor-IDM"] == ticks["Infor-ION"] == " checked"
    assert ticks["Infor-M3"] == ticks["Acme-Orders"] == ""
    ticked = site.add_app("Ticked_TST", **switched, scope="Acme-Orders", scopes="Infor-CSI\nx")
    assert "Acme-Orders Infor-CSI x" in said(ticked.text)
    assert ">Infor-CSI\nx</textarea>" in site.browser.get(f"{ticked.url.path}/edit").text


def test_a_name_of_another_environment_is_warned_of(site: Site) -> None:
    page = site.add_app("Shop_PRD").text
    assert "env-tag-prd" in page
    assert "The name ends with PRD, but this tenant is TST" in said(page)
    assert "Check that you are in the right tenant" not in said(site.add_app("Shop_TST").text)
