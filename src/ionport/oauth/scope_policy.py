"""Which scopes a token gets: the tenant's mode, then the app's list (facts/ion-api.md §1.6)."""

from __future__ import annotations

from ionport.core.errors import IonportError
from ionport.oauth.model import AuthorizedApp
from ionport.oauth.scopes import parse_scopes
from ionport.oauth.tenant_settings import ScopeMode, TenantSettings


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
    Infor's samples send `openid profile` (facts/ion-api.md §3.2).

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
