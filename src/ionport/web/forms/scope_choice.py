"""The choice of scopes in forms of apps and service accounts.

Source: docs/reference/credentials.md#scopes.
"""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request

from ionport.oauth.tenant.scopes import parse_scopes
from ionport.oauth.tenant.settings import ScopeMode
from ionport.store import TenantScope
from ionport.web.forms.fields import text_of
from ionport.web.services import infor_of
from ionport.web.state import visit_of


def scopes_of(form: FormData) -> tuple[str, ...]:
    """Return the scopes of a form: the ticked ones and those that were written besides."""
    ticked = [value for value in form.getlist("scope") if isinstance(value, str)]
    return parse_scopes(" ".join([*ticked, text_of(form, "scopes")]))


def scope_choice(request: Request, scope: TenantScope) -> dict[str, object]:
    """Return what a form needs to know of the tenant's scopes."""
    visit = visit_of(request)
    service = infor_of(request).tenant_settings
    with visit.read(scope) as access:
        mode = service.get(access).scope_mode
        offered = service.offered_scopes(access)
    return {
        "scopes_count": mode is not ScopeMode.DISABLED,
        "app_decides": mode is ScopeMode.PER_APP,
        "offered_scopes": [(one.name, one.description) for one in offered],
    }
