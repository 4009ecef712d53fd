"""Makes RSA keys; apart from `keys`, so that a start can begin with it while the rest loads."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

_BITS: Final = 2048
_PUBLIC_EXPONENT: Final = 65537


def new_private_key() -> RSAPrivateKey:
    """Make a key of 2048 bits; takes 50 to 200 ms and lets other threads run meanwhile."""
    return generate_private_key(_PUBLIC_EXPONENT, _BITS)
