from __future__ import annotations

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from ionport.oauth.grants.pkce import is_code_challenge, s256_challenge, verifier_matches

# The example of RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_example_of_the_rfc_matches() -> None:
    assert s256_challenge(VERIFIER) == CHALLENGE
    assert is_code_challenge(CHALLENGE)
    assert verifier_matches(VERIFIER, CHALLENGE)


@pytest.mark.parametrize("length", [43, 44, 127, 128])
def test_another_implementation_makes_the_same_challenge(length: int) -> None:
    verifier = ("aZ09-._~" * 16)[:length]
    challenge = create_s256_code_challenge(verifier)
    assert s256_challenge(verifier) == challenge
    assert is_code_challenge(challenge)
    assert verifier_matches(verifier, challenge)


@pytest.mark.parametrize(
    "verifier",
    ["", "a" * 42, "a" * 129, "ä" * 43, "a" * 42 + " ", VERIFIER + "\n", VERIFIER[:-1] + "l"],
)
def test_no_other_verifier_matches(verifier: str) -> None:
    assert not verifier_matches(verifier, CHALLENGE)


@pytest.mark.parametrize(
    "challenge",
    ["", CHALLENGE[:-1], CHALLENGE + "=", CHALLENGE + "\n", "." * 43, "ä" * 43, "x" * 42 + "B"],
)
def test_what_can_be_no_challenge_is_told_at_once(challenge: str) -> None:
    assert not is_code_challenge(challenge)
