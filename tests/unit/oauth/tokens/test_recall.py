"""What the verifier remembers: enough for two seconds, never a dead token."""

from __future__ import annotations

from datetime import timedelta

from ionport.core.clock import MovableClock
from tests.support.oauth import OTHER_TENANT, TENANT, OAuthSide


def _token(side: OAuthSide) -> str:
    text: str = side.log_in(side.credentials(side.create_app()))["access_token"]
    return text


def test_a_verified_token_is_recalled_for_its_tenant_alone(side: OAuthSide) -> None:
    token = _token(side)
    assert side.verifier.recall(token, TENANT) is None
    verified = side.verifier.verify(token, TENANT)
    assert side.verifier.recall(token, TENANT) == verified
    assert side.verifier.recall(token, OTHER_TENANT) is None
    assert side.verifier.recall(token + "x", TENANT) is None


def test_an_expired_token_is_not_recalled(side: OAuthSide, clock: MovableClock) -> None:
    token = _token(side)
    side.verifier.verify(token, TENANT)
    clock.advance(timedelta(hours=2))
    assert side.verifier.recall(token, TENANT) is None


def test_nothing_is_recalled_after_something_was_closed(side: OAuthSide) -> None:
    token = _token(side)
    side.verifier.verify(token, TENANT)
    side.states.forget()
    assert side.verifier.recall(token, TENANT) is None
