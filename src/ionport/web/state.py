"""The visit of a request: its user, and the tenant and organization of the address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from starlette.datastructures import FormData
from starlette.requests import Request

from ionport.core.errors import Forbidden, NotFound, Unauthenticated
from ionport.core.i18n import _
from ionport.identity.access import Access
from ionport.identity.model import Actor, Organization, Session
from ionport.store import AnyScope, OrganizationScope, TenantScope
from ionport.web.services import Services

_Scope = TypeVar("_Scope", bound=AnyScope)


@dataclass(slots=True)
class Visit:
    """One request: who asks, and the form that came with it (checked against cross-site use).

    `organization` is the one of `organizations` that the person works in at present.
    """

    services: Services
    request_id: str
    address: str
    secure_cookies: bool
    device: str = ""
    csrf_token: str = ""
    session: Session | None = None
    organization: Organization | None = None
    organizations: Sequence[Organization] = ()
    form: FormData = field(default_factory=FormData)
    shows_flash: bool = False

    @property
    def actor(self) -> Actor:
        """The signed-in user; raises Unauthenticated."""
        return self.signed_in.actor

    @property
    def signed_in(self) -> Session:
        """The session; raises Unauthenticated."""
        if self.session is None:
            raise Unauthenticated(_("Sign in first."), code="signed_out")
        return self.session

    @contextmanager
    def read(self, scope: _Scope) -> Iterator[Access[_Scope]]:
        """Open a transaction that only reads, for the signed-in user; raises Unauthenticated."""
        actor = self.actor
        with self.services.database.read() as work:
            yield Access(work, scope, actor)

    @contextmanager
    def write(self, scope: _Scope) -> Iterator[Access[_Scope]]:
        """Open a transaction that commits, for the signed-in user; raises Unauthenticated."""
        actor = self.actor
        with self.services.database.write() as work:
            yield Access(work, scope, actor)

    @property
    def tenants(self) -> list[str]:
        """The tenants that the user belongs to, by id."""
        if self.session is None:
            return []
        return sorted(tenant for tenant, _role in self.session.actor.tenant_roles)


def visit_of(request: Request) -> Visit:
    """Return the visit that the guard made for this request."""
    visit = request.state.visit
    if not isinstance(visit, Visit):
        raise TypeError("a page was reached without the guard")
    return visit


def tenant_scope(request: Request) -> TenantScope:
    """Return the scope of the tenant in the path; NotFound unless the user belongs to it."""
    tenant_id = str(request.path_params["tenant"])
    if tenant_id not in visit_of(request).tenants:
        raise NotFound(_("There is no such tenant, or you do not belong to it."))
    return TenantScope(tenant_id)


def organization_scope(request: Request) -> OrganizationScope:
    """Return what the user may see of their organization; Forbidden when there is none."""
    organization = visit_of(request).organization
    if organization is None:
        raise Forbidden(
            _("You belong to no organization yet. Ask an administrator to add you."),
            code="no_organization",
        )
    return visit_of(request).actor.scope_in(organization.id)


def today_of(request: Request) -> date:
    """Return the day in UTC, by which ends of accounts and credentials are counted."""
    return visit_of(request).services.clock.now().date()


def tenant_read(request: Request) -> AbstractContextManager[Access[TenantScope]]:
    """Open a transaction that only reads rows of the tenant in the path, for who is signed in."""
    return visit_of(request).read(tenant_scope(request))


def tenant_write(request: Request) -> AbstractContextManager[Access[TenantScope]]:
    """Open a transaction that commits, for rows of the tenant in the path."""
    return visit_of(request).write(tenant_scope(request))


def organization_read(request: Request) -> AbstractContextManager[Access[OrganizationScope]]:
    """Open a transaction that only reads what the user may see of their organization."""
    return visit_of(request).read(organization_scope(request))


def organization_write(request: Request) -> AbstractContextManager[Access[OrganizationScope]]:
    """Open a transaction that commits, for what the user may see of their organization."""
    return visit_of(request).write(organization_scope(request))
