"""Ports of the gateway: the verification of tokens, and how refusals are worded."""

from __future__ import annotations

from typing import Protocol


class VerifiedToken(Protocol):
    """What the gateway reads off a valid access token (docs/reference/oauth.md#access-tokens)."""

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

    def missing_scope(self, api_context: str) -> str | None:
        """Return the scope that a suite asks for and the token lacks; None when it may call."""
        ...


class TokenVerifier(Protocol):
    """Verifies access tokens; the authorization server implements it."""

    def recall(self, token: str, tenant_id: str) -> VerifiedToken | None:
        """Return a token that was verified lately, without blocking; None: ask `verify`."""
        ...

    def verify(self, token: str, tenant_id: str) -> VerifiedToken:
        """Return what the token says. May block; the gateway calls it in the thread pool.

        Raises:
            Unauthenticated: malformed, expired, revoked, or of another tenant; the public text
                says which.
        """
        ...


class RefusalForms(Protocol):
    """Tells how refusals are worded; the authorization server's settings of a tenant say so."""

    def are_bare(self, tenant_id: str) -> bool:
        """Tell whether a refusal's body names the status alone, as Infor's do. May block."""
        ...
