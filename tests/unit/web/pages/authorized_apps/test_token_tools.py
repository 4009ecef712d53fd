from __future__ import annotations

import html
import json
import re

import httpx2
import pytest

from tests.support.web import PASSWORD, said
from tests.support.whole import Desk


def app_and_token(desk: Desk) -> tuple[str, dict[str, str], str]:
    file: dict[str, str] = json.loads(desk.credentials())
    found = re.search(rf'href="({desk.apps_path}/app_\w+)"', desk.browser.get(desk.apps_path).text)
    assert found is not None
    form = {"grant_type": "password", "username": file["saak"], "password": file["sask"]}
    answer = httpx2.post(file["pu"] + file["ot"], data=form, auth=(file["ci"], file["cs"]))
    return found[1], file, answer.json()["access_token"]


def _issue(desk: Desk, path: str, **fields: str) -> httpx2.Response:
    answer: httpx2.Response = desk.browser.send(
        f"{path}/token-tools/token", {"password": PASSWORD.reveal(), **fields}
    )
    return answer


def _account(desk: Desk, path: str) -> str:
    page = desk.browser.get(f"{path}/token-tools").text
    found = re.search(r'name="account" value="([^"]+)"', page)
    assert found is not None
    return html.unescape(found[1])


def test_an_administrator_gets_a_token_without_the_secrets_of_the_file(desk: Desk) -> None:
    path, file, _token = app_and_token(desk)
    answer = _issue(desk, path, account=_account(desk, path))
    assert answer.headers["cache-control"] == "no-store"
    found = re.search(r"<code>(ey[\w.-]+)</code>", answer.text)
    assert found is not None
    address = f"{file['iu']}/{file['ti']}/M3/m3api-rest/v2/execute/CMS535MI/FpwVersion"
    called = httpx2.get(address, headers={"Authorization": f"Bearer {found[1]}"})
    assert called.status_code == 200
    assert file["saak"] in said(answer.text)
    assert found[1] not in desk.browser.get(f"{path}/token-tools").text
    assert "Access token given to an administrator" in said(desk.browser.get(path).text)
    desk.browser.send(f"{path}/revoke")
    assert httpx2.get(address, headers=called.request.headers).status_code == 401


def test_no_token_is_given_without_password_account_or_an_enabled_app(desk: Desk) -> None:
    path, _file, _token = app_and_token(desk)
    account = _account(desk, path)
    assert _issue(desk, path, account=account, password="wrong").status_code == 422
    for wrong, status in (("", 422), ("sa_nosuch", 422)):
        assert _issue(desk, path, account=wrong).status_code == status
    other = str(desk.add_app("Other_TST").url.path)
    assert _issue(desk, other, account=account).status_code == 422
    assert "no service account that is enabled" in said(
        desk.browser.get(f"{other}/token-tools").text
    )
    desk.browser.send(f"{path}/disable")
    refused = desk.browser.send(
        f"{path}/token-tools/token",
        {"account": account, "password": PASSWORD.reveal()},
        form_at=f"{other}/token-tools",
    )
    assert refused.status_code == 409
    assert "The app is disabled." in said(refused.text)


def test_a_good_token_is_decoded_and_accepted(desk: Desk) -> None:
    path, file, token = app_and_token(desk)
    answer = desk.browser.send(f"{path}/token-tools", {"token": f"Bearer {token}"})
    page = said(answer.text)
    assert "The gateway takes this token." in page
    assert file["ci"] in page
    assert token not in answer.text
    assert "another client" not in page


def test_a_token_of_another_app_is_said_to_be_one(desk: Desk) -> None:
    _path, _file, token = app_and_token(desk)
    other = desk.add_app("Other_TST").url.path
    page = said(desk.browser.send(f"{other}/token-tools", {"token": token}).text)
    assert "It was issued to another client" in page


@pytest.mark.parametrize("change", ["revoked", "signature", "nonsense"])
def test_a_refused_token_is_explained(desk: Desk, change: str) -> None:
    path, _file, token = app_and_token(desk)
    if change == "revoked":
        desk.browser.send(f"{path}/revoke")
    elif change == "signature":
        head, claims, _signature = token.split(".")
        token = f"{head}.{claims}.{'A' * 342}"
    else:
        token = "this is no token"
    page = said(desk.browser.send(f"{path}/token-tools", {"token": token}).text)
    assert "The gateway refuses this token." in page


@pytest.mark.parametrize("token", ["", "x" * 20_001])
def test_nothing_and_too_much_are_told_beside_the_box(desk: Desk, token: str) -> None:
    path = desk.add_app().url.path
    answer = desk.browser.send(f"{path}/token-tools", {"token": token})
    assert answer.status_code == 422
    assert 'id="token-error"' in answer.text


@pytest.mark.parametrize("token", ["bearer " * 2_400, "a.b.c", "[[[[" * 4_000, "é.é.é"])
def test_whatever_is_pasted_has_an_answer(desk: Desk, token: str) -> None:
    path = desk.add_app().url.path
    assert desk.browser.send(f"{path}/token-tools", {"token": token}).status_code == 200


@pytest.mark.parametrize("grant_type", ["Password Credentials", "Client Credentials"])
def test_the_ready_requests_hold_the_client_id_and_no_secret(desk: Desk, grant_type: str) -> None:
    path = desk.add_app(grant_type=grant_type).url.path
    page = desk.browser.get(f"{path}/token-tools").text
    assert "curl" in page
    assert f"{desk.tenant.tenant_id}~" in page
    assert not re.search(r"[\w-]{86}", page)


def test_only_an_administrator_of_the_tenant_checks_tokens(desk: Desk) -> None:
    path = f"{desk.add_app().url.path}/token-tools"
    assert desk.browser.http.post(path, data={"token": "x"}).status_code == 403
    assert desk.browser.get(path.replace(desk.tenant.tenant_id, "OTHER_TST")).status_code == 404
    desk.add_user("bob")
    desk.sign_in_as("bob")
    assert desk.browser.get(path).status_code == 403
