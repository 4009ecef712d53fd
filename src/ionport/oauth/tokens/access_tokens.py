"""Access tokens as text: signed JWTs with the newest claims that are known.

Source: docs/reference/oauth.md#access-tokens.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ionport.core.clock import Clock
from ionport.core.errors import Unauthenticated
from ionport.core.ids import new_uuid
from ionport.core.secrets import Secret
from ionport.oauth.accounts.model import Person, ServiceAccount
from ionport.oauth.apps.model import AuthorizedApp
from ionport.oauth.protocol import compact_json
from ionport.oauth.tenant.endpoints import Endpoints
from ionport.oauth.tenant.settings import TokenForm
from ionport.oauth.tokens.keys.signing import ALGORITHM, SigningKeys
from ionport.oauth.tokens.model import AccessToken

RFC9068_TYPE: Final = "at+jwt"
_MAX_LENGTH: Final = 8192
_MAX_HEADER_LENGTH: Final = 512
# Clocks of the workers of one installation differ by this much at most.
_NOT_BEFORE_LEEWAY_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A fresh access token; `expires_in` is in seconds."""

    text: Secret
    expires_in: int


class AccessTokens:
    """Signs access tokens, and reads them back.

    `expired_before` gives a moment for a tenant, by its id: tokens issued before it count as
    expired, their own time apart. None: they end when they say.
    """

    def __init__(
        self,
        clock: Clock,
        endpoints: Endpoints,
        keys: SigningKeys,
        *,
        expired_before: Callable[[str], datetime | None] = lambda _tenant_id: None,
    ) -> None:
        self._clock = clock
        self._expired_before = expired_before
        self.endpoints = endpoints
        self._keys = keys

    def sign(
        self,
        app: AuthorizedApp,
        grant_id: str,
        account: ServiceAccount | None,
        *,
        person: Person | None = None,
        scopes: str = "",
        form: TokenForm = TokenForm.INFOR,
    ) -> SignedToken:
        """Return a new access token of a grant; every call gives another one.

        `person` is who approved the app; a service account's token has that account instead.
        """
        now = int(self._clock.now().timestamp())
        identity2 = person.identity2 if person else account.identity2 if account else None
        claims: dict[str, Any] = {}
        if scopes:
            claims["scope"] = scopes
        if account is not None:
            claims["ServiceAccount"] = account.access_key
        claims["Tenant"] = app.tenant_id
        if identity2:
            claims["Identity2"] = identity2
        claims |= {
            "EnforceScopesForClient": "1" if scopes else "0",
            "grant_id": grant_id,
            "InforSTSIssuedType": "AS",
            "client_id": app.client_id,
            "jti": new_uuid(),
            "iat": now,
            "nbf": now,
            "exp": now + app.access_token_seconds,
            "iss": self.endpoints.issuer(app.tenant_id),
            "aud": self.endpoints.audience,
        }
        token_type = None
        if form is TokenForm.RFC9068:
            token_type = RFC9068_TYPE
            claims["sub"] = identity2 or (account.access_key if account else app.client_id)
        text = self._keys.current().sign(compact_json(claims), token_type)
        return SignedToken(Secret(text), app.access_token_seconds)

    def read(self, text: str, tenant_id: str) -> AccessToken:
        """Return what a token of this tenant says; it must be genuine and in force by the clock.

        Whether it has been revoked is not asked here.

        Raises:
            Unauthenticated: with a code that names the first check that failed.
        """
        token = self.read_expired(text, tenant_id)
        now = self._clock.now().timestamp()
        if token.claims.get("nbf", 0) > now + _NOT_BEFORE_LEEWAY_SECONDS:
            raise _refused("The access token is not valid yet.", "token_not_valid_yet")
        if not self.is_in_force(token):
            raise _refused(
                "The access token has expired. Refresh it or log in again.", "token_expired"
            )
        return token

    def is_in_force(self, token: AccessToken) -> bool:
        """Tell whether a token that `read` has returned has not expired since."""
        mark = self._expired_before(token.tenant_id)
        return token.expires_at > self._clock.now() and (mark is None or token.issued_at >= mark)

    def read_expired(self, text: str, tenant_id: str) -> AccessToken:
        """Return what a token says that is genuine but may have expired."""
        claims = self._verified_claims(text)
        for name, expected, code in (
            ("iss", self.endpoints.issuer(tenant_id), "token_wrong_issuer"),
            ("aud", self.endpoints.audience, "token_wrong_audience"),
            ("Tenant", tenant_id, "token_wrong_tenant"),
        ):
            if claims.get(name) != expected:
                raise _refused(
                    "The access token belongs to another tenant or server.",
                    code,
                    f"{name} is {claims.get(name)!r}, expected {expected!r}",
                )
        return _access_token(claims)

    def _verified_claims(self, text: str) -> Mapping[str, Any]:
        key = self._keys.find(_key_id(text))
        if key is None:
            raise _refused(
                "The access token was signed by another server. Log in again.",
                "token_unknown_key",
            )
        payload = key.verified_payload(text)
        if payload is None:
            raise _refused(
                "The access token's signature is wrong. Log in again.",
                "token_bad_signature",
            )
        claims: Mapping[str, Any] = json.loads(payload)
        return claims


def _key_id(text: str) -> str:
    """Return the `kid` of a token whose header is just what `sign` writes.

    Nothing else reaches the verification: no other algorithm, no key by value or address, no
    critical extension.
    """
    if not text:
        raise _refused("An access token is needed.", "token_missing")
    head, _dot, _rest = text.partition(".")
    if len(text) > _MAX_LENGTH or len(head) > _MAX_HEADER_LENGTH or text.count(".") != 2:
        raise _malformed("not three parts of a bearable length")
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, RecursionError) as error:
        raise _malformed("the header is not base64url of JSON") from error
    if not isinstance(header, dict) or header.keys() - {"typ"} != {"kid", "alg"}:
        raise _malformed("the header is not an object with kid, alg and perhaps typ alone")
    if header.get("typ", RFC9068_TYPE) != RFC9068_TYPE:
        raise _malformed(f"typ is {header['typ']!r}")
    if header["alg"] != ALGORITHM or not isinstance(header["kid"], str):
        raise _malformed(f"alg is {header['alg']!r}")
    return header["kid"]


def _access_token(claims: Mapping[str, Any]) -> AccessToken:
    try:
        return AccessToken(
            tenant_id=claims["Tenant"],
            client_id=claims["client_id"],
            service_account=claims.get("ServiceAccount"),
            identity2=claims.get("Identity2"),
            grant_id=claims["grant_id"],
            token_id=claims["jti"],
            issued_at=datetime.fromtimestamp(claims["iat"], UTC),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
            claims=claims,
        )
    except (KeyError, TypeError) as error:
        raise _malformed(f"claims are missing: {error}") from error


def _malformed(detail: str) -> Unauthenticated:
    return _refused(
        "This is no access token of this server. Log in again.", "token_malformed", detail
    )


def _refused(text: str, code: str, detail: str | None = None) -> Unauthenticated:
    return Unauthenticated(text, code=code, detail=detail)
