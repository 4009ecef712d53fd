from __future__ import annotations

import base64
import hmac
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jws
from sqlalchemy import event

from ionport.core.clock import MovableClock
from ionport.core.errors import Unauthenticated
from ionport.oauth.states import TokenStates
from tests.support.examples import example_count
from tests.support.oauth import OTHER_TENANT, TENANT, OAuthSide, foreign_key


@pytest.fixture
def file(side: OAuthSide) -> dict[str, str]:
    return side.credentials(side.create_app(issue_refresh_tokens=True))


@pytest.fixture
def token(side: OAuthSide, file: dict[str, str]) -> str:
    text: str = side.log_in(file)["access_token"]
    return text


def refusal(side: OAuthSide, token: str, tenant_id: str = TENANT) -> str:
    with pytest.raises(Unauthenticated) as caught:
        side.verifier.verify(token, tenant_id)
    return caught.value.code


def decoded(token: str, number: int) -> dict[str, Any]:
    text = token.split(".")[number]
    values: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return values


def encoded(values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=").decode()


def signed(side: OAuthSide, claims: dict[str, Any]) -> str:
    """A token that this server's key really signed."""
    key = side.keys.current().jwk
    return jws.serialize_compact({"kid": key.kid, "alg": "RS256"}, json.dumps(claims), key)


def test_a_good_token_tells_whose_it_is(
    side: OAuthSide, file: dict[str, str], token: str, clock: MovableClock
) -> None:
    found = side.verifier.verify(token, TENANT)
    assert found.tenant_id == TENANT
    assert found.client_id == file["ci"]
    assert found.service_account == file["saak"]
    assert found.identity2 is None
    assert found.issued_at == clock.now()
    assert found.expires_at == clock.now() + timedelta(hours=2)
    assert found.token_id == found.claims["jti"]
    assert found.grant_id == found.claims["grant_id"]


def test_a_token_expires_by_the_clock(side: OAuthSide, token: str, clock: MovableClock) -> None:
    clock.advance(timedelta(seconds=7199))
    side.verifier.verify(token, TENANT)
    clock.advance(timedelta(seconds=1))
    assert refusal(side, token) == "token_expired"


def test_a_token_of_the_future_is_refused(side: OAuthSide, token: str, clock: MovableClock) -> None:
    clock.advance(timedelta(seconds=-5))
    side.verifier.verify(token, TENANT)
    clock.advance(timedelta(seconds=-1))
    assert refusal(side, token) == "token_not_valid_yet"


def test_a_token_is_good_in_its_own_tenant_only(side: OAuthSide, token: str) -> None:
    assert refusal(side, token, OTHER_TENANT) == "token_wrong_issuer"


def test_each_claim_is_checked_even_under_a_good_signature(side: OAuthSide, token: str) -> None:
    for changes, code in (
        ({"iss": "https://evil.test"}, "token_wrong_issuer"),
        ({"aud": "https://evil.test"}, "token_wrong_audience"),
        ({"aud": ["https://ion.example.com"]}, "token_wrong_audience"),
        ({"Tenant": OTHER_TENANT}, "token_wrong_tenant"),
        ({"jti": None, "grant_id": "00000000-0000-0000-0000-000000000000"}, "token_revoked"),
        ({"exp": "soon"}, "token_malformed"),
    ):
        assert refusal(side, signed(side, decoded(token, 1) | changes)) == code


def test_only_rs256_is_taken(side: OAuthSide, token: str) -> None:
    header, claims, signature = token.split(".")
    for alg in ("none", "HS256", "RS384", "PS256", "rs256", None, 5):
        changed = encoded(decoded(token, 0) | {"alg": alg})
        assert refusal(side, f"{changed}.{claims}.{signature}") == "token_malformed"
        assert refusal(side, f"{changed}.{claims}.") == "token_malformed"
        assert header != changed


def test_the_public_key_is_no_secret_to_sign_with(side: OAuthSide, token: str) -> None:
    key = side.keys.current().jwk
    text = f"{encoded({'kid': key.kid, 'alg': 'HS256'})}.{encoded(decoded(token, 1))}"
    mac = hmac.digest(key.as_pem(private=False), text.encode(), "sha256")
    signature = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
    assert refusal(side, f"{text}.{signature}") == "token_malformed"


def test_another_servers_key_is_refused_by_kid_and_by_signature(
    side: OAuthSide, token: str
) -> None:
    foreign, claims = foreign_key(), json.dumps(decoded(token, 1))
    unknown = jws.serialize_compact({"kid": foreign.kid, "alg": "RS256"}, claims, foreign)
    assert refusal(side, unknown) == "token_unknown_key"
    header = {"kid": side.keys.current().jwk.kid, "alg": "RS256"}
    assert refusal(side, jws.serialize_compact(header, claims, foreign)) == "token_bad_signature"
    without_kid = jws.serialize_compact({"alg": "RS256"}, claims, foreign)
    assert refusal(side, without_kid) == "token_malformed"


def test_a_changed_claim_breaks_the_signature(side: OAuthSide, token: str) -> None:
    header, _claims, signature = token.split(".")
    claims = encoded(decoded(token, 1) | {"client_id": "ACME_TST~other"})
    assert refusal(side, f"{header}.{claims}.{signature}") == "token_bad_signature"


def test_what_is_no_token_is_refused(side: OAuthSide) -> None:
    for text in ("", "a", "a.b", "a.b.c.d", "..", "é.b.c", "x" * 10_000):
        assert refusal(side, text) == ("token_malformed" if text else "token_missing")


@given(data=st.data())
@settings(
    max_examples=example_count(150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_text_makes_the_verifier_fail_otherwise_than_by_refusing(
    side: OAuthSide, token: str, data: st.DataObject
) -> None:
    keys = st.sampled_from(["alg", "kid", "crit", "b64", "jwk"])
    json_value = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner),
        max_leaves=6,
    )
    header = data.draw(json_value)
    if isinstance(header, dict) and data.draw(st.booleans()):
        header |= {"alg": "RS256", "kid": side.keys.current().jwk.kid}
    _head, claims, signature = token.split(".")
    for text in (
        f"{encoded(header)}.{claims}.{signature}",
        data.draw(st.text(max_size=60)),
        token[: data.draw(st.integers(0, len(token) - 1))],
    ):
        refusal(side, text)


def test_many_calls_with_one_token_read_the_database_once(side: OAuthSide, token: str) -> None:
    statements: list[str] = []
    event.listen(
        side.database.reading_engine,
        "before_cursor_execute",
        lambda _c, _cur, statement, *_rest: statements.append(statement),
    )
    for _again in range(50):
        side.verifier.verify(token, TENANT)
    assert len([one for one in statements if "FROM grants" in one]) == 1


@pytest.mark.on_each_database
def test_another_process_sees_a_revocation_within_two_seconds(
    side: OAuthSide, token: str, clock: MovableClock
) -> None:
    seconds = [0.0]
    other = OAuthSide(
        side.database,
        clock,
        key_ring=side.key_ring,
        states=TokenStates(monotonic=lambda: seconds[0]),
    )
    other.verifier.verify(token, TENANT)
    side.revoke(token=token)
    assert refusal(side, token) == "token_revoked"
    seconds[0] = 2.0
    assert refusal(other, token) == "token_revoked"


@pytest.mark.on_each_database
def test_many_threads_verify_at_once(side: OAuthSide, token: str) -> None:
    failures: list[Exception] = []

    def verify() -> None:
        try:
            for _again in range(20):
                side.verifier.verify(token, TENANT)
                side.states.forget()
        except Exception as error:  # noqa: BLE001 (whatever it is, the test shows it)
            failures.append(error)

    threads = [threading.Thread(target=verify) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
