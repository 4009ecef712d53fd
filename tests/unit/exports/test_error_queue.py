"""What failed for one reason is one group, and is tried again at once."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from ionport.connections.intake import prepare_connection
from ionport.core.clock import Clock, MovableClock
from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from ionport.documents.bulk.model import BulkAction, BulkRun, BulkState
from ionport.documents.bulk.runner import BulkRunner
from ionport.documents.bulk.service import BulkService
from ionport.documents.model import ErpStatus
from ionport.exports.error_queue import service
from ionport.exports.error_queue.causes import RULES, cause_of, is_key
from ionport.exports.error_queue.service import (
    ErrorQueue,
    re_export_cause_step,
    retry_cause_step,
)
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.model import Delivery, DeliveryStatus
from ionport.exports.replay import ReplayService
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.store import SystemScope
from tests.support.exporting import OPERATOR, DocumentSide
from tests.unit.connections.conftest import credential

SUPPLIER = "M3 refused the call: Supplier {} does not exist"


@pytest.fixture
def ready(side: DocumentSide) -> DocumentSide:
    with side.database.write() as work:
        connection = side.connections.upload(
            Access(work, side.scope, OPERATOR), "x", prepare_connection(credential())
        )
    side.configure(connection.id)
    return side


@pytest.fixture
def queue(ready: DocumentSide, clock: MovableClock) -> ErrorQueue:
    return ErrorQueue(BulkService(clock, ready.audit))


def begin(side: DocumentSide, queue: ErrorQueue, key: str, actor: Actor = OPERATOR) -> BulkRun:
    return queue.retry(side.database, side.scope, actor, key)


def begin_as_new(side: DocumentSide, queue: ErrorQueue, key: str, reason: str) -> BulkRun:
    return queue.re_export(side.database, side.scope, OPERATOR, key, reason)


def settle(side: DocumentSide, clock: Clock, run: BulkRun) -> tuple[BulkRun, Mapping[str, int]]:
    """Have a run settled, and return what became of it."""
    steps = {
        BulkAction.RETRY: retry_cause_step(side.deliveries),
        BulkAction.RE_EXPORT: re_export_cause_step(side.deliveries),
    }
    BulkRunner(side.database, clock, steps).run_one(run.id)
    replays = ReplayService(BulkService(clock, side.audit))
    with side.database.read() as work:
        return replays.get(Access(work, side.scope, OPERATOR), run.id)


def fail(side: DocumentSide, number: str, code: str, text: str) -> Delivery:
    delivery = side.export(side.receive(number))
    values = {
        "status": DeliveryStatus.FAILED,
        "due_at": None,
        "finished_at": delivery.created_at,
        "error_code": code,
        "error_text": text,
    }
    with side.database.write() as work:
        DeliveryRepository(work.connection).update(SystemScope("test"), delivery.id, values)
    return delivery


def test_each_message_that_users_met_has_its_cause_and_what_to_do() -> None:
    for text, key in (
        ("Delivery Note 5, Goods Receipt 7 not found in direct debit", "ln_receipt_not_found"),
        (
            "Request validation; Attr. 'ReceiptLine', Value \" \" : the value must be numeric.",
            "ln_receipt_line",
        ),
        ("Attr. 'Amount', Value \"x\" : the value must be numeric.", "ln_not_numeric"),
        ("Costing elements are not properly configured for 5", "ln_costing"),
        ("Supplier invoice number 4711 already exists, batch number 3", "invoice_exists"),
        ("Supplier invoice 4711 of supplier S1 already exists:", "invoice_exists"),
        ("SUNO: supplier 4 does not exist", "supplier_unknown"),
        ("Purchase order 7000001 does not exist", "order_unknown"),
        ("Line 1: purchase order line 7/2 does not exist", "order_unknown"),
        ("DIVI must be entered", "division_unknown"),
        ("IVDT is not valid", "date_invalid"),
        ("The value of SINO is too long", "too_long"),
        ("CUAM must be entered", "field_missing"),
    ):
        found = cause_of("m3_refused", text)
        assert (text, found.key) == (text, key)
        assert found.title
        assert found.remedy
    assert len({rule.key for rule in RULES}) == len(RULES)


def test_figures_and_quoted_values_make_no_other_cause() -> None:
    one = cause_of("idm_refused", "The attribute “Total_1” has no value 12")
    assert one == cause_of("idm_refused", "The attribute “Name” has no value 7")
    assert one != cause_of("idm_refused", "The type “Name” has no value 7")
    assert is_key(one.key)


@pytest.mark.on_each_database
def test_failures_of_one_cause_are_one_group_and_are_tried_again_together(
    ready: DocumentSide, queue: ErrorQueue, clock: MovableClock
) -> None:
    suppliers = [
        fail(ready, f"5{number}", "m3_refused", SUPPLIER.format(number)) for number in range(3)
    ]
    other = fail(ready, "60", "not_found", "There is no document type „X“.")
    with ready.database.read() as work:
        first, second = queue.groups(Access(work, ready.scope, OPERATOR))
    assert (first.cause.key, first.deliveries) == ("supplier_unknown", 3)
    assert first.newest_id == suppliers[-1].id
    assert (second.text, second.deliveries) == ("There is no document type „X“.", 1)

    run, left_out = settle(ready, clock, begin(ready, queue, "supplier_unknown"))
    assert (run.done, run.open, run.state, left_out) == (3, 0, BulkState.DONE, {})
    statuses = [ready.detail(each.id).delivery.status for each in (*suppliers, other)]
    assert statuses == [DeliveryStatus.PENDING] * 3 + [DeliveryStatus.FAILED]
    for wrong in ("supplier_unknown", "", "../x", "x" * 100):
        with pytest.raises(NotFound):
            begin(ready, queue, wrong)


def test_what_was_exported_again_since_is_no_error_any_more(
    ready: DocumentSide, queue: ErrorQueue
) -> None:
    failed = fail(ready, "70", "m3_refused", SUPPLIER.format(1))
    with ready.database.write() as work:
        access = Access(work, ready.scope, OPERATOR)
        ready.deliveries.re_export(access, failed.document_id, "mended")
    with ready.database.read() as work:
        assert queue.groups(Access(work, ready.scope, OPERATOR)) == []


def test_what_cannot_be_tried_again_stays_and_is_named(
    ready: DocumentSide, queue: ErrorQueue, clock: MovableClock
) -> None:
    held, free = (fail(ready, f"8{n}", "m3_refused", SUPPLIER.format(1)) for n in range(2))
    with pytest.raises(Forbidden):
        begin(ready, queue, "supplier_unknown", Actor("usr_none", "nobody"))
    with ready.database.write() as work:
        access = Access(work, ready.scope, OPERATOR)
        ready.documents.decisions.hold(access, held.document_id, "asked")
    run, left_out = settle(ready, clock, begin(ready, queue, "supplier_unknown"))
    assert (run.done, run.left_out, sum(left_out.values())) == (1, 1, 1)
    assert ready.detail(held.id).delivery.status is DeliveryStatus.FAILED
    assert ready.detail(free.id).delivery.status is DeliveryStatus.PENDING


def test_what_failed_otherwise_meanwhile_is_left_out(
    ready: DocumentSide, queue: ErrorQueue, clock: MovableClock
) -> None:
    delivery = fail(ready, "85", "m3_refused", SUPPLIER.format(1))
    run = begin(ready, queue, "supplier_unknown")
    values = {"error_text": "DIVI must be entered"}
    with ready.database.write() as work:
        DeliveryRepository(work.connection).update(SystemScope("test"), delivery.id, values)
    run, left_out = settle(ready, clock, run)
    assert (run.done, list(left_out)) == (0, ["Nothing of it has failed any longer."])
    assert ready.detail(delivery.id).delivery.status is DeliveryStatus.FAILED


def test_a_retry_of_one_cause_is_paused_goes_on_and_is_cancelled(
    ready: DocumentSide, queue: ErrorQueue, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = [fail(ready, f"9{n}", "m3_refused", SUPPLIER.format(1)) for n in range(3)]
    monkeypatch.setattr(service, "MAX_AGAIN", 2)
    bulk = BulkService(clock, ready.audit)
    run = begin(ready, queue, "supplier_unknown")
    assert run.total == 2
    with ready.database.write() as work:
        bulk.pause(Access(work, ready.scope, OPERATOR), run.id)
    # What is under way is not begun a second time.
    assert begin(ready, queue, "supplier_unknown").id == run.id
    assert settle(ready, clock, run)[0].settled == 0
    with ready.database.write() as work:
        bulk.resume(Access(work, ready.scope, OPERATOR), run.id)
    assert settle(ready, clock, run)[0].done == 2
    # What one run had no room for is the next one's.
    rest = begin(ready, queue, "supplier_unknown")
    with ready.database.write() as work:
        bulk.cancel(Access(work, ready.scope, OPERATOR), rest.id)
    assert settle(ready, clock, rest)[0].open == 1
    statuses = [ready.detail(each.id).delivery.status for each in failed]
    assert statuses == [DeliveryStatus.PENDING] * 2 + [DeliveryStatus.FAILED]


@pytest.mark.on_each_database
@pytest.mark.parametrize("reasons", [("mended", "mended"), ("mended", "ours")], ids=str)
def test_two_people_who_begin_at_once_begin_one_run(
    ready: DocumentSide,
    queue: ErrorQueue,
    monkeypatch: pytest.MonkeyPatch,
    reasons: tuple[str, str],
) -> None:
    fail(ready, "98", "m3_refused", SUPPLIER.format(1))
    reject(ready, "99", "WSU0103: Supplier 1 does not exist")
    both, documents_of = threading.Barrier(2), service._documents_of

    def looked(*args: Any) -> Sequence[str]:
        found = documents_of(*args)
        both.wait(10)
        return found

    monkeypatch.setattr(service, "_documents_of", looked)
    with ThreadPoolExecutor(2) as pool:
        retried = {*pool.map(lambda _n: begin(ready, queue, "supplier_unknown").id, range(2))}
        begun = [
            pool.submit(begin_as_new, ready, queue, "rejected_supplier_unknown", reason)
            for reason in reasons
        ]
        refused = [one.exception() for one in begun]
    assert len(retried) == 1
    with ready.database.read() as work:
        runs = queue._bulk.list(Access(work, ready.scope, OPERATOR))
    assert sorted(run.action for run in runs) == [BulkAction.RE_EXPORT, BulkAction.RETRY]
    # The second reason is none that anything was done for: it is refused, and not dropped.
    told = [error.existing_id for error in refused if isinstance(error, Conflict)]
    assert told == [run.id for run in runs if reasons[0] != reasons[1] and run.reason]
    assert len(told) == sum(error is not None for error in refused)


def reject(side: DocumentSide, number: str, reason: str) -> Delivery:
    delivery = side.export(side.receive(number))
    set_rejected(side, delivery, reason)
    return delivery


def set_rejected(side: DocumentSide, delivery: Delivery, reason: str) -> None:
    values = {
        "status": DeliveryStatus.DELIVERED,
        "due_at": None,
        "finished_at": delivery.created_at,
        "erp_status": ErpStatus.REJECTED,
        "erp_text": reason,
        "erp_changed_at": delivery.created_at,
    }
    with side.database.write() as work:
        DeliveryRepository(work.connection).update(SystemScope("test"), delivery.id, values)


def test_what_the_erp_rejects_anew_after_a_person_decided_is_not_exported_once_more(
    ready: DocumentSide, queue: ErrorQueue, clock: MovableClock
) -> None:
    key, reason = "rejected_supplier_unknown", "WSU0103: Supplier 1 does not exist"
    first = reject(ready, "96", reason)
    run = begin_as_new(ready, queue, key, "It is there now")
    clock.advance(timedelta(seconds=1))
    with ready.database.write() as work:
        access = Access(work, ready.scope, OPERATOR)
        (second,) = ready.deliveries.re_export(access, first.document_id, "by hand")
    set_rejected(ready, second, reason)
    run, left_out = settle(ready, clock, run)
    assert (run.done, list(left_out)) == (
        0,
        ["It was exported again since, or the ERP has taken it."],
    )
    with ready.database.read() as work:
        access = Access(work, ready.scope, OPERATOR)
        assert len(ready.deliveries.of_document(access, first.document_id)) == 2


@pytest.mark.on_each_database
def test_what_the_erp_rejects_stands_by_its_cause_and_is_exported_again_with_a_reason(
    ready: DocumentSide, queue: ErrorQueue, clock: MovableClock
) -> None:
    failed = fail(ready, "90", "m3_refused", SUPPLIER.format(1))
    rejected = [reject(ready, f"9{n}", f"WSU0103: Supplier {n} does not exist") for n in (1, 2)]
    twice = reject(ready, "93", "Supplier invoice number 93 already exists, batch number 3")
    silent = reject(ready, "94", "")
    with ready.database.read() as work:
        groups = queue.groups(Access(work, ready.scope, OPERATOR))
        rejections = queue.not_taken(Access(work, ready.scope, OPERATOR))
    shown = {
        each.cause.key: (each.deliveries, each.erp_status is ErpStatus.REJECTED) for each in groups
    }
    no_reason = cause_of("rejected", "").key
    assert shown == {
        "rejected_supplier_unknown": (2, True),
        "supplier_unknown": (1, False),
        "rejected_invoice_exists": (1, True),
        no_reason: (1, True),
    }
    assert [each for each in groups if each.erp_status] == rejections
    remedies = {each.cause.key: each.remedy for each in groups}
    assert "must not be exported again" in remedies["rejected_invoice_exists"]
    assert remedies["rejected_supplier_unknown"] == remedies["supplier_unknown"]
    key = "rejected_supplier_unknown"

    # What is done is never sent once more under its own id.
    for each in (key, no_reason):
        with pytest.raises(Conflict, match="as new with a reason"):
            begin(ready, queue, each)
    with pytest.raises(InvalidInput):
        begin_as_new(ready, queue, key, " ")
    for wrong in ("supplier_unknown", "rejected_order_unknown", "../x"):
        with pytest.raises(NotFound):
            begin_as_new(ready, queue, wrong, "They are there now")
    run, left_out = settle(ready, clock, begin_as_new(ready, queue, key, "They are there now"))
    assert (run.done, run.open, left_out) == (2, 0, {})
    for each in rejected:
        with ready.database.read() as work:
            access = Access(work, ready.scope, OPERATOR)
            newest = ready.deliveries.of_document(access, each.document_id)[0]
        assert (newest.generation, newest.reason) == (2, "They are there now")
    assert ready.detail(failed.id).delivery.status is DeliveryStatus.FAILED
    with ready.database.read() as work:
        left = queue.not_taken(Access(work, ready.scope, OPERATOR))
    assert {each.newest_id for each in left} == {twice.id, silent.id}


def test_a_run_is_left_to_another_process_once_this_one_stops(
    ready: DocumentSide, queue: ErrorQueue, clock: MovableClock
) -> None:
    fail(ready, "97", "m3_refused", SUPPLIER.format(1))
    run = begin(ready, queue, "supplier_unknown")
    stopped = BulkRunner(
        ready.database, clock, {BulkAction.RETRY: retry_cause_step(ready.deliveries)}
    )
    stopped.stop()
    stopped.run_one(run.id)
    assert settle(ready, clock, run)[0].done == 1
