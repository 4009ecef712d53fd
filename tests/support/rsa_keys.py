"""RSA keys that a test process makes once: making one takes longer than most tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from joserfc.jwk import RSAKey

from ionport.oauth.tokens.keys import private_keys

_BITS = 2048
# No test makes as many that must differ.
_KEPT = 12

_turns = count()
_keys: list[RSAPrivateKey] = []


def private_key(exponent: int = 65537, bits: int = _BITS) -> RSAPrivateKey:
    """Return a key; the same one comes again after eleven others."""
    if bits != _BITS:
        return generate_private_key(exponent, bits)
    turn = next(_turns) % _KEPT
    if turn >= len(_keys):
        _keys.append(generate_private_key(exponent, bits))
        return _keys[-1]
    return _keys[turn]


def _jwk(bits: int, parameters: Any = None, **_options: Any) -> RSAKey:
    return RSAKey.import_key(private_key(bits=bits), parameters)


@contextmanager
def instead_of_new_ones() -> Iterator[None]:
    """Let the server take its signing and bridge keys from here."""
    with (
        mock.patch.object(private_keys, "generate_private_key", private_key),
        mock.patch.object(RSAKey, "generate_key", _jwk),
    ):
        yield
