"""Closing, deleting and securing an app, and the files that it gives out."""

from __future__ import annotations

import json
import re

import httpx2
import pytest

from tests.support.web import PASSWORD, said
from tests.support.whole import Site

LETTERS = re.compile(r"[\w-]{86}")


def log_in(file: dict[str, str], secret: str = "") -> httpx2.Response:
    form = {"grant_type": "password", "username": file["saak"], "password": file["sask"]}
    return httpx2.post(file["pu"] + file["ot"], data=form, auth=(file["ci"], secret or file["cs"]))


def app_with_file(site: Site) -> tuple[str, dict[str, str]]:
    file: dict[str, str] = json.loads(site.credentials())
    found = re.search(rf'href="({site.apps_path}/app_\w+)"', site.browser.get(site.apps_path).text)
    assert found is not None
    return found[1], file


def shown_secret(page: str) -> str:
    found = re.search(r"<code>([\w-]{86})</code>", page)
    assert found is not None
    return found[1]


def mobile_app(site: Site) -> str:
    fields = {
        "name": "Phone_TST",
        "type": "Mobile - IOS",
        "shown_type": "Mobile - IOS",
        "redirect_urls": "com.example.app://callback",
        "is_public": "on",
        "access_token": "2",
        "access_token_unit": "hours",
    }
    return str(site.browser.send(f"{site.apps_path}/add", fields).url.path)


def test_disabling_says_what_stops_and_enabling_brings_it_back(site: Site) -> None:
    path, file = app_with_file(site)
    assert log_in(file).status_code == 200
    question = said(site.browser.get(f"{path}/disable").text)
    assert "1 login is in force" in question
    assert "1 service account logs in with it" in question
    assert "is disabled" in said(site.browser.send(f"{path}/disable").text)
    assert log_in(file).status_code == 401
    assert "App enabled" in said(site.browser.send(f"{path}/enable", form_at=path).text)
    assert log_in(file).status_code == 200


def test_revoking_kills_every_token_and_leaves_the_file(site: Site) -> None:
    path, file = app_with_file(site)
    token = log_in(file).json()
    assert "1 login is in force" in said(site.browser.get(f"{path}/revoke").text)
    page = said(site.browser.send(f"{path}/revoke").text)
    assert "0 logins in force" in page
    assert "All tokens revoked" in page
    form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    refused = httpx2.post(file["pu"] + file["ot"], data=form, auth=(file["ci"], file["cs"]))
    assert refused.json()["error"] == "invalid_grant"
    assert log_in(file).status_code == 200


@pytest.mark.parametrize(("overlap", "status"), [("1", 200), ("0", 401)])
def test_a_rotated_secret_works_beside_the_old_one_for_the_overlap(
    site: Site, overlap: str, status: int
) -> None:
    path, file = app_with_file(site)
    fields = {"overlap": overlap, "overlap_unit": "hours", "password": PASSWORD.reveal()}
    answer = site.browser.send(f"{path}/rotate", fields)
    assert answer.headers["cache-control"] == "no-store"
    secret = shown_secret(answer.text)
    assert secret != file["cs"]
    assert log_in(file, secret).status_code == 200
    assert log_in(file).status_code == status
    page = site.browser.get(path).text
    assert secret not in page
    assert "Secret rotated" in said(page)
    assert ("works until" in said(page)) == (status == 200)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"overlap": "soon"}, "overlap"),
        ({"overlap": "31", "overlap_unit": "days"}, "overlap"),
        ({"overlap": "999999999", "overlap_unit": "days"}, "overlap"),
        ({"overlap_unit": "years"}, "overlap"),
        ({"password": "wrong"}, "password"),
    ],
)
def test_a_mistake_in_rotating_leaves_the_secret(
    site: Site, changes: dict[str, str], field: str
) -> None:
    path, file = app_with_file(site)
    fields = {"overlap": "1", "overlap_unit": "hours", "password": PASSWORD.reveal()}
    answer = site.browser.send(f"{path}/rotate", {**fields, **changes})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert log_in(file).status_code == 200


