"""Issues and revokes tokens, in three steps so that signing stands outside of any transaction.

`check` reads, `sign` computes, `record` writes one short transaction (DESIGN.md, decision 2). The
edge opens the transactions: see `routes.issue`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta

from ionport.core.clock import Clock
from ionport.core.errors import Unauthenticated
from ionport.core.ids import new_uuid, random_token
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.oauth.access_tokens import AccessTokens
from ionport.oauth.clients import OAuthRequest, authenticate_client
from ionport.oauth.grants import GRANTS, GrantContext
from ionport.oauth.model import AuthorizedApp, Grant, ServiceAccount
from ionport.oauth.protocol import InvalidGrant, UnsupportedGrantType
from ionport.oauth.repository import AppRepository, ServiceAccountRepository
from ionport.oauth.states import TokenStates
from ionport.oauth.token_repository import GrantRepository
from ionport.store import TenantScope, Work

logger = logging.getLogger(__name__)

_REFRESH_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Login:
    """A request that passed every check of its grant. `refreshed` is the grant used again."""

    app: AuthorizedApp
    account: ServiceAccount | None
    refreshed: Grant | None
    refresh_token: Secret | None


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """The successful answer of the token endpoint (facts/ion-api.md §3.3); seconds."""

    access_token: Secret
    expires_in: int
    refresh_token: Secret | None = None

    def revealed(self) -> dict[str, str | int]:
        """Return the answer's JSON object, in the clear."""
        answer: dict[str, str | int] = {
            "access_token": self.access_token.reveal(),
            "token_type": "Bearer",
            "expires_in": self.expires_in,
        }
        if self.refresh_token is not None:
            answer["refresh_token"] = self.refresh_token.reveal()
        return answer


@dataclass(frozen=True, slots=True)
class SignedLogin:
    """An answer that may go out once `grant` is recorded."""

    answer: TokenAnswer
    grant: Grant
    is_new: bool = field(kw_only=True)


class TokenService:
    """The token endpoint and the revocation endpoint, without their HTTP."""

    def __init__(
        self, clock: Clock, key_ring: KeyRing, access_tokens: AccessTokens, states: TokenStates
    ) -> None:
        self._clock = clock
        self._key_ring = key_ring
        self._access_tokens = access_tokens
        self._states = states

    def check(self, work: Work, scope: TenantScope, request: OAuthRequest) -> Login:
        """Authenticate the client and run the grant's checks; changes nothing.

        Raises:
            OAuthError: of RFC 6749 §5.2, with the reason in its private detail.
        """
        grant_type = request.parameters.require("grant_type")
        app = authenticate_client(request, AppRepository(work.connection), scope, self._key_ring)
        if grant_type not in GRANTS:
            raise UnsupportedGrantType(f"grant_type must be one of {', '.join(GRANTS)}")
        context = GrantContext(
            connection=work.connection,
            scope=scope,
            key_ring=self._key_ring,
            now=self._clock.now(),
            parameters=request.parameters,
            app=app,
        )
        for check in GRANTS[grant_type]:
            check(context)
        return Login(app, context.account, context.refreshed, context.refresh_token)

    def sign(self, login: Login) -> SignedLogin:
        """Make the tokens of a login; touches no database."""
        app, grant, refresh_token = login.app, login.refreshed, login.refresh_token
        if grant is None:
            refresh_token = random_token(_REFRESH_TOKEN_BYTES) if app.issue_refresh_tokens else None
            grant = self._new_grant(login, refresh_token)
        signed = self._access_tokens.sign(app, grant.id, login.account)
        answer = TokenAnswer(signed.text, signed.expires_in, refresh_token)
        return SignedLogin(answer, grant, is_new=login.refreshed is None)

    def _new_grant(self, login: Login, refresh_token: Secret | None) -> Grant:
        now, app = self._clock.now(), login.app
        expires = refresh_token is not None and app.refresh_token_seconds > 0
        return Grant(
            id=new_uuid(),
            tenant_id=app.tenant_id,
            app_id=app.id,
            service_account_id=login.account.id if login.account else None,
            refresh_digest=self._key_ring.digest(refresh_token) if refresh_token else None,
            refresh_expires_at=now + timedelta(seconds=app.refresh_token_seconds)
            if expires
            else None,
            created_at=now,
            last_used_at=now,
        )

    def record(self, work: Work, scope: TenantScope, signed: SignedLogin) -> TokenAnswer:
        """Store the grant, or note its use; the answer may go out after the commit.

        Raises:
            InvalidGrant: the grant was revoked since `check`.
        """
        grants, now = GrantRepository(work.connection), self._clock.now()
        if signed.is_new:
            grants.add(scope, signed.grant)
        elif not grants.used(scope, signed.grant.id, now):
            raise InvalidGrant(
                "unknown, invalid, or expired refresh token", detail="revoked meanwhile"
            )
        if signed.grant.service_account_id is not None:
            accounts = ServiceAccountRepository(work.connection)
            accounts.used(scope, signed.grant.service_account_id, now)
        return signed.answer

    def revoke(self, work: Work, scope: TenantScope, request: OAuthRequest) -> None:
        """Revoke the refresh token or access token that the request names (RFC 7009).

        A refresh token takes its grant and all access tokens along (facts §3.3); an access token
        goes alone. An unknown token is no error. A request that names no client is taken as well:
        Infor's Go sample sends that, and whoever holds a token may give it up.

        Raises:
            InvalidClient, InvalidRequest: as at the token endpoint.
            InvalidGrant: the token was issued to another client.
        """
        app = None
        if request.names_client:
            apps = AppRepository(work.connection)
            app = authenticate_client(request, apps, scope, self._key_ring)
        token = Secret(request.parameters.require("token"))
        if token.reveal().count(".") == 2:
            self._revoke_access_token(work, scope, token, app)
        else:
            self._revoke_grant(work, scope, token, app)

    def _revoke_access_token(
        self, work: Work, scope: TenantScope, token: Secret, app: AuthorizedApp | None
    ) -> None:
        try:
            found = self._access_tokens.read(token.reveal(), scope.tenant_id)
        except Unauthenticated:
            return
        if app is not None and found.client_id != app.client_id:
            raise _issued_to_another()
        grants = GrantRepository(work.connection)
        grants.revoke_access_token(scope, found.token_id, found.expires_at)
        self._revoked(work, f"access token {found.token_id} of grant {found.grant_id}")

    def _revoke_grant(
        self, work: Work, scope: TenantScope, token: Secret, app: AuthorizedApp | None
    ) -> None:
        grants = GrantRepository(work.connection)
        found = grants.find_by_refresh_digest(scope, self._key_ring.digest(token))
        if found is None:
            return
        if app is not None and found.app_id != app.id:
            raise _issued_to_another()
        grants.revoke(scope, found.id, self._clock.now())
        self._revoked(work, f"grant {found.id}")

    def _revoked(self, work: Work, what: str) -> None:
        work.after_commit(self._states.forget)
        work.after_commit(lambda: logger.info("revoked %s", what))


def _issued_to_another() -> InvalidGrant:
    return InvalidGrant("The token was issued to another client.")
