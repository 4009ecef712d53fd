"""What people and operators do with users, tenants and organizations.

Methods that store a password take its hash, made by `hash_password` outside of any transaction:
hashing takes about 150 ms of a core.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import NoReturn

from sqlalchemy.exc import IntegrityError

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound, check_all, existing
from ionport.core.i18n import LANGUAGES, _
from ionport.core.ids import new_id, new_uuid, random_token
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import (
    Actor,
    MembershipAction,
    Organization,
    OrganizationAction,
    OrganizationRole,
    Tenant,
    TenantAction,
    TenantRole,
    User,
    UserAction,
    check_tenant_id,
    time_zones,
    username_key,
)
from ionport.identity.passwords import Passwords
from ionport.identity.repository import (
    OrganizationRepository,
    SessionRepository,
    TenantRepository,
    UserRepository,
)
from ionport.store import OrganizationScope, ScopedWork, SystemScope, TenantScope, Work

_OPERATOR = SystemScope("operator")


@dataclass(frozen=True, slots=True)
class NewUser:
    """What a person tells about themselves; checked when the user is made."""

    username: str
    full_name: str = ""
    email: str = ""


class IdentityService:
    """Users, tenants and organizations."""

    def __init__(self, clock: Clock, audit: AuditLog, passwords: Passwords) -> None:
        self._clock = clock
        self._audit = audit
        self._passwords = passwords

    def ensure_tenant(self, work: Work, tenant_id: str) -> Tenant:
        """Return the tenant, made now when it is not there yet."""
        found = TenantRepository(work.connection).find(TenantScope(check_tenant_id(tenant_id)))
        return found or self._add_tenant(work, tenant_id)

    def create_tenant(
        self, work: Work, actor: Actor, tenant_id: str, administrator_id: str | None = None
    ) -> Tenant:
        """Make a tenant; with `administrator_id` that user becomes its IONAPI-Administrator.

        Raises:
            InvalidInput: not a tenant id.
            Conflict: the tenant exists.
        """
        _require_operator(actor)
        scope = TenantScope(check_tenant_id(tenant_id))
        if TenantRepository(work.connection).find(scope) is not None:
            raise Conflict(
                _("Tenant {tenant} exists already.").format(tenant=tenant_id),
                existing_id=tenant_id,
            )
        tenant = self._add_tenant(work, tenant_id)
        if administrator_id is not None:
            self.set_tenant_role(
                work, actor, administrator_id, tenant_id, TenantRole.IONAPI_ADMINISTRATOR
            )
        self._audit.record(Access(work, scope, actor), TenantAction.CREATED, tenant_id)
        return tenant

    def _add_tenant(self, work: Work, tenant_id: str) -> Tenant:
        tenant = Tenant(id=tenant_id, created_at=self._clock.now())
        TenantRepository(work.connection).add(_OPERATOR, tenant)
        return tenant

    def get_tenant(self, access: ScopedWork[TenantScope]) -> Tenant:
        """Return the tenant; raises NotFound."""
        tenant = TenantRepository(access.connection).find(access.scope)
        return existing(tenant, _("There is no such tenant."))

    def list_tenants(self, work: Work) -> list[Tenant]:
        """Return every tenant (at most 200), by id."""
        return TenantRepository(work.connection).list_all(_OPERATOR)

    def ensure_organization(self, work: Work, name: str) -> Organization:
        """Return the oldest organization, made now with `name` when there is none yet."""
        existing = OrganizationRepository(work.connection).list_top(_OPERATOR)
        return existing[0] if existing else self._add_organization(work, name, None)

    def create_organization(
        self, work: Work, actor: Actor, name: str, administrator_id: str
    ) -> Organization:
        """Make an organization of its own, whose administrator that user becomes.

        Raises:
            InvalidInput: no name, or a long one.
            Conflict: an organization has this name, letter case aside.
        """
        _require_operator(actor)
        plain = _plain_text(name, "name", 200, required=True)
        for known in self.list_organizations(work):
            if known.name.casefold() == plain.casefold():
                text = _("An organization is called {name} already.").format(name=known.name)
                raise Conflict(text, existing_id=known.id)
        made = self._add_organization(work, plain, None)
        self.set_organization_role(
            work, actor, administrator_id, made.id, OrganizationRole.ADMINISTRATOR
        )
        access = Access(work, OrganizationScope(made.id), actor)
        self._audit.record(access, OrganizationAction.CREATED, made.id)
        return made

    def create_sub_organization(self, access: Access[OrganizationScope], name: str) -> Organization:
        """Make a sub-organization of the organization in `scope`."""
        access.require_organization_administrator()
        self.get_organization(access)
        organization = self._add_organization(
            access.work, _plain_text(name, "name", 200, required=True), access.scope.organization_id
        )
        self._audit.record(access, OrganizationAction.SUB_ORGANIZATION_CREATED, organization.id)
        return organization

    def rename_organization(self, access: Access[OrganizationScope], name: str) -> None:
        """Give the organization another name; raises InvalidInput for none and for a long one."""
        access.require_organization_administrator()
        before = self.get_organization(access)
        after = _plain_text(name, "name", 200, required=True)
        if after != before.name:
            OrganizationRepository(access.connection).rename(access.scope, after)
            details = {"name": after, "before": before.name}
            self._audit.record(access, OrganizationAction.RENAMED, before.id, details)

    def set_time_zone(self, access: Access[OrganizationScope], time_zone: str) -> None:
        """Tell times in a zone of the IANA database; empty: in each reader's own.

        Raises InvalidInput for a name that is none.
        """
        access.require_organization_administrator()
        if time_zone and time_zone not in time_zones():
            text = _("Choose one of these.")
            raise InvalidInput(text, fields={"time_zone": text})
        before = self.get_organization(access)
        if time_zone != before.time_zone:
            OrganizationRepository(access.connection).set_time_zone(access.scope, time_zone)
            details = {"new": time_zone, "before": before.time_zone}
            self._audit.record(access, OrganizationAction.TIME_ZONE_SET, before.id, details)

    def _add_organization(self, work: Work, name: str, parent_id: str | None) -> Organization:
        organization = Organization(id=new_id("org"), name=name, parent_id=parent_id)
        OrganizationRepository(work.connection).add(_OPERATOR, organization, self._clock.now())
        return organization

    def get_organization(self, access: ScopedWork[OrganizationScope]) -> Organization:
        """Return the organization; raises NotFound."""
        organization = OrganizationRepository(access.connection).find(access.scope)
        return existing(organization, _("There is no such organization."))

    def list_organizations(self, work: Work) -> list[Organization]:
        """Return the top organizations (at most 500), oldest first."""
        return OrganizationRepository(work.connection).list_top(_OPERATOR)

    def list_organizations_of(self, work: Work, actor: Actor) -> list[Organization]:
        """Return the top organizations that a person belongs to, oldest first."""
        mine = {organization_id for organization_id, _role in actor.organization_roles}
        return OrganizationRepository(work.connection).list_top(_OPERATOR, mine)

    def list_sub_organizations(self, access: ScopedWork[OrganizationScope]) -> list[Organization]:
        """Return the sub-organizations of the organization in `scope` (at most 500), by name."""
        return OrganizationRepository(access.connection).list_sub(access.scope)

    def hash_password(self, password: Secret) -> str:
        """Return the argon2id hash to store; call it outside a transaction.

        Raises:
            InvalidInput: shorter than 12 or longer than 200 characters.
        """
        return self._passwords.hash(password)

    def create_user(self, work: Work, actor: Actor, new: NewUser, password_hash: str) -> User:
        """Make a user without any role.

        Raises:
            InvalidInput: a bad username, name or e-mail address; or the username is taken,
                letter case aside.
        """
        _require_operator(actor)
        user = self.add_user(work, new, password_hash)
        self._audit.record(Access(work, _OPERATOR, actor), UserAction.CREATED, user.id)
        return user

    def check_password(self, password: Secret) -> None:
        """Raise InvalidInput as `hash_password` does."""
        self._passwords.check(password)

    def check_new_user(self, new: NewUser) -> None:
        """Raise InvalidInput for what is wrong by itself: username, name, e-mail address; all."""
        check_all(
            lambda: _key_of(new.username),
            lambda: _plain_text(new.full_name, "full_name", 200),
            lambda: _email(new.email),
        )

    def add_user(self, work: Work, new: NewUser, password_hash: str) -> User:
        """Make a user; the callers check the right."""
        self.check_new_user(new)
        username = unicodedata.normalize("NFC", new.username.strip())
        key = _key_of(username)
        user = User(
            id=new_id("usr"),
            username=username,
            full_name=_plain_text(new.full_name, "full_name", 200) or username,
            email=_email(new.email),
            identity2=new_uuid(),
            is_disabled=False,
            created_at=self._clock.now(),
        )
        repository = UserRepository(work.connection)
        if repository.find_by_key(_OPERATOR, key) is not None:
            _username_taken()
        try:
            repository.add(_OPERATOR, user, key, password_hash)
        except IntegrityError:
            _username_taken()
        return user

    def find_user(self, work: Work, username: str) -> User | None:
        """Return the user with this username in any letter case, for the operator."""
        key = username_key(username)
        found = UserRepository(work.connection).find_by_key(_OPERATOR, key) if key else None
        return found[0] if found else None

    def require_user(self, work: Work, actor: Actor, username: str) -> User:
        """Return the user with this username, for the operator; raises NotFound."""
        _require_operator(actor)
        user = self.find_user(work, username)
        return existing(user, _("There is no user {name}.").format(name=username), code="no_user")

    def set_tenant_role(
        self, work: Work, actor: Actor, user_id: str, tenant_id: str, role: TenantRole
    ) -> None:
        """Make the user a member of the tenant with `role`, or change the role."""
        actor.require_tenant_administrator(tenant_id)
        scope = TenantScope(tenant_id)
        self.get_tenant(work.within(scope))
        _require_user(work, user_id)
        TenantRepository(work.connection).set_role(scope, user_id, role)
        self._audit.record(
            Access(work, scope, actor), MembershipAction.SET, user_id, {"role": role.value}
        )

    def set_organization_role(
        self,
        work: Work,
        actor: Actor,
        user_id: str,
        organization_id: str,
        role: OrganizationRole,
    ) -> None:
        """Make the user a member of the organization with `role`, or change the role."""
        actor.require_organization_administrator(organization_id)
        scope = OrganizationScope(organization_id)
        self.get_organization(work.within(scope))
        _require_user(work, user_id)
        OrganizationRepository(work.connection).set_role(scope, user_id, role)
        self._audit.record(
            Access(work, scope, actor), MembershipAction.SET, user_id, {"role": role.value}
        )

    def reset_password(self, work: Work, actor: Actor, username: str, password_hash: str) -> User:
        """Set a user's password and end all the user's sessions; for the operator.

        Raises:
            NotFound: no such user.
        """
        user = self.require_user(work, actor, username)
        self.store_password(work, user.id, password_hash, keep_session=None)
        self._audit.record(Access(work, _OPERATOR, actor), UserAction.PASSWORD_RESET, user.id)
        return user

    def hash_of_nothing(self) -> str:
        """Return a hash that no password is known for, of a user who has yet to choose one.

        It is a real one, so that signing in takes as long as with any other account.
        """
        return self._passwords.hash(random_token(32))

    def store_password(
        self, work: Work, user_id: str, password_hash: str, *, keep_session: str | None
    ) -> None:
        """Set a user's password and end the user's sessions but `keep_session` (a digest)."""
        UserRepository(work.connection).set_password(_OPERATOR, user_id, password_hash)
        SessionRepository(work.connection).remove_of_user(_OPERATOR, user_id, keep_session)

    def choose_language(self, work: Work, user_id: str, language: str) -> None:
        """Keep the language in which a person wants the pages; empty: as the browser asks.

        Raises:
            InvalidInput: the pages are not in that language.
        """
        if language and language not in LANGUAGES:
            text = _("The pages are in English, German and French.")
            raise InvalidInput(text, fields={"language": text})
        UserRepository(work.connection).set_language(_OPERATOR, user_id, language)

    def search_users(
        self, access: ScopedWork[TenantScope], text: str, limit: int = 20
    ) -> list[User]:
        """Return the tenant's active users whose username, name or e-mail contains `text`."""
        wanted = text.strip().replace("\x00", "")[:100]
        return TenantRepository(access.connection).search_members(
            access.scope, wanted, min(limit, 100)
        )

    def get_user(self, access: ScopedWork[TenantScope], user_id: str) -> User:
        """Return a member of the tenant; raises NotFound."""
        user = TenantRepository(access.connection).find_member(access.scope, user_id)
        return existing(user, _("There is no such user in this tenant."))


