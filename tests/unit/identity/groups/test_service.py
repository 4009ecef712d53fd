"""Groups of an organization: made, changed, deleted, and who is in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.identity.groups.permissions import Grant, Permission
from ionport.identity.groups.service import MAX_GROUPS, GroupService
from ionport.identity.members.actors import find_actor
from ionport.identity.members.rights import RightsService, WantedRights
from ionport.identity.model import Actor, Organization, OrganizationRole, TenantRole
from ionport.identity.repository import OrganizationRepository
from ionport.store import OrganizationScope, SystemScope, TenantScope, Work
from tests.support.web import TENANT, People

SEE = Grant(Permission.SEE)
EXPORT_INVOICES = Grant(Permission.EXPORT, "INVOICE")
USER = OrganizationRole.USER
ADMINISTRATOR = OrganizationRole.ADMINISTRATOR


@dataclass(slots=True)
class Office:
    """An organization whose administrator is `ada`, and in which `bob` is a user."""

    people: People
    groups: GroupService
    rights: RightsService
    scope: OrganizationScope
    ada: str
    bob: str

    def actor(self, work: Work, user_id: str) -> Actor:
        actor = find_actor(work.within(SystemScope("test")), user_id)
        assert actor is not None
        return actor

    def access(self, work: Work, user_id: str = "") -> Access[OrganizationScope]:
        return Access(work, self.scope, self.actor(work, user_id or self.ada))


@pytest.fixture
def office(people: People) -> Office:
    ada, bob = people.add("ada"), people.add("bob", tenant_role=None, organization_role=USER)
    services = people.services()
    with people.database.read() as work:
        organization = people.identity.list_organizations(work)[0]
    scope = OrganizationScope(organization.id)
    return Office(people, services.groups, services.rights, scope, ada.id, bob.id)


@pytest.mark.on_each_database
def test_what_a_persons_groups_grant_together_is_what_the_person_may_do(office: Office) -> None:
    with office.people.database.write() as work:
        access = office.access(work)
        readers = office.groups.create(access, "Readers", [SEE])
        senders = office.groups.create(access, "Senders", [EXPORT_INVOICES])
        empty = office.groups.create(access, "Nothing", [])
        office.groups.set_of_user(access, office.bob, [readers.id, senders.id])
        bob = office.actor(work, office.bob)
        assert bob.types_for(office.scope.organization_id, Permission.SEE) is None
        assert bob.types_for(office.scope.organization_id, Permission.EXPORT) == {"INVOICE"}
        assert not bob.may(office.scope.organization_id, Permission.DECIDE)
        office.groups.set_of_user(access, office.bob, [empty.id])
        assert not office.actor(work, office.bob).may(office.scope.organization_id, Permission.SEE)
        office.groups.set_of_user(access, office.bob, [])
        bob = office.actor(work, office.bob)
        assert bob.may(office.scope.organization_id, Permission.DECIDE, "INVOICE")


@pytest.mark.on_each_database
def test_a_group_is_changed_listed_and_deleted(office: Office) -> None:
    with office.people.database.write() as work:
        access = office.access(work)
        group = office.groups.create(access, " Clerks ", [SEE])
        office.groups.set_of_user(access, office.bob, [group.id])
        office.groups.change(access, group.id, "Accounts payable", [EXPORT_INVOICES])
        (listed,) = office.groups.list(access)
        assert (listed.name, listed.members) == ("Accounts payable", 1)
        assert listed.grants == {EXPORT_INVOICES, Grant(Permission.SEE, "INVOICE")}
        office.groups.delete(access, group.id)
        assert office.groups.list(access) == []
        assert office.groups.of_user(access, office.bob) == frozenset()
        trail = office.people.audit.list(work.within(office.scope), PageRequest()).items
    assert [entry.action for entry in trail][:4] == [
        "group.deleted", "group.changed", "group.joined", "group.created",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["", " ", "x" * 81, "two\nlines", "half \ud800", "READERS"])
def test_a_group_needs_a_name_of_its_own(office: Office, name: str) -> None:
    with office.people.database.write() as work:
        access = office.access(work)
        office.groups.create(access, "Readers", [SEE])
        with pytest.raises(InvalidInput) as error:
            office.groups.create(access, name, [SEE])
    assert "name" in error.value.fields


def test_a_document_type_that_cannot_be_stored_is_refused(office: Office) -> None:
    with office.people.database.write() as work, pytest.raises(InvalidInput):
        office.groups.create(office.access(work), "Readers", [Grant(Permission.SEE, "a\x00b")])


def test_there_is_a_last_group(office: Office) -> None:
    with office.people.database.write() as work:
        access = office.access(work)
        for number in range(MAX_GROUPS):
            office.groups.create(access, f"Group {number}", [])
        with pytest.raises(Conflict) as error:
            office.groups.create(access, "One more", [])
    assert error.value.code == "too_many_groups"


def test_groups_are_the_administrators(office: Office) -> None:
    with office.people.database.write() as work:
        group = office.groups.create(office.access(work), "Readers", [SEE])
        access = office.access(work, office.bob)
        attempts: list[Callable[[], object]] = [
            lambda: office.groups.list(access),
            lambda: office.groups.get(access, group.id),
            lambda: office.groups.create(access, "Mine", [SEE]),
            lambda: office.groups.change(access, group.id, "Mine", [SEE]),
            lambda: office.groups.delete(access, group.id),
            lambda: office.groups.of_user(access, office.bob),
            lambda: office.groups.set_of_user(access, office.bob, [group.id]),
            lambda: office.rights.list_colleagues(access),
            lambda: office.rights.get_colleague(access, office.ada),
            lambda: office.rights.remove_colleague(access, office.ada),
            lambda: office.rights.of_person(access, office.bob),
            lambda: office.rights.set_of_person(access, office.bob, WantedRights()),
        ]
        for attempt in attempts:
            with pytest.raises(Forbidden):
                attempt()


def _other_organization(office: Office, work: Work) -> OrganizationScope:
    other = Organization("org_other", "Other", None)
    OrganizationRepository(work.connection).add(
        SystemScope("test"), other, office.people.clock.now()
    )
    return OrganizationScope(other.id)


@pytest.mark.on_each_database
def test_groups_of_another_organization_are_not_found(office: Office) -> None:
    with office.people.database.write() as work:
        other = _other_organization(office, work)
        foreign = office.groups.create(Access(work, other, Actor.operator()), "Theirs", [SEE])
        access = office.access(work)
        attempts: list[Callable[[], object]] = [
            lambda: office.groups.get(access, foreign.id),
            lambda: office.groups.change(access, foreign.id, "Mine", [SEE]),
            lambda: office.groups.delete(access, foreign.id),
            lambda: office.groups.set_of_user(access, office.bob, [foreign.id]),
            lambda: office.rights.set_of_person(
                access,
                office.bob,
                WantedRights(
                    organizations={office.scope.organization_id: (USER, frozenset({foreign.id}))}
                ),
            ),
        ]
        for attempt in attempts:
            with pytest.raises(NotFound):
                attempt()
        assert office.groups.list(access) == []


@pytest.mark.on_each_database
def test_rights_are_given_where_their_giver_is_an_administrator_and_nowhere_else(
    office: Office,
) -> None:
    identity, operator = office.people.identity, Actor.operator()
    with office.people.database.write() as work:
        other = _other_organization(office, work)
        identity.ensure_tenant(work, "OTHER_PRD")
        wanted = WantedRights(
            tenants={TENANT: TenantRole.USER, "OTHER_PRD": TenantRole.USER},
            organizations={
                office.scope.organization_id: (ADMINISTRATOR, frozenset()),
                other.organization_id: (ADMINISTRATOR, frozenset()),
            },
        )
        office.rights.set_of_person(office.access(work), office.bob, wanted)
        bob = office.actor(work, office.bob)
        assert bob.tenant_roles == {(TENANT, TenantRole.USER)}
        assert bob.organization_roles == {(office.scope.organization_id, ADMINISTRATOR)}
        # Of the tenant now too, so its administrators see the person there.
        seen = office.rights.of_person(office.access(work).within(TenantScope(TENANT)), office.bob)
        assert seen.tenants == {TENANT: TenantRole.USER}
        identity.set_organization_role(
            work, operator, office.ada, other.organization_id, ADMINISTRATOR
        )
        office.rights.set_of_person(office.access(work), office.bob, wanted)
        bob = office.actor(work, office.bob)
        assert (other.organization_id, ADMINISTRATOR) in bob.organization_roles


@pytest.mark.on_each_database
def test_an_organization_keeps_an_administrator(office: Office) -> None:
    own = office.scope.organization_id
    with office.people.database.write() as work:
        access = office.access(work)
        with pytest.raises(Conflict):
            office.rights.remove_colleague(access, office.ada)
        with pytest.raises(Conflict) as error:
            office.rights.set_of_person(
                access, office.ada, WantedRights(organizations={own: (USER, frozenset())})
            )
        assert error.value.code == "last_administrator"
        office.rights.remove_colleague(access, office.bob)
        with pytest.raises(NotFound):
            office.rights.get_colleague(access, office.bob)


def test_colleagues_are_listed_with_their_groups(office: Office) -> None:
    with office.people.database.write() as work:
        access = office.access(work)
        group = office.groups.create(access, "Readers", [SEE])
        office.groups.set_of_user(access, office.bob, [group.id])
        found = office.rights.list_colleagues(access)
        assert [(one.user.username, one.groups) for one in found.items] == [
            ("ada", ()),
            ("bob", ("Readers",)),
        ]
        assert office.rights.list_colleagues(access, "BOB ex").total == 1
        assert office.rights.list_colleagues(access, "b_b").total == 0
