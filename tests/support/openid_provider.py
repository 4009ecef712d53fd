"""An OpenID Connect provider of our own that answers as a test tells it, wrongly too."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.support.rsa_keys import private_key
from tests.support.server import serve_at

CLIENT_ID = "ionport at work"
CLIENT_SECRET = "a secret: with / signs"
ACCESS_TOKEN = "an access token"


@dataclass
class OwnProvider:
    """What it says, and what it was asked."""

    issuer: str
    key: RSAKey = field(default_factory=lambda: RSAKey.import_key(private_key(), {"kid": "one"}))
    claims: dict[str, Any] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    signed_by: RSAKey | OctKey | None = None
    token_answer: Response | None = None
    asked: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def sign_in(self, url: str, **parameters: str) -> dict[str, str]:
        """What the browser brings back from the authorization request at `url`."""
        self.asked = dict(parse_qsl(urlsplit(url).query))
        return {"code": "the code", "state": self.asked["state"], **parameters}

    def id_token(self) -> str:
        """The ID token, with the claims that the test changed; None leaves one out."""
        now = int(time.time())
        digest = hashlib.sha256(ACCESS_TOKEN.encode()).digest()
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "anna at the provider",
            "exp": now + 300,
            "iat": now,
            "nonce": self.asked.get("nonce"),
            "at_hash": base64.urlsafe_b64encode(digest[:16]).decode().rstrip("="),
            "email": "anna@example.com",
            "email_verified": True,
            "name": "Anna of the Provider",
        }
        claims = {k: v for k, v in {**claims, **self.claims}.items() if v is not None}
        header = {"alg": "RS256", "kid": "one", **self.header}
        key = self.signed_by or self.key
        return jwt.encode(header, claims, key, algorithms=["RS256", "HS256"])

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/keys", self._keys),
                Route("/token", self._token, methods=["POST"]),
                Route("/userinfo", self._userinfo),
            ]
        )

    async def _discovery(self, _request: Request) -> Response:
        self.calls.append("discovery")
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                **self.discovery,
            }
        )

    async def _keys(self, _request: Request) -> Response:
        self.calls.append("keys")
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    async def _token(self, request: Request) -> Response:
        self.calls.append("token")
        if self.token_answer is not None:
            return self.token_answer
        form = await request.form()
        expected = base64.b64encode(
            b"ionport%20at%20work:a%20secret%3A%20with%20%2F%20signs"
        ).decode()
        assert request.headers["authorization"] == f"Basic {expected}"
        verifier = str(form["code_verifier"])
        challenge = hashlib.sha256(verifier.encode()).digest()
        assert (
            base64.urlsafe_b64encode(challenge).decode().rstrip("=")
            == (self.asked["code_challenge"])
        )
        assert form["redirect_uri"] == self.asked["redirect_uri"]
        return JSONResponse({"id_token": self.id_token(), "access_token": ACCESS_TOKEN})

    async def _userinfo(self, request: Request) -> Response:
        if request.headers["authorization"] != f"Bearer {ACCESS_TOKEN}":
            return PlainTextResponse("no", 401)
        return JSONResponse(self.userinfo)


@contextmanager
def own_provider() -> Iterator[OwnProvider]:
    """Serve a provider on a loopback address."""
    found: list[OwnProvider] = []

    def make(base_url: str) -> Starlette:
        found.append(OwnProvider(base_url))
        return found[0].app()

    with serve_at(make):
        yield found[0]


def settings_for(issuer: str, **changes: object) -> Mapping[str, object]:
    """The settings of sign-in by a provider."""
    from ionport.core.secrets import Secret

    return {
        "openid_issuer": issuer,
        "openid_client_id": CLIENT_ID,
        "openid_client_secret": Secret(CLIENT_SECRET),
        "openid_name": "Example SSO",
        **changes,
    }
