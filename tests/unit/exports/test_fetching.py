"""A delivery that was taken and not confirmed is taken again when the time is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from ionport.connections.model import TargetKind
from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict
from ionport.exports.destinations.files.payload import FilesPayload
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.fetching.service import FetchingService
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import AttemptState, DeliveryStatus, ExportMethod, StepKind
from ionport.identity.access import Access
from tests.support.exporting import OPERATOR, DocumentSide, closing


def test_a_lease_that_lapsed_confirms_nothing_once_another_has_the_delivery(
    side: DocumentSide, clock: MovableClock
) -> None:
    woken: list[bool] = []
    service = FetchingService(
        side.database, clock, side.blobs, side.documents, lambda: woken.append(True)
    )
    side.configure(side.add_target(TargetKind.PULL, {}), ExportMethod.ON_PREMISE)
    delivery_id = side.export(side.receive()).id

    def take() -> str:
        with side.database.write() as work:
            return service.take(Access(work, side.scope, OPERATOR), delivery_id, 30).lease

    def confirm(lease: str) -> None:
        with side.database.write() as work:
            service.confirm(Access(work, side.scope, OPERATOR), delivery_id, lease, "")

    with closing(side.runner()) as runner:
        runner.run(delivery_id)
        assert side.detail(delivery_id).delivery.status_label == "Waits to be fetched"
        first = take()
        with pytest.raises(Conflict):
            take()
        clock.advance(timedelta(seconds=31))
        second = take()
        with pytest.raises(Conflict) as refused:
            confirm(first)
        assert refused.value.code == "lease_lapsed"
        confirm(second)
        assert woken
        runner.run(delivery_id)
    detail = side.detail(delivery_id)
    assert detail.delivery.status is DeliveryStatus.DELIVERED
    states = [each.state for each in detail.attempts if each.step is StepKind.FETCH]
    assert states == [AttemptState.UNKNOWN, AttemptState.SUCCEEDED]
    assert first not in repr(detail)
    assert second not in repr(detail)


@dataclass
class Plant:
    """A delivery that waits to be fetched, and the program that fetches it."""

    side: DocumentSide
    service: FetchingService
    runner: DeliveryRunner
    document_id: str
    id: str

    def take(self) -> str:
        with self.side.database.write() as work:
            return self.service.take(Access(work, self.side.scope, OPERATOR), self.id, 30).lease

    def confirm(self, lease: str) -> None:
        with self.side.database.write() as work:
            access = Access(work, self.side.scope, OPERATOR)
            self.service.confirm(access, self.id, lease, "4711")

    def refuse(self, lease: str) -> None:
        with self.side.database.write() as work:
            access = Access(work, self.side.scope, OPERATOR)
            self.service.refuse(access, self.id, lease, "No such supplier")

    def data_file(self, lease: str) -> bytes:
        with self.side.database.read() as work:
            access = Access(work, self.side.scope, OPERATOR)
            digest = self.service.payload_of(access, self.id, lease)
        file = FilesPayload.from_bytes(self.side.blobs.get(digest)).files[0]
        return file.bytes(self.side.blobs.get)

    def run(self) -> DeliveryStatus:
        self.runner.run(self.id)
        return self.side.detail(self.id).delivery.status


@pytest.fixture
def plant(side: DocumentSide, clock: MovableClock) -> Iterator[Plant]:
    service = FetchingService(side.database, clock, side.blobs, side.documents, lambda: None)
    side.configure(side.add_target(TargetKind.PULL, {}), ExportMethod.ON_PREMISE)
    document_id = side.receive()
    with closing(side.runner()) as runner:
        made = Plant(side, service, runner, document_id, side.export(document_id).id)
        made.run()
        yield made


def test_what_is_corrected_before_it_is_taken_is_handed_out_corrected(plant: Plant) -> None:
    side, values = plant.side, {"purchase_order": "PO-CORRECTED"}
    corrections = side.documents.corrections
    corrections.correct(side.database, side.scope, OPERATOR, plant.document_id, values)
    with pytest.raises(Conflict):
        plant.take()
    assert plant.run() is DeliveryStatus.WAITING
    assert b"PO-CORRECTED" in plant.data_file(plant.take())


def test_a_document_that_is_held_after_it_was_taken_is_not_read(plant: Plant) -> None:
    lease = plant.take()
    with plant.side.database.write() as work:
        access = Access(work, plant.side.scope, OPERATOR)
        plant.side.documents.decisions.hold(access, plant.document_id, "asked")
    with pytest.raises(Conflict) as refused:
        plant.data_file(lease)
    assert refused.value.code == "document_held"


def test_what_arrived_counts_although_a_person_cancelled_it_meanwhile(plant: Plant) -> None:
    lease = plant.take()
    with plant.side.database.write() as work:
        plant.side.deliveries.cancel(Access(work, plant.side.scope, OPERATOR), plant.id)
    with pytest.raises(Conflict):
        plant.refuse(lease)
    plant.confirm(lease)
    assert plant.run() is DeliveryStatus.DELIVERED


def test_a_refusal_counts_once_and_only_of_who_has_the_delivery(
    plant: Plant, clock: MovableClock
) -> None:
    first = plant.take()
    clock.advance(timedelta(seconds=31))
    second = plant.take()
    for act in (plant.refuse, plant.data_file):
        with pytest.raises(Conflict) as refused:
            act(first)
        assert refused.value.code == "lease_lapsed"
    plant.refuse(second)
    assert plant.run() is DeliveryStatus.FAILED
    # Its answer was lost, and the program says so again.
    plant.refuse(second)
    with pytest.raises(Conflict) as over:
        plant.confirm(second)
    assert over.value.code == "not_waiting"


def test_who_confirms_as_another_takes_the_delivery_is_not_told_that_it_counts(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = plant.take()
    # What PostgreSQL says to the later one of the two.
    monkeypatch.setattr(LedgerRepository, "settle_attempt", lambda *_args, **_more: False)
    with pytest.raises(Conflict):
        plant.confirm(lease)
