"""What a token request gathers while a grant's checks run over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.oauth.model import AuthorizedApp, Grant, GrantType, ServiceAccount
from ionport.oauth.protocol import Parameters, UnauthorizedClient
from ionport.store import TenantScope


@dataclass(slots=True)
class GrantContext:
    """The request of a client that has proved itself. Checks read it, raise, or add to it."""

    connection: Connection
    scope: TenantScope
    key_ring: KeyRing
    now: datetime
    parameters: Parameters
    app: AuthorizedApp
    account: ServiceAccount | None = None
    # Set when an existing grant is used again, with the refresh token that was presented.
    refreshed: Grant | None = None
    refresh_token: Secret | None = None


Check = Callable[[GrantContext], None]


def require_grant_type(context: GrantContext, expected: GrantType) -> None:
    """Raise UnauthorizedClient unless the app was set up with this Grant Type."""
    if context.app.grant_type is not expected:
        raise UnauthorizedClient(
            f"The Grant Type of this authorized app is {context.app.grant_type.value}, "
            f"not {expected.value}."
        )
