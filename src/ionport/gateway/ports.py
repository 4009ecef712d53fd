"""What the gateway needs from others: somebody who knows what an access token is worth."""

from __future__ import annotations

from typing import Protocol


class VerifiedToken(Protocol):
    """What the gateway reads off a valid access token (facts/ion-api.md §3.5)."""

    @property
    def client_id(self) -> str:
        """The client id of the authorized app."""
        ...

    @property
    def service_account(self) -> str | None:
        """The access key of the service account, if the token came from one."""
        ...

    @property
    def identity2(self) -> str | None:
        """The GUID of the user behind the token, if there is one."""
        ...


class TokenVerifier(Protocol):
    """Tells what an access token is worth; the authorization server implements it."""

    def verify(self, token: str, tenant_id: str) -> VerifiedToken:
        """Return what the token says. May block; the gateway calls it in the thread pool.

        Raises:
            Unauthenticated: malformed, expired, revoked, or of another tenant; the public text
                says which.
        """
        ...
