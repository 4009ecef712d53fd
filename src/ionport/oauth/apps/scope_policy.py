"""Which scopes a token gets: the tenant's mode, then the app's list.

Source: docs/reference/credentials.md#scopes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ionport.core.errors import IonportError
from ionport.oauth.apps.model import AuthorizedApp
from ionport.oauth.tenant.scopes import parse_scopes
from ionport.oauth.tenant.settings import ScopeMode, TenantSettings

_SCOPE: Final = re.compile(r"[!#-\[\]-~]{1,100}")
_MAX_ANSWERED: Final = 2_000


class InvalidScopes(IonportError):
    """A request asks for a scope that the app does not have."""

    status = 400
    default_code = "invalid_scope"


def are_enforced(settings: TenantSettings, app: AuthorizedApp) -> bool:
    """Tell whether tokens of this app need scopes."""
    if settings.scope_mode is ScopeMode.PER_APP:
        return app.enforce_scopes
    return settings.scope_mode is ScopeMode.ENFORCED


def requested_scopes(
    settings: TenantSettings, app: AuthorizedApp, requested: str
) -> tuple[str, ...]:
    """Return the scopes that a request gets: those it names, or all of the app's.

    Where scopes are not enforced they mean nothing, and what a client sends is passed over:
    Infor's samples send `openid profile` (docs/reference/oauth.md#requests).

    Raises:
        InvalidScopes: the app lacks one of them.
    """
    if not are_enforced(settings, app):
        return ()
    wanted = parse_scopes(requested) or app.scopes
    if missing := [name for name in wanted if name not in app.scopes]:
        text = "The app lacks a requested scope. Add it on the app's page; letter case matters."
        raise InvalidScopes(text, detail=f"missing: {missing}"[:500])
    return wanted


def answered_scopes(asked: str) -> str:
    """Return what a token answer says where scopes mean nothing: those that were asked for.

    Clients compare it with what they sent (RFC 6749 §5.1); what can be no scope (§3.3) is left
    out.
    """
    return " ".join(name for name in asked.split(" ") if _SCOPE.fullmatch(name))[:_MAX_ANSWERED]


def granted_scopes(
    settings: TenantSettings,
    app: AuthorizedApp,
    account_scopes: Sequence[str] | None,
    requested: str,
    approved: str | None = None,
) -> str:
    """Return the scopes of a token as its text; empty just where scopes are not enforced.

    A scope must be the app's and, with a service account, one of `account_scopes` as well.
    `approved` is what a person or an earlier login was given; what was taken away since is not
    given again, while a grant from before the enforcement gets what the app has.

    Raises:
        InvalidScopes: one of the requested scopes is missing, or none is left.
    """
    if not are_enforced(settings, app):
        return ""
    given = [name for name in app.scopes if account_scopes is None or name in account_scopes]
    if approved:
        given = [name for name in parse_scopes(approved) if name in given]
    wanted = parse_scopes(requested) or tuple(given)
    if missing := [name for name in wanted if name not in given]:
        text = (
            "A requested scope is not given. Add it to the authorized app and to the service"
            " account; letter case matters."
        )
        raise InvalidScopes(text, detail=f"missing: {missing}"[:500])
    if not wanted:
        text = (
            "Scopes are enforced and none is given. Add scopes to the authorized app and to the"
            " service account."
        )
        raise InvalidScopes(text, detail=f"app {app.id} has no scopes to give")
    return " ".join(wanted)
