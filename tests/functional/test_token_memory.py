"""The two-second memory of logins keeps every promise of the slow path: over a socket."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from ionport.core.clock import MovableClock
from ionport.identity.access import Access
from ionport.oauth.grants.tables import grants
from ionport.store import Database
from tests.support.oauth import OTHER_TENANT, Answer, OAuthSide, add_tenant, send, serve_side

File = dict[str, str]


@pytest.fixture
def side(database: Database, clock: MovableClock) -> Iterator[OAuthSide]:
    add_tenant(database, clock, OTHER_TENANT)
    with serve_side(database, clock) as side:
        yield side


def form(file: File, **changes: str) -> str:
    values = {"grant_type": "password", "username": file["saak"], "password": file["sask"]}
    values |= {"client_id": file["ci"], "client_secret": file["cs"]}
    return urlencode(values | changes)


def log_in(file: File, **changes: str) -> Answer:
    return send(file["pu"] + file["ot"], form(file, **changes))


def test_a_disabled_account_app_or_new_secret_counts_at_the_next_request(side: OAuthSide) -> None:
    app = side.create_app()
    file = side.credentials(app)
    assert log_in(file).status == log_in(file).status == 200
    account = side.accounts(app)[0]
    for disabled, status in ((True, 400), (False, 200)):
        with side.database.write() as work:
            side.service_accounts.set_account_disabled(
                Access(work, side.scope, side.operator), account.id, disabled
            )
        assert log_in(file).status == status
    for disabled, status in ((True, 401), (False, 200)):
        with side.database.write() as work:
            side.apps.set_app_disabled(Access(work, side.scope, side.operator), app.id, disabled)
        assert log_in(file).status == status


def test_a_remembered_login_opens_nothing_for_a_request_that_differs(side: OAuthSide) -> None:
    file = side.credentials(side.create_app())
    assert log_in(file).status == 200
    body = form(file)
    assert log_in(file, password=file["sask"][:-1] + "-").status == 400
    assert log_in(file, client_secret=file["cs"][:-1] + "-").status == 401
    elsewhere = (file["pu"] + file["ot"]).replace(file["ti"], OTHER_TENANT)
    assert send(elsewhere, body).status == 401
    assert send(file["pu"] + file["ot"] + "?client_id=x", body).status == 400
    assert send(file["pu"] + file["ot"], body, {"Authorization": "Basic eA=="}).status == 401


def test_the_infor_sides_clock_counts_in_memory_too(side: OAuthSide, clock: MovableClock) -> None:
    app = side.create_app()
    file = side.credentials(app)
    first = log_in(file).json
    clock.advance(timedelta(hours=3))
    second = log_in(file).json
    assert first["access_token"] != second["access_token"]
    assert side.accounts(app)[0].last_used_at == clock.now()


def test_guessing_locks_nobody_out_and_gets_nowhere(side: OAuthSide) -> None:
    """Keys of 64 random bytes need no lock, and a lock would let anybody close an account."""
    file = side.credentials(side.create_app())
    for number in range(60):
        assert log_in(file, password=f"guess-{number}").status == 400
        assert log_in(file, client_secret=f"guess-{number}").status == 401
    assert log_in(file).status == 200


@pytest.mark.on_each_database
def test_a_crowd_of_logins_leaves_one_grant_for_each_answer(
    side: OAuthSide, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    files = [side.credentials(side.create_app(f"App{n}_TST")) for n in range(3)]
    answers: list[Answer] = []

    def many(file: File) -> None:
        answers.extend(log_in(file) for _again in range(15))

    threads = [threading.Thread(target=many, args=(file,)) for file in files * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["access_token"] for answer in answers}) == 90
    with side.database.read() as work:
        stored = work.connection.execute(select(func.count()).select_from(grants)).scalar_one()
    assert stored == 90
    text = "\n".join(record.getMessage() for record in caplog.records)
    for file in files:
        assert file["sask"] not in text
        assert file["cs"] not in text
    assert not any(answer.json["access_token"] in text for answer in answers)
