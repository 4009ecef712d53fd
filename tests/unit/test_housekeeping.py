from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, insert, select

from ionport.cli.housekeeping import Housekeeping
from ionport.core.clock import MovableClock
from ionport.core.sealing import KeyRing
from ionport.oauth.clean_up import CleanUp
from ionport.oauth.keys import SigningKeys
from ionport.oauth.tables import used_assertions
from ionport.store import Database
from tests.support.sides import until


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
        assert until(lambda: left() == 0, seconds=10)
    finally:
        housekeeping.close()
