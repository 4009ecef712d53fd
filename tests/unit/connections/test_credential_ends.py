"""The end of a connection's credentials is noted by a person, and told in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from ionport.connections import credential_ends
from ionport.connections.intake import prepare_connection
from ionport.connections.model import Connection
from ionport.core.errors import Forbidden, InvalidInput, NotFound
from ionport.documents.webhooks.model import Event, EventType
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.store import OrganizationScope, ScopedWork
from tests.unit.connections.conftest import ConnectionsSetup, credential
from tests.unit.connections.test_service import OPERATOR, upload


class Told:
    """Takes what is told."""

    def __init__(self) -> None:
        self.days: list[str] = []

    def tell(self, access: ScopedWork[OrganizationScope], events: Sequence[Event]) -> None:
        for event in events:
            assert event.type is EventType.CREDENTIALS_END
            self.days.append(event.details["days_left"])


def note(setup: ConnectionsSetup, connection_id: str, day: str) -> Connection:
    with setup.database.write() as work:
        access = Access(work, setup.scope, OPERATOR)
        return setup.connections.ends.note(access, connection_id, day)


def ending(setup: ConnectionsSetup) -> list[int | None]:
    with setup.database.read() as work:
        access = Access(work, setup.scope, OPERATOR)
        ends = setup.connections.ends
        return [one.days_left(ends.today()) for one in ends.ending(access).items]


@pytest.mark.on_each_database
def test_an_end_is_told_once_30_7_and_1_day_before_and_when_it_is_over(
    setup: ConnectionsSetup,
) -> None:
    connection, other = upload(setup, credential()), upload(setup, credential(cn="Other"))
    told = Told()
    ends = setup.connections.ends
    day = ends.today() + timedelta(days=40)
    assert note(setup, connection.id, day.isoformat()).credentials_end_on == day.isoformat()
    seen = []
    for _ in range(43):
        ends.look(setup.database, told.tell)
        assert ends.look(setup.database, told.tell) == 0, "it is told once"
        seen.append(ending(setup))
        setup.clock.advance(timedelta(days=1))
    assert told.days == ["30", "7", "1", "-1"]
    assert (seen[9], seen[10], seen[41]) == ([], [30], [-1])
    # Another day is another end; and a server that was off tells what is near now.
    note(setup, connection.id, (ends.today() + timedelta(days=5)).isoformat())
    assert ends.look(setup.database, told.tell) == 1
    assert told.days[4:] == ["5"]
    assert note(setup, connection.id, " ").credentials_end_on is None
    assert (ending(setup), ends.look(setup.database, told.tell)) == ([], 0)
    assert other.credentials_end_on is None


def test_ends_that_were_told_hide_no_newer_one(
    setup: ConnectionsSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credential_ends, "_AT_ONCE", 2)
    ends, told = setup.connections.ends, Told()
    for number in range(3):
        over = upload(setup, credential(cn=f"Over {number}"))
        note(setup, over.id, (ends.today() - timedelta(days=5)).isoformat())
    assert [ends.look(setup.database, told.tell) for _ in range(3)] == [2, 1, 0]
    near = upload(setup, credential(cn="Near"))
    note(setup, near.id, (ends.today() + timedelta(days=3)).isoformat())
    assert (ends.look(setup.database, told.tell), told.days[-1]) == (1, "3")


def test_the_end_of_a_former_file_says_nothing_of_the_new_one(setup: ConnectionsSetup) -> None:
    connection = upload(setup, credential())
    note(setup, connection.id, setup.connections.ends.today().isoformat())
    assert ending(setup) == [0]
    with setup.database.write() as work:
        access = Access(work, setup.scope, OPERATOR)
        prepared = prepare_connection(credential())
        replaced = setup.connections.files.replace(access, connection.id, prepared)
    assert (replaced.credentials_end_on, ending(setup)) == (None, [])


def test_what_is_no_day_is_refused_and_strangers_note_nothing(setup: ConnectionsSetup) -> None:
    connection = upload(setup, credential())
    for wrong in ("soon", "2027-02-30", "31.1.2027", "2027-01-31T00:00"):
        with pytest.raises(InvalidInput, match="such as"):
            note(setup, connection.id, wrong)
    with pytest.raises(NotFound):
        note(setup, "con_0", "2027-01-31")
    with setup.database.write() as work:
        access = Access(work, setup.scope, Actor("usr_0", "nobody"))
        with pytest.raises(Forbidden):
            setup.connections.ends.note(access, connection.id, "2027-01-31")
