"""Closing, deleting and securing an app, and the files that it gives out."""

from __future__ import annotations

import json
import re

import httpx2
import pytest

from tests.support.web import PASSWORD, said
from tests.support.whole import Desk

LETTERS = re.compile(r"[\w-]{86}")


def log_in(file: dict[str, str], secret: str = "") -> httpx2.Response:
    form = {"grant_type": "password", "username": file["saak"], "password": file["sask"]}
    return httpx2.post(file["pu"] + file["ot"], data=form, auth=(file["ci"], secret or file["cs"]))


def app_with_file(desk: Desk) -> tuple[str, dict[str, str]]:
    file: dict[str, str] = json.loads(desk.credentials())
    found = re.search(rf'href="({desk.apps_path}/app_\w+)"', desk.browser.get(desk.apps_path).text)
    assert found is not None
    return found[1], file


def shown_secret(page: str) -> str:
    found = re.search(r"<code>([\w-]{86})</code>", page)
    assert found is not None
    return found[1]


def mobile_app(desk: Desk) -> str:
    fields = {
        "name": "Phone_TST",
        "type": "Mobile - IOS",
        "shown_type": "Mobile - IOS",
        "redirect_urls": "com.example.app://callback",
        "is_public": "on",
        "access_token": "2",
        "access_token_unit": "hours",
    }
    return str(desk.browser.send(f"{desk.apps_path}/add", fields).url.path)


def test_disabling_says_what_stops_and_enabling_brings_it_back(desk: Desk) -> None:
    path, file = app_with_file(desk)
    assert log_in(file).status_code == 200
    question = said(desk.browser.get(f"{path}/disable").text)
    assert "1 login is in force" in question
    assert "1 service account logs in with it" in question
    assert "is disabled" in said(desk.browser.send(f"{path}/disable").text)
    assert log_in(file).status_code == 401
    assert "App enabled" in said(desk.browser.send(f"{path}/enable", form_at=path).text)
    assert log_in(file).status_code == 200


def test_revoking_kills_every_token_and_leaves_the_file(desk: Desk) -> None:
    path, file = app_with_file(desk)
    token = log_in(file).json()
    assert "1 login is in force" in said(desk.browser.get(f"{path}/revoke").text)
    page = said(desk.browser.send(f"{path}/revoke").text)
    assert "0 logins in force" in page
    assert "All tokens revoked" in page
    form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    refused = httpx2.post(file["pu"] + file["ot"], data=form, auth=(file["ci"], file["cs"]))
    assert refused.json()["error"] == "invalid_grant"
    assert log_in(file).status_code == 200


@pytest.mark.parametrize(("overlap", "status"), [("1", 200), ("0", 401)])
def test_a_rotated_secret_works_beside_the_old_one_for_the_overlap(
    desk: Desk, overlap: str, status: int
) -> None:
    path, file = app_with_file(desk)
    fields = {"overlap": overlap, "overlap_unit": "hours", "password": PASSWORD.reveal()}
    answer = desk.browser.send(f"{path}/rotate", fields)
    assert answer.headers["cache-control"] == "no-store"
    secret = shown_secret(answer.text)
    assert secret != file["cs"]
    assert log_in(file, secret).status_code == 200
    assert log_in(file).status_code == status
    page = desk.browser.get(path).text
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
    desk: Desk, changes: dict[str, str], field: str
) -> None:
    path, file = app_with_file(desk)
    fields = {"overlap": "1", "overlap_unit": "hours", "password": PASSWORD.reveal()}
    answer = desk.browser.send(f"{path}/rotate", {**fields, **changes})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert log_in(file).status_code == 200


def test_a_key_pair_leaves_once_and_its_public_half_is_listed_and_deleted(desk: Desk) -> None:
    path = desk.add_app(use_bridge="on").url.path
    assert "No key yet" in said(desk.browser.get(path).text)
    refused = desk.browser.send(f"{path}/key-pair", {"password": "wrong"})
    assert 'id="password-error"' in refused.text
    answer = desk.browser.send(f"{path}/key-pair", {"password": PASSWORD.reveal()})
    assert "ionapi-bridge-private-jwt-1.json" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    key = answer.json()["jwk"]
    page = desk.browser.get(path).text
    assert key["kid"] in page
    assert key["d"] not in page
    delete = f"{path}/keys/{key['kid']}/delete"
    assert key["kid"] in desk.browser.get(delete).text
    assert "The key is deleted." in said(desk.browser.send(delete).text)
    assert desk.browser.get(delete).status_code == 404
    assert desk.browser.send(delete, form_at=path).status_code == 404


