"""Of two edits that end in the same moment one is stored, and the other is told."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from ionport.core.clock import MovableClock
from ionport.identity.audit import AuditLog
from ionport.identity.edits import ChangedMeanwhile, mark_of, require_unchanged
from ionport.identity.model import Organization
from ionport.identity.repository import OrganizationRepository
from ionport.identity.tables import organizations
from ionport.store import Database, OrganizationScope, SystemScope, Work
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.on_each_database


def _stored(work: Work) -> dict[str, str]:
    return {"name": str(work.connection.execute(select(organizations.c.name)).scalar_one())}


def test_of_edits_that_end_at_once_one_is_stored(database: Database, clock: MovableClock) -> None:
    with database.write() as work:
        OrganizationRepository(work.connection).add(
            SystemScope("test"), Organization("org_1", "old", None), clock.now()
        )
    mark, all_here = mark_of({"name": "old"}), threading.Barrier(4)

    def edit(number: int) -> bool:
        all_here.wait(PATIENCE)
        with database.write() as work:
            try:
                require_unchanged(
                    work.within(OrganizationScope("org_1")),
                    AuditLog(clock),
                    "org_1",
                    mark,
                    lambda: _stored(work),
                )
            except ChangedMeanwhile:
                return False
            work.connection.execute(update(organizations).values(name=f"new {number}"))
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(edit, range(4))) == [False, False, False, True]
