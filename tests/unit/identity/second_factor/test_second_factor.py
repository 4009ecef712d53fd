"""Second factors on a real database: what signs somebody in, and what does not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    TooManyRequests,
    Unauthenticated,
)
from ionport.core.paging import PageRequest
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.members.service import MemberService
from ionport.identity.model import Actor, PasswordProof, Session, TenantRole, User
from ionport.identity.second_factor import codes as codes_of_apps
from ionport.identity.second_factor.model import RecoveryCodes, SecondStepNeeded, Step
from ionport.identity.second_factor.repository import FactorRepository
from ionport.identity.second_factor.service import SecondFactorService
from ionport.store import Database, SystemScope, TenantScope
from tests.support.codes import code_at
from tests.support.web import PASSWORD, TENANT, People

ADDRESS = "192.0.2.7"
SYSTEM = SystemScope("test")
STEP = timedelta(seconds=30)


@pytest.fixture
def people(database: Database, clock: MovableClock) -> People:
    return People.on(database, clock)


@pytest.fixture
def ada(people: People) -> User:
    return people.add("ada")


def session_of(people: People, username: str = "ada") -> Session:
    token, _user = people.sessions.sign_in(people.database, username, PASSWORD, ADDRESS)
    with people.database.read() as work:
        session = people.sessions.session_for(work, token)
    assert session is not None
    return session


def switch_on(people: People, user: User) -> tuple[str, RecoveryCodes]:
    """Switch a second factor on as its owner does; returns its secret and recovery codes."""
    session = session_of(people, user.username)
    offered = people.factors.offer(user)
    code = code_at(offered.secret.reveal(), people.clock.now())
    proof = PasswordProof(user.id, people.clock.now())
    with people.database.write() as work:
        codes = people.sessions.switch_factor_on(work, session, proof, offered.sealed, Secret(code))
    return offered.secret.reveal(), codes


def begin(people: People) -> str:
    """Type the right password; returns what the browser keeps then."""
    with pytest.raises(SecondStepNeeded) as needed:
        people.sessions.sign_in(people.database, "ada", PASSWORD, ADDRESS)
    return needed.value.pending.reveal()


def finish(people: People, pending: str, code: str) -> Secret:
    token, _user = people.sessions.finish_with_code(people.database, pending, Secret(code), ADDRESS)
    return token


@pytest.mark.on_each_database
def test_password_and_code_sign_in_and_neither_does_alone(
    people: People, ada: User, clock: MovableClock
) -> None:
    secret, _codes = switch_on(people, ada)
    clock.advance(STEP)
    pending = begin(people)
    with people.database.read() as work:
        assert people.sessions.session_for(work, Secret(pending)) is None
    token = finish(people, pending, code_at(secret, clock.now()))
    with people.database.read() as work:
        assert people.sessions.session_for(work, token) is not None
    for kept in ("", "made-up", pending[:-2] + "AA", "ü", "x" * 5_000):
        with pytest.raises(Unauthenticated):
            finish(people, kept, code_at(secret, clock.now() + STEP))


@pytest.mark.on_each_database
def test_a_code_counts_once(people: People, ada: User, clock: MovableClock) -> None:
    secret, _codes = switch_on(people, ada)
    with pytest.raises(InvalidInput):
        finish(people, begin(people), code_at(secret, clock.now()))
    clock.advance(STEP)
    code = code_at(secret, clock.now())
    pending = begin(people)

    def attempt(_number: int) -> bool:
        try:
            finish(people, pending, code)
        except (InvalidInput, Unauthenticated):
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(4))) == [False, False, False, True]
    with pytest.raises(InvalidInput):
        finish(people, begin(people), code_at(secret, clock.now() - STEP))


@pytest.mark.on_each_database
def test_a_right_password_begins_one_session_and_spends_no_code_on_a_second(
    people: People, ada: User
) -> None:
    _secret, codes = switch_on(people, ada)
    pending, other = begin(people), begin(people)
    together = Barrier(3)

    def attempt(number: int) -> bool:
        together.wait()
        try:
            finish(people, pending, codes[number].reveal())
        except Unauthenticated:
            return False
        return True

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(attempt, range(3))) == [False, False, True]
    with pytest.raises(Unauthenticated):
        finish(people, pending, codes[3].reveal())
    with people.database.read() as work:
        assert people.factors.open_pending(work, pending) is None
        status = people.factors.status(work, ada.id)
    assert status is not None
    assert status.codes_left == 9
    finish(people, other, codes[4].reveal())


@pytest.mark.on_each_database
def test_of_two_who_switch_it_on_at_once_one_is_told_that_it_is_on(
    people: People, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = people.factors.offer(ada)
    code = Secret(code_at(offered.secret.reveal(), people.clock.now()))
    # Both have read that it is off before either writes; SQLite has one writer at a time.
    together = Barrier(1 if people.database.engine.dialect.name == "sqlite" else 2)
    step_of = codes_of_apps.step_of

    def both(*values: Any) -> int | None:
        together.wait(10)
        return step_of(*values)

    monkeypatch.setattr(codes_of_apps, "step_of", both)

    def attempt(_number: int) -> str:
        try:
            with people.database.write() as work:
                access = Access(work, SYSTEM, Actor.operator())
                people.factors.switch_on(access, ada, offered.sealed, code)
        except Conflict as error:
            return error.code
        return ""

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, range(2))) == ["", "second_factor_on"]


@pytest.mark.parametrize(("off", "is_taken"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off(
    people: People, ada: User, clock: MovableClock, off: int, is_taken: bool
) -> None:
    secret, _codes = switch_on(people, ada)
    clock.advance(10 * STEP)
    code = code_at(secret, clock.now() + off * STEP)
    if is_taken:
        finish(people, begin(people), code)
    else:
        with pytest.raises(InvalidInput):
            finish(people, begin(people), code)


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "\uff11" * 6, "1234567", "0" * 5_000])
def test_what_is_no_code_is_wrong(people: People, ada: User, code: str) -> None:
    switch_on(people, ada)
    with pytest.raises(InvalidInput) as error:
        finish(people, begin(people), code)
    assert set(error.value.fields) == {"code"}


@pytest.mark.on_each_database
def test_each_recovery_code_signs_in_once(people: People, ada: User) -> None:
    _secret, codes = switch_on(people, ada)
    assert len({one.reveal() for one in codes}) == 10
    typed = codes[3].reveal().lower().replace("-", " ")
    finish(people, begin(people), typed)
    with pytest.raises(InvalidInput):
        finish(people, begin(people), typed)
    with people.database.read() as work:
        status = people.factors.status(work, ada.id)
    assert status is not None
    assert status.codes_left == 9


def test_new_recovery_codes_end_the_earlier_ones(people: People, ada: User) -> None:
    _secret, codes = switch_on(people, ada)
    finishing = finish(people, begin(people), codes[0].reveal())
    with people.database.write() as work:
        session = people.sessions.session_for(work, finishing)
        assert session is not None
        proof = PasswordProof(ada.id, people.clock.now())
        new = people.sessions.renew_recovery_codes(work, session, proof)
    with pytest.raises(InvalidInput):
        finish(people, begin(people), codes[1].reveal())
    finish(people, begin(people), new[1].reveal())


def test_guesses_of_codes_are_limited_and_a_right_one_then_does_not_help(
    people: People, ada: User, clock: MovableClock
) -> None:
    secret, _codes = switch_on(people, ada)
    clock.advance(STEP)
    for _number in range(10):
        with pytest.raises(InvalidInput):
            finish(people, begin(people), "000000")
    with pytest.raises(TooManyRequests):
        finish(people, begin(people), code_at(secret, clock.now()))
    clock.advance(timedelta(minutes=16))
    finish(people, begin(people), code_at(secret, clock.now()))


def test_the_second_step_is_open_for_ten_minutes_and_for_this_password(
    people: People, ada: User, clock: MovableClock
) -> None:
    secret, _codes = switch_on(people, ada)
    pending = begin(people)
    clock.advance(timedelta(minutes=11))
    with pytest.raises(Unauthenticated):
        finish(people, pending, code_at(secret, clock.now()))
    pending = begin(people)
    password_hash = people.identity.hash_password(Secret("quite another password"))
    with people.database.write() as work:
        people.identity.reset_password(work, Actor.operator(), "ada", password_hash)
    with pytest.raises(Unauthenticated):
        finish(people, pending, code_at(secret, clock.now()))


def test_a_user_disabled_between_the_steps_does_not_get_in(
    people: People, ada: User, clock: MovableClock
) -> None:
    secret, _codes = switch_on(people, ada)
    clock.advance(STEP)
    people.add("eve")
    pending = begin(people)
    roles = session_of(people, "eve").actor
    with people.database.write() as work:
        members = MemberService(people.audit, people.identity)
        members.set_disabled(Access(work, TenantScope(TENANT), roles), ada.id, True)
    with pytest.raises(Unauthenticated):
        finish(people, pending, code_at(secret, clock.now()))


def test_it_is_switched_on_with_a_right_code_and_the_password_only(
    people: People, ada: User, clock: MovableClock
) -> None:
    session, offered = session_of(people), people.factors.offer(ada)
    code = Secret(code_at(offered.secret.reveal(), clock.now()))
    proof = PasswordProof(ada.id, clock.now())
    other = people.factors.offer(people.add("bob")).sealed
    with people.database.write() as work:
        switch = people.sessions.switch_factor_on
        with pytest.raises(InvalidInput):
            switch(work, session, proof, offered.sealed, Secret("000000"))
        for sealed in (other, "", "made-up", offered.sealed[:-2] + "AA"):
            with pytest.raises(InvalidInput):
                switch(work, session, proof, sealed, code)
        stale = PasswordProof(ada.id, clock.now() - timedelta(minutes=6))
        with pytest.raises(Unauthenticated):
            switch(work, session, stale, offered.sealed, code)
        switch(work, session, proof, offered.sealed, code)
        with pytest.raises(Conflict):
            switch(work, session, proof, offered.sealed, code)


def test_switching_it_on_ends_other_sessions(people: People, ada: User) -> None:
    token, _user = people.sessions.sign_in(people.database, "ada", PASSWORD, ADDRESS)
    switch_on(people, ada)
    with people.database.read() as work:
        assert people.sessions.session_for(work, token) is None


def test_secret_and_recovery_codes_are_not_in_the_database(people: People, ada: User) -> None:
    secret, codes = switch_on(people, ada)
    with people.database.read() as work:
        found = FactorRepository(work.connection).find(SYSTEM, ada.id)
        rows = work.connection.exec_driver_sql("SELECT * FROM recovery_codes").all()
        trail = people.audit.list(work.within(SYSTEM), PageRequest(), [ada.id]).items
    text = repr((found, rows, trail))
    assert secret not in text
    assert not any(one.reveal() in text or one.reveal().replace("-", "") in text for one in codes)


def test_the_secret_is_sealed_anew_with_a_new_key(
    people: People, ada: User, clock: MovableClock
) -> None:
    secret, _codes = switch_on(people, ada)
    keys = people.keys.with_new_key()
    factors = SecondFactorService(clock, keys, people.audit)
    with people.database.write() as work:
        assert factors.reseal(work.within(SYSTEM)) == 1
        assert factors.reseal(work.within(SYSTEM)) == 0
        clock.advance(STEP)
        access = Access(work, SYSTEM, Actor.operator())
        assert factors.accept(access, ada, Secret(code_at(secret, clock.now())))
        other = SecondFactorService(clock, KeyRing.generate(), people.audit)
        pending = factors.pending(work, ada, Step.CODE).reveal()
        assert other.open_pending(work, pending) is None


def required(database: Database, clock: MovableClock) -> People:
    return People.on(database, clock, require_second_factor=True)


@pytest.mark.parametrize(
    ("tenant", "role", "is_asked"),
    [
        ("ACME_PRD", TenantRole.IONAPI_ADMINISTRATOR, True),
        ("ACME_PRD", TenantRole.USER, False),
        ("ACME_TST", TenantRole.IONAPI_ADMINISTRATOR, False),
    ],
)
def test_the_setting_asks_administrators_of_a_production_tenant(
    database: Database, clock: MovableClock, tenant: str, role: TenantRole, is_asked: bool
) -> None:
    people = required(database, clock)
    user = people.add("ada", tenant_role=TenantRole.USER)
    with people.database.write() as work:
        people.identity.ensure_tenant(work, tenant)
        people.identity.set_tenant_role(work, Actor.operator(), user.id, tenant, role)
    if not is_asked:
        session_of(people)
        return
    with pytest.raises(SecondStepNeeded) as needed:
        people.sessions.sign_in(people.database, "ada", PASSWORD, ADDRESS)
    assert needed.value.step is Step.SET_UP
    pending = needed.value.pending.reveal()
    with pytest.raises(Unauthenticated):
        finish(people, pending, "000000")
    offered = people.factors.offer(user)
    code = Secret(code_at(offered.secret.reveal(), clock.now()))
    token, _user, codes = people.sessions.finish_with_set_up(
        people.database, pending, offered.sealed, code, ADDRESS
    )
    assert len(codes) == 10
    with people.database.write() as work:
        session = people.sessions.session_for(work, token)
        assert session is not None
        with pytest.raises(Conflict):
            people.sessions.switch_factor_off(work, session, PasswordProof(user.id, clock.now()))
    with pytest.raises(Unauthenticated):
        people.sessions.finish_with_set_up(
            people.database, begin(people), offered.sealed, code, ADDRESS
        )


def test_the_operator_switches_it_off_and_every_session_ends(
    people: People, ada: User, clock: MovableClock
) -> None:
    secret, _codes = switch_on(people, ada)
    clock.advance(STEP)
    token = finish(people, begin(people), code_at(secret, clock.now()))
    accounts = people.accounts(MemberService(people.audit, people.identity))
    with people.database.write() as work:
        assert accounts.switch_factor_off_for(work, Actor.operator(), "ADA")[1]
        assert not accounts.switch_factor_off_for(work, Actor.operator(), "ada")[1]
        assert people.sessions.session_for(work, token) is None
        with pytest.raises(NotFound):
            accounts.switch_factor_off_for(work, Actor.operator(), "nobody")
    session_of(people)


def test_every_step_is_in_the_audit_log(people: People, ada: User, clock: MovableClock) -> None:
    secret, codes = switch_on(people, ada)
    clock.advance(STEP)
    with pytest.raises(InvalidInput):
        finish(people, begin(people), "000000")
    finish(people, begin(people), codes[0].reveal())
    token = finish(people, begin(people), code_at(secret, clock.now()))
    with people.database.write() as work:
        session = people.sessions.session_for(work, token)
        assert session is not None
        proof = PasswordProof(ada.id, clock.now())
        people.sessions.renew_recovery_codes(work, session, proof)
        people.sessions.switch_factor_off(work, session, proof)
        trail = people.audit.list(work.within(SYSTEM), PageRequest(), [ada.id]).items
    assert {
        "user.second_factor_on",
        "user.second_factor_refused",
        "user.recovery_code_used",
        "user.recovery_codes_made",
        "user.second_factor_off",
    } <= {entry.action for entry in trail}