def _require_operator(actor: Actor) -> None:
    if not actor.is_operator:
        raise Forbidden(_("Only the operator does this, at the command line."))


def _require_user(work: Work, user_id: str) -> None:
    if UserRepository(work.connection).find(_OPERATOR, user_id) is None:
        raise NotFound(_("There is no such user."))


def _key_of(username: str) -> str:
    key = username_key(unicodedata.normalize("NFC", username.strip()))
    if key is None:
        text = _("Use 1 to 100 letters, digits and . @ + - _ without spaces.")
        raise InvalidInput(text, fields={"username": text})
    return key


def _plain_text(text: str, field: str, limit: int, *, required: bool = False) -> str:
    plain = unicodedata.normalize("NFC", text.strip())
    if required and not plain:
        raise InvalidInput(_("Fill in this field."), fields={field: _("Fill in this field.")})
    if len(plain) > limit or not plain.isprintable():
        text = _("Use at most {n} characters on one line.").format(n=limit)
        raise InvalidInput(text, fields={field: text})
    return plain


def _email(text: str) -> str:
    email = _plain_text(text, "email", 254)
    if email and not re.fullmatch(r"[^\s@]+@[^\s@]+", email):
        wrong = _("This is not an e-mail address.")
        raise InvalidInput(wrong, fields={"email": wrong})
    return email


def _username_taken() -> NoReturn:
    text = _("This username is taken. Choose another.")
    raise InvalidInput(text, code="username_taken", fields={"username": text})
