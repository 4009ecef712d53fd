"""Connections that something uses are proved once a night, by one process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from ionport.connections.nightly import LAST_HOUR, NAME, NIGHT, NightlyProofs, moment_of
from ionport.documents.webhooks.ports import NoEvents
from ionport.identity.access import Access
from ionport.store import OrganizationScope, ScopedWork
from tests.unit.connections.conftest import ConnectionsSetup, credential
from tests.unit.connections.test_service import OPERATOR, upload


class Uses:
    """Something uses the connections of this set."""

    def __init__(self, ids: set[str]) -> None:
        self.ids = ids

    def titles(self, access: ScopedWork[OrganizationScope], connection_id: str) -> Sequence[str]:
        return ["Invoices"] if connection_id in self.ids else []

    def proof_ended(
        self, access: ScopedWork[OrganizationScope], connection_id: str, now: datetime
    ) -> None:
        pass


def begun(setup: ConnectionsSetup, connection_id: str) -> list[str]:
    with setup.database.read() as work:
        access = Access(work, setup.scope, OPERATOR)
        return [each.started_by for each in setup.connections.proofs(access, connection_id)]


@pytest.mark.on_each_database
def test_each_used_connection_is_proved_once_a_night(setup: ConnectionsSetup) -> None:
    used, unused = upload(setup, credential()), upload(setup, credential(cn="Unused"))
    setup.connections.uses = Uses({used.id})
    one, other = (
        NightlyProofs(setup.database, setup.clock, setup.connections, NoEvents().tell)
        for _process in range(2)
    )
    tomorrow = setup.clock.now().replace(hour=0, minute=0, second=0) + timedelta(days=1)
    moment = moment_of(used.id, tomorrow)
    assert tomorrow <= moment < tomorrow + NIGHT
    setup.clock.advance(moment - setup.clock.now() - timedelta(seconds=1))
    one.look()
    before = begun(setup, used.id)
    setup.clock.advance(timedelta(seconds=2))
    assert one.look() == 1
    assert other.look() == 0, "one process has proved it"
    assert begun(setup, used.id) == [NAME, *before]
    assert begun(setup, unused.id) == []
    setup.clock.advance(tomorrow + timedelta(days=1, hours=LAST_HOUR) - setup.clock.now())
    assert one.look() == 0, "what was missed at night is not made up for by day"
    setup.clock.advance(timedelta(hours=20))
    assert other.look() == 1
