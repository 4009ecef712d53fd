"""Ids and random secrets: one place, so that shapes are known and tests can freeze them."""

from __future__ import annotations

import os
import secrets
import time
import uuid
from typing import Final

from ionport.core.secrets import Secret

_FIXED_BITS: Final = (0xF << 76) | (0b11 << 62)
_VERSION_7_AND_VARIANT: Final = (0x7 << 76) | (0b10 << 62)


def new_id(prefix: str) -> str:
    """Return a new record id such as `doc_0192f…`: the prefix and a time-ordered UUID's hex.

    Ids sort by creation time within a process to the millisecond, which keeps indexes compact.
    """
    return f"{prefix}_{_uuid7_hex()}"


def new_uuid() -> str:
    """Return a random UUID in its 36-character form (correlation ids, `jti`, grant ids)."""
    return str(uuid.uuid4())


def new_ordered_uuid() -> str:
    """Return a UUID that sorts by its time: for ids whose index grows without end."""
    return str(uuid.UUID(hex=new_id("")[1:]))


def random_token(size_bytes: int) -> Secret:
    """Return `size_bytes` of randomness as unpadded base64url: 32 bytes → 43, 64 → 86 letters."""
    return Secret(secrets.token_urlsafe(size_bytes))


def _uuid7_hex() -> str:
    """RFC 9562 §5.7: 48 bits of milliseconds, then randomness. Made for every request."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    return f"{(value & ~_FIXED_BITS) | _VERSION_7_AND_VARIANT:032x}"
