"""A pause that is forgotten is told again each day, until the connection is resumed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from ionport.documents.webhooks.model import Event, EventType
from ionport.identity.access import Access
from ionport.store import OrganizationScope, ScopedWork
from tests.unit.connections.conftest import ConnectionsSetup, credential
from tests.unit.connections.test_service import OPERATOR, upload


@pytest.mark.on_each_database
def test_a_pause_is_told_after_each_day_that_it_lasts(setup: ConnectionsSetup) -> None:
    connection, pauses, told = upload(setup, credential()), setup.connections.pauses, list[Event]()
    upload(setup, credential(cn="Never paused"))

    def tell(access: ScopedWork[OrganizationScope], events: Sequence[Event]) -> None:
        told.extend(events)

    def pause(reason: str) -> None:
        with setup.database.write() as work:
            pauses.pause(Access(work, setup.scope, OPERATOR), connection.id, reason)

    since = setup.clock.now()
    pause("M3 is closed")
    seen = []
    for hours in (0, 23, 1, 0, 70, 1, 22, 1):
        setup.clock.advance(timedelta(hours=hours))
        pause("M3 is moved")  # Another reason is the same pause.
        seen.append(pauses.look(setup.database, tell))
    # A server that was off for days tells it once.
    assert seen == [0, 0, 1, 0, 1, 0, 0, 1]
    assert {event.type for event in told} == {EventType.CONNECTION_PAUSED}
    assert told[0].details["connection"] == connection.id
    assert told[0].details["paused_at"] == since.isoformat()
    assert connection.name in told[0].text
    with setup.database.write() as work:
        pauses.resume(Access(work, setup.scope, OPERATOR), connection.id)
    setup.clock.advance(timedelta(days=2))
    assert pauses.look(setup.database, tell) == 0
    pause("again")
    assert pauses.look(setup.database, tell) == 0
