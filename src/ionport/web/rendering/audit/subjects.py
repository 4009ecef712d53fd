"""What the ids in the audit log are called, and where each has its page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from ionport.core.errors import Forbidden, NotFound
from ionport.core.i18n import _
from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.identity.model import AuditEntry
from ionport.store import OrganizationScope, TenantScope
from ionport.web.rendering.templating import path_to
from ionport.web.services import documents_of, infor_of, sandbox_of, sides_of
from ionport.web.state import visit_of

_ID: Final = re.compile(r"([a-z]+)_[0-9a-f]{32}")
_HISTORY: Final = PageRequest(per_page=20)
# Details that are the name of a row's subject.
NAMES: Final = ("filename", "name", "title", "proxy_context", "logical_id")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a row of the log is about: its name for people, and its page while there is one."""

    name: str
    url: str = ""


_OfTenant = Callable[[Request, Access[TenantScope], str], Subject]
_OfOrganization = Callable[[Request, Access[OrganizationScope], str], Subject]


def ids_in(entries: Iterable[AuditEntry]) -> set[str]:
    """Return the ids that rows have for their subjects and in their details."""
    texts = {text for one in entries for text in (one.subject, *one.details.values())}
    return {text for text in texts if _ID.fullmatch(text)}


def tenant_subjects(
    request: Request, access: Access[TenantScope], ids: Iterable[str]
) -> Mapping[str, Subject]:
    """Return what these ids of a tenant name; what is deleted has the name of its history."""
    found = {}
    for one in ids:
        find = _IN_TENANT.get(one.partition("_")[0])
        if find is None or not _is_served(request, find):
            continue
        try:
            found[one] = find(request, access, one)
        except (NotFound, Forbidden):
            if name := _last_name(request, access, one):
                found[one] = Subject(name)
    return found


def organization_subjects(
    request: Request, access: Access[OrganizationScope], ids: Iterable[str]
) -> Mapping[str, Subject]:
    """Return what these ids of an organization name, of what there still is."""
    found = {}
    for one in ids:
        if find := _IN_ORGANIZATION.get(one.partition("_")[0]):
            try:
                found[one] = find(request, access, one)
            except NotFound:
                continue
    return found


def _is_served(request: Request, find: _OfTenant) -> bool:
    return find not in _OF_SANDBOX or sides_of(request).sandbox is not None


def _last_name(request: Request, access: Access[TenantScope], subject: str) -> str:
    """Return the name that the latest rows about a deleted subject tell; empty for none."""
    rows = visit_of(request).services.audit.list(access, _HISTORY, [subject]).items
    told = (row.details.get(name, "") for row in rows for name in NAMES)
    if name := next(filter(None, told), ""):
        return name
    # What is told of a service account names its app alone, which may be deleted too.
    apps = {row.details["app"] for row in rows if row.details.get("app", subject) != subject}
    of_app = next(iter(tenant_subjects(request, access, apps).values()), None)
    return _of_app(of_app.name) if of_app else ""


def _url(request: Request, access: Access[TenantScope], page: str, **ids: str) -> str:
    return path_to(request, page, tenant=access.scope.tenant_id, **ids)


def _member(request: Request, access: Access[TenantScope], one: str) -> Subject:
    name = visit_of(request).services.members.get_member(access, one).user.username
    return Subject(name, _url(request, access, "user", user=one))


def _app(request: Request, access: Access[TenantScope], one: str) -> Subject:
    name = infor_of(request).apps.get_app(access, one).name
    return Subject(name, _url(request, access, "authorized_app", app=one))


def _account(request: Request, access: Access[TenantScope], one: str) -> Subject:
    listed = infor_of(request).service_accounts.get_account(access, one)
    name = listed.account.description or _of_app(listed.app_name)
    return Subject(name, _url(request, access, "service_account", account=one))


def _of_app(name: str) -> str:
    return _("Service account of {app}").format(app=name)


def _suite(request: Request, access: Access[TenantScope], one: str) -> Subject:
    name = infor_of(request).custom_apis.suites.get_suite(access, one).suite_name
    return Subject(name, _url(request, access, "api_suite", suite=one))


def _endpoint(request: Request, access: Access[TenantScope], one: str) -> Subject:
    found = infor_of(request).custom_apis.suites.get_endpoint(access, one)
    url = _url(request, access, "api_endpoint", suite=found.suite_id, endpoint=one)
    return Subject(found.proxy_context, url)


def _flow(request: Request, access: Access[TenantScope], one: str) -> Subject:
    name = sandbox_of(request).ion.flows.get_flow(access, one).name
    return Subject(name, _url(request, access, "document_flow", flow=one))


def _point(request: Request, access: Access[TenantScope], one: str) -> Subject:
    name = sandbox_of(request).ion.points.get_point(access, one).name
    return Subject(name, _url(request, access, "connection_point", point=one))


def _acknowledgement(request: Request, access: Access[TenantScope], one: str) -> Subject:
    sandbox_of(request).ion.flows.get_acknowledgement(access, one)
    return Subject(
        _("Acknowledgement"), _url(request, access, "acknowledgement", acknowledgement=one)
    )


def _fault(request: Request, access: Access[TenantScope], one: str) -> Subject:
    rule = sandbox_of(request).control.faults.get(access, one)
    return Subject(rule.draft.name or rule.label, _url(request, access, "fault", fault=one))


def _colleague(request: Request, access: Access[OrganizationScope], one: str) -> Subject:
    name = visit_of(request).services.rights.get_colleague(access, one).user.username
    return Subject(name, path_to(request, "colleague", user=one))


def _connection(request: Request, access: Access[OrganizationScope], one: str) -> Subject:
    name = documents_of(request).connections.get(access, one).name
    return Subject(name, path_to(request, "connection", connection=one))


def _configuration(request: Request, access: Access[OrganizationScope], one: str) -> Subject:
    title = documents_of(request).configurations.get(access, one).title
    return Subject(title, path_to(request, "export", configuration=one))


def _webhook(request: Request, access: Access[OrganizationScope], one: str) -> Subject:
    name = documents_of(request).webhooks.get(access, one).name
    return Subject(name, path_to(request, "webhook", webhook=one))


def _mapping(request: Request, access: Access[OrganizationScope], one: str) -> Subject:
    name = documents_of(request).mappings.get(access, one).name
    return Subject(name, path_to(request, "mapping_file", mapping=one))


_IN_TENANT: Final[Mapping[str, _OfTenant]] = {
    "usr": _member,
    "app": _app,
    "sac": _account,
    "api": _suite,
    "ept": _endpoint,
    "flw": _flow,
    "cpt": _point,
    "ack": _acknowledgement,
    "fault": _fault,
}
_OF_SANDBOX: Final = (_flow, _point, _acknowledgement, _fault)
_IN_ORGANIZATION: Final[Mapping[str, _OfOrganization]] = {
    "usr": _colleague,
    "con": _connection,
    "exp": _configuration,
    "whk": _webhook,
    "map": _mapping,
}
