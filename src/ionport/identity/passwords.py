"""Passwords of people: argon2id, about 150 ms a check, and few checks at once.

A check takes 64 MiB and one core for its time, so at most `at_once` run together; the others
wait a little and are then told to try again, instead of exhausting the machine.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
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
    ) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        self._slots = threading.BoundedSemaphore(at_once)
        self._wait_seconds = wait_seconds
        # Checked in place of a missing user's hash, so that both take the same time.
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: Secret) -> str:
        """Return the hash to store.

        Raises:
            InvalidInput: shorter than 12 or longer than 200 characters.
            Unavailable: too many checks run at once.
        """
        length = len(password.reveal())
        if length < MIN_LENGTH:
            raise _bad_length(_("Use at least {n} characters.").format(n=MIN_LENGTH))
        if length > MAX_LENGTH:
            raise _bad_length(_("Use at most {n} characters.").format(n=MAX_LENGTH))
        with self._slot():
            return self._hasher.hash(password.reveal())

    def matches(self, stored: str | None, password: Secret) -> bool:
        """Tell whether `password` made the hash `stored`; None (no such user) never matches.

        Raises:
            Unavailable: too many checks run at once.
        """
        text = password.reveal()[: MAX_LENGTH + 1]
        with self._slot():
            try:
                self._hasher.verify(stored or self._nobody, text)
            except (VerificationError, InvalidHashError):
                return False
        return stored is not None

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=self._wait_seconds):
            raise Unavailable(
                _("Too many people are signing in at this moment. Try again in a minute."),
                code="sign_in_busy",
            )
        try:
            yield
        finally:
            self._slots.release()


def _bad_length(text: str) -> InvalidInput:
    return InvalidInput(text, code="bad_password", fields={"password": text})
