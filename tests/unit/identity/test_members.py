from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.identity.members.model import MemberQuery, MemberSort
from ionport.identity.members.service import MemberService
from ionport.identity.model import Actor, OrganizationRole, TenantRole, User
from ionport.identity.service import NewUser
from ionport.store import TenantScope
from tests.support.patience import PATIENCE
from tests.support.web import PASSWORD, TENANT, People

SCOPE = TenantScope(TENANT)
OTHER = TenantScope("OTHER_PRD")
ADMINISTRATOR = TenantRole.IONAPI_ADMINISTRATOR


@pytest.fixture
def members(people: People) -> MemberService:
    return MemberService(people.audit, people.identity)


def actor_of(people: People, user: User) -> Actor:
    token, _user = people.sessions.sign_in(people.database, user.username, PASSWORD, "::1")
    with people.database.read() as work:
        session = people.sessions.session_for(work, token)
    assert session is not None
    return session.actor


@pytest.fixture
def ada(people: People) -> Actor:
    return actor_of(people, people.add("ada"))


def add_to(people: People, user: User, tenant: TenantScope, role: TenantRole) -> None:
    with people.database.write() as work:
        people.identity.ensure_tenant(work, tenant.tenant_id)
        people.identity.set_tenant_role(work, Actor.operator(), user.id, tenant.tenant_id, role)


@pytest.mark.on_each_database
def test_users_are_listed_filtered_sorted_and_paged(
    people: People, members: MemberService, ada: Actor
) -> None:
    for name in ("bob", "carol", "dave"):
        people.add(name, tenant_role=TenantRole.USER)
    stranger = people.add("eve", tenant_role=None)
    add_to(people, stranger, OTHER, TenantRole.USER)
    with people.database.read() as work:

        def names(**query: object) -> list[str]:
            page = members.list_members(Access(work, SCOPE, ada), MemberQuery(**query))  # type: ignore[arg-type]
            return [member.user.username for member in page.items]

        assert names() == ["ada", "bob", "carol", "dave"]
        assert names(sort=MemberSort.NAME, descending=True) == ["dave", "carol", "bob", "ada"]
        assert names(text="CAR") == ["carol"]
        assert names(text="%") == []
        assert names(role=ADMINISTRATOR) == ["ada"]
        assert names(is_disabled=True) == []
        assert names(page=PageRequest(number=2, per_page=3)) == ["dave"]


def test_a_user_of_another_tenant_is_not_found(
    people: People, members: MemberService, ada: Actor
) -> None:
    eve = people.add("eve", tenant_role=None)
    add_to(people, eve, OTHER, ADMINISTRATOR)
    with people.database.write() as work:
        access = Access(work, SCOPE, ada)
        attempts: list[Callable[[], object]] = [
            lambda: members.get_member(access, eve.id),
            lambda: members.set_role(access, eve.id, TenantRole.USER),
            lambda: members.remove_member(access, eve.id),
            lambda: members.set_disabled(access, eve.id, True),
        ]
        for attempt in attempts:
            with pytest.raises(NotFound):
                attempt()


def test_a_plain_user_changes_nobody(people: People, members: MemberService, ada: Actor) -> None:
    bob = actor_of(people, people.add("bob", tenant_role=TenantRole.USER))
    assert ada.user_id is not None
    with people.database.write() as work:
        access = Access(work, SCOPE, bob)
        attempts: list[Callable[[], object]] = [
            lambda: members.list_members(access),
            lambda: members.get_member(access, str(ada.user_id)),
            lambda: members.add_member(access, NewUser("x"), "h", ADMINISTRATOR),
            lambda: members.set_role(access, str(bob.user_id), ADMINISTRATOR),
            lambda: members.remove_member(access, str(ada.user_id)),
            lambda: members.set_disabled(access, str(ada.user_id), True),
        ]
        for attempt in attempts:
            with pytest.raises(Forbidden):
                attempt()


def test_an_added_user_can_sign_in_to_this_tenant_alone(
    people: People, members: MemberService, ada: Actor
) -> None:
    password_hash = people.identity.hash_password(PASSWORD)
    with people.database.write() as work:
        member = members.add_member(
            Access(work, SCOPE, ada), NewUser("bob", "Bob B"), password_hash, TenantRole.USER
        )
    bob = actor_of(people, member.user)
    assert bob.tenant_roles == {(TENANT, TenantRole.USER)}
    assert bob.organization_roles == frozenset()
    with people.database.write() as work, pytest.raises(InvalidInput) as error:
        members.add_member(Access(work, SCOPE, ada), NewUser("BOB"), password_hash, TenantRole.USER)
    assert set(error.value.fields) == {"username"}


