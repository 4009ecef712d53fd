from __future__ import annotations

import html
import json
import re

import httpx2
import pytest

from tests.support.web import PASSWORD, said
from tests.support.whole import Site


def app_and_token(site: Site) -> tuple[str, dict[str, str], str]:
    file: dict[str, str] = json.loads(site.credentials())
    found = re.search(rf'href="({site.apps_path}/app_\w+)"', site.browser.get(site.apps_path).text)
    assert found is not None
    form = {"grant_type": "password", "username": file["saak"], "password": file["sask"]}
    answer = httpx2.post(file["pu"] + file["ot"], data=form, auth=(file["ci"], file["cs"]))
    return found[1], file, answer.json()["access_token"]


def _issue(site: Site, path: str, **fields: str) -> httpx2.Response:
    answer: httpx2.Response = site.browser.send(
        f"{path}/token-tools/token", {"password": PASSWORD.reveal(), **fields}
    )
    return answer


def _account(site: Site, path: str) -> str:
    page = site.browser.get(f"{path}/token-tools").text
    found = re.search(r'name="account" value="([^"]+)"', page)
    assert found is not None
    return html.unescape(found[1])


def test_an_administrator_gets_a_token_without_the_secrets_of_the_file(site: Site) -> None:
    path, file, _token = app_and_token(site)
    answer = _issue(site, path, account=_account(site, path))
    assert answer.headers["cache-control"] == "no-store"
    found = re.search(r"<code>(ey[\w.-]+)</code>", answer.text)
    assert found is not None
    address = f"{file['iu']}/{file['ti']}/M3/m3api-rest/v2/execute/CMS535MI/FpwVersion"
    called = httpx2.get(address, headers={"Authorization": f"Bearer {found[1]}"})
    assert called.status_code == 200
    assert file["saak"] in said(answer.text)
    assert found[1] not in site.browser.get(f"{path}/token-tools").text
    assert "Access token given to an administrator" in said(site.browser.get(path).text)
    site.browser.send(f"{path}/revoke")
    assert httpx2.get(address, headers=called.request.headers).status_code == 401


def test_no_token_is_given_without_password_account_or_an_enabled_app(site: Site) -> None:
    path, _file, _token = app_and_token(site)
    account = _account(site, path)
    assert _issue(site, path, account=account, password="wrong").status_code == 422
    for wrong, status in (("", 422), ("sa_nosuch", 422)):
        assert _issue(site, path, account=wrong).status_code == status
    other = str(site.add_app("Other_TST").url.path)
    assert _issue(site, other, account=account).status_code == 422
    assert "no service account that is enabled" in said(
        site.browser.get(f"{other}/token-tools").text
    )
    site.browser.send(f"{path}/disable")
    refused = site.browser.send(
        f"{path}/token-tools/token",
        {"account": account, "password": PASSWORD.reveal()},
        form_at=f"{other}/token-tools",
    )
    assert refused.status_code == 409
    assert "The app is disabled." in said(refused.text)


def test_a_good_token_is_decoded_and_accepted(site: Site) -> None:
    path, file, token = app_and_token(site)
    answer = site.browser.send(f"{path}/token-tools", {"token": f"Bearer {token}"})
    page = said(answer.text)
    assert "The gateway takes this token." in page
    assert file["ci"] in page
    assert token not in answer.text
    assert "another client" not in page


def test_a_token_of_another_app_is_said_to_be_one(site: Site) -> None:
    _path, _file, token = app_and_token(site)
    other = site.add_app("Other_TST").url.path
    page = said(site.browser.send(f"{other}/token-tools", {"token": token}).text)
    assert "It was issued to another client" in page


@pytest.mark.parametrize("change", ["revoked", "signature", "nonsense"])
def test_a_refused_token_is_explained(site: Site, change: str) -> None:
    path, _file, token = app_and_token(site)
    if change == "revoked":
        site.browser.send(f"{path}/revoke")
    elif change == "signature":
        head, claims, _signature = token.split(".")
        token = f"{head}.{claims}.{'A' * 342}"
    else:
        token = "this is no token"
    page = said(site.browser.send(f"{path}/token-tools", {"token": token}).text)
    assert "The gateway refuses this token." in page


@pytest.mark.parametrize("token", ["", "x" * 20_001])
def test_nothing_and_too_much_are_told_beside_the_box(site: Site, token: str) -> None:
    path = site.add_app().url.path
    answer = site.browser.send(f"{path}/token-tools", {"token": token})
    assert answer.status_code == 422
    assert 'id="token-error"' in answer.text


@pytest.mark.parametrize("token", ["bearer " * 2_400, "a.b.c", "[[[[" * 4_000, "é.é.é"])
def test_whatever_is_pasted_has_an_answer(site: Site, token: str) -> None:
    path = site.add_app().url.path
    assert site.browser.send(f"{path}/token-tools", {"token": token}).status_code == 200


@pytest.mark.parametrize("grant_type", ["Password Credentials", "Client Credentials"])
def test_the_ready_requests_hold_the_client_id_and_no_secret(site: Site, grant_type: str) -> None:
    path = site.add_app(grant_type=grant_type).url.path
    page = site.browser.get(f"{path}/token-tools").text
    assert "curl" in page
    assert f"{site.tenant.tenant_id}~" in page
    assert not re.search(r"[\w-]{86}", page)


def test_only_an_administrator_of_the_tenant_checks_tokens(site: Site) -> None:
    path = f"{site.add_app().url.path}/token-tools"
    assert site.browser.http.post(path, data={"token": "x"}).status_code == 403
    assert site.browser.get(path.replace(site.tenant.tenant_id, "OTHER_TST")).status_code == 404
    site.add_user("bob")
    site.sign_in_as("bob")
    assert site.browser.get(path).status_code == 403
