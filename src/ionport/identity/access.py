"""What a use case takes first: a transaction, whose rows it may reach, and who acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from ionport.identity.groups.permissions import Permission
from ionport.identity.model import Actor
from ionport.store import AnyScope, OrganizationScope, ScopedWork, TenantScope

_Scope = TypeVar("_Scope", bound=AnyScope, covariant=True)
_Other = TypeVar("_Other", bound=AnyScope)


@dataclass(frozen=True, slots=True)
class Access(ScopedWork[_Scope]):
    """A transaction, the rows that it may reach, and who acts: made where a call comes in.

    Work of the server itself has no person: it hands down a `ScopedWork`, or an `Access` whose
    actor is `Actor.operator`, named after the work, where the audit log has to tell who it was.

    Source: docs/decisions/0034-one-access-instead-of-transaction-scope-and-actor.md.
    """

    actor: Actor

    def within(self, scope: _Other) -> Access[_Other]:
        """Return the same transaction and actor with another scope."""
        return Access(self.work, scope, self.actor)

    def require_tenant_administrator(self: Access[TenantScope]) -> None:
        """Raise Forbidden unless the actor has the role IONAPI-Administrator in the tenant."""
        self.actor.require_tenant_administrator(self.scope.tenant_id)

    def require_organization_administrator(self: Access[OrganizationScope]) -> None:
        """Raise Forbidden unless the actor administers the organization."""
        self.actor.require_organization_administrator(self.scope.organization_id)

    def require_organization_member(self: Access[OrganizationScope]) -> None:
        """Raise Forbidden unless the actor belongs to the organization in any role."""
        self.actor.require_organization_member(self.scope.organization_id)

    def may(
        self: Access[OrganizationScope], permission: Permission, document_type: str | None = None
    ) -> bool:
        """Tell whether the actor may do it with documents of a type; None: of any type."""
        return self.actor.may(self.scope.organization_id, permission, document_type)

    def types_for(self: Access[OrganizationScope], permission: Permission) -> frozenset[str] | None:
        """Return with which document types the actor may do it; None for every type."""
        return self.actor.types_for(self.scope.organization_id, permission)

    def require(
        self: Access[OrganizationScope], permission: Permission, document_type: str | None = None
    ) -> None:
        """Raise Forbidden unless the actor may do it; None: with documents of any type."""
        self.actor.require(self.scope.organization_id, permission, document_type)
