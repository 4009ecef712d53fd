from __future__ import annotations

import threading
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import TooManyRequests
from ionport.oauth.tenant.settings import Limits
from ionport.store import Database
from tests.support.oauth import Answer, OAuthSide, send, serve_side


def refused(side: OAuthSide, file: dict[str, str]) -> TooManyRequests:
    with pytest.raises(TooManyRequests) as caught:
        side.log_in(file)
    return caught.value


def test_nothing_is_limited_unless_the_tenant_wants_it(side: OAuthSide) -> None:
    side.change_settings(limits=Limits(logins_per_minute=1, tokens_per_client_per_day=1))
    file = side.credentials(side.create_app())
    tokens = {side.log_in(file)["access_token"] for _again in range(3)}
    assert len(tokens) == 3


@pytest.mark.on_each_database
def test_logins_are_limited_to_twenty_a_minute_as_infor_does(
    side: OAuthSide, clock: MovableClock
) -> None:
    side.change_settings(limits=Limits(are_on=True))
    file = side.credentials(side.create_app())
    clock.advance(timedelta(seconds=45))
    for _again in range(20):
        side.log_in(file)
    assert refused(side, file).retry_after == 15
    clock.advance(timedelta(seconds=15))
    side.log_in(file)


def test_each_service_account_has_a_limit_of_its_own(side: OAuthSide) -> None:
    side.change_settings(limits=Limits(are_on=True, logins_per_minute=2))
    app = side.create_app()
    first, second = side.credentials(app), side.credentials(app)
    for _again in range(2):
        side.log_in(first)
    refused(side, first)
    side.log_in(second)


@pytest.mark.on_each_database
def test_a_clients_tokens_of_a_day_are_limited_refreshed_ones_too(
    side: OAuthSide, clock: MovableClock
) -> None:
    side.change_settings(limits=Limits(are_on=True, tokens_per_client_per_day=3))
    file = side.credentials(side.create_app(issue_refresh_tokens=True))
    answer = side.log_in(file)
    side.refresh(file, answer["refresh_token"])
    side.log_in(file)
    assert refused(side, file).retry_after == 14 * 3600
    clock.advance(timedelta(hours=14))
    side.log_in(file)


def test_refreshing_is_no_login(side: OAuthSide) -> None:
    side.change_settings(limits=Limits(are_on=True, logins_per_minute=1))
    file = side.credentials(side.create_app(issue_refresh_tokens=True))
    token = side.log_in(file)["refresh_token"]
    tokens = {side.refresh(file, token)["access_token"] for _again in range(5)}
    assert len(tokens) == 5


def test_a_refused_login_counts_for_nothing(side: OAuthSide, clock: MovableClock) -> None:
    side.change_settings(limits=Limits(are_on=True, logins_per_minute=1, logins_per_day=3))
    file = side.credentials(side.create_app())
    side.log_in(file)
    for _again in range(10):
        refused(side, file)
    clock.advance(timedelta(minutes=1))
    side.log_in(file)
    clock.advance(timedelta(minutes=1))
    side.log_in(file)
    clock.advance(timedelta(minutes=1))
    assert "on this day" in refused(side, file).text


@pytest.mark.on_each_database
def test_a_crowd_gets_no_more_than_the_limit(database: Database, clock: MovableClock) -> None:
    with serve_side(database, clock) as side:
        side.change_settings(limits=Limits(are_on=True, logins_per_minute=7))
        file = side.credentials(side.create_app())
        form = urlencode(
            {
                "grant_type": "password",
                "username": file["saak"],
                "password": file["sask"],
                "client_id": file["ci"],
                "client_secret": file["cs"],
            }
        )
        answers: list[Answer] = []

        def log_in() -> None:
            for _again in range(5):
                answers.append(send(file["pu"] + file["ot"], form))

        threads = [threading.Thread(target=log_in) for _number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    statuses = [answer.status for answer in answers]
    assert statuses.count(200) == 7
    assert statuses.count(429) == 13
    over = next(answer for answer in answers if answer.status == 429)
    assert int(over.headers["retry-after"]) == 60
    assert over.headers["cache-control"] == "no-store"
    assert over.json["error"] == "temporarily_unavailable"
    assert "refresh" in over.json["error_description"]
