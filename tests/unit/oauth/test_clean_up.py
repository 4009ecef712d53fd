from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Table, func, select

from ionport.core.clock import MovableClock
from ionport.core.errors import Unauthenticated
from ionport.core.ids import first_ordered_uuid, new_ordered_uuid
from ionport.identity.access import Access
from ionport.oauth.clean_up import CleanUp
from ionport.oauth.grants.tables import grants
from ionport.oauth.protocol import InvalidGrant
from ionport.oauth.tenant.settings import Limits
from ionport.oauth.tokens.tables import login_counters, revoked_access_tokens
from tests.support.oauth import TENANT, OAuthSide

pytestmark = pytest.mark.on_each_database


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


def test_a_grant_that_never_expires_goes_when_nobody_used_it_for_long(
    side: OAuthSide, clock: MovableClock
) -> None:
    file = side.credentials(side.create_app(issue_refresh_tokens=True))
    used, unused = (side.log_in(file)["refresh_token"] for _each in range(2))
    clean_up = CleanUp(side.clock, side.keys, timedelta(days=400))

    def batch() -> int:
        with side.database.write() as work:
            return clean_up.sweep(work)

    clock.advance(timedelta(days=3000))
    side.refresh(file, used)
    clock.advance(timedelta(days=399))
    assert batch() == 1
    side.refresh(file, used)
    with pytest.raises(InvalidGrant):
        side.refresh(file, unused)
    clock.advance(timedelta(days=401))
    assert batch() == 1
    assert count(side, grants) == 0


def test_a_deleted_apps_grants_go_though_they_never_expire(
    side: OAuthSide, clock: MovableClock
) -> None:
    app, kept = side.create_app(issue_refresh_tokens=True), side.create_app("Kept_TST")
    side.log_in(side.credentials(app))
    file = side.credentials(kept)
    with side.database.write() as work:
        side.apps.delete_app(Access(work, side.scope, side.operator), app.id)
    clock.advance(timedelta(hours=25))
    token = side.log_in(file)["access_token"]
    assert sweep(side) == 1
    assert count(side, grants) == 1
    side.verifier.verify(token, TENANT)


def test_a_grant_that_ends_is_not_judged_by_its_use(side: OAuthSide, clock: MovableClock) -> None:
    app = side.create_app(issue_refresh_tokens=True, refresh_token_seconds=3650 * 86_400)
    file = side.credentials(app)
    token = side.log_in(file)["refresh_token"]
    clock.advance(timedelta(days=3000))
    with side.database.write() as work:
        assert CleanUp(side.clock, side.keys, timedelta(days=400)).sweep(work) == 0
    side.refresh(file, token)


def test_ordered_ids_are_parted_by_a_moment() -> None:
    before = new_ordered_uuid()
    bound = first_ordered_uuid(datetime.now(UTC) + timedelta(seconds=1))
    assert before < bound
    assert first_ordered_uuid(datetime.now(UTC) - timedelta(seconds=1)) < new_ordered_uuid()