def test_a_key_pair_leaves_once_and_its_public_half_is_listed_and_deleted(site: Site) -> None:
    path = site.add_app(use_bridge="on").url.path
    assert "No key yet" in said(site.browser.get(path).text)
    refused = site.browser.send(f"{path}/key-pair", {"password": "wrong"})
    assert 'id="password-error"' in refused.text
    answer = site.browser.send(f"{path}/key-pair", {"password": PASSWORD.reveal()})
    assert "ionapi-bridge-private-jwt-1.json" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    key = answer.json()["jwk"]
    page = site.browser.get(path).text
    assert key["kid"] in page
    assert key["d"] not in page
    delete = f"{path}/keys/{key['kid']}/delete"
    assert key["kid"] in site.browser.get(delete).text
    assert "The key is deleted." in said(site.browser.send(delete).text)
    assert site.browser.get(delete).status_code == 404
    assert site.browser.send(delete, form_at=path).status_code == 404


def test_without_bridge_authentication_there_is_no_key_pair(site: Site) -> None:
    path = site.add_app().url.path
    assert "Generate Key Pair" not in said(site.browser.get(path).text)
    answer = site.browser.send(f"{path}/key-pair", {"password": PASSWORD.reveal()})
    assert answer.status_code == 409
    assert "Switch on Use Bridge Authentication" in said(answer.text)


def test_a_mobile_app_has_a_qr_code_and_no_secret(site: Site) -> None:
    path = mobile_app(site)
    assert f"{path}/qr.svg" in site.browser.get(f"{path}/qr").text
    image = site.browser.get(f"{path}/qr.svg")
    assert image.headers["content-type"].startswith("image/svg+xml")
    assert image.text.startswith("<svg")
    assert "style=" not in image.text
    assert site.browser.get(f"{path}/rotate").status_code == 200
    fields = {"overlap": "1", "overlap_unit": "hours", "password": PASSWORD.reveal()}
    assert site.browser.send(f"{path}/rotate", fields).status_code == 409
    backend = site.add_app().url.path
    for page in ("qr", "qr.svg"):
        assert site.browser.get(f"{backend}/{page}").status_code == 409


def test_bruno_gets_the_names_of_secrets_and_no_values(site: Site) -> None:
    path, file = app_with_file(site)
    assert "Bruno keeps secrets outside" in said(
        site.browser.get(f"{path}/environments/bruno").text
    )
    answer = site.browser.send(f"{path}/environments/bruno")
    assert file["ci"] in answer.text
    assert not LETTERS.search(answer.text.replace(file["ci"], ""))


def test_an_environment_has_the_secret_only_with_the_password(site: Site) -> None:
    path, file = app_with_file(site)
    url = f"{path}/environments/postman"
    plain = site.browser.send(url)
    assert file["ci"] in plain.text
    assert file["cs"] not in plain.text
    assert not LETTERS.search(plain.text.replace(file["ci"], ""))
    wrong = site.browser.send(url, {"with_secret": "on", "password": "wrong"})
    assert 'id="password-error"' in wrong.text
    full = site.browser.send(url, {"with_secret": "on", "password": PASSWORD.reveal()})
    assert file["cs"] in full.text
    assert file["sask"] not in full.text
    assert "attachment" in full.headers["content-disposition"]


def test_there_is_no_environment_for_other_tools(site: Site) -> None:
    path = site.add_app().url.path
    assert site.browser.get(f"{path}/environments/curl").status_code == 404


def test_no_page_of_an_app_holds_a_secret(site: Site) -> None:
    path, file = app_with_file(site)
    for page in ("", "/edit", "/disable", "/rotate", "/revoke", "/key-pair", "/delete"):
        text = site.browser.get(path + page).text
        assert file["cs"] not in text
        assert file["sask"] not in text


_PAGES = ["edit", "disable", "revoke", "rotate", "key-pair", "delete", "environments/postman"]


@pytest.mark.parametrize("page", _PAGES)
def test_rights_other_tenants_and_forged_forms(site: Site, page: str) -> None:
    path = site.add_app().url.path
    assert site.browser.http.post(f"{path}/{page}", data={}).status_code == 403
    assert site.browser.get(f"{site.apps_path}/app_unknown/{page}").status_code == 404
    other = path.replace(site.tenant.tenant_id, "OTHER_TST")
    assert site.browser.get(f"{other}/{page}").status_code == 404
    site.add_user("bob")
    site.sign_in_as("bob")
    assert site.browser.get(f"{path}/{page}").status_code == 403
    assert site.browser.send(f"{path}/{page}", form_at="/account").status_code in (403, 422)
