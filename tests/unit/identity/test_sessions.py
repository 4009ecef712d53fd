from __future__ import annotations

import time
from datetime import timedelta

import pytest
from sqlalchemy import text

from ionport.core.clock import MovableClock
from ionport.core.errors import InvalidInput, TooManyRequests, Unauthenticated
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.identity.attempts import ATTEMPTS, ATTEMPTS_ON_AN_ACCOUNT
from ionport.identity.known_browsers import KNOWN_FOR, MAX_ACCOUNTS, KnownBrowsers
from ionport.identity.model import Session
from ionport.identity.passwords import Passwords
from ionport.identity.sessions import SessionService
from tests.support.web import PASSWORD, People

ADDRESS = "192.0.2.7"
WRONG = Secret("not the password")


def _session(people: People, token: Secret) -> Session | None:
    with people.database.read() as work:
        return people.sessions.session_for(work, token, ADDRESS)


def _signed_in(people: People, username: str = "ada") -> Secret:
    token, _user = people.sessions.sign_in(people.database, username, PASSWORD, ADDRESS)
    return token


def test_the_right_password_begins_a_session_with_the_users_roles(people: People) -> None:
    user = people.add("ada")
    session = _session(people, _signed_in(people, "ADA"))
    assert session is not None
    assert session.user.id == user.id
    assert session.actor.is_tenant_administrator("IONPORT_TST")


@pytest.mark.on_each_database
def test_every_sign_in_makes_a_new_token_and_the_database_holds_only_its_digest(
    people: People,
) -> None:
    people.add("ada")
    first, second = _signed_in(people), _signed_in(people)
    assert first != second
    with people.database.read() as work:
        stored = work.connection.execute(text("SELECT digest FROM sessions")).scalars().all()
    assert len(stored) == 2
    assert not {first.reveal(), second.reveal()} & set(stored)


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(people: People) -> None:
    people.add("ada")
    texts = set()
    for username in ("ada", "nobody", "", "not a username\x00"):
        with pytest.raises(Unauthenticated) as error:
            people.sessions.sign_in(people.database, username, WRONG, ADDRESS)
        texts.add((error.value.code, error.value.text))
    assert len(texts) == 1


def test_an_unknown_user_takes_as_long_as_a_wrong_password() -> None:
    passwords = Passwords(time_cost=3, memory_kib=8192)
    stored = passwords.hash(PASSWORD)

    def seconds(hash_of_user: str | None) -> float:
        # The work of this thread, so that other work of the machine does not count.
        taken = []
        for _ in range(7):
            begin = time.thread_time()
            assert not passwords.matches(hash_of_user, WRONG)
            taken.append(time.thread_time() - begin)
        return min(taken)

    assert 0.5 < seconds(None) / seconds(stored) < 2


def test_a_disabled_user_cannot_sign_in_and_loses_the_session(people: People) -> None:
    people.add("ada")
    token = _signed_in(people)
    with people.database.write() as work:
        work.connection.execute(text("UPDATE users SET is_disabled = true"))
    assert _session(people, token) is None
    with pytest.raises(Unauthenticated):
        _signed_in(people)


@pytest.mark.on_each_database
def test_a_session_ends_after_twelve_idle_hours(people: People, clock: MovableClock) -> None:
    people.add("ada")
    token = _signed_in(people)
    clock.advance(timedelta(hours=11))
    session = _session(people, token)
    assert session is not None
    assert session.is_stale
    with people.database.write() as work:
        people.sessions.touch_session(work, session)
    clock.advance(timedelta(hours=11))
    assert _session(people, token) is not None
    clock.advance(timedelta(hours=1))
    assert _session(people, token) is None


def test_a_session_in_use_ends_after_seven_days(people: People, clock: MovableClock) -> None:
    people.add("ada")
    token = _signed_in(people)
    for _ in range(7 * 24 - 1):
        clock.advance(timedelta(hours=1))
        session = _session(people, token)
        assert session is not None
        with people.database.write() as work:
            people.sessions.touch_session(work, session)
    clock.advance(timedelta(hours=1))
    assert _session(people, token) is None


@pytest.mark.on_each_database
def test_signing_out_ends_the_session_on_the_server(people: People) -> None:
    people.add("ada")
    token, other = _signed_in(people), _signed_in(people)
    with people.database.write() as work:
        people.sessions.sign_out(work, token)
    assert _session(people, token) is None
    assert _session(people, other) is not None


