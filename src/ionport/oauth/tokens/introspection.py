"""Whether a token is active, for the client that it was issued to (RFC 7662)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ionport.core.clock import Clock
from ionport.core.errors import Unauthenticated
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.oauth.apps.model import AuthorizedApp
from ionport.oauth.clients.authentication import Clients, OAuthRequest, note_assertion
from ionport.oauth.grants.repository import GrantRepository
from ionport.oauth.protocol import InvalidClient
from ionport.oauth.tokens.access_tokens import AccessTokens
from ionport.oauth.tokens.repository import AccessTokenRepository
from ionport.store import ScopedWork, TenantScope

_INACTIVE: Final[dict[str, Any]] = {"active": False}
_CLAIMS: Final = ("scope", "client_id", "exp", "iat", "nbf", "iss", "aud", "jti", "sub")
_INFOR_CLAIMS: Final = ("Tenant", "Identity2", "ServiceAccount")


@dataclass(eq=False, repr=False)
class IntrospectionService:
    """Answers introspection requests of clients that proved themselves."""

    _clock: Clock
    _key_ring: KeyRing
    _access_tokens: AccessTokens
    _clients: Clients

    def introspect(self, access: ScopedWork[TenantScope], request: OAuthRequest) -> dict[str, Any]:
        """Return what a token says; for any fault of it the answer is `active: false`.

        A client learns about its own tokens alone. The work must be a writing one: a signed
        client assertion is noted as used.

        Raises:
            InvalidClient: the client did not prove itself; a public app cannot.
            InvalidRequest: the parameter `token` is missing.
        """
        client = self._clients.authenticate(
            access.connection, access.scope, request, self._clock.now()
        )
        if not client.is_proven:
            raise InvalidClient("A public app cannot introspect tokens.")
        note_assertion(access, client.assertion)
        token = Secret(request.parameters.require("token"))
        if token.reveal().count(".") == 2:
            return self._access_token(access, token, client.app)
        return self._refresh_token(access, token, client.app)

    def _access_token(
        self, access: ScopedWork[TenantScope], token: Secret, app: AuthorizedApp
    ) -> dict[str, Any]:
        try:
            found = self._access_tokens.read(token.reveal(), access.scope.tenant_id)
        except Unauthenticated:
            return _INACTIVE
        tokens = AccessTokenRepository(access.connection)
        is_own = found.client_id == app.client_id
        if not is_own or not tokens.is_active(access.scope, found.grant_id, found.token_id):
            return _INACTIVE
        said = {name: found.claims[name] for name in _CLAIMS if name in found.claims}
        said |= {name: found.claims[name] for name in _INFOR_CLAIMS if name in found.claims}
        return {"active": True, "token_type": "Bearer", **said}

    def _refresh_token(
        self, access: ScopedWork[TenantScope], token: Secret, app: AuthorizedApp
    ) -> dict[str, Any]:
        grants, tokens = (
            GrantRepository(access.connection),
            AccessTokenRepository(access.connection),
        )
        grant = grants.find_by_refresh_digest(access.scope, self._key_ring.digest(token))
        if (
            grant is None
            or grant.app_id != app.id
            or not tokens.is_active(access.scope, grant.id, "")
        ):
            return _INACTIVE
        said: dict[str, Any] = {"active": True, "client_id": app.client_id}
        if grant.scopes:
            said["scope"] = grant.scopes
        if grant.refresh_expires_at is not None:
            if grant.refresh_expires_at <= self._clock.now():
                return _INACTIVE
            said["exp"] = int(grant.refresh_expires_at.timestamp())
        return said
