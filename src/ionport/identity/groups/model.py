"""A group of people of one organization."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ionport.core.i18n import N_
from ionport.identity.groups.permissions import Grant, Rights
from ionport.identity.model import AuditAction, OrganizationRole, TenantRole, User


@dataclass(frozen=True, slots=True)
class Group:
    """A group: its members may do what it grants, and what their other groups grant."""

    id: str
    name: str
    grants: frozenset[Grant]
    members: int = 0

    @property
    def rights(self) -> Rights:
        """What the group alone lets its members do."""
        return Rights(self.grants)


@dataclass(frozen=True, slots=True)
class Colleague:
    """A person of an organization, as its administrators see them."""

    user: User
    role: OrganizationRole
    groups: tuple[str, ...] = ()
    """The names of the person's groups."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the organization, or of a tenant that the reader administers, or of both."""

    user: User
    role: OrganizationRole | None
    """In the organization; None for who is no member of it."""
    groups: tuple[str, ...] = ()
    tenants: Mapping[str, TenantRole] = field(default_factory=dict)
    """Roles in the tenants that the reader administers."""


class GroupAction(AuditAction):
    """What the audit log tells of a group."""

    CREATED = "group.created", N_("Group added")
    CHANGED = "group.changed", N_("Group changed")
    DELETED = "group.deleted", N_("Group deleted")
    JOINED = "group.joined", N_("Put into a group")
    LEFT = "group.left", N_("Taken out of a group")
    EXPELLED = "organization.member_removed", N_("Removed from the organization")