def _guess(people: People, username: str, address: str, known: str = "") -> None:
    with pytest.raises(Unauthenticated):
        people.sessions.sign_in(people.database, username, WRONG, address, known)


def test_guesses_of_strangers_at_other_names_stop_nobodys_right_password(people: People) -> None:
    """Behind a proxy that nobody has named to us all people have one address."""
    people.add("ada")
    for number in range(60):
        _guess(people, f"user{number}", ADDRESS)
    _signed_in(people)


def test_ten_guesses_from_one_address_lock_an_account_for_that_address_alone(
    people: People, clock: MovableClock
) -> None:
    people.add("ada")
    for _ in range(ATTEMPTS):
        _guess(people, "ada", "198.51.100.7")
        clock.advance(timedelta(seconds=1))
    with pytest.raises(TooManyRequests) as error:
        people.sessions.sign_in(people.database, "ada", PASSWORD, "198.51.100.7")
    assert error.value.retry_after == 15 * 60 - ATTEMPTS
    _signed_in(people)
    clock.advance(timedelta(seconds=error.value.retry_after))
    people.sessions.sign_in(people.database, "ada", PASSWORD, "198.51.100.7")


def test_addresses_of_one_network_of_ipv6_count_as_one(people: People) -> None:
    people.add("ada")
    for number in range(ATTEMPTS):
        _guess(people, "ada", f"2001:db8:1:2::{number}")
    with pytest.raises(TooManyRequests):
        people.sessions.sign_in(people.database, "ada", PASSWORD, "2001:db8:1:2:ffff::1")
    people.sessions.sign_in(people.database, "ada", PASSWORD, "2001:db8:1:3::1")


@pytest.mark.on_each_database
def test_many_guesses_from_many_addresses_slow_an_account_down_but_not_its_known_browsers(
    people: People, clock: MovableClock
) -> None:
    user = people.add("ada")
    people.add("bob")
    known = people.sessions.remember_browser("", user)
    for number in range(ATTEMPTS_ON_AN_ACCOUNT):
        _guess(people, "ADA", f"198.51.100.{number}")
    with pytest.raises(TooManyRequests) as error:
        _signed_in(people)
    assert error.value.retry_after == 60 * 60
    assert "browser that has signed in" in error.value.text
    people.sessions.sign_in(people.database, "ada", PASSWORD, "198.51.100.1", known)
    with pytest.raises(TooManyRequests):
        _signed_in(people)
    _signed_in(people, "bob")
    clock.advance(timedelta(hours=1))
    _signed_in(people)


def test_a_known_browser_has_ten_guesses_of_its_own(people: People) -> None:
    user = people.add("ada")
    known = people.sessions.remember_browser("", user)
    for number in range(ATTEMPTS):
        _guess(people, "ada", f"198.51.100.{number}", known)
    with pytest.raises(TooManyRequests):
        people.sessions.sign_in(people.database, "ada", PASSWORD, "192.0.2.99", known)
    _signed_in(people)


@pytest.mark.on_each_database
def test_a_browser_is_known_to_the_accounts_that_signed_in_with_it_and_to_no_other(
    people: People, clock: MovableClock
) -> None:
    browsers = KnownBrowsers(clock, people.keys)
    # A name that no digest in hexadecimal can have by chance.
    cookie = browsers.with_account("", "yusuf")
    assert browsers.browser_of(cookie, "yusuf")
    assert browsers.browser_of(cookie, "bob") is None
    both = browsers.with_account(cookie, "bob")
    assert browsers.browser_of(both, "yusuf") == browsers.browser_of(both, "bob")
    assert "yusuf" not in both
    browser, entry = cookie.split(".")
    for forged in ("", "x", f"{browser}x.{entry}", f"{browser}.9{entry}", f"{cookie}.", "\ud800"):
        assert browsers.browser_of(forged, "yusuf") is None
    assert KnownBrowsers(clock, KeyRing.generate()).browser_of(cookie, "yusuf") is None
    clock.advance(KNOWN_FOR)
    assert browsers.browser_of(cookie, "yusuf") is None


