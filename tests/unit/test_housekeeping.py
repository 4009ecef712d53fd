from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from ionport.cli.serving.housekeeping import Housekeeping
from ionport.core.clock import MovableClock
from ionport.core.sealing import KeyRing
from ionport.oauth.clean_up import CleanUp
from ionport.oauth.clients.tables import used_assertions
from ionport.oauth.tokens.keys.signing import SigningKeys
from ionport.store import Database, sqlite_url
from tests.support.sides import until


@pytest.mark.on_each_database
def test_what_is_over_is_deleted_while_the_server_runs(
    database: Database, clock: MovableClock
) -> None:
    with database.write() as work:
        rows = [
            {"issuer": "i", "assertion_id": str(number), "expires_at": clock.now()}
            for number in range(1_200)
        ]
        work.connection.execute(insert(used_assertions), rows)
    clock.advance(timedelta(days=2))

    def left() -> int:
        with database.read() as work:
            counted = select(func.count()).select_from(used_assertions)
            return int(work.connection.execute(counted).scalar_one())

    clean_up = CleanUp(clock, SigningKeys(KeyRing.generate(), clock))
    housekeeping = Housekeeping(database, clean_up, every_seconds=0.01)
    housekeeping.launch()
    try:
        assert until(lambda: left() == 0)
    finally:
        housekeeping.close()


def test_each_task_goes_on_after_its_own_failure_and_that_of_another(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    class Good:
        def tidy(self, database: Database) -> int:
            done.append("good")
            return 0

    class Failing:
        def tidy(self, database: Database) -> int:
            done.append("failing")
            raise (KeyError("row"), OSError(28, "No space left on device"))[len(done) % 2]

    database = Database(sqlite_url(tmp_path / "ionport.db"))
    housekeeping = Housekeeping(database, Failing(), Good(), Failing(), every_seconds=0.01)
    housekeeping.launch()
    try:
        assert until(lambda: done.count("good") >= 3)
    finally:
        housekeeping.close()
        database.close()
    assert done.count("failing") >= done.count("good")
    told = [record for record in caplog.records if "Failing" in record.getMessage()]
    assert len(told) >= 5
    assert all(record.exc_info for record in told)