def test_without_bridge_authentication_there_is_no_key_pair(desk: Desk) -> None:
    path = desk.add_app().url.path
    assert "Generate Key Pair" not in said(desk.browser.get(path).text)
    answer = desk.browser.send(f"{path}/key-pair", {"password": PASSWORD.reveal()})
    assert answer.status_code == 409
    assert "Switch on Use Bridge Authentication" in said(answer.text)


def test_a_mobile_app_has_a_qr_code_and_no_secret(desk: Desk) -> None:
    path = mobile_app(desk)
    assert f"{path}/qr.svg" in desk.browser.get(f"{path}/qr").text
    image = desk.browser.get(f"{path}/qr.svg")
    assert image.headers["content-type"].startswith("image/svg+xml")
    assert image.text.startswith("<svg")
    assert "style=" not in image.text
    assert desk.browser.get(f"{path}/rotate").status_code == 200
    fields = {"overlap": "1", "overlap_unit": "hours", "password": PASSWORD.reveal()}
    assert desk.browser.send(f"{path}/rotate", fields).status_code == 409
    backend = desk.add_app().url.path
    for page in ("qr", "qr.svg"):
        assert desk.browser.get(f"{backend}/{page}").status_code == 409


def test_bruno_gets_the_names_of_secrets_and_no_values(desk: Desk) -> None:
    path, file = app_with_file(desk)
    assert "Bruno keeps secrets outside" in said(
        desk.browser.get(f"{path}/environments/bruno").text
    )
    answer = desk.browser.send(f"{path}/environments/bruno")
    assert file["ci"] in answer.text
    assert not LETTERS.search(answer.text.replace(file["ci"], ""))


def test_an_environment_has_the_secret_only_with_the_password(desk: Desk) -> None:
    path, file = app_with_file(desk)
    url = f"{path}/environments/postman"
    plain = desk.browser.send(url)
    assert file["ci"] in plain.text
    assert file["cs"] not in plain.text
    assert not LETTERS.search(plain.text.replace(file["ci"], ""))
    wrong = desk.browser.send(url, {"with_secret": "on", "password": "wrong"})
    assert 'id="password-error"' in wrong.text
    full = desk.browser.send(url, {"with_secret": "on", "password": PASSWORD.reveal()})
    assert file["cs"] in full.text
    assert file["sask"] not in full.text
    assert "attachment" in full.headers["content-disposition"]


def test_there_is_no_environment_for_other_tools(desk: Desk) -> None:
    path = desk.add_app().url.path
    assert desk.browser.get(f"{path}/environments/curl").status_code == 404


def test_no_page_of_an_app_holds_a_secret(desk: Desk) -> None:
    path, file = app_with_file(desk)
    for page in ("", "/edit", "/disable", "/rotate", "/revoke", "/key-pair", "/delete"):
        text = desk.browser.get(path + page).text
        assert file["cs"] not in text
        assert file["sask"] not in text


_PAGES = ["edit", "disable", "revoke", "rotate", "key-pair", "delete", "environments/postman"]


@pytest.mark.parametrize("page", _PAGES)
def test_rights_other_tenants_and_forged_forms(desk: Desk, page: str) -> None:
    path = desk.add_app().url.path
    assert desk.browser.http.post(f"{path}/{page}", data={}).status_code == 403
    assert desk.browser.get(f"{desk.apps_path}/app_unknown/{page}").status_code == 404
    other = path.replace(desk.tenant.tenant_id, "OTHER_TST")
    assert desk.browser.get(f"{other}/{page}").status_code == 404
    desk.add_user("bob")
    desk.sign_in_as("bob")
    assert desk.browser.get(f"{path}/{page}").status_code == 403
    assert desk.browser.send(f"{path}/{page}", form_at="/account").status_code in (403, 422)
