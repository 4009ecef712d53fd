"""What one person may do, in one place: roles in tenants and organizations, and groups.

Somebody sees and gives only what stands in tenants and organizations that they administer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ionport.core.errors import Conflict, existing
from ionport.core.i18n import _
from ionport.core.paging import Page, PageRequest
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.groups.model import Colleague, Group, GroupAction, Person
from ionport.identity.groups.repository import GroupRepository
from ionport.identity.groups.service import GroupService
from ionport.identity.members.organization_repository import ColleagueRepository
from ionport.identity.members.service import MemberService
from ionport.identity.model import Organization, OrganizationRole, TenantRole, User, UserAction
from ionport.identity.repository import UserRepository
from ionport.identity.service import IdentityService, NewUser
from ionport.store import OrganizationScope, SystemScope, TenantScope
from ionport.store.locks import lock_name

_ROLES = SystemScope("a person's roles")


@dataclass(frozen=True, slots=True)
class OrganizationRights:
    """A person's role (None: no member) and groups in an organization, of the groups it has."""

    organization: Organization
    role: OrganizationRole | None
    groups: frozenset[str]
    offered: Sequence[Group]


@dataclass(frozen=True, slots=True)
class PersonRights:
    """A person's rights wherever the reader is an administrator."""

    user: User
    tenants: Mapping[str, TenantRole | None]
    organizations: Mapping[str, OrganizationRights]


@dataclass(frozen=True, slots=True)
class WantedRights:
    """What a person shall have; what is not named stays as it is. None: no member."""

    tenants: Mapping[str, TenantRole | None] = field(default_factory=dict)
    organizations: Mapping[str, tuple[OrganizationRole | None, frozenset[str]]] = field(
        default_factory=dict
    )


