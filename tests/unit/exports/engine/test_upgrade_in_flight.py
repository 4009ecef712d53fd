"""A data folder of the version before, with deliveries in flight, opens and delivers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.engine.schedule import Schedule
from ionport.exports.model import AttemptState, DeliveryStatus, OutcomeKind, StepKind
from ionport.migrations import _config, upgrade
from ionport.store import Database, sqlite_url
from tests.support.exporting import QUICK, closing, was_unknown
from tests.unit.exports.conftest import Walk

# The schema before passes; it has no column for them.
BEFORE = "0006"
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

# Which mapping files are used stood in columns that have a table of their own today.
_PINNED = "SELECT mapping_id FROM source.configuration_mappings WHERE configuration_id = id"
_USED = "SELECT mapping_versions FROM source.deliveries AS now WHERE now.id = deliveries.id"
_MAPPINGS = [
    statement
    for kind in ("idm", "bod")
    for statement in (
        (
            "UPDATE main.export_configurations"
            f" SET {kind}_mapping_id = ({_PINNED} AND kind = '{kind}')"
        ),
        f"UPDATE main.deliveries SET {kind}_mapping_version_id = ({_USED}) ->> '$.{kind}'",
    )
]


def as_the_version_before_left_it(database: Database, path: Path) -> Database:
    """Copy all rows into a database of the schema before."""
    old = Database(sqlite_url(path))
    config = _config()
    with old.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE)
        connection.commit()
        source = str(database.engine.url.database)
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("ATTACH ? AS source", (source,))
        tables = connection.exec_driver_sql(
            "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name <> 'alembic_version'"
        ).scalars()
        for table in tables.all():
            info = connection.exec_driver_sql(f"PRAGMA main.table_info({table})").all()
            names = ", ".join(f'"{row[1]}"' for row in info)
            connection.exec_driver_sql(f"DELETE FROM main.{table}")
            connection.exec_driver_sql(
                f"INSERT INTO main.{table} ({names}) SELECT {names} FROM source.{table}"
            )
        for statement in _MAPPINGS:
            connection.exec_driver_sql(statement)
        connection.commit()
    old.close()
    return Database(sqlite_url(path))


def test_deliveries_in_flight_go_on_after_an_upgrade_and_arrive_once(
    walk: Walk, runner: DeliveryRunner, tmp_path: Path
):
    lost, waiting = walk.exported("OLD-1"), walk.exported("OLD-2")
    walk.proxy.fault("POST", "/IDM/api/items", "cut")
    assert runner.run(lost).kind is OutcomeKind.WAIT
    with walk.side.database.write() as work:
        for statement in (
            (
                "UPDATE deliveries SET status = 'running', worker_id = 'wrk_old',"
                f" due_at = due_at + 240000000 WHERE id = '{lost}'"
            ),
            (
                "UPDATE delivery_attempts SET state = 'sent', answered_at = NULL"
                " WHERE state = 'unknown'"
            ),
        ):
            work.connection.execute(text(statement))
    old = as_the_version_before_left_it(walk.side.database, tmp_path / "old.db")
    upgrade(old)
    side = replace(walk.side, database=old)
    used = set(side.detail(lost).delivery.mapping_versions.values())
    with old.read() as work:
        named = text("SELECT version_id FROM named_mapping_versions")
        assert set(work.connection.execute(named).scalars()) == used != set()
    delivery = side.detail(lost).delivery
    assert delivery.status is DeliveryStatus.RUNNING
    assert delivery.due_at is None
    assert delivery.sent_attempt_id is not None
    Schedule(old, walk.clock, QUICK, "wrk_new").begin(is_alone=True)
    walk.clock.advance(timedelta(seconds=1))
    with closing(side.runner()) as fresh:
        for delivery_id in (lost, waiting):
            assert walk.run(fresh, delivery_id).kind is OutcomeKind.DONE
            assert len(walk.items(side.detail(delivery_id))) == 1
    (create,) = [a for a in side.detail(lost).attempts if a.step is StepKind.IDM_CREATE]
    assert create.state is AttemptState.SUCCEEDED
    assert was_unknown(create)
    old.close()


def test_a_delivery_does_not_fail_by_what_a_newer_version_made_of_the_schema(
    walk: Walk, runner: DeliveryRunner
):
    delivery_id = walk.exported("NEWER-1")
    database = walk.side.database
    with database.write() as work:
        work.connection.exec_driver_sql(
            "CREATE TRIGGER newer BEFORE INSERT ON delivery_attempts"
            " BEGIN SELECT RAISE(ABORT, 'made_by is missing'); END"
        )
    runner.knows_schema = lambda: False
    with pytest.raises(IntegrityError):
        runner.run(delivery_id)
    assert runner.stopping.is_set(), "nothing more is begun"
    assert walk.side.detail(delivery_id).delivery.status is DeliveryStatus.RUNNING
    with database.write() as work:
        work.connection.exec_driver_sql("DROP TRIGGER newer")
    Schedule(database, walk.clock, QUICK, "wrk_newer").begin(is_alone=True)
    walk.clock.advance(timedelta(seconds=1))
    with closing(walk.side.runner()) as newer:
        assert walk.run(newer, delivery_id).kind is OutcomeKind.DONE
    assert len(walk.items(walk.side.detail(delivery_id))) == 1
