"""Every change of a delivery's status is one that the table of transitions has."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.life_cycle import DELIVERY_TRANSITIONS
from ionport.identity.access import Access
from ionport.store import Database
from tests.support.exporting import OPERATOR
from tests.unit.exports.conftest import Walk

ALLOWED = {
    (source.value, row.target.value) for row in DELIVERY_TRANSITIONS for source in row.sources
}


@pytest.fixture
def moves(database: Database) -> None:
    """The database writes each change of a status down itself."""
    with database.write() as work:
        work.connection.execute(text("CREATE TABLE moves (before TEXT, after TEXT)"))
        work.connection.execute(
            text(
                "CREATE TRIGGER seen AFTER UPDATE OF status ON deliveries"
                " WHEN OLD.status <> NEW.status"
                " BEGIN INSERT INTO moves VALUES (OLD.status, NEW.status); END"
            )
        )


@pytest.mark.usefixtures("moves")
def test_what_happens_to_deliveries_stands_in_the_table_of_transitions(
    walk: Walk, runner: DeliveryRunner, database: Database
) -> None:
    walk.proxy.fault("POST", "/IDM/api/items", "refuse", status=503)
    walk.run(runner, walk.exported())  # waits, and is delivered
    walk.proxy.fault("POST", "/IDM/api/items", "refuse", status=400, times=2)
    refused = walk.exported("471103")
    walk.run(runner, refused)
    service = walk.side.deliveries
    for change in (service.retry, service.cancel, service.retry):
        with database.write() as work:
            change(Access(work, walk.side.scope, OPERATOR), refused)
    runner.stopping.set()
    runner.run(refused)
    with database.read() as work:
        seen = {tuple(row) for row in work.connection.execute(text("SELECT * FROM moves"))}
    assert seen == {
        ("pending", "running"),
        ("running", "waiting"),
        ("waiting", "running"),
        ("running", "delivered"),
        ("running", "failed"),
        ("failed", "pending"),
        ("pending", "cancelled"),
        ("cancelled", "pending"),
        ("running", "pending"),
    }
    assert seen <= ALLOWED
