"""The right to run a pass is a compare-and-set: of two who read the same row, one gets it."""

from __future__ import annotations

import pytest

from ionport.connections.intake import prepare_connection
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.model import DeliveryStatus, Lease
from ionport.identity.access import Access
from ionport.store import SystemScope
from tests.support.exporting import OPERATOR, DocumentSide
from tests.unit.connections.conftest import credential

pytestmark = pytest.mark.on_each_database

SYSTEM = SystemScope("test")
ENDED = {"status": DeliveryStatus.WAITING, "worker_id": None, "sent_attempt_id": None}


@pytest.fixture
def delivery_id(side: DocumentSide) -> str:
    with side.database.write() as work:
        connection = side.connections.upload(
            Access(work, side.scope, OPERATOR), "x", prepare_connection(credential())
        )
    side.configure(connection.id)
    return side.export(side.receive()).id


def claim(side: DocumentSide, delivery_id: str, worker: str, pass_number: int = 1) -> bool:
    with side.database.write() as work:
        return PassRepository(work.connection).claim(
            SYSTEM, delivery_id, pass_number, worker, now=side.clock.now()
        )


def lease_of(side: DocumentSide, delivery_id: str) -> Lease:
    with side.database.read() as work:
        delivery = DeliveryRepository(work.connection).get(SYSTEM, delivery_id)
    assert delivery is not None
    return delivery.lease


def take_over(side: DocumentSide, lease: Lease) -> bool:
    now = side.clock.now()
    with side.database.write() as work:
        return PassRepository(work.connection).take_over(
            SYSTEM, lease, {**ENDED, "due_at": now, "updated_at": now}
        )


def test_of_two_claims_of_a_pass_the_second_gets_nothing(
    side: DocumentSide, delivery_id: str
) -> None:
    number = lease_of(side, delivery_id).pass_number
    assert claim(side, delivery_id, "first", number)
    assert not claim(side, delivery_id, "second", number)
    assert lease_of(side, delivery_id).worker_id == "first"


def test_a_pass_with_another_number_is_not_claimed(side: DocumentSide, delivery_id: str) -> None:
    number = lease_of(side, delivery_id).pass_number
    assert not claim(side, delivery_id, "late", number - 1)
    assert not claim(side, delivery_id, "early", number + 1)


def test_a_lease_that_was_renewed_since_it_was_read_is_not_taken_over(
    side: DocumentSide, delivery_id: str
) -> None:
    number = lease_of(side, delivery_id).pass_number
    assert claim(side, delivery_id, "worker", number)
    read = lease_of(side, delivery_id)
    with side.database.write() as work:
        assert PassRepository(work.connection).update_pass(
            SYSTEM, delivery_id, number, {"updated_at": side.clock.now()}
        )
    assert not take_over(side, read)
    assert lease_of(side, delivery_id).worker_id == "worker"


def test_of_two_takeovers_of_a_lease_one_ends_the_pass(
    side: DocumentSide, delivery_id: str
) -> None:
    number = lease_of(side, delivery_id).pass_number
    assert claim(side, delivery_id, "worker", number)
    read = lease_of(side, delivery_id)
    assert take_over(side, read)
    assert not take_over(side, read)
    assert lease_of(side, delivery_id).pass_number == number + 1


def test_a_pass_that_was_taken_over_writes_nothing_more(
    side: DocumentSide, delivery_id: str
) -> None:
    number = lease_of(side, delivery_id).pass_number
    assert claim(side, delivery_id, "worker", number)
    assert take_over(side, lease_of(side, delivery_id))
    assert claim(side, delivery_id, "next", number + 1)
    with side.database.write() as work:
        passes = PassRepository(work.connection)
        assert not passes.update_pass(SYSTEM, delivery_id, number, {"error_text": "late"})