@dataclass(eq=False, repr=False)
class RightsService:
    """Members of organizations, and the rights of a person as a whole."""

    _audit: AuditLog
    _identity: IdentityService
    _members: MemberService
    _groups: GroupService

    def list_colleagues(
        self, access: Access[OrganizationScope], text: str = "", page: PageRequest | None = None
    ) -> Page[Colleague]:
        """Return the organization's members with `text` in their names, by username."""
        access.require_organization_administrator()
        found = ColleagueRepository(access.connection).list(
            access.scope, text.strip(), page or PageRequest()
        )
        names = GroupRepository(access.connection).names_of(
            access.scope, [one.user.id for one in found.items]
        )
        items = [replace(one, groups=names.get(one.user.id, ())) for one in found.items]
        return Page(items, found.total, found.request)

    def list_people(
        self,
        access: Access[OrganizationScope],
        tenant_ids: Sequence[str],
        text: str = "",
        page: PageRequest | None = None,
    ) -> Page[Person]:
        """Return the members of the organization and of these tenants, as `list_colleagues`.

        Raises Forbidden: the actor does not administer all of them.
        """
        access.require_organization_administrator()
        for tenant_id in tenant_ids:
            access.within(TenantScope(tenant_id)).require_tenant_administrator()
        colleagues = ColleagueRepository(access.connection)
        found = colleagues.people(access.scope, tenant_ids, text.strip(), page or PageRequest())
        ids = [one.user.id for one in found.items]
        names = GroupRepository(access.connection).names_of(access.scope, ids)
        roles = colleagues.tenant_roles(_ROLES, ids, tenant_ids) if tenant_ids else {}
        items = [
            replace(one, groups=names.get(one.user.id, ()), tenants=roles.get(one.user.id, {}))
            for one in found.items
        ]
        return Page(items, found.total, found.request)

    def get_colleague(self, access: Access[OrganizationScope], user_id: str) -> Colleague:
        """Return a member of the organization; raises NotFound."""
        access.require_organization_administrator()
        found = ColleagueRepository(access.connection).find(access.scope, user_id)
        return existing(found, _("There is no such user in this organization."))

    def add_colleague(
        self,
        access: Access[OrganizationScope],
        new: NewUser,
        password_hash: str,
        role: OrganizationRole,
        groups: frozenset[str],
    ) -> Colleague:
        """Make a user who belongs to this organization and to nothing else.

        Raises:
            InvalidInput: a bad username, name or e-mail address, or the username is taken.
            NotFound: a group is none of the organization.
        """
        access.require_organization_administrator()
        user = self._identity.add_user(access.work, new, password_hash)
        self._audit.record(access, UserAction.CREATED, user.id, {"name": user.username})
        nothing = self._in_organization(access, user.id, None)
        self._set_in_organization(access, user.id, nothing, role, groups)
        return self.get_colleague(access, user.id)

    def remove_colleague(self, access: Access[OrganizationScope], user_id: str) -> None:
        """Take a person out of the organization and its groups; the account stays.

        Raises:
            Conflict: the organization would be left without an administrator.
        """
        self._lock(access)
        colleague = self.get_colleague(access, user_id)
        self._require_other_administrator(access, colleague)
        ColleagueRepository(access.connection).remove(access.scope, user_id)
        details = {"name": colleague.user.username}
        self._audit.record(access, GroupAction.EXPELLED, user_id, details)

    def of_person(
        self, access: Access[TenantScope] | Access[OrganizationScope], user_id: str
    ) -> PersonRights:
        """Return the rights of a member of the tenant or the organization.

        Raises:
            Forbidden: the actor administers neither.
            NotFound: the person is no member there.
        """
        user = self._user(access, user_id)
        users = UserRepository(access.connection)
        tenants = dict(users.tenant_roles(_ROLES, user_id))
        roles = dict(users.organization_roles(_ROLES, user_id))
        return PersonRights(
            user,
            {
                tenant_id: tenants.get(tenant_id)
                for tenant_id, role in sorted(access.actor.tenant_roles)
                if role is TenantRole.IONAPI_ADMINISTRATOR
            },
            {
                organization_id: self._in_organization(
                    access.within(OrganizationScope(organization_id)),
                    user_id,
                    roles.get(organization_id),
                )
                for organization_id, role in sorted(access.actor.organization_roles)
                if role is OrganizationRole.ADMINISTRATOR
            },
        )

    def set_of_person(
        self,
        access: Access[TenantScope] | Access[OrganizationScope],
        user_id: str,
        wanted: WantedRights,
    ) -> None:
        """Give a person these rights, all of them or none.

        What the actor does not administer is not touched, whatever `wanted` says of it.

        Raises:
            Forbidden, NotFound: as `of_person`; or a group is none of its organization.
            Conflict: a tenant or an organization would be left without an administrator.
        """
        before = self.of_person(access, user_id)
        for tenant_id, now in before.tenants.items():
            role = wanted.tenants.get(tenant_id, now)
            if role is not now:
                self._set_tenant_role(access.within(TenantScope(tenant_id)), user_id, role, now)
        for organization_id, stored in before.organizations.items():
            if organization_id in wanted.organizations:
                of_organization = access.within(OrganizationScope(organization_id))
                self._set_in_organization(
                    of_organization, user_id, stored, *wanted.organizations[organization_id]
                )

    def _user(self, access: Access[TenantScope] | Access[OrganizationScope], user_id: str) -> User:
        if isinstance(access.scope, TenantScope):
            return self._members.get_member(access.within(access.scope), user_id).user
        return self.get_colleague(access.within(access.scope), user_id).user

    def _in_organization(
        self, access: Access[OrganizationScope], user_id: str, role: OrganizationRole | None
    ) -> OrganizationRights:
        return OrganizationRights(
            self._identity.get_organization(access),
            role,
            self._groups.of_user(access, user_id),
            self._groups.list(access),
        )

    def _set_tenant_role(
        self,
        access: Access[TenantScope],
        user_id: str,
        role: TenantRole | None,
        now: TenantRole | None,
    ) -> None:
        if role is None:
            self._members.remove_member(access, user_id)
        elif now is None:
            self._identity.set_tenant_role(
                access.work, access.actor, user_id, access.scope.tenant_id, role
            )
        else:
            self._members.set_role(access, user_id, role)

    def _set_in_organization(
        self,
        access: Access[OrganizationScope],
        user_id: str,
        stored: OrganizationRights,
        role: OrganizationRole | None,
        groups: frozenset[str],
    ) -> None:
        if role is None:
            if stored.role is not None:
                self.remove_colleague(access, user_id)
            return
        if role is not stored.role:
            if stored.role is OrganizationRole.ADMINISTRATOR:
                self._lock(access)
                self._require_other_administrator(access, self.get_colleague(access, user_id))
            self._identity.set_organization_role(
                access.work, access.actor, user_id, access.scope.organization_id, role
            )
        self._groups.set_of_user(access, user_id, groups)

    def _lock(self, access: Access[OrganizationScope]) -> None:
        # Of two administrators who remove each other at once, the second is refused.
        lock_name(access.connection, f"administrators {access.scope.organization_id}")

    def _require_other_administrator(
        self, access: Access[OrganizationScope], colleague: Colleague
    ) -> None:
        if colleague.role is not OrganizationRole.ADMINISTRATOR or colleague.user.is_disabled:
            return
        colleagues = ColleagueRepository(access.connection)
        if not colleagues.has_other_administrator(access.scope, colleague.user.id):
            raise Conflict(
                _(
                    "This is the only administrator of the organization. Give the role to somebody"
                    " else first."
                ),
                code="last_administrator",
            )
