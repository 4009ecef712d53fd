"""Values of tokens, and of the requests that ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ionport.core.secrets import Secret
from ionport.oauth.accounts.model import Person, ServiceAccount
from ionport.oauth.apps.model import AuthorizedApp
from ionport.oauth.clients.assertions import UsedAssertion
from ionport.oauth.grants.model import AuthorizationCode, Grant
from ionport.oauth.tenant.scopes import PREFIX, scope_of
from ionport.oauth.tenant.settings import Limits, TokenForm


@dataclass(frozen=True, slots=True)
class AccessToken:
    """The claims of a genuine access token (docs/reference/oauth.md#access-tokens)."""

    tenant_id: str
    client_id: str
    service_account: str | None
    identity2: str | None
    grant_id: str
    token_id: str
    issued_at: datetime
    expires_at: datetime
    claims: Mapping[str, Any]

    def missing_scope(self, api_context: str) -> str | None:
        """Return the scope that an API suite asks for and this token lacks.

        Source: docs/reference/credentials.md#scopes.

        Letter case matters. Whether scopes count was settled when the token was issued.
        """
        if self.claims.get("EnforceScopesForClient") != "1":
            return None
        needed, given = scope_of(api_context), str(self.claims.get("scope", "")).split()
        return None if needed in given or f"{PREFIX}{api_context}" in given else needed


@dataclass(frozen=True, slots=True)
class Login:
    """A request that passed every check of its grant. `refreshed` is the grant used again."""

    app: AuthorizedApp
    form: TokenForm
    account: ServiceAccount | None = None
    person: Person | None = None
    scopes: str = ""
    refreshed: Grant | None = None
    refresh_token: Secret | None = None
    code: AuthorizationCode | None = None
    assertions: tuple[UsedAssertion, ...] = ()
    bearer: UsedAssertion | None = None
    may_refresh: bool = True
    limits: Limits = field(default_factory=Limits)
    # It uses up nothing and counts for no limit, so that it may share a transaction with others.
    may_be_grouped: bool = False
    # The same request, sent again, is another valid login.
    is_repeatable: bool = False
    notes_use: bool = True
    # The scopes that were asked for; what was granted is `scopes`.
    asked: str = ""
    # A refresh token that is used gives another one.
    rotates: bool = False


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """The successful answer of the token endpoint (docs/reference/oauth.md#answers); seconds."""

    access_token: Secret
    expires_in: int
    refresh_token: Secret | None = None
    scopes: str = ""

    def revealed(self) -> dict[str, str | int]:
        """Return the answer's JSON object, in the clear."""
        answer: dict[str, str | int] = {
            "access_token": self.access_token.reveal(),
            "token_type": "Bearer",
            "expires_in": self.expires_in,
        }
        if self.refresh_token is not None:
            answer["refresh_token"] = self.refresh_token.reveal()
        if self.scopes:
            answer["scope"] = self.scopes
        return answer


@dataclass(frozen=True, slots=True)
class SignedLogin:
    """An answer that may be sent once its grant is stored.

    `rotated_digest` is the digest of the refresh token that takes the presented one's place.
    """

    answer: TokenAnswer
    grant: Grant
    login: Login
    rotated_digest: str | None = None
