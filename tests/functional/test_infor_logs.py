"""What people, pages and the gateway handle of secrets stands in no log line."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from ionport.oauth.apps.model import AppType
from tests.support.idp import make_idp
from tests.support.people import (
    Person,
    add_people_app,
    authorization_path,
    said,
    secret_of,
)
from tests.support.web import PASSWORD
from tests.support.whole import Site, site_on

WRONG = "planted-wrong-password"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_on(tmp_path / "data", "") as site:
        site.add_user("anna")
        yield site


def server_log(caplog: pytest.LogCaptureFixture) -> str:
    """Every line with its traceback, but those of the test's own HTTP client."""
    own = ("httpx2", "httpcore2")
    lines = (record for record in caplog.records if not record.name.startswith(own))
    return "\n".join(map(caplog.handler.format, lines))


def test_a_persons_way_leaves_no_secret_in_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    app = add_people_app(site)
    secret, path = secret_of(site, app), authorization_path(site, app, state="planted-state")
    as_url = f"/{site.tenant.tenant_id}/as"
    with httpx2.Client(base_url=str(site.browser.http.base_url), timeout=120) as http:
        anna = Person(http)
        anna.sign_on(path, "anna", WRONG)
        code = said(anna.allow(path, "anna"))["code"]
        fields = {"grant_type": "authorization_code", "redirect_uri": app.redirect_urls[0]}
        http.post(f"{as_url}/token.oauth2", data=fields | {"code": WRONG})
        tokens = http.post(
            f"{as_url}/token.oauth2", data=fields | {"code": code}, auth=(app.client_id, secret)
        ).json()
        detail = f"/{site.tenant.tenant_id}/Mingle/SocialService.Svc/User/Detail"
        assert http.get(f"{detail}?access_token={tokens['access_token']}").status_code == 200
        assert http.get(f"{detail}?access_token={WRONG}").status_code == 401
        http.post(
            f"{as_url}/introspect.oauth2",
            data={"token": tokens["refresh_token"]},
            auth=(app.client_id, secret),
        )
        # The code a second time closes the grant, which is logged.
        http.post(
            f"{as_url}/token.oauth2", data=fields | {"code": code}, auth=(app.client_id, secret)
        )
        cookies = [cookie.value or "" for cookie in http.cookies.jar]
    log = server_log(caplog)
    assert "reuse" in log
    planted = {WRONG, secret, code, *cookies, PASSWORD.reveal(), *_texts(tokens)}
    assert [one for one in planted if one and one in log] == []


def test_an_administrators_pages_leave_no_secret_in_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    app = site.add_app()
    path, password = str(app.url.path), {"password": PASSWORD.reveal()}
    account = {"create_service_account": "on", "without_user": "on"}
    send = site.browser.send
    file = send(f"{path}/download", {**password, **account}).json()
    send(
        f"{path}/download",
        {"password": WRONG, **account},
    )
    shown = send(f"{path}/rotate", {**password, "overlap": "1", "overlap_unit": "hours"}).text
    send(f"{path}/reveal", password)
    send(f"{path}/token-tools", {"token": f"Bearer {WRONG}"})
    rotated = set(re.findall(r"[A-Za-z0-9_-]{86}", shown))
    csv = send(
        f"/ion-api/{site.tenant.tenant_id}/service-accounts/add",
        {**password, "app": path.rpartition("/")[2], "description": "x"},
    ).text
    keys = re.findall(r'"([^"]{80,})"', csv)
    pem = make_idp(site.application.clock.now()).pem.replace("CERTIFICATE", "PRIVATE KEY")
    send(
        f"/ion-api/{site.tenant.tenant_id}/configuration/saml-issuers/add",
        {"entity_id": "x", "certificate": pem},
    )
    assert len(rotated) == 1
    assert len(keys) == 2
    planted = {WRONG, PASSWORD.reveal(), file["cs"], file["sask"], *rotated, keys[1]}
    planted |= {cookie.value or "" for cookie in site.browser.http.cookies.jar}
    planted.add(pem.splitlines()[1])
    log = server_log(caplog)
    assert [one for one in planted if one and one in log] == []


def test_a_qr_code_and_an_environment_hold_no_secret_unasked(site: Site) -> None:
    app = add_people_app(site, type=AppType.MOBILE_IOS, bundle_id="com.example.app")
    assert "cs" not in json.loads(
        site.browser.send(
            f"{site.apps_path}/{app.id}/download", {"password": PASSWORD.reveal()}
        ).text
    )
    machine = site.add_app()
    path = str(machine.url.path)
    secret = site.browser.send(f"{path}/download", {"password": PASSWORD.reveal()}).json()["cs"]
    for tool in ("postman", "bruno"):
        assert secret not in site.browser.send(f"{path}/environments/{tool}").text


def _texts(tokens: dict[str, object]) -> list[str]:
    return [str(tokens[name]) for name in ("access_token", "refresh_token")]
