"""The one door to Authlib: it checks authorization requests and PKCE (DESIGN.md, decision 2).

Its answers, tokens and storage are not used: redirects and tokens are made here in one
transaction. PKCE `plain` is off, and its debug log, which prints tokens, is pinned.
"""

from __future__ import annotations

import hmac
import logging

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oauth2.rfc7636.challenge import CODE_VERIFIER_PATTERN

logging.getLogger("authlib").setLevel(logging.INFO)


def verifier_matches(verifier: str, challenge: str) -> bool:
    """Tell whether a code verifier is well-formed and the S256 challenge was made from it."""
    if not verifier.isascii() or not CODE_VERIFIER_PATTERN.match(verifier):
        return False
    return hmac.compare_digest(create_s256_code_challenge(verifier), challenge)
