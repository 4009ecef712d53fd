from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, InvalidInput, IonportError, NotFound
from ionport.core.secrets import Secret
from ionport.identity.model import User
from ionport.identity.service import NewUser
from tests.support.web import PASSWORD, TENANT, People


def _link(people: People) -> Secret:
    with people.database.write() as work:
        people.identity.ensure_tenant(work, TENANT)
        people.identity.ensure_organization(work, "Example Ltd")
        return people.setup.make_setup_link(work)


def _use(people: People, token: Secret, username: str = "ada") -> User:
    password_hash = people.identity.hash_password(PASSWORD)
    with people.database.write() as work:
        return people.setup.consume_setup_link(work, token, NewUser(username), password_hash)


@pytest.mark.on_each_database
def test_the_link_makes_the_administrator_of_tenant_and_organization(people: People) -> None:
    _use(people, _link(people))
    token, _user = people.sessions.sign_in(people.database, "ada", PASSWORD, "")
    with people.database.read() as work:
        session = people.sessions.session_for(work, token)
        organization = people.identity.list_organizations(work)[0]
    assert session is not None
    actor = session.actor
    assert actor.is_tenant_administrator(TENANT)
    assert actor.is_organization_administrator(organization.id)


def test_the_link_works_once(people: People) -> None:
    token = _link(people)
    _use(people, token)
    with pytest.raises(NotFound):
        _use(people, token, "bob")


@pytest.mark.on_each_database
def test_the_link_is_used_by_one_of_many_at_once(people: People) -> None:
    token = _link(people)
    outcomes: list[str] = []

    def use(username: str) -> None:
        try:
            outcomes.append(_use(people, token, username).username)
        except IonportError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=use, args=(f"user{n}",)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes)[:4] == ["setup_link_dead"] * 4


@pytest.mark.on_each_database
def test_the_link_expires_after_a_day(people: People, clock: MovableClock) -> None:
    token = _link(people)
    clock.advance(timedelta(hours=24))
    with pytest.raises(NotFound):
        _use(people, token)


@pytest.mark.on_each_database
def test_a_new_link_kills_the_old_one(people: People) -> None:
    old, new = _link(people), _link(people)
    with pytest.raises(NotFound):
        _use(people, old)
    _use(people, new)


def test_a_bad_username_leaves_the_link_usable(people: People) -> None:
    token = _link(people)
    with pytest.raises(InvalidInput):
        _use(people, token, "two words")
    _use(people, token)


def test_no_link_is_made_once_somebody_has_an_account(people: People) -> None:
    _use(people, _link(people))
    with pytest.raises(Conflict):
        _link(people)
