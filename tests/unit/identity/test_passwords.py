from __future__ import annotations

import threading

import pytest

from ionport.core.errors import Unavailable
from ionport.core.secrets import Secret
from ionport.identity.passwords import Passwords
from tests.support.web import PASSWORD


def test_a_hash_is_argon2id_and_never_the_same_twice() -> None:
    passwords = Passwords(time_cost=1, memory_kib=8)
    first, second = passwords.hash(PASSWORD), passwords.hash(PASSWORD)
    assert first.startswith("$argon2id$")
    assert first != second
    assert passwords.matches(first, PASSWORD)
    assert not passwords.matches(first, Secret("another password"))
    assert not passwords.matches("not a hash", PASSWORD)


def test_too_many_checks_at_once_are_refused_instead_of_queueing_for_ever() -> None:
    passwords = Passwords(time_cost=1, memory_kib=8, at_once=1, wait_seconds=0.05)
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with passwords._slot():
            entered.set()
            leave.wait(5)

    thread = threading.Thread(target=hold)
    thread.start()
    assert entered.wait(5)
    with pytest.raises(Unavailable):
        passwords.matches(None, PASSWORD)
    leave.set()
    thread.join()
    assert not passwords.matches(None, PASSWORD)
