"""The pages of this server that a proof's remedies speak of, for a tenant that it serves itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request

from ionport.connections.model import Check, CheckStage, Connection
from ionport.core.i18n import N_, _, labelled
from ionport.identity.access import Access
from ionport.store import TenantScope, Work
from ionport.web.rendering.templating import path_to
from ionport.web.services import infor_of, sides_of
from ionport.web.state import visit_of

_APP: Final = "authorized_apps"
_ACCOUNTS: Final = "service_accounts"
_USERS: Final = "users"
_APIS: Final = "available_apis"
_LABELS: Final = {
    _APP: N_("Authorized Apps"),
    _ACCOUNTS: N_("Service Accounts"),
    _USERS: N_("Users"),
    _APIS: N_("Available APIs"),
}
# What the remedy of a stage that ended with this code speaks of (`ionport.ionapi.probe`).
_SUBJECTS: Final[Mapping[str, tuple[str, ...]]] = {
    "invalid_client": (_APP,),
    "unauthorized_client": (_APP,),
    "unsupported_grant_type": (_APP,),
    "no_refresh_token": (_APP,),
    "invalid_scope": (_APP, _ACCOUNTS),
    "invalid_grant": (_ACCOUNTS, _APP),
    "idm_shows_nothing": (_USERS,),
    "ln_not_found": (_APIS,),
    "http_401": (_ACCOUNTS,),
    "http_403": (_APP, _ACCOUNTS, _USERS),
    "http_404": (_APIS,),
}

Links = list[tuple[str, str]]


def remedy_links(
    request: Request, work: Work, connection: Connection, check: Check | None
) -> Mapping[str, Links]:
    """Return label and address of the pages that each stage's remedy speaks of, by stage.

    Empty for a tenant of another server, and for who may not open these pages.
    """
    tenant, visit = connection.tenant_id, visit_of(request)
    if (
        check is None
        or not connection.is_infor
        or sides_of(request).infor is None
        or connection.gateway != infor_of(request).endpoints.iu
        or not visit.actor.is_tenant_administrator(tenant)
    ):
        return {}
    subjects = {stage.key: _subjects(stage) for stage in check.stages if stage.remedy}
    if not any(subjects.values()):
        return {}
    app = _app_link(request, Access(work, TenantScope(tenant), visit.actor), connection)
    return {
        key: [
            app if page == _APP else (_(_LABELS[page]), path_to(request, page, tenant=tenant))
            for page in pages
        ]
        for key, pages in subjects.items()
    }


def _subjects(stage: CheckStage) -> tuple[str, ...]:
    # A service's status stands after its name: `idm_http_403`.
    code = stage.code[stage.code.find("http_") :] if "_http_" in stage.code else stage.code
    return _SUBJECTS.get(code, ())


def _app_link(
    request: Request, access: Access[TenantScope], connection: Connection
) -> tuple[str, str]:
    """The page of the app that the file names; the list of apps when there is none of that name."""
    tenant, label = access.scope.tenant_id, _(_LABELS[_APP])
    app = infor_of(request).apps.find_app_by_name(access, connection.app_name)
    if app is None:
        return label, path_to(request, _APP, tenant=tenant)
    return labelled(label, app.name), path_to(request, "authorized_app", tenant=tenant, app=app.id)
