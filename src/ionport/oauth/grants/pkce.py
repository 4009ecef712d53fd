"""PKCE by S256, the one method that is taken (RFC 7636 §4.1, §4.2 and §4.6)."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import Final

_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
# 32 bytes as base64url without padding: the last letter carries four bits.
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")


def verifier_matches(verifier: str, challenge: str) -> bool:
    """Tell whether a code verifier is well-formed and the S256 challenge was made from it."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    return secrets.compare_digest(s256_challenge(verifier), challenge)


def is_code_challenge(challenge: str) -> bool:
    """Tell whether this can be an S256 challenge: 32 bytes as unpadded base64url."""
    return _CHALLENGE.fullmatch(challenge) is not None


def s256_challenge(verifier: str) -> str:
    """Return the S256 challenge of a code verifier (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
