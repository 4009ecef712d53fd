"""What an organization's administrators do with its groups."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, NotFound
from ionport.core.http.texts import is_storable
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.groups.model import Group, GroupAction
from ionport.identity.groups.permissions import EVERY_TYPE, Grant, with_sight
from ionport.identity.groups.repository import GroupRepository
from ionport.store import OrganizationScope
from ionport.store.locks import lock_name

MAX_GROUPS: Final = 50
_MAX_NAME: Final = 80
_MAX_GRANTS: Final = 500


class GroupService:
    """Groups of an organization; every method raises Forbidden to who does not administer it."""

    def __init__(self, clock: Clock, audit: AuditLog) -> None:
        self._clock = clock
        self._audit = audit

    def list(self, access: Access[OrganizationScope]) -> Sequence[Group]:
        """Return the groups by name, at most `MAX_GROUPS`."""
        access.require_organization_administrator()
        return GroupRepository(access.connection).list(access.scope, MAX_GROUPS)

    def get(self, access: Access[OrganizationScope], group_id: str) -> Group:
        """Return one group; raises NotFound."""
        found = [group for group in self.list(access) if group.id == group_id]
        if not found:
            raise NotFound(_("There is no such group."), code="no_group")
        return found[0]

    def create(
        self, access: Access[OrganizationScope], name: str, grants: Collection[Grant]
    ) -> Group:
        """Make a group of nobody.

        Raises:
            InvalidInput: no name, a long one or one that is taken; or too many grants.
            Conflict: the organization has as many groups as it may have.
        """
        access.require_organization_administrator()
        # Two that begin at once would each count without the other.
        lock_name(access.connection, f"groups {access.scope.organization_id}")
        if len(self.list(access)) >= MAX_GROUPS:
            raise Conflict(
                _("This organization has {count} groups. Delete one first.").format(
                    count=MAX_GROUPS
                ),
                code="too_many_groups",
            )
        group = Group(new_id("grp"), *_checked(name, grants))
        key = self._free_key(access, group)
        GroupRepository(access.connection).add(access.scope, group, key, self._clock.now())
        self._audit.record(access, GroupAction.CREATED, group.id, _told(group))
        return group

    def change(
        self, access: Access[OrganizationScope], group_id: str, name: str, grants: Collection[Grant]
    ) -> Group:
        """Give a group another name and other grants; raises NotFound, else as `create`."""
        access.require_organization_administrator()
        lock_name(access.connection, f"groups {access.scope.organization_id}")
        before = self.get(access, group_id)
        new_name, new_grants = _checked(name, grants)
        group = replace(before, name=new_name, grants=new_grants)
        if group == before:
            return group
        GroupRepository(access.connection).change(
            access.scope, group, self._free_key(access, group)
        )
        self._audit.record(access, GroupAction.CHANGED, group.id, _told(group))
        return group

    def delete(self, access: Access[OrganizationScope], group_id: str) -> None:
        """Delete a group; who was in no other may do what a member without groups may."""
        lock_name(access.connection, f"groups {access.scope.organization_id}")
        group = self.get(access, group_id)
        GroupRepository(access.connection).remove(access.scope, group.id)
        self._audit.record(access, GroupAction.DELETED, group.id, {"name": group.name})

    def of_user(self, access: Access[OrganizationScope], user_id: str) -> frozenset[str]:
        """Return the ids of a person's groups."""
        access.require_organization_administrator()
        return GroupRepository(access.connection).of_user(access.scope, user_id)

    def set_of_user(
        self, access: Access[OrganizationScope], user_id: str, group_ids: Collection[str]
    ) -> None:
        """Put a member of the organization into these groups and into no other.

        Raises:
            NotFound: one of them is no group of the organization.
        """
        # Who is put into a group while it is deleted, or twice at once, waits.
        lock_name(access.connection, f"groups {access.scope.organization_id}")
        known = {group.id: group.name for group in self.list(access)}
        wanted = frozenset(group_ids)
        if not wanted <= known.keys():
            raise NotFound(_("There is no such group."), code="no_group")
        groups = GroupRepository(access.connection)
        before = groups.of_user(access.scope, user_id)
        groups.join(access.scope, user_id, wanted - before)
        groups.leave(access.scope, user_id, before - wanted)
        for action, changed in (
            (GroupAction.JOINED, wanted - before),
            (GroupAction.LEFT, before - wanted),
        ):
            if changed:
                names = ", ".join(sorted(known[one] for one in changed))
                self._audit.record(access, action, user_id, {"group": names})

    def _free_key(self, access: Access[OrganizationScope], group: Group) -> str:
        key = group.name.casefold()
        if GroupRepository(access.connection).has_name(access.scope, key, group.id):
            text = _("There is a group of this name already.")
            raise InvalidInput(text, code="group_name_taken", fields={"name": text})
        return key


def _checked(name: str, grants: Collection[Grant]) -> tuple[str, frozenset[Grant]]:
    plain = unicodedata.normalize("NFC", name.strip())
    if not plain or len(plain) > _MAX_NAME or not plain.isprintable():
        text = _("A name has 1 to {limit} letters.").format(limit=_MAX_NAME)
        raise InvalidInput(text, code="group_name", fields={"name": text})
    kinds = {kind for _permission, kind in grants}
    if len(grants) > _MAX_GRANTS or not all(is_storable(kind) for kind in kinds):
        raise InvalidInput(_("These are no permissions of a group."), code="group_grants")
    return plain, with_sight(grants)


def _told(group: Group) -> dict[str, str]:
    """Return what the audit log keeps of a group."""
    granted = sorted(
        permission.value if kind == EVERY_TYPE else f"{permission.value} {kind}"
        for permission, kind in group.grants
    )
    return {"name": group.name, "grants": ", ".join(granted)}
