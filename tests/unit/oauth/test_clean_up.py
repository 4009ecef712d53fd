from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Table, func, select

from ionport.core.clock import MovableClock
from ionport.core.errors import Unauthenticated
from ionport.oauth.clean_up import CleanUp
from ionport.oauth.protocol import InvalidGrant
from ionport.oauth.tables import grants, login_counters, revoked_access_tokens
from ionport.oauth.tenant_settings import Limits
from tests.support.oauth import TENANT, OAuthSide


def sweep(side: OAuthSide, limit: int = 500) -> int:
    with side.database.write() as work:
        return CleanUp(side.clock, side.keys).sweep(work, limit)


def count(side: OAuthSide, table: Table) -> int:
    with side.database.read() as work:
        return work.connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_what_is_in_force_stays(side: OAuthSide, clock: MovableClock) -> None:
    file = side.credentials(side.create_app(issue_refresh_tokens=True))
    answer = side.log_in(file)
    clock.advance(timedelta(days=3000))
    assert sweep(side) == 0
    side.refresh(file, answer["refresh_token"])


def test_ended_grants_tokens_and_counters_go(side: OAuthSide, clock: MovableClock) -> None:
    side.change_settings(limits=Limits(are_on=True))
    file = side.credentials(side.create_app())
    token = side.log_in(file)["access_token"]
    side.revoke(token=token, client_id=file["ci"], client_secret=file["cs"])
    clock.advance(timedelta(hours=25))
    assert sweep(side) == 0
    clock.advance(timedelta(hours=26))
    assert sweep(side) > 0
    assert sweep(side) == 0
    assert [count(side, t) for t in (grants, revoked_access_tokens, login_counters)] == [0, 0, 0]


def test_a_revoked_grant_goes_and_its_tokens_stay_dead(
    side: OAuthSide, clock: MovableClock
) -> None:
    app = side.create_app(issue_refresh_tokens=True, access_token_seconds=86_400)
    file = side.credentials(app)
    answer = side.log_in(file)
    side.revoke(token=answer["refresh_token"], client_id=file["ci"], client_secret=file["cs"])
    clock.advance(timedelta(hours=23))
    assert sweep(side) == 0
    with pytest.raises(Unauthenticated):
        side.verifier.verify(answer["access_token"], TENANT)
    clock.advance(timedelta(hours=2))
    assert sweep(side) == 1
    with pytest.raises(InvalidGrant):
        side.refresh(file, answer["refresh_token"])


def test_a_sweep_takes_small_bites(side: OAuthSide, clock: MovableClock) -> None:
    file = side.credentials(side.create_app())
    for _again in range(7):
        side.log_in(file)
    clock.advance(timedelta(days=2))
    assert [sweep(side, 3) for _again in range(4)] == [3, 3, 1, 0]
