"""What a token request gathers while a grant's checks run over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.oauth.accounts.model import Person, ServiceAccount
from ionport.oauth.apps.model import AuthorizedApp, GrantType
from ionport.oauth.clients.assertions import UsedAssertion
from ionport.oauth.grants.model import AuthorizationCode, Grant
from ionport.oauth.protocol import Parameters, UnauthorizedClient
from ionport.oauth.tenant.endpoints import Endpoints
from ionport.oauth.tenant.settings import TenantSettings
from ionport.store import TenantScope


@dataclass(slots=True)
class GrantContext:
    """The request of a client that is known. Checks read it, raise, or add to it.

    `client_is_proven` is False for a public app, which named itself and no more.
    """

    connection: Connection
    scope: TenantScope
    key_ring: KeyRing
    now: datetime
    parameters: Parameters
    app: AuthorizedApp
    settings: TenantSettings
    endpoints: Endpoints
    client_is_proven: bool = True
    account: ServiceAccount | None = None
    person: Person | None = None
    # The person or account and the scopes, from the grant that is used again or from the code.
    scopes: str = ""
    # Set when an existing grant is used again, with the refresh token that was presented.
    refreshed: Grant | None = None
    refresh_token: Secret | None = None
    # The code that this request redeems.
    code: AuthorizationCode | None = None
    # Signed assertions that the request used up.
    assertions: list[UsedAssertion] = field(default_factory=list)
    # The assertion that stands for a person, and whom it names.
    bearer: UsedAssertion | None = None
    subject: str = ""


Check = Callable[[GrantContext], None]


def require_grant_type(context: GrantContext, expected: GrantType) -> None:
    """Raise UnauthorizedClient unless the app was set up with this Grant Type."""
    if context.app.grant_type is not expected:
        raise UnauthorizedClient(
            f"The Grant Type of this authorized app is {context.app.grant_type.value}, "
            f"not {expected.value}."
        )
