"""Ids and random secrets: one place, so that shapes are known and tests can freeze them."""

from __future__ import annotations

import os
import secrets
import threading
import time
from datetime import datetime
from hashlib import blake2b
from typing import Final

from ionport.core.secrets import Secret

_RANDOM_BITS: Final = (1 << 62) - 1
_VARIANT: Final = 0b10 << 62
# RFC 9562 §4.1 and §4.2: where a UUID says what it is, and what a random one says there.
_VERSION_AND_VARIANT: Final = (0xF << 76) | (0b11 << 62)
_VERSION_4: Final = (4 << 76) | _VARIANT
_LONGEST_KEY: Final = 300


def new_id(prefix: str) -> str:
    """Return a new record id such as `doc_0192f…`: the prefix and a time-ordered UUID's hex.

    Ids of one process sort in the order in which they were made, those of several to the
    millisecond: what happened in one moment is shown in its order, and indexes stay compact.
    """
    return f"{prefix}_{_uuid7_hex()}"


def key_text(text: str) -> str:
    """Return a text from outside as a key of an index: of one over 300 characters a digest.

    PostgreSQL holds at most 2,704 bytes of a row in an index, and refuses the whole row else.
    """
    if len(text) <= _LONGEST_KEY:
        return text
    return blake2b(text.encode(), digest_size=32).hexdigest()


def new_uuid() -> str:
    """Return a random UUID in its 36-character form (correlation ids, `jti`, grant ids)."""
    bits = int.from_bytes(_randomness.take(16), "big") & ~_VERSION_AND_VARIANT | _VERSION_4
    return _dashed(f"{bits:032x}")


def new_ordered_uuid() -> str:
    """Return a UUID that sorts by its time: for ids whose index grows without end."""
    return _dashed(new_id("")[1:])


def first_ordered_uuid(moment: datetime) -> str:
    """Return what sorts before every ordered UUID made after `moment`, and after all earlier."""
    milliseconds = int(moment.timestamp() * 1000)
    return _dashed(f"{milliseconds << 80:032x}")


def random_token(size_bytes: int) -> Secret:
    """Return `size_bytes` of randomness as unpadded base64url: 32 bytes → 43, 64 → 86 letters."""
    return Secret(secrets.token_urlsafe(size_bytes))


def _dashed(digits: str) -> str:
    # Four times as quick as `uuid.UUID`: each token has two of them.
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _uuid7_hex() -> str:
    """RFC 9562 §5.7: 48 bits of milliseconds, 12 of a counter, then randomness.

    Made for every request.
    """
    milliseconds, count = _moments.take()
    random = int.from_bytes(_randomness.take(8), "big") & _RANDOM_BITS
    return "%012x%04x%016x" % (milliseconds, count | 0x7000, random | _VARIANT)  # noqa: UP031


class _Moments:
    """The millisecond and the number of each id within it, never the same or an earlier one.

    RFC 9562 §6.2, method 1. Where a millisecond has no number left, and while a clock that was
    set back has not caught up, the numbers go on from the last one.
    """

    _NUMBERS: Final = 1 << 12

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._milliseconds = 0
        self._number = 0

    def take(self) -> tuple[int, int]:
        now = time.time_ns() // 1_000_000
        with self._lock:
            if now > self._milliseconds:
                self._milliseconds, self._number = now, 0
            else:
                self._number += 1
                if self._number == self._NUMBERS:
                    self._milliseconds, self._number = self._milliseconds + 1, 0
            return self._milliseconds, self._number


class _Randomness:
    """The system's randomness for ids, fetched for many of them at once. Not for secrets.

    Each fetch frees the interpreter lock, and in a busy process taking that back costs more than
    all the rest of making an id.
    """

    _FETCH_BYTES: Final = 4096

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fetched = b""
        self._taken = 0

    def take(self, size: int) -> bytes:
        """Return `size` random bytes, each given out once."""
        with self._lock:
            start, self._taken = self._taken, self._taken + size
            if self._taken > len(self._fetched):
                self._fetched = os.urandom(self._FETCH_BYTES)
                start, self._taken = 0, size
            return self._fetched[start : self._taken]

    def forget(self) -> None:
        """Drop what was fetched: a forked process must not use its parent's randomness."""
        self._fetched = b""
        self._taken = 0


_moments: Final = _Moments()
_randomness: Final = _Randomness()
os.register_at_fork(after_in_child=_randomness.forget)
