"""The choice of scopes in forms of apps and service accounts.

Source: docs/reference/credentials.md#scopes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData
from starlette.requests import Request

from ionport.oauth.tenant.scopes import parse_scopes
from ionport.oauth.tenant.settings import ScopeMode
from ionport.web.forms.fields import text_of
from ionport.web.services import infor_of
from ionport.web.state import tenant_scope, visit_of


def scopes_of(form: FormData) -> tuple[str, ...]:
    """Return the scopes of a form: the ticked ones and those that were written besides."""
    ticked = [value for value in form.getlist("scope") if isinstance(value, str)]
    return parse_scopes(" ".join([*ticked, text_of(form, "scopes")]))


@dataclass(frozen=True, slots=True)
class ScopeChoice:
    """What a form needs to know of the tenant's scopes; those offered with a description."""

    scopes_count: bool
    app_decides: bool
    offered: Sequence[tuple[str, str]]


def scope_choice(request: Request) -> ScopeChoice:
    """Return whether and how scopes count in the tenant, and those of it and its API suites."""
    service = infor_of(request).tenant_settings
    with visit_of(request).read(tenant_scope(request)) as access:
        mode = service.get(access).scope_mode
        offered = [(one.name, one.description) for one in service.offered_scopes(access)]
    return ScopeChoice(mode is not ScopeMode.DISABLED, mode is ScopeMode.PER_APP, offered)
