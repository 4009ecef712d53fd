"""Sign-ons, tokens and calls of a connection are counted for all processes."""

from __future__ import annotations

from datetime import timedelta
from typing import NoReturn

import pytest

from ionport.connections.model import Connection
from ionport.connections.quota.service import KEPT, LIMITS, UsageService, Used
from ionport.core.errors import Forbidden, InvalidInput
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, OrganizationRole
from ionport.ionapi.transport.exchange import Exchange
from tests.unit.connections.conftest import ConnectionsSetup, credential
from tests.unit.connections.test_service import OPERATOR, upload


def exchange(body: str = "", *, login: bool = False) -> Exchange:
    return Exchange("POST", "https://x", (), body, 0, 200, (), "", 0, 0.0, 0.0, None, login)


SIGN_ON = exchange("grant_type=password&username=…", login=True)
REFRESH = exchange("grant_type=refresh_token&refresh_token=…", login=True)
CALL = exchange("{}")


def process(setup: ConnectionsSetup) -> UsageService:
    return UsageService(setup.clock, AuditLog(setup.clock))


def used(setup: ConnectionsSetup, connection: Connection) -> dict[str, Used]:
    with setup.database.read() as work:
        access = Access(work, setup.scope, OPERATOR)
        found = setup.connections.get(access, connection.id)
        return {each.name: each for each in setup.connections.usage.used(access, found)}


def numbers(setup: ConnectionsSetup, connection: Connection) -> dict[str, int]:
    return {name: each.used for name, each in used(setup, connection).items()}


@pytest.mark.on_each_database
def test_the_counts_of_all_processes_are_added_up(setup: ConnectionsSetup) -> None:
    one, other = upload(setup, credential()), upload(setup, credential(cn="Other"))
    setup.clock.advance(timedelta(minutes=1))
    for each in (process(setup), process(setup)):
        count = each.observer(one.id)
        for happened in (SIGN_ON, REFRESH, CALL, CALL, CALL):
            count(happened)
        each.flush(setup.database)
        each.flush(setup.database)
    assert numbers(setup, one) == {
        "sign_ons_minute": 2,
        "sign_ons_day": 2,
        "tokens_day": 4,
        "calls_minute": 6,
        "calls_day": 6,
    }
    assert set(numbers(setup, other).values()) == {0}
    setup.clock.advance(timedelta(minutes=3))
    assert numbers(setup, one)["calls_minute"] == 0
    assert numbers(setup, one)["calls_day"] == 6
    setup.clock.advance(timedelta(days=1))
    assert set(numbers(setup, one).values()) == {0}


def test_counts_are_kept_while_the_database_takes_no_rows(
    setup: ConnectionsSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = upload(setup, credential())
    setup.clock.advance(timedelta(minutes=1))
    counting = process(setup)
    count = counting.observer(connection.id)
    count(CALL)
    with monkeypatch.context() as broken:
        broken.setattr(setup.database, "write", _no_database)
        with pytest.raises(OSError, match="full"):
            counting.flush(setup.database)
        counting.flush_last(setup.database)
    count(CALL)
    counting.flush(setup.database)
    assert numbers(setup, connection)["calls_day"] == 2


def _no_database() -> NoReturn:
    raise OSError("the disk is full")


def test_counts_are_forgotten_after_two_days_and_with_their_connection(
    setup: ConnectionsSetup,
) -> None:
    connection, counting = upload(setup, credential()), process(setup)
    counting.observer(connection.id)(CALL)
    counting.flush(setup.database)
    setup.clock.advance(KEPT + timedelta(minutes=2))
    counting.observer(connection.id)(CALL)
    counting.flush(setup.database)
    with setup.database.read() as work:
        rows = work.connection.exec_driver_sql("select count(*) from connection_usage").scalar()
    assert rows == 1
    setup.clock.advance(KEPT * 2)
    counting.observer(upload(setup, credential(cn="Other")).id)(CALL)
    counting.flush(setup.database)
    with setup.database.read() as work:
        access = Access(work, setup.scope, OPERATOR)
        last = setup.connections.usage.last_used(access, connection.id)
    assert last is not None
    assert timedelta(0) <= setup.clock.now() - KEPT * 2 - last < timedelta(minutes=1)
    counting.observer(connection.id)(CALL)
    with setup.database.write() as work:
        setup.connections.delete(Access(work, setup.scope, OPERATOR), connection.id)
    counting.flush(setup.database)
    with setup.database.read() as work:
        rows = work.connection.exec_driver_sql("select count(*) from connection_usage").scalar()
    assert rows == 1, "that of the other connection"


def test_a_connection_is_measured_by_its_own_limits(setup: ConnectionsSetup) -> None:
    connection = upload(setup, credential())
    assert {name: each.limit for name, each in used(setup, connection).items()} == LIMITS
    count = setup.connections.usage.observer(connection.id)
    for _time in range(80):
        count(REFRESH)
    setup.connections.usage.flush(setup.database)
    assert used(setup, connection)["tokens_day"].is_near
    with setup.database.write() as work:
        access = Access(work, setup.scope, OPERATOR)
        setup.connections.usage.set_limits(access, connection.id, {"tokens_day": "1000"})
    own = used(setup, connection)["tokens_day"]
    assert (own.limit, own.is_near) == (1000, False)
    assert used(setup, connection)["calls_day"].limit == LIMITS["calls_day"]


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "9" * 12, "٣"])
def test_another_limit_than_a_whole_number_is_refused(setup: ConnectionsSetup, text: str) -> None:
    connection = upload(setup, credential())
    with setup.database.write() as work:
        access = Access(work, setup.scope, OPERATOR)
        with pytest.raises(InvalidInput) as refused:
            setup.connections.usage.set_limits(access, connection.id, {"calls_day": text})
    assert set(refused.value.fields) == {"calls_day"}


def test_limits_are_set_by_those_who_manage_connections(setup: ConnectionsSetup) -> None:
    connection, own = upload(setup, credential()), setup.scope.organization_id
    clerk = Actor("usr_1", "Mia", organization_roles=frozenset({(own, OrganizationRole.USER)}))
    with setup.database.write() as work:
        access = Access(work, setup.scope, clerk)
        with pytest.raises(Forbidden):
            setup.connections.usage.set_limits(access, connection.id, {})
