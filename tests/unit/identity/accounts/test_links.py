from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, Forbidden, NotFound, Unauthenticated
from ionport.core.paging import PageRequest
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.accounts.model import LinkKind, LinkState, MadeLink
from ionport.identity.accounts.service import AccountService
from ionport.identity.members.service import MemberService
from ionport.identity.model import Actor, OrganizationRole, PasswordProof, TenantRole, User
from ionport.store import OrganizationScope, SystemScope, TenantScope
from tests.support.web import PASSWORD, TENANT, People

SCOPE = TenantScope(TENANT)
OPERATOR = Actor.operator()
NEW = Secret("quite another password")
ADA = Actor("usr_ada", "ada", frozenset({(TENANT, TenantRole.IONAPI_ADMINISTRATOR)}))


@pytest.fixture
def bob(people: People) -> User:
    return people.add("bob", tenant_role=TenantRole.USER, organization_role=None)


def make_link(people: People, accounts: AccountService, user: User) -> MadeLink:
    proof = PasswordProof(ADA.user_id, people.clock.now())
    with people.database.write() as work:
        return accounts.make_link(Access(work, SCOPE, ADA), user.id, proof)


def use(people: People, accounts: AccountService, made: MadeLink) -> None:
    password_hash = people.identity.hash_password(NEW)
    with people.database.write() as work:
        accounts.use_link(work, made.token, password_hash, "192.0.2.1")


def states(people: People, accounts: AccountService, user: User) -> list[LinkState]:
    with people.database.read() as work:
        return [state for _link, state in accounts.list_links(Access(work, SCOPE, ADA), user.id)]


def signs_in(people: People, password: Secret) -> bool:
    try:
        people.sessions.sign_in(people.database, "bob", password, "192.0.2.1")
    except Unauthenticated:
        return False
    return True


@pytest.mark.on_each_database
def test_a_link_sets_the_password_once_and_ends_every_session(
    people: People, accounts: AccountService, bob: User
) -> None:
    token, _user = people.sessions.sign_in(people.database, "bob", PASSWORD, "192.0.2.1")
    made = make_link(people, accounts, bob)
    assert made.kind is LinkKind.RESET
    assert signs_in(people, PASSWORD), "until it is used, nothing changes"
    use(people, accounts, made)
    with people.database.read() as work:
        assert people.sessions.session_for(work, token) is None
    assert (signs_in(people, PASSWORD), signs_in(people, NEW)) == (False, True)
    with pytest.raises(NotFound, match="was used"):
        use(people, accounts, made)
    assert states(people, accounts, bob) == [LinkState.USED]


@pytest.mark.on_each_database
def test_of_two_who_use_a_link_at_once_one_sets_the_password(
    people: People, accounts: AccountService, bob: User
) -> None:
    made = make_link(people, accounts, bob)

    def attempt(_number: int) -> bool:
        try:
            use(people, accounts, made)
        except NotFound:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(4))) == [False, False, False, True]


def test_a_link_expires(
    people: People, accounts: AccountService, bob: User, clock: MovableClock
) -> None:
    made = make_link(people, accounts, bob)
    clock.advance(timedelta(hours=25))
    with pytest.raises(NotFound, match="has expired"):
        use(people, accounts, made)
    assert states(people, accounts, bob) == [LinkState.EXPIRED]


def test_a_revoked_link_and_one_before_another_set_nothing(
    people: People, accounts: AccountService, bob: User
) -> None:
    first, second = (make_link(people, accounts, bob) for _n in range(2))
    with people.database.write() as work:
        accounts.revoke_links(Access(work, SCOPE, ADA), bob.id)
    for made in (first, second):
        with pytest.raises(NotFound, match="does not work"):
            use(people, accounts, made)
    assert states(people, accounts, bob) == [LinkState.REVOKED] * 2


def test_a_password_set_otherwise_ends_the_link(
    people: People, accounts: AccountService, bob: User
) -> None:
    made = make_link(people, accounts, bob)
    password_hash = people.identity.hash_password(NEW)
    with people.database.write() as work:
        people.identity.reset_password(work, Actor.operator(), "bob", password_hash)
    with pytest.raises(NotFound):
        use(people, accounts, made)
    assert states(people, accounts, bob) == [LinkState.REVOKED]


def test_the_link_of_a_user_who_was_disabled_since_opens_nothing(
    people: People, accounts: AccountService, bob: User
) -> None:
    made = make_link(people, accounts, bob)
    with people.database.write() as work:
        members = MemberService(people.audit, people.identity)
        members.set_disabled(Access(work, SCOPE, ADA), bob.id, True)
    with pytest.raises(NotFound):
        use(people, accounts, made)
    with pytest.raises(Conflict):
        make_link(people, accounts, bob)


@pytest.mark.parametrize("token", ["", "made-up", "x" * 5_000, "ü"])
def test_a_made_up_link_is_unknown(people: People, accounts: AccountService, token: str) -> None:
    with people.database.read() as work, pytest.raises(NotFound):
        accounts.link_of(work, Secret(token))


