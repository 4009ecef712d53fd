"""What groups grant: by permission, and by document type."""

from __future__ import annotations

import pytest

from ionport.core.errors import Forbidden
from ionport.identity.access import Access
from ionport.identity.groups.permissions import (
    OF_MEMBERS,
    Grant,
    Permission,
    Rights,
    with_sight,
)
from ionport.identity.model import Actor, OrganizationRole
from ionport.store import Database, OrganizationScope

ORGANIZATION = "org_1"
OTHER = "org_2"
IN_BOTH = frozenset(
    {(ORGANIZATION, OrganizationRole.USER), (OTHER, OrganizationRole.ADMINISTRATOR)}
)


def _member(*grants: Grant) -> Actor:
    rights = frozenset({(ORGANIZATION, Rights(frozenset(grants)))}) if grants else frozenset()
    return Actor("usr_1", "bob", organization_roles=IN_BOTH, rights=rights)


@pytest.mark.parametrize("permission", list(Permission))
def test_a_permission_is_had_with_the_grant_and_not_without(
    database: Database, permission: Permission
) -> None:
    others = frozenset(Grant(one) for one in Permission if one is not permission)
    with database.read() as work:
        scope = OrganizationScope(ORGANIZATION)
        Access(work, scope, _member(Grant(permission))).require(permission, "INVOICE")
        with pytest.raises(Forbidden) as error:
            Access(work, scope, _member(*others)).require(permission, "INVOICE")
    assert error.value.code == "needs_permission"
    assert permission.label in error.value.text


@pytest.mark.parametrize("permission", list(Permission))
def test_administrators_and_the_operator_have_every_permission(permission: Permission) -> None:
    assert _member().may(OTHER, permission, "INVOICE")
    assert Actor.operator().may(OTHER, permission, "INVOICE")
    assert _member().types_for(OTHER, permission) is None


@pytest.mark.parametrize("permission", list(Permission))
def test_a_member_without_groups_has_what_members_had_before_there_were_groups(
    permission: Permission,
) -> None:
    assert _member().may(ORGANIZATION, permission, "INVOICE") is (permission in OF_MEMBERS)


@pytest.mark.parametrize("permission", list(Permission))
def test_who_is_no_member_has_no_permission(permission: Permission) -> None:
    stranger = Actor("usr_2", "eve")
    assert not stranger.may(ORGANIZATION, permission)
    assert stranger.types_for(ORGANIZATION, permission) == frozenset()


def test_a_grant_for_one_document_type_is_none_for_another() -> None:
    actor = _member(Grant(Permission.DECIDE, "INVOICE"))
    assert actor.may(ORGANIZATION, Permission.DECIDE, "INVOICE")
    assert actor.may(ORGANIZATION, Permission.DECIDE)
    assert not actor.may(ORGANIZATION, Permission.DECIDE, "CREDIT_NOTE")
    assert actor.types_for(ORGANIZATION, Permission.DECIDE) == {"INVOICE"}


def test_a_group_that_grants_nothing_leaves_nothing() -> None:
    rights = frozenset({(ORGANIZATION, Rights(frozenset()))})
    actor = Actor("usr_1", "bob", organization_roles=IN_BOTH, rights=rights)
    assert not actor.may(ORGANIZATION, Permission.SEE)


def test_who_may_do_anything_with_a_document_may_see_it() -> None:
    assert with_sight([Grant(Permission.EXPORT, "INVOICE")]) == {
        Grant(Permission.EXPORT, "INVOICE"),
        Grant(Permission.SEE, "INVOICE"),
    }
    connections = Grant(Permission.MANAGE_CONNECTIONS)
    assert with_sight([Grant(Permission.MANAGE_CONNECTIONS, "INVOICE")]) == {connections}
    assert with_sight([Grant(Permission.SEE), Grant(Permission.SEE, "INVOICE")]) == {
        Grant(Permission.SEE)
    }
