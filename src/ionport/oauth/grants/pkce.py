"""The one door to Authlib: what of it fits, which is PKCE (DESIGN.md, decision 2).

Its endpoints do not: they store tokens in several calls where one transaction is needed, answer
request texts in descriptions that then are refused as malformed, and take PKCE `plain`. Its debug
log, which prints tokens, is pinned.
"""

from __future__ import annotations

import hmac
import logging
from typing import Final

from authlib.oauth2.rfc7636.challenge import (  # type: ignore[import-untyped]
    CODE_CHALLENGE_PATTERN,
    CODE_VERIFIER_PATTERN,
    create_s256_code_challenge,
)

logging.getLogger("authlib").setLevel(logging.INFO)
_S256_LENGTH: Final = 43


def verifier_matches(verifier: str, challenge: str) -> bool:
    """Tell whether a code verifier is well-formed and the S256 challenge was made from it."""
    if not verifier.isascii() or not CODE_VERIFIER_PATTERN.match(verifier):
        return False
    return hmac.compare_digest(create_s256_code_challenge(verifier), challenge)


def is_code_challenge(challenge: str) -> bool:
    """Tell whether this can be an S256 challenge: 32 bytes as unpadded base64url."""
    return (
        challenge.isascii()
        and len(challenge) == _S256_LENGTH
        and CODE_CHALLENGE_PATTERN.match(challenge) is not None
    )
