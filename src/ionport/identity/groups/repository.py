"""SQL of groups, their grants and their members."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from ionport.identity.groups.model import Group
from ionport.identity.groups.permissions import Grant, Permission, Rights
from ionport.identity.groups.tables import user_group_grants, user_group_members, user_groups
from ionport.store import OrganizationScope, SystemScope
from ionport.store.repository import Repository, in_scope

_groups, _grants, _members = user_groups.c, user_group_grants.c, user_group_members.c
_KNOWN = frozenset(one.value for one in Permission)


class GroupRepository(Repository):
    """Groups of an organization."""

    def list(self, scope: OrganizationScope, limit: int) -> Sequence[Group]:
        """Return the groups by name, with how many people are in each."""
        members = (
            select(func.count())
            .select_from(user_group_members)
            .where(
                _members.organization_id == scope.organization_id, _members.group_id == _groups.id
            )
            .scalar_subquery()
        )
        rows = self._run(
            select(_groups.id, _groups.name, members.label("members"))
            .where(_groups.organization_id == scope.organization_id)
            .order_by(_groups.name_key)
            .limit(limit)
        ).all()
        granted = self._grants(scope)
        return [
            Group(row.id, row.name, granted.get(row.id, frozenset()), row.members) for row in rows
        ]

    def _grants(self, scope: OrganizationScope) -> Mapping[str, frozenset[Grant]]:
        rows = self._run(
            select(_grants.group_id, _grants.document_type, _grants.permission).where(
                _grants.organization_id == scope.organization_id
            )
        )
        found: defaultdict[str, set[Grant]] = defaultdict(set)
        for row in rows:
            found[row.group_id] |= _granted(row.permission, row.document_type)
        return {group_id: frozenset(grants) for group_id, grants in found.items()}

    def has_name(self, scope: OrganizationScope, key: str, besides: str) -> bool:
        """Tell whether another group than `besides` has a name, letter case aside."""
        rows = self._run(
            select(_groups.id)
            .where(in_scope(user_groups, scope, name_key=key))
            .where(_groups.id != besides)
        )
        return rows.first() is not None

    def add(self, scope: OrganizationScope, group: Group, key: str, at: datetime) -> None:
        self._run(
            insert(user_groups).values(
                id=group.id,
                organization_id=scope.organization_id,
                name=group.name,
                name_key=key,
                created_at=at,
            )
        )
        self._add_grants(scope, group)

    def change(self, scope: OrganizationScope, group: Group, key: str) -> None:
        self._run(
            update(user_groups)
            .where(in_scope(user_groups, scope, id=group.id))
            .values(name=group.name, name_key=key)
        )
        self._delete(user_group_grants, scope, group_id=group.id)
        self._add_grants(scope, group)

    def _add_grants(self, scope: OrganizationScope, group: Group) -> None:
        rows = [
            {
                "organization_id": scope.organization_id,
                "group_id": group.id,
                "document_type": kind,
                "permission": permission.value,
            }
            for permission, kind in sorted(group.grants)
        ]
        if rows:
            self._run(insert(user_group_grants), rows)

    def remove(self, scope: OrganizationScope, group_id: str) -> None:
        """Delete a group with its grants; its members are in it no longer."""
        self._delete(user_groups, scope, id=group_id)

    def of_user(self, scope: OrganizationScope, user_id: str) -> frozenset[str]:
        """Return the ids of a person's groups."""
        rows = self._run(
            select(_members.group_id).where(in_scope(user_group_members, scope, user_id=user_id))
        )
        return frozenset(rows.scalars())

    def names_of(
        self, scope: OrganizationScope, user_ids: Collection[str]
    ) -> Mapping[str, tuple[str, ...]]:
        """Return the names of the groups of some people (one page of a list)."""
        rows = self._run(
            select(_members.user_id, _groups.name)
            .join(user_groups, _groups.id == _members.group_id)
            .where(_members.organization_id == scope.organization_id)
            .where(_members.user_id.in_(user_ids))
            .order_by(_groups.name_key)
        )
        found: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
        for row in rows:
            found[row.user_id] += (row.name,)
        return found

    def join(self, scope: OrganizationScope, user_id: str, group_ids: Iterable[str]) -> None:
        rows = [
            {"organization_id": scope.organization_id, "group_id": one, "user_id": user_id}
            for one in sorted(group_ids)
        ]
        if rows:
            self._run(insert(user_group_members), rows)

    def leave(self, scope: OrganizationScope, user_id: str, group_ids: Collection[str]) -> None:
        self._run(
            delete(user_group_members)
            .where(_members.organization_id == scope.organization_id)
            .where(_members.user_id == user_id, _members.group_id.in_(group_ids))
        )


def rights_of_user(
    connection: Connection, scope: SystemScope, user_id: str
) -> frozenset[tuple[str, Rights]]:
    """Return what a user's groups grant, by organization; none where the user is in no group."""
    joined = user_group_members.outerjoin(user_group_grants, _grants.group_id == _members.group_id)
    rows = connection.execute(
        select(_members.organization_id, _grants.document_type, _grants.permission)
        .select_from(joined)
        .where(_members.user_id == user_id)
    )
    found: defaultdict[str, set[Grant]] = defaultdict(set)
    for row in rows:
        found[row.organization_id] |= _granted(row.permission, row.document_type)
    return frozenset((organization, Rights(frozenset(one))) for organization, one in found.items())


def _granted(permission: str, document_type: str) -> set[Grant]:
    """Return the grant of a row; a permission of a newer ionport grants nothing."""
    return {Grant(Permission(permission), document_type)} if permission in _KNOWN else set()
