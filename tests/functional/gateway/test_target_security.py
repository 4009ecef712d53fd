"""Each Target Endpoint Security, over sockets, on a target that checks what it gets."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from aiohttp import web
from joserfc import jws
from joserfc.jwk import OctKey

from ionport.gateway.targets.security import (
    KeyMode,
    KeyParameter,
    OpenedSecurity,
    SecurityDraft,
    SecurityType,
)
from ionport.gateway.targets.signing import hmac_signature, signature_base
from tests.support.custom_suites import (
    PUBLIC_PATH,
    CustomSide,
    TargetServer,
    headers_of,
)
from tests.support.infor_side import in_threads

SECRET = "s" * 40


class Target:
    """A target that tells what arrived, and a token endpoint that counts its logins."""

    def __init__(self) -> None:
        self.logins: list[tuple[dict[str, str], str]] = []
        self.answer: dict[str, object] = {"expires_in": 3600, "token_type": "Bearer"}
        self.status = 200
        self.refuses: set[str] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        if request.path == "/token":
            login = (dict(parse_qsl(body)), request.headers.get("Authorization", ""))
            self.logins.append(login)
            token = {"access_token": f"token-{len(self.logins)}"}
            return web.json_response(token | self.answer, status=self.status)
        if request.headers.get("Authorization", "") in self.refuses:
            return web.Response(status=401)
        seen = {"headers": headers_of(request), "url": str(request.url), "body": body}
        return web.json_response(seen)


@pytest.fixture
def handler() -> Target:
    return Target()


@pytest.fixture
def target(handler: Target) -> Iterator[TargetServer]:
    with TargetServer(handler.handle) as server:
        yield server


@pytest.fixture
def client(side: CustomSide) -> Iterator[httpx2.Client]:
    with side.client(side.log_in(side.credentials())) as client:
        yield client


def test_anonymous_sends_no_credentials(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    side.add(target.url)
    seen = client.get(PUBLIC_PATH).json()
    assert "authorization" not in dict(seen["headers"])


def test_api_keys_go_into_headers_and_query_whatever_the_client_sends(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    rows = (
        KeyParameter(KeyMode.HEADER, "X-Api-Key", SECRET),
        KeyParameter(KeyMode.QUERY, "api_key", "a&b=c"),
    )
    side.add(target.url, security=SecurityDraft(SecurityType.API_KEY, parameters=rows))
    answer = client.get(f"{PUBLIC_PATH}/x?a=1&API%5FKEY=mine&b", headers={"x-api-key": "mine"})
    seen = answer.json()
    assert [v for n, v in seen["headers"] if n == "x-api-key"] == [SECRET]
    assert urlsplit(seen["url"]).query == "a=1&b&api_key=a%26b%3Dc"


def test_basic_sends_user_and_password(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    values = {"user_id": "m\u00e9", "password": SECRET + ":\u20ac"}
    side.add(target.url, security=SecurityDraft(SecurityType.BASIC, values))
    header = dict(client.get(PUBLIC_PATH).json()["headers"])["authorization"]
    assert base64.b64decode(header.removeprefix("Basic ")).decode() == f"m\u00e9:{SECRET}:\u20ac"


@pytest.mark.parametrize("algorithm", ["HMAC-SHA1", "HMAC-SHA256"])
def test_oauth_1_signs_method_address_query_and_form(
    side: CustomSide, client: httpx2.Client, target: TargetServer, algorithm: str
) -> None:
    values = {"algorithm": algorithm, "access_key": "key", "secret_key": SECRET}
    side.add(f"{target.url}/base", security=SecurityDraft(SecurityType.OAUTH1, values))
    answer = client.post(f"{PUBLIC_PATH}/a%20b?q=%C3%A9&x=", data={"form": "a b+c", "z": "1"})
    seen = answer.json()
    header = dict(seen["headers"])["authorization"]
    sent = dict(part.split("=", 1) for part in header.removeprefix("OAuth ").split(", "))
    protocol = {name: value.strip('"') for name, value in sent.items()}
    signature = dict(parse_qsl(f"s={protocol.pop('oauth_signature')}"))["s"]
    base = signature_base(
        "POST",
        f"{target.url}/base/a%20b?q=%C3%A9&x=",
        [*protocol.items(), ("form", "a b+c"), ("z", "1")],
    )
    assert signature == hmac_signature(base, algorithm, SECRET, "")
    assert seen["body"] == "form=a+b%2Bc&z=1"
    again = dict(client.post(PUBLIC_PATH, content=b"x").json()["headers"])["authorization"]
    assert protocol["oauth_nonce"] not in again


def test_a_form_too_long_to_sign_is_413(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    values = {"algorithm": "HMAC-SHA1", "access_key": "key", "secret_key": SECRET}
    side.add(target.url, security=SecurityDraft(SecurityType.OAUTH1, values))
    answer = client.post(PUBLIC_PATH, data={"a": "b" * 1_000_001})
    assert (answer.status_code, answer.json()["code"]) == (413, "form_too_large")


def _oauth2(target: TargetServer, **more: str) -> SecurityDraft:
    values = {
        "token_endpoint": f"{target.url}/token",
        "client_id": "our:id",
        "client_secret": SECRET,
        **more,
    }
    return SecurityDraft(SecurityType.OAUTH2, values)


def test_oauth_2_logs_in_once_for_many_calls(
    side: CustomSide, client: httpx2.Client, target: TargetServer, handler: Target
) -> None:
    side.add(target.url, security=_oauth2(target, scope="read write"))
    client.get("/IONSERVICES/api/ion/messaging/service/ping")
    answers = in_threads(8, lambda _number: client.get(PUBLIC_PATH))
    for answer in answers:
        assert dict(answer.json()["headers"])["authorization"] == "Bearer token-1"
    assert len(handler.logins) == 1
    form, authorization = handler.logins[0]
    assert form == {"grant_type": "client_credentials", "scope": "read write"}
    pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
    assert pair == f"our%3Aid:{SECRET}"


def test_oauth_2_can_log_in_by_the_body(
    side: CustomSide, client: httpx2.Client, target: TargetServer, handler: Target
) -> None:
    side.add(target.url, security=_oauth2(target, client_authentication="Body"))
    client.get(PUBLIC_PATH)
    form, authorization = handler.logins[0]
    assert (form["client_id"], form["client_secret"], authorization) == ("our:id", SECRET, "")


def test_a_refused_or_expired_token_is_fetched_anew(
    side: CustomSide, client: httpx2.Client, target: TargetServer, handler: Target
) -> None:
    side.add(target.url, security=_oauth2(target))
    client.get(PUBLIC_PATH)
    handler.refuses.add("Bearer token-1")
    assert client.get(PUBLIC_PATH).status_code == 401
    assert client.get(PUBLIC_PATH).status_code == 200
    handler.refuses.add("Bearer token-2")
    handler.answer = {"expires_in": 0}
    client.get(PUBLIC_PATH)
    client.get(PUBLIC_PATH)
    client.get(PUBLIC_PATH)
    assert len(handler.logins) > 3


def test_a_changed_endpoint_logs_in_anew(
    side: CustomSide, client: httpx2.Client, target: TargetServer, handler: Target
) -> None:
    endpoint = side.add(target.url, security=_oauth2(target))
    client.get(PUBLIC_PATH)
    side.clock.advance(timedelta(seconds=1))
    side.change(endpoint, security=_oauth2(target, scope="more"))
    client.get(PUBLIC_PATH)
    assert [form.get("scope") for form, _header in handler.logins] == [None, "more"]


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (401, {}),
        (200, {"access_token": None}),
        (200, {"access_token": "a\r\nb"}),
        (200, {"access_token": 7}),
        (200, {"expires_in": "soon"}),
        (200, {"filler": "x" * 200_000}),
    ],
)
def test_a_token_endpoint_that_gives_no_token_is_502_without_its_words(
    side: CustomSide,
    client: httpx2.Client,
    target: TargetServer,
    handler: Target,
    status: int,
    answer: dict[str, object],
) -> None:
    side.add(target.url, security=_oauth2(target))
    handler.status, handler.answer = status, {**answer, "hint": "internal words"}
    refused = client.get(PUBLIC_PATH)
    assert refused.status_code == 502
    assert refused.json()["code"] in ("target_login_failed", "answer_too_long")
    assert "internal words" not in refused.text


def test_a_jwt_is_signed_and_kept_for_half_its_life(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    values = {"algorithm": "HS256", "key": SECRET, "payload": '{"iss": "us"}', "key_id": "k1"}
    side.add(target.url, security=SecurityDraft(SecurityType.JWT, values))
    headers = [dict(client.get(PUBLIC_PATH).json()["headers"]) for _number in range(2)]
    assert headers[0]["authorization"] == headers[1]["authorization"]
    text = headers[0]["authorization"].removeprefix("Bearer ")
    read = jws.deserialize_compact(text, OctKey.import_key(SECRET), algorithms=["HS256"])
    claims = json.loads(read.payload)
    assert claims["iss"] == "us"
    assert claims["exp"] - claims["iat"] == 300
    assert read.protected["kid"] == "k1"


def test_what_is_opened_does_not_print() -> None:
    values = {"user_id": "me", "password": SECRET}
    assert SECRET not in repr(OpenedSecurity(SecurityType.BASIC, values))
