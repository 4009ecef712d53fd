"""private_key_jwt: a signed assertion instead of a secret (RFC 7523)."""

from __future__ import annotations

import base64
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict
from ionport.identity.access import Access
from ionport.oauth.apps.bridge.keys import new_key_pair
from ionport.oauth.apps.model import AuthorizedApp, GrantType
from ionport.oauth.clients.assertions import ASSERTION_TYPE
from ionport.oauth.protocol import InvalidClient, InvalidRequest, OAuthError
from tests.support.oauth import OTHER_TENANT, TENANT, OAuthSide, foreign_key

_PURPOSE = ("use", "alg", "kid")


class Machine:
    """An app with bridge authentication, and the private key it was given."""

    def __init__(self, side: OAuthSide, name: str = "Bridge") -> None:
        self.side = side
        self.app: AuthorizedApp = side.create_app(
            name, grant_type=GrantType.CLIENT_CREDENTIALS, use_bridge=True
        )
        with side.database.write() as work:
            file = side.security.add_bridge_key(
                Access(work, side.scope, side.operator), self.app.id, side.proof, new_key_pair()
            )
        assert file.filename == "ionapi-bridge-private-jwt-1.json"
        self.file: dict[str, Any] = json.loads(file.content)
        # Without what the key says it is for: the forger's library does not ask.
        jwk = {name: self.file["jwk"][name] for name in self.file["jwk"] if name not in _PURPOSE}
        self.key = RSAKey.import_key(jwk)

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(self.side.clock.now().timestamp())
        claims = {
            "iss": self.app.client_id, "sub": self.app.client_id,
            "aud": self.side.endpoints.token_url(TENANT),
            "iat": now, "exp": now + 60, "jti": f"jti-{id(changes)}-{len(changes)}",
            **changes,
        }  # fmt: skip
        return {name: value for name, value in claims.items() if value is not None}

    def sign(self, key: Any = None, header: dict[str, Any] | None = None, **changes: Any) -> str:
        header = {"alg": "RS256", "kid": self.file["jwk"]["kid"], **(header or {})}
        header = {name: value for name, value in header.items() if value is not None}
        algorithms = [header["alg"]]
        return jwt.encode(header, self.claims(**changes), key or self.key, algorithms=algorithms)

    def log_in(self, assertion: str, **changes: str) -> dict[str, Any]:
        parameters = {
            "grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion, **changes,
        }  # fmt: skip
        return self.side.request(**parameters)


@pytest.fixture
def machine(side: OAuthSide) -> Machine:
    return Machine(side)


def test_a_signed_assertion_logs_in(machine: Machine) -> None:
    answer = machine.log_in(machine.sign(), client_id=machine.app.client_id)
    token = machine.side.verifier.verify(answer["access_token"], TENANT)
    assert token.client_id == machine.app.client_id


@pytest.mark.parametrize("as_list", [False, True])
def test_the_audience_is_the_token_url_or_the_issuer(machine: Machine, as_list: bool) -> None:
    urls = (*machine.side.endpoints.token_urls(TENANT), machine.side.endpoints.issuer(TENANT))
    for number, url in enumerate(urls):
        audience = [url] if as_list else url
        assert machine.log_in(machine.sign(aud=audience, jti=f"a{number}"))


