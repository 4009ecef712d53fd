from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from ionport.core.errors import Unavailable
from ionport.core.secrets import Secret
from ionport.identity.passwords import Passwords
from tests.support.patience import PATIENCE
from tests.support.web import PASSWORD


def test_a_hash_is_argon2id_and_never_the_same_twice() -> None:
    passwords = Passwords(time_cost=1, memory_kib=8)
    first, second = passwords.hash(PASSWORD), passwords.hash(PASSWORD)
    assert first.startswith("$argon2id$")
    assert first != second
    assert passwords.matches(first, PASSWORD)
    assert not passwords.matches(first, Secret("another password"))
    assert not passwords.matches("not a hash", PASSWORD)


def test_a_check_for_a_user_who_is_not_there_costs_what_another_check_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checked = []

    def verify(hasher: PasswordHasher, stored: str, password: str) -> bool:
        checked.append(extract_parameters(stored))
        return made(hasher, stored, password)

    made = PasswordHasher.verify
    monkeypatch.setattr(PasswordHasher, "verify", verify)
    passwords = Passwords(time_cost=1, memory_kib=8)
    assert passwords.matches(passwords.hash(PASSWORD), PASSWORD)
    assert not passwords.matches(None, PASSWORD)
    assert checked[0] == checked[1]
    # What cannot be read would be refused at once.
    with pytest.raises(VerifyMismatchError):
        passwords._hasher.verify(passwords._nobody, "x")


@contextmanager
def _held(passwords: Passwords, address: str = "") -> Iterator[None]:
    """Keep a place for checks taken, in another thread."""
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with passwords.turn(address):
            entered.set()
            leave.wait(PATIENCE)

    thread = threading.Thread(target=hold)
    thread.start()
    assert entered.wait(PATIENCE)
    yield
    leave.set()
    thread.join()


def test_too_many_checks_at_once_are_refused_instead_of_queueing_for_ever() -> None:
    passwords = Passwords(time_cost=1, memory_kib=8, at_once=1, wait_seconds=0.05)
    with _held(passwords), pytest.raises(Unavailable):
        passwords.matches(None, PASSWORD)
    assert not passwords.matches(None, PASSWORD)


def test_who_finds_the_queue_full_is_told_at_once() -> None:
    passwords = Passwords(time_cost=1, memory_kib=8, at_once=1, wait_seconds=60, waiting=0)
    with _held(passwords), pytest.raises(Unavailable):
        passwords.matches(None, PASSWORD)


def test_strangers_take_no_place_of_those_who_are_known() -> None:
    passwords = Passwords(time_cost=1, memory_kib=8, at_once=1, wait_seconds=60, waiting=0)
    stored = passwords.hash(PASSWORD)
    with _held(passwords):
        with passwords.turn(is_known=True) as matches:
            assert matches(stored, PASSWORD)
        assert passwords.hash(PASSWORD) != stored


def test_one_address_does_not_fill_the_queue() -> None:
    passwords = Passwords(time_cost=1, memory_kib=8, at_once=2, wait_seconds=60, waiting=1)
    with _held(passwords, "192.0.2.1"), _held(passwords, "192.0.2.1"):
        with pytest.raises(Unavailable), passwords.turn("192.0.2.1"):
            pass
        answered: list[bool] = []

        def try_elsewhere() -> None:
            with passwords.turn("192.0.2.2") as matches:
                answered.append(matches(None, PASSWORD))

        waiting = threading.Thread(target=try_elsewhere)
        waiting.start()
    waiting.join(PATIENCE)
    assert answered == [False]
