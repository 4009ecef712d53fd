"""Which client a request comes from (RFC 6749 §2.3, RFC 7523 §2.2).

By secret in Basic, body or query string, accepted side by side because ION API clients use each
of them (docs/reference/known-clients.md#what-a-server-accepts); by a signed assertion; or by its id
alone when the app is public.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import unquote_plus

from sqlalchemy import Connection

from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.oauth.apps.bridge.repository import BridgeKeyRepository
from ionport.oauth.apps.model import AuthorizedApp
from ionport.oauth.apps.repository import AppRepository
from ionport.oauth.clients.assertions import (
    ASSERTION_TYPE,
    UsedAssertion,
    claimed_client,
    verify_assertion,
)
from ionport.oauth.clients.repository import UsedAssertionRepository
from ionport.oauth.protocol import InvalidClient, InvalidRequest, Parameters, look_up_text
from ionport.oauth.tenant.endpoints import Endpoints
from ionport.store import ScopedWork, TenantScope

_WRONG_CLIENT: Final = "Invalid client or client credentials."
# Compared against when there is no such client, so that both refusals take the same time.
_NO_DIGEST: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class OAuthRequest:
    """What the endpoints read of an HTTP request."""

    parameters: Parameters
    authorization: Secret | None = None

    @property
    def names_client(self) -> bool:
        """Whether the request says at all which client it comes from."""
        names = ("client_id", "client_assertion")
        return self.authorization is not None or any(self.parameters.get(name) for name in names)


@dataclass(frozen=True, slots=True)
class Client:
    """The app that a request comes from, and how it proved that.

    `is_proven` is False for a public app, which has nothing to prove it with. `assertion` is to
    be noted as used when the request succeeds.
    """

    app: AuthorizedApp
    is_proven: bool
    assertion: UsedAssertion | None = None


class Clients:
    """Tells which client a request comes from."""

    def __init__(self, key_ring: KeyRing, endpoints: Endpoints) -> None:
        self._key_ring = key_ring
        self._endpoints = endpoints

    def authenticate(
        self, connection: Connection, scope: TenantScope, request: OAuthRequest, now: datetime
    ) -> Client:
        """Return the client of a request.

        Raises:
            InvalidClient: unknown, not proven, disabled: told apart only once it is proven.
            InvalidRequest: the request names two different clients, or mixes two proofs.
        """
        if request.parameters.get("client_assertion"):
            client = self._by_assertion(connection, scope, request, now)
        else:
            client = self._by_secret(connection, scope, request, now)
        if client.app.is_disabled:
            detail = f"app {client.app.id} is disabled"
            raise InvalidClient("The authorized app is disabled.", detail=detail)
        return client

    def _by_secret(
        self, connection: Connection, scope: TenantScope, request: OAuthRequest, now: datetime
    ) -> Client:
        client_id, secret = _presented(request)
        found = AppRepository(connection).find_client(scope, look_up_text(client_id), now)
        if found is not None and found[0].is_public and not secret:
            return Client(found[0], is_proven=False)
        digests = (found[1] if found else ()) or (_NO_DIGEST,)
        presented = self._key_ring.digest(secret)
        matches = [hmac.compare_digest(digest, presented) for digest in digests]
        if found is None or not any(matches):
            reason = "unknown client id" if found is None else "wrong client secret"
            raise InvalidClient(_WRONG_CLIENT, detail=reason)
        if found[0].use_bridge:
            raise InvalidClient(
                "This app uses bridge authentication: send client_assertion, not the secret.",
                detail="secret sent for a bridge app",
            )
        return Client(found[0], is_proven=True)

    def _by_assertion(
        self, connection: Connection, scope: TenantScope, request: OAuthRequest, now: datetime
    ) -> Client:
        parameters = request.parameters
        if parameters.require("client_assertion_type") != ASSERTION_TYPE:
            raise InvalidRequest(f"client_assertion_type must be {ASSERTION_TYPE}")
        if request.authorization is not None or parameters.get("client_secret"):
            raise InvalidRequest("send either client_assertion or a client secret, not both")
        assertion = parameters.get("client_assertion")
        client_id = claimed_client(assertion)
        if parameters.get("client_id") not in ("", client_id):
            raise InvalidRequest("client_id differs from the one in the client assertion")
        found = AppRepository(connection).find_client(scope, look_up_text(client_id), now)
        if found is None or not found[0].use_bridge:
            raise InvalidClient(_WRONG_CLIENT, detail="no app with bridge authentication")
        app = found[0]
        keys = BridgeKeyRepository(connection).list(scope, app.id)
        used = verify_assertion(assertion, client_id, keys, self._audiences(scope), now)
        return Client(app, is_proven=True, assertion=used)

    def _audiences(self, scope: TenantScope) -> Sequence[str]:
        urls = self._endpoints
        return (*urls.token_urls(scope.tenant_id), urls.issuer(scope.tenant_id))


def note_assertion(access: ScopedWork[TenantScope], used: UsedAssertion | None) -> None:
    """Note that an assertion was used; raises InvalidClient when it was used before."""
    if used is None:
        return
    noted = UsedAssertionRepository(access.connection).use(
        access.scope, used.issuer, used.assertion_id, used.expires_at
    )
    if not noted:
        raise InvalidClient("The assertion was used before: sign a new one.", detail="replay")


def _presented(request: OAuthRequest) -> tuple[str, Secret]:
    in_parameters = request.parameters.get("client_id")
    if request.authorization is None:
        if not in_parameters:
            raise InvalidClient(_WRONG_CLIENT, detail="the request names no client")
        return in_parameters, request.parameters.secret("client_secret")
    client_id, secret = _basic(request.authorization)
    if in_parameters not in ("", client_id):
        raise InvalidRequest("client_id differs from the one in the Authorization header")
    return client_id, secret or request.parameters.secret("client_secret")


def _basic(authorization: Secret) -> tuple[str, Secret]:
    """Split the header's value; id and secret may be form-encoded in it, or not (RFC, Infor)."""
    scheme, _blank, value = authorization.reveal().partition(" ")
    try:
        text = base64.b64decode(value.strip(), validate=True).decode()
    except ValueError as error:
        raise InvalidClient(_WRONG_CLIENT, detail="unreadable Authorization header") from error
    client_id, colon, secret = text.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise InvalidClient(_WRONG_CLIENT, detail="the Authorization header is not Basic id:secret")
    return unquote_plus(client_id), Secret(unquote_plus(secret))
