"""Known ION API clients against a running server: the bytes of facts/ion-api.md §6, no library."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import Unauthenticated
from ionport.store import Database
from tests.support.oauth import (
    TENANT,
    Answer,
    OAuthSide,
    basic,
    send,
    serve_side,
)

FORM = "application/x-www-form-urlencoded"
File = dict[str, str]


@dataclass(frozen=True)
class Wire:
    """One request as a client sends it; `query` and `body` are already encoded."""

    query: str = ""
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"

    def send(self, url: str) -> Answer:
        return send(
            f"{url}?{self.query}" if self.query else url, self.body, self.headers, self.method
        )


@pytest.fixture
def side(database: Database, clock: MovableClock) -> Iterator[OAuthSide]:
    with serve_side(database, clock) as side:
        yield side


@pytest.fixture
def file(side: OAuthSide) -> File:
    return side.credentials(side.create_app(issue_refresh_tokens=True))


def form(safe: str = "", **values: str) -> str:
    return "&".join(f"{name}={quote_plus(value, safe=safe)}" for name, value in values.items())


def sdk_dotnet(file: File) -> Wire:
    keys = form(grant_type="password", username=file["saak"], password=file["sask"])
    return Wire(body=keys, headers={"Authorization": basic(file), "Content-Type": FORM})


def sdk_java_thick(file: File) -> Wire:
    query = form(
        grant_type="password",
        username=file["saak"],
        password=file["sask"],
        client_id=file["ci"],
        client_secret=file["cs"],
    )
    return Wire(query=query, body="null", headers={"Content-Type": FORM})


def go_oauth2_basic(file: File) -> Wire:
    header = base64.b64encode(f"{quote_plus(file['ci'])}:{quote_plus(file['cs'])}".encode())
    body = form(grant_type="password", password=file["sask"], scope="", username=file["saak"])
    return Wire(
        body=body,
        headers={"Authorization": f"Basic {header.decode()}", "Content-Type": FORM},
    )


def go_oauth2_body(file: File) -> Wire:
    body = form(
        client_id=file["ci"],
        client_secret=file["cs"],
        grant_type="password",
        password=file["sask"],
        scope="openid profile",
        username=file["saak"],
    )
    return Wire(body=body, headers={"Content-Type": FORM})


def go_infor_test(file: File) -> Wire:
    """Sends `#` raw and an ampersand at the end."""
    body = f"grant_type=password&username={file['saak']}&password={file['sask']}&"
    return Wire(body=body, headers={"Authorization": basic(file), "Content-Type": FORM})


def inforion(file: File) -> Wire:
    body = form(
        grant_type="password",
        username=file["saak"],
        password=file["sask"],
        client_id=file["ci"],
        client_secret=file["cs"],
        redirect_uri="https://localhost/",
    )
    return Wire(
        body=body,
        headers={"Content-Type": FORM, "Host": "mingle-ionapi.eu1.inforcloudsuite.com"},
    )


def postman(file: File) -> Wire:
    body = form(
        safe="~",
        grant_type="password",
        username=file["saak"],
        password=file["sask"],
        scope="Infor-IDM Infor-ION",
        client_id=file["ci"],
        client_secret=file["cs"],
    )
    return Wire(
        body=body,
        headers={"Content-Type": FORM, "Accept": "application/json", "Authorization": basic(file)},
    )


def npm_infor_ion_token(file: File) -> Wire:
    """URLSearchParams encodes the tilde."""
    body = form(
        grant_type="password",
        username=file["saak"],
        password=file["sask"],
        client_id=file["ci"],
        client_secret=file["cs"],
    ).replace("~", "%7E")
    return Wire(body=body, headers={"Content-Type": f"{FORM};charset=UTF-8"})


def python_requests_without_content_type(file: File) -> Wire:
    wire = inforion(file)
    return Wire(body=wire.body)


LOGINS = [
    sdk_dotnet,
    sdk_java_thick,
    go_oauth2_basic,
    go_oauth2_body,
    go_infor_test,
    inforion,
    postman,
    npm_infor_ion_token,
    python_requests_without_content_type,
]


def dotnet_refresh(file: File, token: str) -> Wire:
    body = form(grant_type="refresh_token", refresh_token=token)
    return Wire(body=body, headers={"Authorization": basic(file), "Content-Type": FORM})


def java_refresh(file: File, token: str) -> Wire:
    query = form(refresh_token=token, grant_type="refresh_token")
    return Wire(query=query, headers={"Authorization": basic(file)})


def inforion_refresh(file: File, token: str) -> Wire:
    body = form(
        grant_type="refresh_token",
        refresh_token=token,
        username=file["saak"],
        password=file["sask"],
        client_id=file["ci"],
        client_secret=file["cs"],
        scope="",
        redirect_uri="https://localhost/",
    )
    return Wire(body=body, headers={"Content-Type": FORM})


def mobile_refresh(file: File, token: str) -> Wire:
    body = form(
        client_id=file["ci"],
        grant_type="refresh_token",
        refresh_token=token,
        redirect_uri="oob://localhost/x",
        client_secret=file["cs"],
    )
    return Wire(body=body, headers={"Content-Type": f"{FORM};charset=UTF-8"})


REFRESHES = [dotnet_refresh, java_refresh, inforion_refresh, mobile_refresh]


def dotnet_revoke(file: File, token: str) -> Wire:
    body = form(token=token, token_type_hint="refresh_token")
    return Wire(body=body, headers={"Authorization": basic(file), "Content-Type": FORM})


def java_revoke(file: File, token: str) -> Wire:
    query = form(token=token, token_type_hint="refresh_token")
    return Wire(query=query, headers={"Authorization": basic(file)})


def go_revoke(_file: File, token: str) -> Wire:
    return Wire(query=form(token=token), method="GET")


def mobile_revoke(file: File, token: str) -> Wire:
    body = form(
        client_id=file["ci"],
        token=token,
        token_type_hint="refresh_token",
        client_secret=file["cs"],
    )
    return Wire(body=body, headers={"Content-Type": FORM})


REVOKES = [dotnet_revoke, java_revoke, go_revoke, mobile_revoke]


@pytest.mark.parametrize("client", LOGINS, ids=lambda client: client.__name__)
def test_each_known_client_logs_in(
    side: OAuthSide, file: File, client: Callable[[File], Wire]
) -> None:
    answer = client(file).send(file["pu"] + file["ot"])
    assert answer.status == 200, answer.body
    assert list(answer.json) == ["access_token", "token_type", "expires_in", "refresh_token"]
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == 7200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    found = side.verifier.verify(answer.json["access_token"], TENANT)
    assert found.service_account == file["saak"]


@pytest.mark.parametrize("client", REFRESHES, ids=lambda client: client.__name__)
def test_each_known_client_refreshes_and_gets_the_same_refresh_token(
    side: OAuthSide, file: File, client: Callable[[File, str], Wire]
) -> None:
    first = sdk_dotnet(file).send(file["pu"] + file["ot"]).json
    for _again in range(2):
        answer = client(file, first["refresh_token"]).send(file["pu"] + file["ot"])
        assert answer.status == 200, answer.body
        assert answer.json["refresh_token"] == first["refresh_token"]
        assert answer.json["access_token"] != first["access_token"]
        side.verifier.verify(answer.json["access_token"], TENANT)


@pytest.mark.parametrize("client", REVOKES, ids=lambda client: client.__name__)
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_each_known_client_revokes_and_gets_200_with_an_empty_body(
    side: OAuthSide, file: File, client: Callable[[File, str], Wire], kind: str
) -> None:
    tokens = sdk_dotnet(file).send(file["pu"] + file["ot"]).json
    side.verifier.verify(tokens["access_token"], TENANT)
    for _again in range(2):
        answer = client(file, tokens[kind]).send(file["pu"] + file["or"])
        assert answer.status == 200
        assert answer.body == b""
        assert answer.headers["cache-control"] == "no-store"
    with pytest.raises(Unauthenticated):
        side.verifier.verify(tokens["access_token"], TENANT)
    refreshed = java_refresh(file, tokens["refresh_token"]).send(file["pu"] + file["ot"])
    assert refreshed.status == (200 if kind == "access_token" else 400)


def test_go_tries_basic_first_and_a_wrong_secret_fails_both_ways(
    side: OAuthSide, file: File
) -> None:
    wrong = {**file, "cs": "A" * 86}
    for wire in (go_oauth2_basic(wrong), go_oauth2_body(wrong)):
        answer = wire.send(file["pu"] + file["ot"])
        assert answer.status == 401
        assert answer.json == {
            "error_description": "Invalid client or client credentials.",
            "error": "invalid_client",
        }
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert answer.headers["cache-control"] == "no-store"


def test_the_tenant_is_found_in_any_letter_case(side: OAuthSide, file: File) -> None:
    url = file["pu"].replace(TENANT, TENANT.lower()) + file["ot"]
    assert sdk_dotnet(file).send(url).status == 200


def test_errors_have_pingfederates_shape(side: OAuthSide, file: File) -> None:
    url, good = file["pu"] + file["ot"], sdk_dotnet(file)
    unknown = dotnet_refresh(file, "unknown").send(url)
    assert unknown.status == 400
    assert unknown.body == (
        b'{"error_description":"unknown, invalid, or expired refresh token",'
        b'"error":"invalid_grant"}'
    )
    without = Wire(headers=good.headers).send(url)
    assert without.status == 400
    assert without.body == (
        b'{"error_description":"grant_type is required","error":"invalid_request"}'
    )
    assert "www-authenticate" not in without.headers


def test_the_key_set_verifies_a_token_without_our_code(side: OAuthSide, file: File) -> None:
    from joserfc import jwt
    from joserfc.jwk import KeySet

    token = sdk_dotnet(file).send(file["pu"] + file["ot"]).json["access_token"]
    answer = send(f"{file['pu']}jwks", method="GET")
    assert answer.status == 200
    decoded = jwt.decode(token, KeySet.import_key_set(answer.json), algorithms=["RS256"])
    assert decoded.claims["iss"] == file["pu"].removesuffix("/")
    assert decoded.claims["aud"] == file["iu"]
    assert quote(decoded.claims["Tenant"]) == TENANT
