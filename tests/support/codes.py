"""An app for one-time codes, as it is written down in RFC 6238 and RFC 4226."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime


def code_at(secret: str, moment: datetime) -> str:
    """Return the six digits that an app shows for a base32 secret at a moment."""
    counter = int(moment.timestamp()) // 30
    digest = hmac.digest(base64.b32decode(secret), counter.to_bytes(8, "big"), hashlib.sha1)
    at = digest[-1] & 0xF
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