@pytest.mark.on_each_database
def test_the_last_administrator_stays(people: People, members: MemberService, ada: Actor) -> None:
    user_id = str(ada.user_id)
    away = people.add("away")
    with people.database.write() as work:
        access = Access(work, SCOPE, ada)
        members.set_disabled(access, away.id, True)
        attempts: list[Callable[[], object]] = [
            lambda: members.set_role(access, user_id, TenantRole.USER),
            lambda: members.remove_member(access, user_id),
        ]
        for attempt in attempts:
            with pytest.raises(Conflict) as error:
                attempt()
            assert error.value.code == "last_administrator"
        members.set_disabled(access, away.id, False)
        members.remove_member(access, user_id)


@pytest.mark.on_each_database
def test_two_administrators_who_demote_each_other_leave_one(
    people: People, members: MemberService, ada: Actor
) -> None:
    bob = people.add("bob")
    refused: list[str] = []
    start = threading.Barrier(2)

    def demote(user_id: str) -> None:
        start.wait(PATIENCE)
        try:
            with people.database.write() as work:
                members.set_role(Access(work, SCOPE, ada), user_id, TenantRole.USER)
        except Conflict as error:
            refused.append(error.code)

    threads = [threading.Thread(target=demote, args=(one,)) for one in (str(ada.user_id), bob.id)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert refused == ["last_administrator"]


def test_nobody_closes_their_own_account(
    people: People, members: MemberService, ada: Actor
) -> None:
    people.add("bob")
    with people.database.write() as work, pytest.raises(Conflict) as error:
        members.set_disabled(Access(work, SCOPE, ada), str(ada.user_id), True)
    assert error.value.code == "own_account"


def test_disabling_ends_every_session(people: People, members: MemberService, ada: Actor) -> None:
    bob = people.add("bob", tenant_role=TenantRole.USER)
    sessions = people.sessions
    tokens = [sessions.sign_in(people.database, "bob", PASSWORD, "::1")[0] for _n in range(2)]
    with people.database.write() as work:
        access = Access(work, SCOPE, ada)
        members.set_disabled(access, bob.id, True)
        members.set_disabled(access, bob.id, False)
        assert sessions.session_for(work, tokens[0]) is None


@pytest.mark.on_each_database
@pytest.mark.parametrize("where", ["tenant", "organization"])
def test_an_account_used_elsewhere_is_not_closed_or_taken_over(
    people: People, members: MemberService, where: str
) -> None:
    ada = actor_of(people, people.add("ada", organization_role=None))
    organization_role = OrganizationRole.USER if where == "organization" else None
    bob = people.add("bob", tenant_role=TenantRole.USER, organization_role=organization_role)
    if where == "tenant":
        add_to(people, bob, OTHER, TenantRole.USER)
    with people.database.write() as work:
        access = Access(work, SCOPE, ada)
        assert members.is_used_elsewhere(access, bob.id)
        attempts: list[Callable[[], object]] = [
            lambda: members.set_disabled(access, bob.id, True),
        ]
        for attempt in attempts:
            with pytest.raises(Forbidden) as error:
                attempt()
            assert error.value.code == "account_used_elsewhere"
        members.remove_member(access, bob.id)


def test_every_change_of_a_user_is_in_the_tenants_audit_log(
    people: People, members: MemberService, ada: Actor
) -> None:
    bob = people.add("bob", tenant_role=TenantRole.USER)
    with people.database.write() as work:
        access = Access(work, SCOPE, ada)
        members.set_role(access, bob.id, ADMINISTRATOR)
        members.set_disabled(access, bob.id, True)
        members.set_disabled(access, bob.id, False)
        members.remove_member(access, bob.id)
        trail = people.audit.list(work.within(SCOPE), PageRequest(), [bob.id]).items
    assert {entry.action for entry in trail if entry.actor_id == ada.user_id} == {
        "membership.set",
        "user.disabled",
        "user.enabled",
        "membership.removed",
    }
