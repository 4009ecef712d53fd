"""Our own exporter against the sandbox's faults: what the ledger says, and what Infor holds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ionport.core.clock import SystemClock
from ionport.core.paging import PageRequest
from ionport.exports.model import DeliveryDetail, DeliveryStatus, StepKind
from ionport.identity.access import Access
from ionport.sandbox.control.controls.faults import FaultDraft, FaultKind, FaultTarget, Trigger
from ionport.store import Database
from tests.support.exporting import DocumentSide, closing, document_side, was_unknown
from tests.support.infor_side import OPERATOR, SCOPE, InforSide, infor_side_on

CREATE = FaultTarget("IDM", "create item")
PUBLISH = FaultTarget("IONSERVICES", "publish")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InforSide]:
    yield from infor_side_on("sqlite", tmp_path_factory.mktemp("infor"))


@pytest.fixture
def side(database: Database, tmp_path: Path, sandbox: InforSide) -> DocumentSide:
    with sandbox.database.write() as work:
        sandbox.services.control.state.reset(Access(work, SCOPE, OPERATOR))
    side = document_side(database, tmp_path / "blobs", SystemClock())
    side.configure(side.connect(sandbox.credentials(name=f"App {time.time_ns()}")))
    return side


def order(sandbox: InforSide, kind: FaultKind, target: FaultTarget, times: int = 1) -> None:
    draft = FaultDraft(kind, target=target, trigger=Trigger.NEXT, figure=times, seconds=1)
    with sandbox.database.write() as work:
        sandbox.services.control.faults.add(Access(work, SCOPE, OPERATOR), draft)


def deliver(side: DocumentSide) -> DeliveryDetail:
    """Export an invoice and go on, as a worker does, until it is over."""
    delivery = side.export(side.receive())
    end = time.monotonic() + 120
    with closing(side.runner()) as runner:
        while time.monotonic() < end:
            outcome = runner.run(delivery.id)
            detail = side.detail(delivery.id)
            if detail.delivery.status in (DeliveryStatus.DELIVERED, DeliveryStatus.FAILED):
                return detail
            time.sleep(outcome.seconds or 0.05)
    raise AssertionError(f"not over: {side.detail(delivery.id)}")


def arrived(sandbox: InforSide) -> tuple[int, int]:
    with sandbox.database.read() as work:
        access = Access(work, SCOPE, OPERATOR)
        items = sandbox.inspection.list_items(access, PageRequest())
        messages = sandbox.inspection.list_messages(access, PageRequest())
    return items.total, messages.total


@pytest.mark.on_each_database
def test_an_item_whose_answer_was_cut_off_is_looked_up_and_not_made_twice(
    side: DocumentSide, sandbox: InforSide
) -> None:
    order(sandbox, FaultKind.CUT_AFTER_COMMIT, CREATE)
    detail = deliver(side)
    assert detail.delivery.status is DeliveryStatus.DELIVERED
    (attempt,) = [each for each in detail.attempts if each.step is StepKind.IDM_CREATE]
    assert was_unknown(attempt)
    assert arrived(sandbox) == (1, 1)


def test_a_message_whose_answer_was_cut_off_is_sent_again_and_recognised(
    side: DocumentSide, sandbox: InforSide
) -> None:
    order(sandbox, FaultKind.CUT_AFTER_COMMIT, PUBLISH)
    assert deliver(side).delivery.status is DeliveryStatus.DELIVERED
    assert arrived(sandbox) == (1, 1)


@pytest.mark.parametrize("kind", [FaultKind.BROKEN_JSON, FaultKind.HTML])
def test_what_is_no_answer_of_infor_stops_a_delivery_for_somebody_to_look(
    side: DocumentSide, sandbox: InforSide, kind: FaultKind
) -> None:
    order(sandbox, kind, PUBLISH)
    assert deliver(side).delivery.status is DeliveryStatus.FAILED
    assert arrived(sandbox) == (1, 1 if kind is FaultKind.BROKEN_JSON else 0)


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.STATUS,
        FaultKind.TOO_MANY_REQUESTS,
        FaultKind.CUT_BEFORE_COMMIT,
        FaultKind.UNAUTHORIZED,
        FaultKind.LATENCY,
        FaultKind.SLOW_BODY,
    ],
)
def test_a_passing_fault_delays_a_delivery_and_spoils_nothing(
    side: DocumentSide, sandbox: InforSide, kind: FaultKind
) -> None:
    order(sandbox, kind, CREATE)
    order(sandbox, kind, PUBLISH)
    assert deliver(side).delivery.status is DeliveryStatus.DELIVERED
    assert arrived(sandbox) == (1, 1)