def test_a_link_needs_the_administrators_own_password_typed_again(
    people: People, accounts: AccountService, bob: User, clock: MovableClock
) -> None:
    stale = PasswordProof(ADA.user_id, clock.now() - timedelta(minutes=6))
    with people.database.write() as work:
        for proof in (stale, PasswordProof(bob.id, clock.now())):
            with pytest.raises(Unauthenticated):
                accounts.make_link(Access(work, SCOPE, ADA), bob.id, proof)


@pytest.mark.parametrize("elsewhere", [True, False])
def test_no_link_and_no_session_of_an_account_of_others_is_touched(
    people: People, accounts: AccountService, elsewhere: bool
) -> None:
    """One used elsewhere too is refused, one of others alone is not found."""
    role = TenantRole.USER if elsewhere else None
    eve = people.add("eve", tenant_role=role)
    proof = PasswordProof(ADA.user_id, people.clock.now())
    with people.database.write() as work:
        access = Access(work, SCOPE, ADA)
        attempts: list[Callable[[], object]] = [
            lambda: accounts.make_link(access, eve.id, proof),
            lambda: accounts.invite(access, eve.id),
            lambda: accounts.revoke_links(access, eve.id),
            lambda: accounts.list_sessions(access, eve.id),
            lambda: accounts.end_sessions(access, eve.id),
        ]
        for attempt in attempts:
            with pytest.raises(Forbidden if elsewhere else NotFound):
                attempt()


def test_a_plain_user_makes_no_link(people: People, accounts: AccountService, bob: User) -> None:
    eve = Actor("usr_eve", "eve", frozenset({(TENANT, TenantRole.USER)}))
    with people.database.write() as work:
        access = Access(work, SCOPE, eve)
        for attempt in (accounts.invite, accounts.list_links, accounts.end_sessions):
            with pytest.raises(Forbidden):
                attempt(access, bob.id)


def test_who_has_signed_in_before_is_not_invited(
    people: People, accounts: AccountService, bob: User
) -> None:
    """An invitation needs no password of the administrator: it opens no account in use."""
    with people.database.write() as work:
        made = accounts.invite(Access(work, SCOPE, ADA), bob.id)
    assert made.kind is LinkKind.INVITATION
    assert make_link(people, accounts, bob).kind is LinkKind.INVITATION
    assert signs_in(people, PASSWORD)
    with people.database.write() as work, pytest.raises(Conflict):
        accounts.invite(Access(work, SCOPE, ADA), bob.id)


def test_every_step_of_a_link_is_in_the_audit_log_without_its_token(
    people: People, accounts: AccountService, bob: User
) -> None:
    make_link(people, accounts, bob)
    with people.database.write() as work:
        accounts.revoke_links(Access(work, SCOPE, ADA), bob.id)
    made = make_link(people, accounts, bob)
    use(people, accounts, made)
    with people.database.read() as work:
        every = work.within(SystemScope("test"))
        trail = people.audit.list(every, PageRequest(), [bob.id]).items
    actions = {entry.action for entry in trail}
    assert {"user.link_made", "user.link_revoked", "user.link_used"} <= actions
    assert made.token.reveal() not in repr(trail)


def make_colleague_link(people: People, accounts: AccountService, user: User) -> MadeLink:
    """As an administrator of the organization, who has no role in any tenant."""
    role = OrganizationRole.ADMINISTRATOR
    with people.database.write() as work:
        organization = people.identity.ensure_organization(work, "Example Ltd").id
        cleo = Actor("usr_cleo", "cleo", organization_roles=frozenset({(organization, role)}))
        proof = PasswordProof(cleo.user_id, people.clock.now())
        access = Access(work, OrganizationScope(organization), cleo)
        return accounts.make_colleague_link(access, user.id, proof)


@pytest.fixture
def clerk(people: People) -> User:
    return people.add("bob", tenant_role=None, organization_role=OrganizationRole.USER)


@pytest.mark.on_each_database
def test_an_administrators_link_ends_when_the_account_gets_a_role_elsewhere(
    people: People, accounts: AccountService, clerk: User
) -> None:
    made = make_colleague_link(people, accounts, clerk)
    with people.database.write() as work:
        people.identity.set_tenant_role(
            work, OPERATOR, clerk.id, TENANT, TenantRole.IONAPI_ADMINISTRATOR
        )
    with people.database.read() as work, pytest.raises(NotFound, match="does not work"):
        accounts.link_of(work, made.token)
    with pytest.raises(NotFound, match="does not work"):
        use(people, accounts, made)
    assert signs_in(people, PASSWORD), "the password is the one from before"
    with pytest.raises(Conflict, match="belongs elsewhere too"):
        make_colleague_link(people, accounts, clerk)


def test_the_operators_link_stays_good_when_roles_are_given_afterwards(
    people: People, accounts: AccountService, clerk: User
) -> None:
    with people.database.write() as work:
        made = accounts.make_operator_link(work, OPERATOR, "bob")
        people.identity.set_tenant_role(work, OPERATOR, clerk.id, TENANT, TenantRole.USER)
    use(people, accounts, made)
    assert signs_in(people, NEW)
