from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from ionport.core.paging import PageRequest
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.model import Actor, OrganizationRole, TenantRole, UserAction
from ionport.identity.service import NewUser
from ionport.store import OrganizationScope, SystemScope, TenantScope
from tests.support.web import PASSWORD, TENANT, People

OPERATOR = Actor.operator()
SCOPE = TenantScope(TENANT)


@pytest.mark.on_each_database
@pytest.mark.parametrize("username", ["ADA", "ada", " ada "])
def test_a_username_is_unique_ignoring_case(people: People, username: str) -> None:
    people.add("ada")
    with people.database.write() as work, pytest.raises(InvalidInput) as error:
        people.identity.create_user(work, OPERATOR, NewUser(username), "hash")
    assert set(error.value.fields) == {"username"}


@pytest.mark.on_each_database
def test_who_gives_the_same_role_at_once_is_not_refused(people: People) -> None:
    users = [people.add(f"user{number}", tenant_role=None).id for number in range(5)]
    together = Barrier(4)

    def give(_number: int) -> None:
        together.wait()
        for user_id in users:
            with people.database.write() as work:
                people.identity.set_tenant_role(work, OPERATOR, user_id, TENANT, TenantRole.USER)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(give, range(4)))


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewUser(""), "username"),
        (NewUser("a" * 101), "username"),
        (NewUser("nul\x00"), "username"),
        (NewUser("bob", full_name="two\nlines"), "full_name"),
        (NewUser("bob", email="not an address"), "email"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_stored(
    people: People, new: NewUser, field: str
) -> None:
    with pytest.raises(InvalidInput) as error, people.database.write() as work:
        people.identity.create_user(work, OPERATOR, new, "hash")
    assert set(error.value.fields) == {field}
    with people.database.read() as work:
        assert people.setup.needs_setup(work)


@pytest.mark.parametrize("length", [0, 11, 201])
def test_a_password_has_12_to_200_characters(people: People, length: int) -> None:
    with pytest.raises(InvalidInput) as error:
        people.identity.hash_password(Secret("x" * length))
    assert set(error.value.fields) == {"password"}


def test_only_the_operator_makes_users_and_tenants(people: People) -> None:
    somebody = Actor(user_id="usr_1", name="somebody")
    with people.database.write() as work:
        with pytest.raises(Forbidden):
            people.identity.create_user(work, somebody, NewUser("bob"), "hash")
        with pytest.raises(Forbidden):
            people.identity.create_tenant(work, somebody, "OTHER_TST")
        with pytest.raises(Forbidden):
            people.identity.reset_password(work, somebody, "bob", "hash")


@pytest.mark.on_each_database
def test_a_tenant_is_made_once_and_has_infors_shape(people: People) -> None:
    user = people.add("ada")
    with people.database.write() as work:
        people.identity.create_tenant(work, OPERATOR, "ACME_PRD", user.id)
        assert people.identity.get_user(work.within(TenantScope("ACME_PRD")), user.id) == user
        with pytest.raises(Conflict):
            people.identity.create_tenant(work, OPERATOR, "ACME_PRD")
        with pytest.raises(InvalidInput):
            people.identity.create_tenant(work, OPERATOR, "acme")
        assert [t.id for t in people.identity.list_tenants(work)] == ["ACME_PRD", TENANT]


@pytest.mark.on_each_database
@pytest.mark.parametrize("text", ["ad", "ADA EX", "example"])
def test_users_are_found_by_a_part_of_any_name(people: People, text: str) -> None:
    people.add("ada")
    people.add("bob", tenant_role=None)
    with people.database.read() as work:
        found = people.identity.search_users(work.within(SCOPE), text)
    assert [user.username for user in found] == ["ada"]


@pytest.mark.on_each_database
@pytest.mark.parametrize("text", ["%", "_", "\\", "\x00%", "a" * 5000])
def test_a_search_has_no_wildcards(people: People, text: str) -> None:
    people.add("ada")
    with people.database.read() as work:
        assert people.identity.search_users(work.within(SCOPE), text) == []


def test_a_user_of_another_tenant_is_not_found(people: People) -> None:
    bob = people.add("bob", tenant_role=None)
    with people.database.read() as work, pytest.raises(NotFound):
        people.identity.get_user(work.within(SCOPE), bob.id)


@pytest.mark.on_each_database
def test_a_role_is_changed_in_place(people: People) -> None:
    ada = people.add("ada")
    with people.database.write() as work:
        people.identity.set_tenant_role(work, OPERATOR, ada.id, TENANT, TenantRole.USER)
        with pytest.raises(NotFound):
            people.identity.set_tenant_role(work, OPERATOR, "usr_0", TENANT, TenantRole.USER)
    token, _user = people.sessions.sign_in(people.database, "ada", PASSWORD, "")
    with people.database.read() as work:
        session = people.sessions.session_for(work, token)
    assert session is not None
    assert session.actor.tenant_roles == {(TENANT, TenantRole.USER)}


@pytest.mark.on_each_database
def test_a_sub_organization_belongs_to_its_organization(people: People) -> None:
    ada = people.add("ada")
    with people.database.write() as work:
        organization = people.identity.ensure_organization(work, "never used: one exists")
        scope = OrganizationScope(organization.id)
        role = (organization.id, OrganizationRole.ADMINISTRATOR)
        actor = Actor(ada.id, "ada", organization_roles=frozenset([role]))
        access = Access(work, scope, actor)
        made = people.identity.create_sub_organization(access, "North")
        assert people.identity.list_sub_organizations(work.within(scope)) == [made]
        assert people.identity.list_organizations(work) == [organization]
        with pytest.raises(Forbidden):
            people.identity.create_sub_organization(Access(work, scope, Actor("u", "x")), "South")
        with pytest.raises(InvalidInput):
            people.identity.create_sub_organization(access, " ")


def test_a_reset_password_ends_every_session(people: People) -> None:
    people.add("ada")
    token, _user = people.sessions.sign_in(people.database, "ada", PASSWORD, "")
    new = Secret("quite another password")
    password_hash = people.identity.hash_password(new)
    with people.database.write() as work:
        people.identity.reset_password(work, OPERATOR, "Ada", password_hash)
        assert people.sessions.session_for(work, token) is None
        with pytest.raises(NotFound):
            people.identity.reset_password(work, OPERATOR, "nobody", password_hash)
    people.sessions.sign_in(people.database, "ada", new, "")


@pytest.mark.on_each_database
def test_the_audit_log_tells_scopes_apart_and_shows_the_newest_first(people: People) -> None:
    actor = Actor("usr_1", "ada", address="192.0.2.7")
    with people.database.write() as work:
        access = Access(work, SCOPE, actor)
        people.audit.record(access, UserAction.CREATED, "usr_1", {"name": "First"})
        people.audit.record(access, UserAction.CREATED, "usr_2")
        people.audit.record(
            Access(work, OrganizationScope(TENANT), actor), UserAction.SIGNED_IN, "usr_3"
        )
    with people.database.read() as work:
        of_tenant = people.audit.list(work.within(SCOPE), PageRequest(per_page=1))
        everything = people.audit.list(work.within(SystemScope("test")), PageRequest())
    assert of_tenant.total == 2
    assert [entry.subject for entry in of_tenant.items] == ["usr_2"]
    assert everything.total == 3
    first = everything.items[-1]
    assert (first.actor_name, first.address, dict(first.details)) == (
        "ada",
        "192.0.2.7",
        {"name": "First"},
    )