def test_the_cookie_of_a_known_browser_stays_short(people: People, clock: MovableClock) -> None:
    browsers = KnownBrowsers(clock, people.keys)
    cookie = ""
    for number in range(30):
        cookie = browsers.with_account(cookie, f"user{number}")
        cookie = browsers.with_account(cookie, f"user{number}")
    assert len(cookie) < 500
    assert browsers.browser_of(cookie, "user29")
    assert browsers.browser_of(cookie, f"user{30 - MAX_ACCOUNTS}")
    assert browsers.browser_of(cookie, f"user{29 - MAX_ACCOUNTS}") is None


@pytest.mark.on_each_database
def test_attempts_are_counted_across_restarts_and_kept_for_an_hour(
    people: People, clock: MovableClock
) -> None:
    people.add("ada")
    for _ in range(ATTEMPTS):
        _guess(people, "ada", ADDRESS)
    after = SessionService(
        clock,
        people.keys,
        people.audit,
        people.identity,
        Passwords(time_cost=1, memory_kib=8),
        people.factors,
    )
    with pytest.raises(TooManyRequests):
        after.sign_in(people.database, "ada", PASSWORD, ADDRESS)
    clock.advance(timedelta(hours=1))
    _guess(people, "bob", ADDRESS)
    with people.database.read() as work:
        count = work.connection.execute(text("SELECT count(*) FROM sign_in_attempts")).scalar_one()
    assert count == 1


def test_what_was_typed_as_username_is_not_stored(people: People) -> None:
    with pytest.raises(Unauthenticated):
        people.sessions.sign_in(people.database, "my-password-by-mistake", WRONG, ADDRESS)
    with people.database.read() as work:
        rows = work.connection.execute(text("SELECT * FROM sign_in_attempts")).all()
    assert len(rows) == 1
    assert "my-password-by-mistake" not in repr(rows)


def test_a_password_typed_again_is_proof_for_its_own_user_for_five_minutes(
    people: People, clock: MovableClock
) -> None:
    people.add("ada")
    people.add("bob")
    ada, bob = (_session(people, _signed_in(people, name)) for name in ("ada", "bob"))
    assert ada is not None
    assert bob is not None
    proof = people.sessions.verify_password(people.database, ada.actor, PASSWORD)
    proof.require_for(ada.actor, clock.now())
    with pytest.raises(Unauthenticated):
        proof.require_for(bob.actor, clock.now())
    clock.advance(timedelta(minutes=6))
    with pytest.raises(Unauthenticated):
        proof.require_for(ada.actor, clock.now())


def test_a_stolen_session_cannot_guess_the_password_without_limit(people: People) -> None:
    people.add("ada")
    session = _session(people, _signed_in(people))
    assert session is not None
    for _ in range(ATTEMPTS):
        with pytest.raises(InvalidInput) as wrong:
            people.sessions.verify_password(people.database, session.actor, WRONG)
        assert set(wrong.value.fields) == {"password"}
    with pytest.raises(TooManyRequests):
        people.sessions.verify_password(people.database, session.actor, PASSWORD)


def test_guesses_of_strangers_do_not_stop_a_signed_in_user_from_typing_the_password_again(
    people: People,
) -> None:
    people.add("ada")
    session = _session(people, _signed_in(people))
    assert session is not None
    for _ in range(ATTEMPTS):
        _guess(people, "ada", ADDRESS)
    for number in range(ATTEMPTS_ON_AN_ACCOUNT - ATTEMPTS):
        _guess(people, "ada", f"198.51.100.{number}")
    people.sessions.verify_password(people.database, session.actor, PASSWORD)


@pytest.mark.on_each_database
def test_a_changed_password_ends_the_other_sessions(people: People) -> None:
    people.add("ada")
    token, other = _signed_in(people), _signed_in(people)
    session = _session(people, token)
    assert session is not None
    proof = people.sessions.verify_password(people.database, session.actor, PASSWORD)
    new = Secret("another long password")
    password_hash = people.identity.hash_password(new)
    with people.database.write() as work:
        people.sessions.change_password(work, session, proof, password_hash)
    assert _session(people, token) is not None
    assert _session(people, other) is None
    with pytest.raises(Unauthenticated):
        _signed_in(people)
    people.sessions.sign_in(people.database, "ada", new, ADDRESS)
