"""What a tenant's administrator does with its users.

A user stands above tenants, so the administrator of one may not close or take over an account
that is also used elsewhere: disabling a user and making a link to set a password need the role
in every tenant and organization that the user belongs to.
"""

from __future__ import annotations

from ionport.core.errors import Conflict, Forbidden, existing
from ionport.core.i18n import _
from ionport.core.paging import Page
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.members.model import Member, MemberQuery
from ionport.identity.members.repository import MemberRepository
from ionport.identity.model import MembershipAction, TenantRole, UserAction
from ionport.identity.repository import SessionRepository, UserRepository
from ionport.identity.service import IdentityService, NewUser
from ionport.store import AnyScope, ScopedWork, SystemScope, TenantScope

_MEMBERS = SystemScope("members")


class MemberService:
    """Users of a tenant: every method needs the role IONAPI-Administrator there."""

    def __init__(self, audit: AuditLog, identity: IdentityService) -> None:
        self._audit = audit
        self._identity = identity

    def list_members(
        self, access: Access[TenantScope], query: MemberQuery | None = None
    ) -> Page[Member]:
        """Return one page of the tenant's users, by username unless `query` says otherwise."""
        access.require_tenant_administrator()
        return MemberRepository(access.connection).list(access.scope, query or MemberQuery())

    def get_member(self, access: Access[TenantScope], user_id: str) -> Member:
        """Return a user; raises NotFound for a user of other tenants alone."""
        access.require_tenant_administrator()
        member = MemberRepository(access.connection).find(access.scope, user_id)
        return existing(member, _("There is no such user in this tenant."))

    def is_used_elsewhere(self, access: Access[TenantScope], user_id: str) -> bool:
        """Tell whether the user belongs to a tenant or organization not `actor`'s to administer."""
        self.get_member(access, user_id)
        return not administers_account(access, user_id)

    def add_member(
        self, access: Access[TenantScope], new: NewUser, password_hash: str, role: TenantRole
    ) -> Member:
        """Make a user with `role` in this tenant and in no other.

        Raises:
            InvalidInput: a bad username, name or e-mail address, or the username is taken.
        """
        access.require_tenant_administrator()
        user = self._identity.add_user(access.work, new, password_hash)
        self._audit.record(access, UserAction.CREATED, user.id, {"name": user.username})
        self._identity.set_tenant_role(
            access.work, access.actor, user.id, access.scope.tenant_id, role
        )
        return Member(user=user, role=role)

    def set_role(self, access: Access[TenantScope], user_id: str, role: TenantRole) -> None:
        """Change what a user may do in this tenant.

        Raises:
            Conflict: the tenant would be left without an administrator.
        """
        member = self._locked_member(access, user_id)
        if role is member.role:
            return
        if role is not TenantRole.IONAPI_ADMINISTRATOR:
            self._require_other_administrator(access, member)
        self._identity.set_tenant_role(
            access.work, access.actor, user_id, access.scope.tenant_id, role
        )

    def remove_member(self, access: Access[TenantScope], user_id: str) -> None:
        """Take a user out of this tenant; the account and other memberships stay.

        Raises:
            Conflict: the tenant would be left without an administrator.
        """
        member = self._locked_member(access, user_id)
        self._require_other_administrator(access, member)
        MemberRepository(access.connection).remove(access.scope, user_id)
        details = {"name": member.user.username}
        self._audit.record(access, MembershipAction.REMOVED, user_id, details)

    def set_disabled(self, access: Access[TenantScope], user_id: str, disabled: bool) -> None:
        """Close a user's account and end its sessions, or open it again.

        Raises:
            Conflict: it is the actor's own account, or the tenant's last administrator's.
            Forbidden: the account is used elsewhere, see `is_used_elsewhere`.
        """
        member = self.require_whole_account(access, user_id)
        if disabled:
            if user_id == access.actor.user_id:
                raise Conflict(_("You cannot disable your own account."), code="own_account")
            for tenant_id, role in UserRepository(access.connection).tenant_roles(
                _MEMBERS, user_id
            ):
                of_tenant = TenantScope(tenant_id)
                MemberRepository(access.connection).lock(of_tenant)
                self._require_other_administrator(
                    access.within(of_tenant), Member(member.user, role)
                )
            SessionRepository(access.connection).remove_of_user(_MEMBERS, user_id, None)
        MemberRepository(access.connection).set_disabled(_MEMBERS, user_id, disabled)
        action = UserAction.DISABLED if disabled else UserAction.ENABLED
        details = {"name": member.user.username}
        self._audit.record(access, action, user_id, details)

    def _locked_member(self, access: Access[TenantScope], user_id: str) -> Member:
        access.require_tenant_administrator()
        MemberRepository(access.connection).lock(access.scope)
        return self.get_member(access, user_id)

    def _require_other_administrator(self, access: ScopedWork[TenantScope], member: Member) -> None:
        if member.role is not TenantRole.IONAPI_ADMINISTRATOR or member.user.is_disabled:
            return
        members = MemberRepository(access.connection)
        if not members.has_other_administrator(access.scope, member.user.id):
            raise Conflict(
                _(
                    "This is the only IONAPI-Administrator of tenant {tenant}. Give the role to"
                    " somebody else first."
                ).format(tenant=access.scope.tenant_id),
                code="last_administrator",
            )

    def require_whole_account(self, access: Access[TenantScope], user_id: str) -> Member:
        """Return the user; raises Forbidden if the account is used elsewhere too."""
        member = self.get_member(access, user_id)
        if self.is_used_elsewhere(access, user_id):
            raise Forbidden(
                _(
                    "This account is also used where you are no administrator. Remove the user"
                    " from this tenant instead, or ask the operator of this server."
                ),
                code="account_used_elsewhere",
            )
        return member


def administers_account(access: Access[AnyScope], user_id: str) -> bool:
    """Tell whether the actor administers every tenant and organization of a user's."""
    users, actor = UserRepository(access.connection), access.actor
    return all(
        actor.is_tenant_administrator(tenant_id)
        for tenant_id, _role in users.tenant_roles(_MEMBERS, user_id)
    ) and all(
        actor.is_organization_administrator(organization_id)
        for organization_id, _role in users.organization_roles(_MEMBERS, user_id)
    )
