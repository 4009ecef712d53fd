"""Makes a process answer the same bytes each time: clock, ids, random secrets and RSA keys.

To be called before any module of ionport is imported that takes these names from theirs.
"""

from __future__ import annotations

import hashlib
import random
import secrets
import time
import uuid
from collections import Counter
from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

MOMENT: Final = datetime(2026, 3, 5, 10, 0, tzinfo=UTC)
_SMALL_PRIMES: Final = (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)
_ROUNDS: Final = 20


class Frozen:
    """Gives ids and secrets that depend on the present step and on what is drawn for it.

    A value is made from the step's number, its kind (the prefix of an id, the size of a secret)
    and how many of that kind the step has drawn. So an id more in one place changes no other kind
    and no later step.
    """

    def __init__(self) -> None:
        self._step = 0
        self._drawn: Counter[str] = Counter()
        self._keys = 0

    def step(self, number: int) -> None:
        """Begin a step; ids of a higher number sort behind."""
        self._step = number
        self._drawn.clear()

    def install(self) -> None:
        """Replace the sources of time and randomness in this process, for good."""
        import ionport
        from ionport.core import clock, ids

        # A release changes what documents say of the version, and nothing else.
        ionport.__version__ = "recorded"
        clock.SystemClock.now = lambda _clock: MOMENT  # type: ignore[method-assign]
        # What is measured would differ from run to run: a cached answer's age, a call's duration.
        time.time = MOMENT.timestamp
        time.time_ns = lambda: int(MOMENT.timestamp()) * 1_000_000_000
        time.perf_counter = lambda: 0.0
        ids.new_id = self._new_id
        ids.new_uuid = self._new_uuid
        secrets.token_bytes = self._token_bytes
        rsa.generate_private_key = self._private_key  # type: ignore[assignment]

    def _bytes(self, kind: str, size: int) -> tuple[bytes, int]:
        number = self._drawn[kind]
        self._drawn[kind] += 1
        seed = f"{self._step} {kind} {number}".encode()
        return hashlib.shake_256(seed).digest(size), number

    def _new_id(self, prefix: str) -> str:
        """Ids of one kind sort as they were made."""
        rest, number = self._bytes(f"id {prefix}", 7)
        milliseconds = int(MOMENT.timestamp() * 1000) + self._step
        return f"{prefix}_{milliseconds:012x}7{number:03x}8{rest.hex()}0"

    def _new_uuid(self) -> str:
        return str(uuid.UUID(bytes=self._bytes("uuid", 16)[0], version=4))

    def _token_bytes(self, size: int | None = None) -> bytes:
        return self._bytes(f"secret {size}", size or 32)[0]

    def _private_key(
        self, public_exponent: int, key_size: int, _backend: object = None
    ) -> rsa.RSAPrivateKey:
        """The first key of each run is the same, and so on: no key stands in a file."""
        self._keys += 1
        source = random.Random(f"key {self._keys}")  # noqa: S311
        while True:
            p, q = (_prime(source, key_size // 2) for _ in range(2))
            phi = (p - 1) * (q - 1)
            if p != q and phi % public_exponent:
                break
        d = pow(public_exponent, -1, phi)
        public = rsa.RSAPublicNumbers(public_exponent, p * q)
        return rsa.RSAPrivateNumbers(
            p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public
        ).private_key()


def _prime(source: random.Random, bits: int) -> int:
    while True:
        candidate = source.getrandbits(bits) | (0b11 << (bits - 2)) | 1
        if all(candidate % small for small in _SMALL_PRIMES) and _is_prime(candidate, source):
            return candidate


def _is_prime(number: int, source: random.Random) -> bool:
    """Miller and Rabin's test."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(_ROUNDS):
        power = pow(source.randrange(2, number - 1), odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = pow(power, 2, number)
            if power == number - 1:
                break
        else:
            return False
    return True
