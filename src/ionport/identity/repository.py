"""The only SQL of identity."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, insert, or_, select, update

from ionport.core.files import OwnFolder
from ionport.core.i18n import SOURCE_LANGUAGE
from ionport.identity.model import (
    OpenSession,
    Organization,
    OrganizationRole,
    Tenant,
    TenantRole,
    User,
)
from ionport.identity.tables import (
    organization_memberships,
    organizations,
    sessions,
    setup_links,
    sign_in_attempts,
    tenant_memberships,
    tenants,
    users,
)
from ionport.store import OrganizationScope, SystemScope, TenantScope
from ionport.store.repository import Repository, columns_of, reader

MAX_TENANTS = 200
MAX_ORGANIZATIONS = 500


class TenantRepository(Repository):
    """Tenants and who belongs to them."""

    def add(self, scope: SystemScope, tenant: Tenant) -> None:
        self._run(insert(tenants).values(id=tenant.id, created_at=tenant.created_at))

    def find(self, scope: TenantScope) -> Tenant | None:
        return self._one(select(tenants).where(tenants.c.id == scope.tenant_id), reader(Tenant))

    def list_all(self, scope: SystemScope) -> list[Tenant]:
        return self._all(select(tenants).order_by(tenants.c.id).limit(MAX_TENANTS), reader(Tenant))

    def set_role(self, scope: TenantScope, user_id: str, role: TenantRole) -> None:
        own = {"user_id": user_id, "tenant_id": scope.tenant_id}
        self._put(tenant_memberships, role=role.value, **own)

    def search_members(self, scope: TenantScope, text: str, limit: int) -> list[User]:
        """Return active members whose username, name or e-mail address contains `text`."""
        return self._all(
            select(users)
            .join(tenant_memberships, tenant_memberships.c.user_id == users.c.id)
            .where(tenant_memberships.c.tenant_id == scope.tenant_id)
            .where(users.c.is_disabled.is_(False))
            .where(containing(text))
            .order_by(users.c.username_key)
            .limit(limit),
            user_of,
        )

    def find_member(self, scope: TenantScope, user_id: str) -> User | None:
        return self._one(
            select(users)
            .join(tenant_memberships, tenant_memberships.c.user_id == users.c.id)
            .where(tenant_memberships.c.tenant_id == scope.tenant_id, users.c.id == user_id),
            user_of,
        )


class OrganizationRepository(Repository):
    """Organizations, sub-organizations and who belongs to them."""

    def add(self, scope: SystemScope, organization: Organization, at: datetime) -> None:
        self._run(
            insert(organizations).values(columns_of(organizations, organization, created_at=at))
        )

    def find(self, scope: OrganizationScope) -> Organization | None:
        return self._one(
            select(organizations).where(organizations.c.id == scope.organization_id), _organization
        )

    def rename(self, scope: OrganizationScope, name: str) -> None:
        self._run(
            update(organizations)
            .where(organizations.c.id == scope.organization_id)
            .values(name=name)
        )

    def set_time_zone(self, scope: OrganizationScope, time_zone: str) -> None:
        self._connection.execute(
            update(organizations)
            .where(organizations.c.id == scope.organization_id)
            .values(time_zone=time_zone)
        )

    def own_folder(self, scope: OrganizationScope, root: Path | None) -> OwnFolder | None:
        """Return what an organization may name folders below.

        The first one may below `root`, as when it was the only one; each other in a folder of its
        id there, in which the first may name none.
        """
        if root is None:
            return None
        first, *others = self.list_top(SystemScope("folders of organizations"))
        if scope.organization_id != first.id:
            return OwnFolder(root / scope.organization_id)
        return OwnFolder(root, frozenset(other.id.casefold() for other in others))

    def list_top(
        self, scope: SystemScope, among: Collection[str] | None = None
    ) -> list[Organization]:
        """Return the organizations that are nobody's sub-organization, oldest first.

        With `among` only those of these ids.
        """
        top = select(organizations).where(organizations.c.parent_id.is_(None))
        if among is not None:
            top = top.where(organizations.c.id.in_(among))
        return self._all(
            top.order_by(organizations.c.created_at, organizations.c.id).limit(MAX_ORGANIZATIONS),
            _organization,
        )

    def list_sub(self, scope: OrganizationScope) -> list[Organization]:
        return self._all(
            select(organizations)
            .where(organizations.c.parent_id == scope.organization_id)
            .order_by(organizations.c.name)
            .limit(MAX_ORGANIZATIONS),
            _organization,
        )

    def set_role(self, scope: OrganizationScope, user_id: str, role: OrganizationRole) -> None:
        own = {"user_id": user_id, "organization_id": scope.organization_id}
        self._put(organization_memberships, role=role.value, **own)


class UserRepository(Repository):
    """Users; they stand above tenants and organizations, so the scope is the system's."""

    def add(self, scope: SystemScope, user: User, key: str, password_hash: str) -> None:
        self._run(
            insert(users).values(
                columns_of(users, user, username_key=key, password_hash=password_hash)
            )
        )

    def count(self, scope: SystemScope) -> int:
        return self._count(users)

    def find_by_key(self, scope: SystemScope, key: str) -> tuple[User, str] | None:
        """Return the user with the case-folded username `key` and the password hash."""
        return self._find(users.c.username_key == key)

    def find(self, scope: SystemScope, user_id: str) -> tuple[User, str] | None:
        return self._find(users.c.id == user_id)

    def _find(self, condition: Any) -> tuple[User, str] | None:
        row = self._run(select(users).where(condition)).one_or_none()
        return (user_of(row), row.password_hash) if row else None

    def set_password(self, scope: SystemScope, user_id: str, password_hash: str) -> None:
        self._run(update(users).where(users.c.id == user_id).values(password_hash=password_hash))

    def set_language(self, scope: SystemScope, user_id: str, language: str) -> None:
        self._run(update(users).where(users.c.id == user_id).values(language=language))

    def languages(self, scope: OrganizationScope, addresses: Sequence[str]) -> Sequence[str]:
        """Return the languages that the members with these e-mail addresses have chosen.

        In the order of the addresses, each once; English for who has chosen none or is no member.
        """
        wanted = [address.casefold() for address in addresses]
        members = select(organization_memberships.c.user_id).where(
            organization_memberships.c.organization_id == scope.organization_id
        )
        rows = self._run(
            select(func.lower(users.c.email).label("address"), users.c.language).where(
                func.lower(users.c.email).in_(wanted), users.c.id.in_(members)
            )
        )
        chosen = {row.address: row.language for row in rows if row.language}
        return list(dict.fromkeys(chosen.get(each, SOURCE_LANGUAGE) for each in wanted))

    def note_sign_in(self, scope: SystemScope, user_id: str, at: datetime) -> None:
        self._run(update(users).where(users.c.id == user_id).values(last_sign_in_at=at))

    def tenant_roles(self, scope: SystemScope, user_id: str) -> list[tuple[str, TenantRole]]:
        table = tenant_memberships
        rows = self._run(
            select(table.c.tenant_id, table.c.role)
            .where(table.c.user_id == user_id)
            .order_by(table.c.tenant_id)
            .limit(MAX_TENANTS)
        )
        return [(row.tenant_id, TenantRole(row.role)) for row in rows]

    def organization_roles(
        self, scope: SystemScope, user_id: str
    ) -> list[tuple[str, OrganizationRole]]:
        table = organization_memberships
        rows = self._run(
            select(table.c.organization_id, table.c.role)
            .where(table.c.user_id == user_id)
            .order_by(table.c.organization_id)
            .limit(MAX_ORGANIZATIONS)
        )
        return [(row.organization_id, OrganizationRole(row.role)) for row in rows]