@pytest.mark.on_each_database
def test_an_assertion_is_taken_once_also_by_two_at_a_time(machine: Machine) -> None:
    assertion, results = machine.sign(jti="once"), []
    together = threading.Barrier(2)

    def try_it() -> None:
        together.wait()
        try:
            results.append(machine.log_in(assertion))
        except OAuthError as error:
            results.append(error)

    threads = [threading.Thread(target=try_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(isinstance(result, InvalidClient) for result in results) == [False, True]
    with pytest.raises(InvalidClient):
        machine.log_in(assertion)


@pytest.mark.parametrize(
    "changes",
    [
        *({"aud": None}, {"aud": "https://evil.example/as/token.oauth2"}, {"aud": []}),
        *({"iss": None}, {"iss": "someone"}, {"sub": None}, {"sub": 7}, {"jti": None}),
        *({"jti": ""}, {"jti": "x" * 201}, {"jti": 7}, {"jti": "a\x00b"}, {"exp": None}),
        *({"exp": "soon"}, {"exp": True}, {"exp": 0}, {"exp": 1e12}, {"exp": float("inf")}),
    ],
)
def test_an_assertion_with_a_wrong_claim_is_refused(
    machine: Machine, changes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidClient):
        machine.log_in(machine.sign(**changes))


def test_an_assertion_lives_an_hour_at_most(machine: Machine) -> None:
    now = int(machine.side.clock.now().timestamp())
    for wrong in ({"exp": now + 3700}, {"exp": now - 61}, {"iat": now + 120}, {"nbf": now + 120}):
        with pytest.raises(InvalidClient):
            machine.log_in(machine.sign(**wrong))
    assert machine.log_in(machine.sign(exp=now + 3600))


def test_several_audiences_are_refused(machine: Machine) -> None:
    both = [machine.side.endpoints.token_url(TENANT), "https://other.example/token"]
    with pytest.raises(InvalidClient):
        machine.log_in(machine.sign(aud=both))


def test_only_rs256_with_the_apps_own_key_is_taken(machine: Machine) -> None:
    public = json.dumps(machine.key.as_dict(private=False)).encode()
    secret = OctKey.import_key(public)
    forged = [
        machine.sign(key=foreign_key()),
        machine.sign(key=foreign_key(), header={"kid": None}),
        machine.sign(key=secret, header={"alg": "HS256"}),
        machine.sign(header={"alg": "RS512"}),
        machine.sign(header={"kid": "another"}),
        machine.sign(key=foreign_key(), header={"jwk": foreign_key().as_dict(private=False)}),
        _unsigned(machine),
        machine.sign()[:-3] + "AAA",
    ]
    for assertion in forged:
        with pytest.raises(InvalidClient):
            machine.log_in(assertion)


def _unsigned(machine: Machine) -> str:
    parts = ({"alg": "none"}, machine.claims())
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()) for part in parts]
    return ".".join(part.decode().rstrip("=") for part in encoded) + "."


@pytest.mark.parametrize(
    "text",
    ["x", "..", "a.b.c", "W10.W10.x", "bnVsbA.bnVsbA.", "a." * 9000, "é.é.é", "\x00.\x00.\x00"],
)
def test_nonsense_is_no_assertion(machine: Machine, text: str) -> None:
    with pytest.raises(InvalidClient):
        machine.log_in(text)


def test_another_apps_key_does_not_help(side: OAuthSide, machine: Machine) -> None:
    other = Machine(side, "Other")
    stolen = other.sign(iss=machine.app.client_id, sub=machine.app.client_id, header={"kid": None})
    with pytest.raises(InvalidClient):
        machine.log_in(stolen)
    with pytest.raises(InvalidRequest):
        machine.log_in(other.sign(), client_id=machine.app.client_id)


def test_an_assertion_is_for_its_tenant_alone(machine: Machine) -> None:
    with pytest.raises(InvalidClient):
        machine.log_in(machine.sign(), tenant=OTHER_TENANT)


def test_two_proofs_at_once_are_refused(machine: Machine) -> None:
    with pytest.raises(InvalidRequest):
        machine.log_in(machine.sign(), client_secret="x")
    with pytest.raises(InvalidRequest):
        machine.log_in(machine.sign(), client_assertion_type="something")


def test_the_secret_of_a_bridge_app_is_not_taken(side: OAuthSide, machine: Machine) -> None:
    file = side.credentials(machine.app, account=False)
    with pytest.raises(InvalidClient, match="bridge"):
        side.log_in(file)


@pytest.mark.on_each_database
def test_a_deleted_key_signs_nothing_any_more(side: OAuthSide, machine: Machine) -> None:
    with side.database.write() as work:
        access = Access(work, side.scope, side.operator)
        (key,) = side.security.list_bridge_keys(access, machine.app.id)
        assert "d" not in key.public_jwk
        side.security.delete_bridge_key(access, machine.app.id, key.id)
    with pytest.raises(InvalidClient):
        machine.log_in(machine.sign())


def test_an_app_without_the_switch_gets_no_key(side: OAuthSide) -> None:
    app = side.create_app("plain")
    with side.database.write() as work, pytest.raises(Conflict):
        side.security.add_bridge_key(
            Access(work, side.scope, side.operator), app.id, side.proof, new_key_pair()
        )


@pytest.mark.on_each_database
def test_a_used_id_is_free_again_for_another_app(
    side: OAuthSide, machine: Machine, clock: MovableClock
) -> None:
    other = Machine(side, "Other")
    machine.log_in(machine.sign(jti="same"))
    assert other.log_in(other.sign(jti="same"))
    clock.advance(timedelta(minutes=10))
    with pytest.raises(InvalidClient):
        machine.log_in(machine.sign(jti="same"))
