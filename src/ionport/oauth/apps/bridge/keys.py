"""Key pairs of *Use Bridge Authentication*: the private key is handed out once and not kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ionport.core.ids import new_uuid

ALGORITHM: Final = "RS256"
FILENAME: Final = "ionapi-bridge-private-jwt-1.json"
MAX_BRIDGE_KEYS: Final = 5
_KEY_BITS: Final = 2048


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A fresh key pair; `private_jwk` does not print."""

    kid: str
    public_jwk: Mapping[str, str]
    private_jwk: Mapping[str, str] = field(repr=False)


def new_key_pair() -> KeyPair:
    """Make a key pair; takes some 100 ms, so do it before a transaction is open."""
    from joserfc.jwk import RSAKey

    kid = new_uuid()
    key = RSAKey.generate_key(_KEY_BITS, {"kid": kid, "use": "sig", "alg": ALGORITHM})
    public = {name: str(value) for name, value in key.as_dict(private=False).items()}
    private = {name: str(value) for name, value in key.as_dict(private=True).items()}
    return KeyPair(kid, public, private)


def key_file(client_id: str, audience: str, pair: KeyPair) -> bytes:
    """Return the private key with what an assertion needs beside it (RFC 7523 §3)."""
    values = {"client_id": client_id, "aud": audience, "alg": ALGORITHM, "jwk": pair.private_jwk}
    return json.dumps(values, indent=2).encode()