class SessionRepository(Repository):
    """Sessions, set-up links and attempts to sign in."""

    def add(
        self,
        scope: SystemScope,
        digest: str,
        user_id: str,
        address: str,
        at: datetime,
        expires_at: datetime,
        device: str,
        begun_by: str,
    ) -> None:
        self._run(
            insert(sessions).values(
                digest=digest,
                user_id=user_id,
                address=address,
                created_at=at,
                seen_at=at,
                expires_at=expires_at,
                device=device,
                begun_by=begun_by,
            )
        )

    def find(self, scope: SystemScope, digest: str) -> tuple[Row[Any], User] | None:
        """Return a session with its user; None for an unknown one."""
        begun = (
            sessions.c.created_at.label("begun_at"),
            sessions.c.seen_at,
            sessions.c.expires_at,
            sessions.c.begun_by,
        )
        row = self._connection.execute(
            select(users, *begun)
            .join(sessions, sessions.c.user_id == users.c.id)
            .where(sessions.c.digest == digest)
        ).one_or_none()
        return (row, user_of(row)) if row else None

    def touch(self, scope: SystemScope, digest: str, at: datetime) -> None:
        self._run(update(sessions).where(sessions.c.digest == digest).values(seen_at=at))

    def list_of_user(
        self, scope: SystemScope, user_id: str, at: datetime, idle_since: datetime, limit: int
    ) -> Sequence[OpenSession]:
        """Return the sessions that a user can go on with, the latest seen first."""
        rows = self._run(
            select(sessions)
            .where(sessions.c.user_id == user_id)
            .where(sessions.c.expires_at > at, sessions.c.seen_at > idle_since)
            .order_by(sessions.c.seen_at.desc(), sessions.c.digest)
            .limit(limit)
        )
        return [
            OpenSession(
                row.digest, row.device or "", row.address or "", row.created_at, row.seen_at
            )
            for row in rows
        ]

    def remove(self, scope: SystemScope, digest: str) -> None:
        self._run(delete(sessions).where(sessions.c.digest == digest))

    def remove_one(self, scope: SystemScope, user_id: str, digest: str) -> bool:
        """End a session if it is the user's; tells whether it was."""
        own = (sessions.c.user_id == user_id) & (sessions.c.digest == digest)
        return self._run(delete(sessions).where(own)).rowcount == 1

    def remove_of_user(self, scope: SystemScope, user_id: str, keep: str | None) -> int:
        """End a user's sessions but `keep` (a digest); returns how many."""
        condition = sessions.c.user_id == user_id
        if keep is not None:
            condition &= sessions.c.digest != keep
        return self._run(delete(sessions).where(condition)).rowcount

    def remove_expired(self, scope: SystemScope, at: datetime, idle_since: datetime) -> None:
        self._run(
            delete(sessions).where(
                or_(sessions.c.expires_at <= at, sessions.c.seen_at <= idle_since)
            )
        )

    def replace_setup_link(
        self, scope: SystemScope, digest: str, at: datetime, expires_at: datetime
    ) -> None:
        """Store a set-up link and forget every earlier one."""
        self._run(delete(setup_links))
        self._run(insert(setup_links).values(digest=digest, created_at=at, expires_at=expires_at))

    def has_setup_link(self, scope: SystemScope, digest: str, at: datetime) -> bool:
        is_open = (setup_links.c.used_at.is_(None), setup_links.c.expires_at > at)
        return self._count(setup_links, setup_links.c.digest == digest, *is_open) == 1

    def is_setup_link_used(self, scope: SystemScope, digest: str) -> bool:
        query = select(setup_links.c.used_at).where(setup_links.c.digest == digest)
        return self._run(query).scalar_one_or_none() is not None

    def use_setup_link(self, scope: SystemScope, digest: str, at: datetime) -> bool:
        """Mark the link used; False when it is unknown, expired or was used before."""
        changed = self._run(
            update(setup_links)
            .where(setup_links.c.digest == digest)
            .where(setup_links.c.used_at.is_(None), setup_links.c.expires_at > at)
            .values(used_at=at)
        )
        return changed.rowcount == 1

    def add_attempt(
        self, scope: SystemScope, attempt_id: str, source_digest: str, address: str, at: datetime
    ) -> bool:
        """Write an attempt down; False when one of this id was written before."""
        new = self._insert(sign_in_attempts).values(
            id=attempt_id, username_digest=source_digest, address=address, at=at
        )
        added = new.on_conflict_do_nothing().returning(sign_in_attempts.c.id)
        return self._run(added).first() is not None

    def has_attempt(self, scope: SystemScope, attempt_id: str) -> bool:
        found = select(sign_in_attempts.c.id).where(sign_in_attempts.c.id == attempt_id)
        return self._run(found).first() is not None

    def recent_attempts(
        self,
        scope: SystemScope,
        since: datetime,
        limit: int,
        source_digest: str,
        address: str | None,
    ) -> Sequence[datetime]:
        """Return the newest `limit` attempts of a source, newest first; None: of any address."""
        query = (
            select(sign_in_attempts.c.at)
            .where(sign_in_attempts.c.at > since)
            .where(sign_in_attempts.c.username_digest == source_digest)
        )
        if address is not None:
            query = query.where(sign_in_attempts.c.address == address)
        query = query.order_by(sign_in_attempts.c.at.desc()).limit(limit)
        return self._run(query).scalars().all()

    def forgive_attempts(self, scope: SystemScope, source_digest: str, address: str) -> None:
        """Forget the attempts of one source from one address, after the right password."""
        self._run(
            delete(sign_in_attempts)
            .where(sign_in_attempts.c.username_digest == source_digest)
            .where(sign_in_attempts.c.address == address)
        )

    def remove_attempts_before(self, scope: SystemScope, at: datetime) -> None:
        self._run(delete(sign_in_attempts).where(sign_in_attempts.c.at <= at))


def containing(text: str) -> ColumnElement[bool]:
    """Return the condition that a user's username, name or e-mail address contains `text`."""
    columns = (users.c.username_key, func.lower(users.c.full_name), func.lower(users.c.email))
    return or_(*(column.contains(text.lower(), autoescape=True) for column in columns))


# Return the user of a row that has all columns of `users`.
user_of = reader(User)


_organization = reader(Organization)
