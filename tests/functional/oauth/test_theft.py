"""What a thief gets: of a copied database file nothing, of another's keys nothing."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jws

from ionport.core.clock import MovableClock
from ionport.core.errors import Unavailable
from ionport.core.sealing import KeyRing
from ionport.oauth.tenant.endpoints import PATHS
from ionport.oauth.tenant.settings import UrlFlavour
from ionport.store import Database, SystemScope, sqlite_url
from tests.support.examples import example_count
from tests.support.oauth import (
    TENANT,
    OAuthSide,
    add_tenant,
    foreign_key,
    send,
    serve_side,
)
from tests.support.schema import create_schema


def test_a_stolen_database_file_opens_nothing_without_the_key_ring(
    tmp_path: Path, clock: MovableClock
) -> None:
    path = tmp_path / "ionport.db"
    database = Database(sqlite_url(path))
    create_schema(database)
    add_tenant(database, clock)
    side = OAuthSide(database, clock)
    file = side.credentials(side.create_app(issue_refresh_tokens=True))
    answer = side.log_in(file)
    with database.write() as work:
        side.keys.rotate(work.within(SystemScope("test")))
    database.close()
    stolen = b"".join(part.read_bytes() for part in sorted(tmp_path.glob("ionport.db*")))
    for secret in (file["cs"], file["sask"], answer["refresh_token"], answer["access_token"]):
        assert secret.encode() not in stolen
        assert base64.b64encode(secret.encode()) not in stolen
    assert b"PRIVATE KEY" not in stolen
    private = side.keys.current().jwk.as_dict(private=True)
    for name in ("d", "p", "q"):
        number = str(private[name])
        raw = base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))
        assert number.encode() not in stolen
        assert raw not in stolen
    with pytest.raises(Unavailable, match="could not be opened"):
        OAuthSide(Database(sqlite_url(path)), clock, key_ring=KeyRing.generate())


def _forgeries(side: OAuthSide, token: str) -> dict[str, str]:
    head, claims, signature = token.split(".")
    key = side.keys.current()

    def encoded(values: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=").decode()

    confused = f"{encoded({'kid': key.kid, 'alg': 'HS256'})}.{claims}"
    mac = hmac.digest(key.jwk.as_pem(private=False), confused.encode(), "sha256")
    foreign, body = foreign_key(), base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
    return {
        "none": f"{encoded({'kid': key.kid, 'alg': 'none'})}.{claims}.",
        "confused": f"{confused}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}",
        "stripped": f"{head}.{claims}.",
        "unknown kid": jws.serialize_compact({"kid": foreign.kid, "alg": "RS256"}, body, foreign),
        "wrong key": jws.serialize_compact({"kid": key.kid, "alg": "RS256"}, body, foreign),
        "own key inside": jws.serialize_compact(
            {"kid": key.kid, "alg": "RS256", "jwk": foreign.as_dict(private=False)}, body, foreign
        ),
        "second spelling": f"{head}.{claims}.{signature}=",
    }


def test_a_forged_token_is_inactive_and_revokes_nothing(
    database: Database, clock: MovableClock
) -> None:
    with serve_side(database, clock) as side:
        file = side.credentials(side.create_app())
        token = side.log_in(file)["access_token"]
        base, paths = file["pu"], PATHS[UrlFlavour.CLOUD]
        client = f"client_id={file['ci']}&client_secret={file['cs']}"
        for name, forged in _forgeries(side, token).items():
            said = send(base + paths.introspection, f"token={forged}&{client}")
            assert (said.status, said.json) == (200, {"active": False}), name
            assert send(base + paths.revocation, f"token={forged}&{client}").status == 200
        side.verifier.verify(token, TENANT)
        assert send(base + paths.introspection, f"token={token}&{client}").json["active"]


@given(
    token=st.text(max_size=60)
    | st.from_regex(r"\A[A-Za-z0-9_-]{1,20}\.[A-Za-z0-9_-]{0,20}\.[A-Za-z0-9_-]{0,20}\Z"),
    hint=st.none() | st.text(max_size=10),
    endpoint=st.sampled_from(("introspection", "revocation", "token")),
)
@settings(
    max_examples=example_count(80),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_token_makes_an_endpoint_fail(
    served: OAuthSide, token: str, hint: str | None, endpoint: str
) -> None:
    form = {"token": token, "client_id": "x", "grant_type": token, "assertion": token}
    if hint is not None:
        form["token_type_hint"] = hint
    for paths in PATHS.values():
        url = served.endpoints.pu(TENANT) + getattr(paths, endpoint)
        for parameters in (form, {"token": token}):
            answer = send(url, urlencode(parameters))
            assert answer.status < 500
            assert answer.status == 200 or "error" in answer.json


@pytest.fixture
def served(database: Database, clock: MovableClock) -> Iterator[OAuthSide]:
    with serve_side(database, clock) as side:
        yield side
