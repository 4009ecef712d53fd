"""Values of identity: tenants, organizations, users, and the actor behind every change."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from functools import cache
from typing import Self
from zoneinfo import ZoneInfo, available_timezones

from ionport.core.errors import Forbidden, InvalidInput, Unauthenticated
from ionport.core.i18n import N_, _, gettext
from ionport.identity.groups.permissions import Permission, Rights
from ionport.identity.sign_in_ways import SignInWay
from ionport.store import OrganizationScope

_TENANT_ID = re.compile(r"[A-Z0-9]+_(PRD|TST|TRN|DEV|DEM)")
_USERNAME = re.compile(r"[\w.@+-]{1,100}")
_PROOF_LIFETIME = timedelta(minutes=5)
NEEDS_PERMISSION = "needs_permission"
"""The code of a refusal because none of the groups grants it."""


class TenantRole(StrEnum):
    """Roles in an Infor tenant (docs/reference/credentials.md#where-and-who)."""

    IONAPI_ADMINISTRATOR = "IONAPI-Administrator"
    USER = "user"

    @property
    def label(self) -> str:
        """The role in the user's words; the administrator's is Infor's own name."""
        return _("User") if self is TenantRole.USER else self.value


class OrganizationRole(StrEnum):
    """Roles in an organization of the document side."""

    ADMINISTRATOR = "administrator"
    USER = "user"

    @property
    def label(self) -> str:
        """The role in the user's words."""
        return _("User") if self is OrganizationRole.USER else _("Administrator")


@dataclass(frozen=True, slots=True)
class Tenant:
    """An Infor tenant; the id's suffix is its environment.

    Source: docs/decisions/0011-addresses-come-from-settings-never-from-the-host-header.md.
    """

    id: str
    created_at: datetime

    @property
    def environment(self) -> str:
        """One of PRD, TST, TRN, DEV, DEM."""
        return self.id.rpartition("_")[2]


@cache
def time_zones() -> frozenset[str]:
    """Return the names of the time zones that an organization may have."""
    kept = {name for name in available_timezones() if "/" in name and not name.startswith("Etc/")}
    return frozenset({*kept, "UTC"})


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization of the document side; with `parent_id` it is a sub-organization of that.

    `time_zone` is a name of the IANA database; empty: each reader's own.
    """

    id: str
    name: str
    parent_id: str | None
    time_zone: str = ""

    @property
    def zone(self) -> tzinfo | None:
        """The time zone that times are told in; None: each reader's own."""
        return ZoneInfo(self.time_zone) if self.time_zone in time_zones() else None


@dataclass(frozen=True, slots=True)
class User:
    """A person. `identity2` is the GUID that Infor's services know the person by.

    `language`: of the pages, as the person chose it; empty: as the browser asks.
    """

    id: str
    username: str
    full_name: str
    email: str
    identity2: str
    is_disabled: bool
    created_at: datetime
    last_sign_in_at: datetime | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a signed-in user with roles, or the operator at the command line.

    `rights` are what the user's groups grant, in each organization where the user is in one.
    """

    user_id: str | None
    name: str
    tenant_roles: frozenset[tuple[str, TenantRole]] = frozenset()
    organization_roles: frozenset[tuple[str, OrganizationRole]] = frozenset()
    is_operator: bool = False
    address: str | None = None
    rights: frozenset[tuple[str, Rights]] = frozenset()

    @classmethod
    def operator(cls, name: str = "command line") -> Actor:
        """The person at the command line, who owns the data folder and may do everything."""
        return cls(user_id=None, name=name, is_operator=True)

    def is_tenant_administrator(self, tenant_id: str) -> bool:
        wanted = (tenant_id, TenantRole.IONAPI_ADMINISTRATOR)
        return self.is_operator or wanted in self.tenant_roles

    def is_organization_administrator(self, organization_id: str) -> bool:
        wanted = (organization_id, OrganizationRole.ADMINISTRATOR)
        return self.is_operator or wanted in self.organization_roles

    def require_tenant_administrator(self, tenant_id: str) -> None:
        """Raise Forbidden unless the actor has the role IONAPI-Administrator in the tenant."""
        if not self.is_tenant_administrator(tenant_id):
            raise Forbidden(
                _("This needs the role IONAPI-Administrator in tenant {tenant}.").format(
                    tenant=tenant_id
                ),
                code="needs_ionapi_administrator",
            )

    def require_organization_administrator(self, organization_id: str) -> None:
        """Raise Forbidden unless the actor administers the organization."""
        if not self.is_organization_administrator(organization_id):
            raise Forbidden(
                _("This needs the role Administrator. Ask an administrator of your organization."),
                code="needs_organization_administrator",
            )

    def is_organization_member(self, organization_id: str) -> bool:
        return self.is_operator or any(
            organization == organization_id for organization, _r in self.organization_roles
        )

    def require_organization_member(self, organization_id: str) -> None:
        """Raise Forbidden unless the actor belongs to the organization in any role."""
        if not self.is_organization_member(organization_id):
            raise Forbidden(
                _("You are not a member of this organization."), code="needs_membership"
            )

    def may(
        self, organization_id: str, permission: Permission, document_type: str | None = None
    ) -> bool:
        """Tell whether the actor may do it with documents of a type; None: of any type."""
        if self.is_organization_administrator(organization_id):
            return True
        if not self.is_organization_member(organization_id):
            return False
        return self._rights(organization_id).allow(permission, document_type)

    def require(
        self, organization_id: str, permission: Permission, document_type: str | None = None
    ) -> None:
        """Raise Forbidden unless the actor may do it; None: with documents of any type."""
        self.require_organization_member(organization_id)
        if not self.may(organization_id, permission, document_type):
            raise Forbidden(
                _(
                    "This needs the permission “{permission}”. Ask an administrator of your"
                    " organization."
                ).format(permission=permission.label),
                code=NEEDS_PERMISSION,
            )

    def types_for(self, organization_id: str, permission: Permission) -> frozenset[str] | None:
        """Return with which document types the actor may do it; None for every type."""
        if self.is_organization_administrator(organization_id):
            return None
        if not self.is_organization_member(organization_id):
            return frozenset()
        return self._rights(organization_id).types(permission)

    def scope_in(self, organization_id: str) -> OrganizationScope:
        """Return the rows of an organization that the actor may see."""
        return OrganizationScope(organization_id, self.types_for(organization_id, Permission.SEE))

    def _rights(self, organization_id: str) -> Rights:
        return dict(self.rights).get(organization_id) or Rights.of_members()


def check_tenant_id(tenant_id: str) -> str:
    """Return `tenant_id` if it has Infor's shape; raises InvalidInput otherwise."""
    if not _TENANT_ID.fullmatch(tenant_id) or len(tenant_id) > 60:
        raise InvalidInput(
            _(
                "A tenant id is upper-case letters and digits, then _PRD, _TST, _TRN, _DEV or"
                " _DEM; for example ACME_TST."
            ),
            fields={"tenant": _("Not a tenant id.")},
        )
    return tenant_id


@dataclass(frozen=True, slots=True)
class PasswordProof:
    """A user has just typed their password again; what reveals a secret asks for one.

    Only `IdentityService.verify_password` makes it for a user; the operator at the command line,
    who owns the data folder, has `PasswordProof.operator(now)`.
    """

    user_id: str | None
    at: datetime

    @classmethod
    def operator(cls, now: datetime) -> PasswordProof:
        return cls(user_id=None, at=now)

    def require_for(self, actor: Actor, now: datetime) -> None:
        """Raise Unauthenticated unless the proof is `actor`'s own and at most 5 minutes old."""
        is_own = self.user_id == actor.user_id and (self.user_id is not None or actor.is_operator)
        if not (is_own and timedelta() <= now - self.at <= _PROOF_LIFETIME):
            raise Unauthenticated(_("Type your password again."), code="password_needed")


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. `is_stale` asks for `IdentityService.touch_session`.

    `needs_second_factor`: a setting has come to ask this person for one since it began, and it is
    good for setting one up and nothing else. `way` is None where it was not noted.
    """

    digest: str
    user: User
    actor: Actor
    created_at: datetime
    expires_at: datetime
    is_stale: bool
    needs_second_factor: bool = False
    way: SignInWay | None = None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its owner sees it; `device` is the browser's User-Agent at sign-in."""

    digest: str
    device: str
    address: str
    created_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change that matters: who did what to which thing, and when."""

    id: str
    scope: str
    actor_name: str
    actor_id: str | None
    address: str | None
    action: str
    subject: str
    details: Mapping[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which rows of the audit log are wanted; empty means all.

    `text` is looked for in subject, person, address and details; `person` is a whole name;
    `action` one machine name. `until` is the first moment that is not wanted. `after` is the row
    (time and id) that the last page ended with.
    """

    text: str = ""
    person: str = ""
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None
    after: tuple[datetime, str] | None = None
    limit: int = 50


def username_key(username: str) -> str | None:
    """Return what makes a username unique (letter case aside); None when it cannot be one."""
    name = unicodedata.normalize("NFC", username.strip())
    return name.casefold() if _USERNAME.fullmatch(name) else None


class AuditAction(StrEnum):
    """An action of the audit log: a stable machine name, and the words that people read.

    Each subject has its own, beside the service that records it.
    """

    words: str

    def __new__(cls, name: str, words: str) -> Self:
        """Make a member; `words` are marked by `N_` and translated when they are shown."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.words = words
        return member

    @property
    def label(self) -> str:
        """The words in the current language."""
        return gettext(self.words)


class ToolAction(AuditAction):
    """What the audit log tells of the tools that a program calls (`ionport.mcp`)."""

    CALLED = "tool.called", N_("Tool called by a program")


class UserAction(AuditAction):
    """What the audit log tells of a user."""

    CREATED = "user.created", N_("User added")
    DISABLED = "user.disabled", N_("User disabled")
    ENABLED = "user.enabled", N_("User enabled")
    PASSWORD_RESET = "user.password_reset", N_("Password set by an administrator")
    PASSWORD_CHANGED = "user.password_changed", N_("Password changed")
    SIGNED_IN = "user.signed_in", N_("Signed in")
    LINK_MADE = "user.link_made", N_("Link to set a password made")
    LINK_REVOKED = "user.link_revoked", N_("Link to set a password revoked")
    LINK_USED = "user.link_used", N_("Password set by a one-time link")
    FACTOR_ON = "user.second_factor_on", N_("Second factor switched on")
    FACTOR_OFF = "user.second_factor_off", N_("Second factor switched off")
    FACTOR_REFUSED = "user.second_factor_refused", N_("Wrong code of the second factor")
    RECOVERY_CODES_MADE = "user.recovery_codes_made", N_("New recovery codes made")
    RECOVERY_CODE_USED = "user.recovery_code_used", N_("Recovery code used")
    OPENID_BOUND = "user.openid_bound", N_("Bound to an account at the OpenID provider")
    OPENID_UNBOUND = "user.openid_unbound", N_("Accounts at the OpenID provider forgotten")
    SESSIONS_ENDED = "user.sessions_ended", N_("Sessions ended")


class MembershipAction(AuditAction):
    """What the audit log tells of a membership."""

    SET = "membership.set", N_("Role set")
    REMOVED = "membership.removed", N_("Removed from the tenant")


class TenantAction(AuditAction):
    """What the audit log tells of a tenant."""

    CREATED = "tenant.created", N_("Tenant added")
    SETTINGS_CHANGED = "tenant.settings_changed", N_("Configuration changed")


class OrganizationAction(AuditAction):
    """What the audit log tells of an organization."""

    CREATED = "organization.created", N_("Organization added")
    RENAMED = "organization.renamed", N_("Organization renamed")
    TIME_ZONE_SET = "organization.time_zone_set", N_("Time zone of the organization set")
    SUB_ORGANIZATION_CREATED = "sub_organization.created", N_("Sub-organization added")
