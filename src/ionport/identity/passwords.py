"""Passwords of people: argon2id, about 150 ms a check, and few checks at once.

A check takes 64 MiB and one core for its time, so at most `at_once` run together; some others
wait a little, the rest is refused at once (try again), instead of exhausting the machine and its
threads. No address may fill the whole queue, and one place is kept for known browsers.
"""

from __future__ import annotations

import base64
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ionport.core.errors import InvalidInput, Unavailable
from ionport.core.i18n import _
from ionport.core.secrets import Secret

MIN_LENGTH = 12
MAX_LENGTH = 200


class Passwords:
    """Makes and checks argon2id hashes. Never call it inside a database transaction."""

    def __init__(
        self,
        *,
        time_cost: int = 3,
        memory_kib: int = 65_536,
        at_once: int = 2,
        wait_seconds: float = 10.0,
        waiting: int = 8,
    ) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        self._strangers = _Places(at_once, waiting, wait_seconds)
        self._known = _Places(1, waiting, wait_seconds)
        # Checked in place of a missing user's hash, so that both take the same time. Made of random
        # bytes: every start of a command would wait for a real one.
        salt, digest = (
            base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=")
            for length in (self._hasher.salt_len, self._hasher.hash_len)
        )
        self._nobody = f"$argon2id$v=19$m={memory_kib},t={time_cost},p=1${salt}${digest}"

    def hash(self, password: Secret) -> str:
        """Return the hash to store.

        Raises:
            InvalidInput: shorter than 12 or longer than 200 characters.
            Unavailable: too many checks run at once.
        """
        self.check(password)
        with self._known.taken():
            return self._hasher.hash(password.reveal())

    @staticmethod
    def check(password: Secret) -> None:
        """Raise InvalidInput as `hash` does."""
        length = len(password.reveal())
        if length < MIN_LENGTH:
            raise _bad_length(_("Use at least {n} characters.").format(n=MIN_LENGTH))
        if length > MAX_LENGTH:
            raise _bad_length(_("Use at most {n} characters.").format(n=MAX_LENGTH))

    def matches(self, stored: str | None, password: Secret) -> bool:
        """Tell whether `password` made the hash `stored`; None (no such user) never matches.

        Raises:
            Unavailable: too many checks run at once.
        """
        with self.turn() as matches:
            return matches(stored, password)

    @contextmanager
    def turn(
        self, address: str = "", *, is_known: bool = False
    ) -> Iterator[Callable[[str | None, Secret], bool]]:
        """Wait for a place, and yield what checks one password there, as `matches` does.

        What must be as rare as the checks is done inside. `is_known` is for who has signed in
        before; `address` tells the others apart.

        Raises:
            Unavailable: too many checks run at once.
        """
        with (self._known if is_known else self._strangers).taken(address):
            yield self._is_right

    def _is_right(self, stored: str | None, password: Secret) -> bool:
        try:
            self._hasher.verify(stored or self._nobody, password.reveal()[: MAX_LENGTH + 1])
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None


class _Places:
    """Places for checks, and a short queue in front of them, of which no address gets all."""

    def __init__(self, count: int, waiting: int, wait_seconds: float) -> None:
        self._places = threading.BoundedSemaphore(count)
        self._seats = count + waiting
        self._seats_of_an_address = count + waiting // 2
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._seated: Counter[str] = Counter()

    @contextmanager
    def taken(self, address: str = "") -> Iterator[None]:
        with self._lock:
            is_full = self._seated.total() >= self._seats
            if is_full or self._seated[address] >= self._seats_of_an_address:
                raise _busy()
            self._seated[address] += 1
        try:
            if not self._places.acquire(timeout=self._wait_seconds):
                raise _busy()
            try:
                yield
            finally:
                self._places.release()
        finally:
            with self._lock:
                self._seated[address] -= 1
                self._seated += Counter()


def _busy() -> Unavailable:
    return Unavailable(
        _("Too many people are signing in at this moment. Try again in a minute."),
        code="sign_in_busy",
    )


def _bad_length(text: str) -> InvalidInput:
    return InvalidInput(text, code="bad_password", fields={"password": text})
