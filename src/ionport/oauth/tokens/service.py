"""Issues and revokes tokens, in three steps so that signing stands outside of any transaction.

`check` reads, `sign` computes, `record` writes one short transaction
(docs/decisions/0002-our-own-code-for-the-grants.md). The edge opens the transactions: see
`issuing`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from ionport.core.clock import Clock
from ionport.core.errors import Unauthenticated
from ionport.core.ids import new_ordered_uuid, random_token
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.oauth.accounts.repository import ServiceAccountRepository
from ionport.oauth.apps.model import AuthorizedApp
from ionport.oauth.apps.scope_policy import InvalidScopes, answered_scopes, granted_scopes
from ionport.oauth.clients.assertions import UsedAssertion
from ionport.oauth.clients.authentication import Clients, OAuthRequest, note_assertion
from ionport.oauth.clients.repository import UsedAssertionRepository
from ionport.oauth.grants import GRANTS, REPEATABLE_GRANTS, GrantContext
from ionport.oauth.grants.authorization_code import INVALID_CODE
from ionport.oauth.grants.code_repository import AuthorizationCodeRepository
from ionport.oauth.grants.model import AuthorizationCode, Grant
from ionport.oauth.grants.refresh_token import NOT_IN_FORCE
from ionport.oauth.grants.repository import GrantRepository
from ionport.oauth.protocol import (
    InvalidGrant,
    InvalidScope,
    TokenReused,
    UnsupportedGrantType,
)
from ionport.oauth.states import TokenStates
from ionport.oauth.tenant.repository import TenantSettingsRepository
from ionport.oauth.tokens.access_tokens import AccessTokens
from ionport.oauth.tokens.limits import count_token
from ionport.oauth.tokens.model import Login, SignedLogin, TokenAnswer
from ionport.oauth.tokens.repository import AccessTokenRepository
from ionport.store import ScopedWork, SystemScope, TenantScope, Work

logger = logging.getLogger(__name__)

_REFRESH_TOKEN_BYTES = 32
_GROUP = SystemScope("logins of several tenants, each checked in its own")


class TokenService:
    """What the token and the revocation endpoint do; `routes` gives them HTTP."""

    def __init__(
        self,
        clock: Clock,
        key_ring: KeyRing,
        access_tokens: AccessTokens,
        states: TokenStates,
        clients: Clients,
    ) -> None:
        self.clock = clock
        self._key_ring = key_ring
        self._access_tokens = access_tokens
        self.states = states
        self._clients = clients

    def check(self, access: ScopedWork[TenantScope], request: OAuthRequest) -> Login:
        """Authenticate the client and run the grant's checks; changes nothing.

        Raises:
            OAuthError: of RFC 6749 §5.2, with the reason in its private detail.
            TokenReused: a code or refresh token came again; see `revoke_grant`.
        """
        grant_type = request.parameters.require("grant_type")
        now = self.clock.now()
        client = self._clients.authenticate(access.connection, access.scope, request, now)
        if grant_type not in GRANTS:
            raise UnsupportedGrantType(f"grant_type must be one of {', '.join(GRANTS)}")
        context = GrantContext(
            connection=access.connection,
            scope=access.scope,
            key_ring=self._key_ring,
            now=now,
            parameters=request.parameters,
            app=client.app,
            settings=TenantSettingsRepository(access.connection).get(access.scope),
            endpoints=self._access_tokens.endpoints,
            client_is_proven=client.is_proven,
            assertions=[client.assertion] if client.assertion else [],
        )
        for check in GRANTS[grant_type]:
            check(context)
        limits = context.settings.limits
        # Where logins are counted, each is recorded alone; so is a refresh token that rotates.
        may_be_grouped = not context.assertions and not limits.are_on
        is_repeatable = may_be_grouped and grant_type in REPEATABLE_GRANTS
        rotates = client.app.is_public or context.settings.refresh_tokens_rotate
        refreshes = context.refreshed is not None and not rotates
        return Login(
            app=client.app,
            form=context.settings.token_form,
            account=context.account,
            person=context.person,
            scopes=_scopes(context),
            asked=context.parameters.get("scope"),
            refreshed=context.refreshed,
            refresh_token=context.refresh_token,
            code=context.code,
            assertions=tuple(context.assertions),
            bearer=context.bearer,
            may_refresh=context.bearer is None,
            limits=limits,
            may_be_grouped=is_repeatable or (may_be_grouped and refreshes),
            is_repeatable=is_repeatable,
            rotates=rotates,
        )

    def sign(self, login: Login) -> SignedLogin:
        """Make the tokens of a login; touches no database."""
        app, grant, refresh_token = login.app, login.refreshed, login.refresh_token
        rotates = grant is not None and login.rotates
        if rotates or (grant is None and app.issue_refresh_tokens and login.may_refresh):
            refresh_token = random_token(_REFRESH_TOKEN_BYTES)
        digest = self._key_ring.digest(refresh_token) if refresh_token else None
        if grant is None:
            grant = self._new_grant(login, digest)
        signed = self._access_tokens.sign(
            app,
            grant.id,
            login.account,
            person=login.person,
            scopes=login.scopes,
            form=login.form,
        )
        scopes = login.scopes or answered_scopes(login.asked)
        answer = TokenAnswer(signed.text, signed.expires_in, refresh_token, scopes)
        return SignedLogin(answer, grant, login, rotated_digest=digest if rotates else None)

    def _new_grant(self, login: Login, refresh_digest: str | None) -> Grant:
        now, app = self.clock.now(), login.app
        expires_at, ends_at = None, now + timedelta(seconds=app.access_token_seconds)
        if refresh_digest is not None and app.refresh_token_seconds > 0:
            expires_at = now + timedelta(seconds=app.refresh_token_seconds)
            ends_at += timedelta(seconds=app.refresh_token_seconds)
        never_ends = refresh_digest is not None and expires_at is None
        return Grant(
            id=new_ordered_uuid(),
            tenant_id=app.tenant_id,
            app_id=app.id,
            service_account_id=login.account.id if login.account else None,
            user_id=login.person.user_id if login.person else None,
            scopes=login.scopes,
            generation=app.token_generation,
            refresh_digest=refresh_digest,
            refresh_expires_at=expires_at,
            created_at=now,
            last_used_at=now,
            ends_at=None if never_ends else ends_at,
        )

    def record(self, access: ScopedWork[TenantScope], signed: SignedLogin) -> TokenAnswer:
        """Store the grant, or note its use; the answer may go out after the commit.

        Raises:
            InvalidGrant: the grant was revoked since `check`, or its assertion was used before.
            TokenReused: another request was faster with the same code or refresh token.
            TooManyRequests: the tenant's limits are on, and one is reached.
            InvalidClient: another request was faster with the same assertion.
        """
        grants, now, login = GrantRepository(access.connection), self.clock.now(), signed.login
        for used in login.assertions:
            note_assertion(access, used)
        if login.bearer is not None and not _is_first_use(access, login.bearer):
            text = "The SAML assertion was used before. Send a new one."
            raise InvalidGrant(text, detail="replay")
        count_token(
            access,
            login.limits,
            now,
            app_id=login.app.id,
            account_id=login.account.id if login.account and login.refreshed is None else None,
        )
        if login.code is not None:
            self._redeem(access, login.code, signed.grant)
        if login.refreshed is None:
            grants.add(access.scope, signed.grant)
        else:
            self._refresh(grants, access.scope, signed, login.refreshed)
        if signed.grant.service_account_id is not None:
            accounts = ServiceAccountRepository(access.connection)
            accounts.used(access.scope, signed.grant.service_account_id, now)
        return signed.answer

    def record_group(
        self, work: Work, signed: Sequence[SignedLogin]
    ) -> Sequence[TokenAnswer | InvalidGrant]:
        """Store the grants of several logins, of any tenants, or note their use, in one go.

        A refresh whose grant was revoked since `check` gets the error that it is answered with.
        """
        grants, now = GrantRepository(work.connection), self.clock.now()
        if new := [one.grant for one in signed if one.login.refreshed is None]:
            grants.add_all(_GROUP, new)
        old = {one.grant.id for one in signed if one.login.refreshed is not None}
        in_force = grants.all_used(_GROUP, sorted(old), now)
        used = {one.login.account.id for one in signed if one.login.account and one.login.notes_use}
        ServiceAccountRepository(work.connection).all_used(_GROUP, sorted(used), now)
        return [
            one.answer
            if one.login.refreshed is None or one.grant.id in in_force
            else InvalidGrant(NOT_IN_FORCE, detail="revoked meanwhile")
            for one in signed
        ]

    def _redeem(
        self, access: ScopedWork[TenantScope], code: AuthorizationCode, grant: Grant
    ) -> None:
        codes = AuthorizationCodeRepository(access.connection)
        if codes.redeem(access.scope, code.digest, grant.id):
            return
        first = codes.find(access.scope, code.digest)
        if first is None or first.grant_id is None:
            raise InvalidGrant(INVALID_CODE, detail="the code is gone")
        raise TokenReused(INVALID_CODE, first.grant_id)

    def _refresh(
        self, grants: GrantRepository, scope: TenantScope, signed: SignedLogin, old: Grant
    ) -> None:
        now = self.clock.now()
        if signed.rotated_digest is None or old.refresh_digest is None:
            if not grants.used(scope, old.id, now):
                raise InvalidGrant(NOT_IN_FORCE, detail="revoked meanwhile")
        elif not grants.rotate(scope, old.id, old.refresh_digest, signed.rotated_digest, now):
            raise TokenReused(NOT_IN_FORCE, old.id)

    def revoke_grant(self, access: ScopedWork[TenantScope], grant_id: str, reason: str) -> None:
        """Revoke a grant with all its tokens; the log tells the reason, such as `after reuse`."""
        GrantRepository(access.connection).revoke(access.scope, grant_id, self.clock.now())
        self._revoked(access.work, f"grant {grant_id} {reason}")

    def revoke(self, access: ScopedWork[TenantScope], request: OAuthRequest) -> None:
        """Revoke the refresh token or access token that the request names (RFC 7009).

        A refresh token takes its grant and all access tokens along
        (docs/reference/oauth.md#answers); an access token goes alone. An unknown token is no error.
        A request that names no client is taken as well: Infor's Go sample sends that, and the
        holder of a token may revoke it.

        Raises:
            InvalidClient, InvalidRequest: as at the token endpoint.
            InvalidGrant: the token was issued to another client.
        """
        app = None
        if request.names_client:
            app = self._authenticate(access, request)
        token = Secret(request.parameters.require("token"))
        if token.reveal().count(".") == 2:
            self._revoke_access_token(access, token, app)
        else:
            self._revoke_grant(access, token, app)

    def _authenticate(
        self, access: ScopedWork[TenantScope], request: OAuthRequest
    ) -> AuthorizedApp:
        client = self._clients.authenticate(
            access.connection, access.scope, request, self.clock.now()
        )
        note_assertion(access, client.assertion)
        return client.app

    def _revoke_access_token(
        self, access: ScopedWork[TenantScope], token: Secret, app: AuthorizedApp | None
    ) -> None:
        try:
            found = self._access_tokens.read(token.reveal(), access.scope.tenant_id)
        except Unauthenticated:
            return
        if app is not None and found.client_id != app.client_id:
            raise _issued_to_another()
        tokens = AccessTokenRepository(access.connection)
        tokens.revoke(access.scope, found.token_id, found.expires_at)
        self._revoked(access.work, f"access token {found.token_id} of grant {found.grant_id}")

    def _revoke_grant(
        self, access: ScopedWork[TenantScope], token: Secret, app: AuthorizedApp | None
    ) -> None:
        grants = GrantRepository(access.connection)
        digest = self._key_ring.digest(token)
        found = grants.find_by_refresh_digest(access.scope, digest) or grants.find_rotated(
            access.scope, digest
        )
        if found is None:
            return
        if app is not None and found.app_id != app.id:
            raise _issued_to_another()
        grants.revoke(access.scope, found.id, self.clock.now())
        self._revoked(access.work, f"grant {found.id}")

    def _revoked(self, work: Work, what: str) -> None:
        work.after_commit(self.states.forget)
        work.after_commit(lambda: logger.info("revoked %s", what))


def _scopes(context: GrantContext) -> str:
    try:
        return granted_scopes(
            context.settings,
            context.app,
            context.account.scopes if context.account else None,
            context.parameters.get("scope"),
            context.scopes,
        )
    except InvalidScopes as error:
        raise InvalidScope(error.text, detail=error.detail) from error


def _is_first_use(access: ScopedWork[TenantScope], used: UsedAssertion) -> bool:
    assertions = UsedAssertionRepository(access.connection)
    return assertions.use(access.scope, used.issuer, used.assertion_id, used.expires_at)


def _issued_to_another() -> InvalidGrant:
    return InvalidGrant("The token was issued to another client.")
