"""What the ids in the audit log are called, and where each has its page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from starlette.requests import Request

from ionport.core.errors import Forbidden, NotFound
from ionport.core.i18n import _
from ionport.core.paging import PageRequest
from ionport.gateway.suites.model import TargetEndpoint
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


T = TypeVar("T")
_Scope = TypeVar("_Scope", TenantScope, OrganizationScope)
_Asked = Callable[[Request, Access[_Scope], str], T]


@dataclass(frozen=True, slots=True)
class _Kind(Generic[_Scope]):
    """What the ids with one prefix name: the page of one, its parameter, and what one is called.

    `more` are the other parameters of the page. `name` raises NotFound or Forbidden.
    """

    page: str
    parameter: str
    name: _Asked[_Scope, str]
    more: _Asked[_Scope, dict[str, str]] = lambda _request, _access, _one: {}
    is_of_sandbox: bool = False

    def subject(self, request: Request, access: Access[_Scope], one: str, **owner: str) -> Subject:
        """Return what an id names; `owner` is of the address, too."""
        name = self.name(request, access, one)
        parameters = {self.parameter: one, **self.more(request, access, one), **owner}
        return Subject(name, path_to(request, self.page, **parameters))


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
        kind = _IN_TENANT.get(one.partition("_")[0])
        if kind is None or (kind.is_of_sandbox and sides_of(request).sandbox is None):
            continue
        try:
            found[one] = kind.subject(request, access, one, tenant=access.scope.tenant_id)
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
        if kind := _IN_ORGANIZATION.get(one.partition("_")[0]):
            try:
                found[one] = kind.subject(request, access, one)
            except NotFound:
                continue
    return found


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


def _of_app(name: str) -> str:
    return _("Service account of {app}").format(app=name)


def _account(request: Request, access: Access[TenantScope], one: str) -> str:
    listed = infor_of(request).service_accounts.get_account(access, one)
    return listed.account.description or _of_app(listed.app_name)


def _endpoint(request: Request, access: Access[TenantScope], one: str) -> TargetEndpoint:
    return infor_of(request).custom_apis.suites.get_endpoint(access, one)


def _acknowledgement(request: Request, access: Access[TenantScope], one: str) -> str:
    sandbox_of(request).ion.flows.get_acknowledgement(access, one)
    return _("Acknowledgement")


def _fault(request: Request, access: Access[TenantScope], one: str) -> str:
    rule = sandbox_of(request).control.faults.get(access, one)
    return rule.draft.name or rule.label


# r: the request, a: the access, i: the id.
_IN_TENANT: Final[Mapping[str, _Kind[TenantScope]]] = {
    "usr": _Kind(
        "user", "user", lambda r, a, i: visit_of(r).services.members.get_member(a, i).user.username
    ),
    "app": _Kind("authorized_app", "app", lambda r, a, i: infor_of(r).apps.get_app(a, i).name),
    "sac": _Kind("service_account", "account", _account),
    "api": _Kind(
        "api_suite",
        "suite",
        lambda r, a, i: infor_of(r).custom_apis.suites.get_suite(a, i).suite_name,
    ),
    "ept": _Kind(
        "api_endpoint",
        "endpoint",
        lambda r, a, i: _endpoint(r, a, i).proxy_context,
        more=lambda r, a, i: {"suite": _endpoint(r, a, i).suite_id},
    ),
    "flw": _Kind(
        "document_flow",
        "flow",
        lambda r, a, i: sandbox_of(r).ion.flows.get_flow(a, i).name,
        is_of_sandbox=True,
    ),
    "cpt": _Kind(
        "connection_point",
        "point",
        lambda r, a, i: sandbox_of(r).ion.points.get_point(a, i).name,
        is_of_sandbox=True,
    ),
    "ack": _Kind("acknowledgement", "acknowledgement", _acknowledgement, is_of_sandbox=True),
    "fault": _Kind("fault", "fault", _fault, is_of_sandbox=True),
}
_IN_ORGANIZATION: Final[Mapping[str, _Kind[OrganizationScope]]] = {
    "usr": _Kind(
        "colleague",
        "user",
        lambda r, a, i: visit_of(r).services.rights.get_colleague(a, i).user.username,
    ),
    "con": _Kind(
        "connection", "connection", lambda r, a, i: documents_of(r).connections.get(a, i).name
    ),
    "exp": _Kind(
        "export", "configuration", lambda r, a, i: documents_of(r).configurations.get(a, i).title
    ),
    "whk": _Kind("webhook", "webhook", lambda r, a, i: documents_of(r).webhooks.get(a, i).name),
    "map": _Kind(
        "mapping_file", "mapping", lambda r, a, i: documents_of(r).mappings.get(a, i).name
    ),
}
