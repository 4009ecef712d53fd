"""Runs the passes of deliveries, for every queue. Every pass begins with a claim.

A step is: read the ledger, call Infor outside any transaction, write the ledger. A call that
changes something at Infor is committed as `sent` immediately before it is sent, so that after a
crash the next worker knows that it may have arrived
(docs/decisions/0005-once-never-lose-a-delivery-never-post-one-twice.md and
docs/decisions/0019-who-may-send-and-when-another-may.md).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from ionport.connections.service import ConnectionService
from ionport.core.blobs import Blobs
from ionport.core.clock import BootClock
from ionport.core.errors import IonportError
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.telemetry import bind, bound, span
from ionport.documents.service import DocumentService
from ionport.exports.destinations import call_of
from ionport.exports.destinations.clients import ClientPool
from ionport.exports.destinations.port import AnyCall, AnyLookUp
from ionport.exports.engine import possible_doubles
from ionport.exports.engine.calls import LookedUp, TargetCalls
from ionport.exports.engine.circuit import ConnectionPauses
from ionport.exports.engine.lost_calls import LostCalls, earlier_attempts
from ionport.exports.engine.passes.call_ends import CallEnds
from ionport.exports.engine.passes.fetch_step import run_fetch
from ionport.exports.engine.passes.holds import (
    connection_problem,
    document_problem,
    what_holds,
)
from ionport.exports.engine.passes.model import FAILED, SETTLED, SYSTEM, RunningPass
from ionport.exports.engine.passes.records import PassRecords
from ionport.exports.engine.passes.render_step import RenderStep
from ionport.exports.engine.retried_writes import write_with_retries
from ionport.exports.engine.right import LeaseLost, NowHeld, RightToSend
from ionport.exports.ledger.attempts import Problem, changed
from ionport.exports.ledger.places import ConnectionPlaces
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import Attempt, AttemptState, Outcome, StepKind, StepStatus
from ionport.exports.timing import ExportTiming
from ionport.mappings.service import MappingService
from ionport.store import DATABASE_AWAY, Database, Work

_logger = logging.getLogger(__name__)


T = TypeVar("T")


class DeliveryRunner:
    """Runs one pass of one delivery; thread safe."""

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        clock: BootClock,
        connections: ConnectionService,
        documents: DocumentService,
        mappings: MappingService,
        *,
        timing: ExportTiming | None = None,
    ) -> None:
        self.timing = timing or ExportTiming()
        self.worker_id = new_id("wrk")
        self.stopping = threading.Event()
        # Whether the database still has the schema that this program writes.
        self.knows_schema: Callable[[], bool] = lambda: True
        self._slots = threading.Semaphore(8)
        self._database = database
        self._clock = clock
        self._documents = documents
        self._records = PassRecords(clock, documents, self.timing, self.worker_id)
        self._rendering = RenderStep(
            database, blobs, clock, connections, documents, mappings, self._records
        )
        self._clients = ClientPool(database, connections, self.timing, clock)
        self._pauses = ConnectionPauses(
            database,
            clock,
            self._records,
            self.timing,
            self._write_with_retries,
            connections.usage,
        )
        self._calls = TargetCalls(blobs, clock, self._clients, self.worker_id)
        self._under_way: set[str] = set()
        self._lost_calls = LostCalls(clock, self.timing)
        self._ends = CallEnds(database, documents, self._records, self._write_with_retries)
        self._lock = threading.Lock()

    def limit_calls(self, at_once: int, over_one_connection: int = 0) -> None:
        """Set how many calls to Infor this process may have under way; before the first one.

        `over_one_connection` is how many deliveries all processes together may run over it; 0: any.
        """
        self._slots = threading.Semaphore(at_once)
        self._records.places = replace(self._records.places, limit=over_one_connection)

    @property
    def places(self) -> ConnectionPlaces:
        """The limit of deliveries over one connection."""
        return self._records.places

    @property
    def under_way(self) -> frozenset[str]:
        """The deliveries whose pass this process runs now."""
        with self._lock:
            return frozenset(self._under_way)

    @property
    def paused_connections(self) -> int:
        """How many connections this process pauses, because their servers do not answer."""
        return self._pauses.count_open()

    def run(self, delivery_id: str) -> Outcome:
        """Run the pass that is due, if one is."""
        with self._database.read() as work:
            delivery = DeliveryRepository(work.connection).get(SYSTEM, delivery_id)
        return SETTLED if delivery is None else self.run_pass(delivery_id, delivery.pass_number)

    def run_pass(self, delivery_id: str, pass_number: int) -> Outcome:
        """Run step after step until the delivery is over, has to wait, or was taken over.

        Errors of Infor or of a mapping are outcomes in the ledger, and so are faults of ours; only
        errors of the database are raised, and all where another version has changed its schema.
        """
        with self._lock:
            if delivery_id in self._under_way:
                return SETTLED
            self._under_way.add(delivery_id)
        try:
            with bound(delivery=delivery_id), span("delivery pass", {"delivery": delivery_id}):
                return self._run_steps(delivery_id, pass_number)
        finally:
            with self._lock:
                self._under_way.discard(delivery_id)

    def close(self) -> None:
        """Close the sockets to Infor."""
        self._clients.close()

    def _run_steps(self, delivery_id: str, pass_number: int) -> Outcome:
        running = self._begin(delivery_id, pass_number)
        while isinstance(running, RunningPass) and (kind := running.next_step) is not None:
            if self.stopping.is_set():
                with self._database.write() as work:
                    return self._records.release(work, running)
            running = self._run_step(running, kind)
        return SETTLED if isinstance(running, RunningPass) else running

    def _begin(self, delivery_id: str, pass_number: int) -> RunningPass | Outcome:
        """Claim the pass, unless something holds the delivery."""
        try:
            with self._database.write() as work:
                running = self._records.claim(work, delivery_id, pass_number)
                if isinstance(running, RunningPass) and (
                    problem := what_holds(work, running, self._documents)
                ):
                    return self._records.hold(work, running, problem)
                return running
        except DATABASE_AWAY:
            raise
        except Exception:
            # Otherwise the delivery would be due at once, again and again.
            _logger.exception("delivery %s broke off before its first step", delivery_id)
            if self._is_replaced():
                raise
        with self._database.write() as work:
            running = self._records.claim(work, delivery_id, pass_number)
            if isinstance(running, RunningPass) and running.next_step is not None:
                return self._records.fail_internally(work, running, running.next_step)
            return running

    def _run_step(self, running: RunningPass, kind: StepKind) -> RunningPass | Outcome:
        """Run one step; the delivery is returned where the next one may run."""
        bind(organization=running.delivery.organization_id)
        try:
            with span("delivery step", {"step": kind.value}):
                if kind is StepKind.RENDER:
                    return self._render(running)
                if kind is StepKind.FETCH:
                    with self._database.write() as work:
                        return run_fetch(work, self._clock, self._records, running)
                call = call_of(running.delivery.method, kind)
                if call.look_up is not None and kind is call.look_up.kind:
                    return self._look_up(running, call, call.look_up)
                return self._write(running, call)
        except LeaseLost:
            _logger.warning("delivery %s was taken over; nothing more is sent", running.delivery.id)
            return SETTLED
        except NowHeld:
            return self._write_with_retries(lambda work: self._hold(work, running))
        except DATABASE_AWAY:
            raise
        except Exception:
            _logger.exception("delivery %s broke off at %s", running.delivery.id, kind)
            if self._is_replaced():
                raise
        return self._write_with_retries(
            lambda work: self._records.fail_internally(work, running, kind)
        )

    def _is_replaced(self) -> bool:
        """Tell whether a fault came of the schema of another version; nothing more is begun then.

        The pass keeps its lease, until whoever knows that schema takes it over.
        """
        if self.knows_schema():
            return False
        self.stopping.set()
        return True

    def _hold(self, work: Work, running: RunningPass) -> Outcome:
        """End a pass that is held since it began; at once free again, it goes on."""
        problem = connection_problem(work, running) or document_problem(
            work, running, self._documents
        )
        if problem is None:
            return self._records.release(work, running)
        return self._records.hold(work, running, problem)

    def _render(self, running: RunningPass) -> RunningPass | Outcome:
        kind = StepKind.RENDER
        try:
            return self._rendering.run(running)
        except IonportError as error:
            problem = Problem.of(error)
        with self._database.write() as work:
            return self._ends.not_done(work, running, kind, problem)

    def _look_up(
        self, running: RunningPass, call: AnyCall, look_up: AnyLookUp
    ) -> RunningPass | Outcome:
        """Ask the target before the first call: a restored backup may have delivered already."""
        kind = look_up.kind
        if (paused := self._pauses.wait_for(running, kind)) is not None:
            return paused
        with self._slots:
            asked = self._ask(running, call, first=True)
        note = look_up.missing_text(asked.others)
        if asked.problem is None and not asked.pids and not asked.others:
            return self._records.note_done(running, kind, summary=note, attempt=asked.attempt)
        with self._database.write() as work:
            written = self._records.write_attempt(work, running, asked.attempt)
            if written is None:
                return SETTLED
            running = written
            if asked.problem is not None:
                return self._ends.not_done(work, running, kind, asked.problem)
            if not asked.pids:
                if problem := possible_doubles.hold_same_invoice(
                    work, self._documents, running, look_up, asked.others
                ):
                    return self._records.hold(work, running, problem)
                return self._records.done(work, running, kind, summary=note)
            found, pid = look_up.found_text(), asked.pids[0]
            skipped = {"status": StepStatus.SKIPPED, "remote_id": pid, "summary": found}
            LedgerRepository(work.connection).update_step(
                SYSTEM, running.delivery.id, call.kind, skipped
            )
            outcome = self._records.done(
                work,
                running.without(call.kind),
                kind,
                remote_id=pid,
                summary=found,
                delivery=call.columns(pid),
            )
            if len(asked.pids) > 1:
                return self._ends.hold_two_items(work, running, outcome, call, asked.pids)
            return outcome

    def _ask(self, running: RunningPass, call: AnyCall, *, first: bool = False) -> LookedUp:
        asked = self._calls.look_up(running, call, first=first)
        self._pauses.report(running, asked.problem)
        return asked

    def _write(self, running: RunningPass, call: AnyCall) -> RunningPass | Outcome:
        """Make a call that changes something at Infor, after the look-up of a lost one."""
        kind = call.kind
        if (paused := self._pauses.wait_for(running, kind)) is not None:
            return paused
        confirmed, lost = earlier_attempts(self._database, running, call)
        if confirmed is not None and lost is None:
            return self._ends.take_late_answer(running, call, confirmed)
        with self._slots:
            if lost is not None:
                # Read before the look-up is sent: its answer may take long, and proves only what
                # could be found when it was asked.
                left = self._lost_calls.seconds_until_a_miss_counts(lost)
                asked = self._ask(running, call)
            else:
                right = RightToSend(
                    self._database,
                    self._clock,
                    self._records,
                    self.timing,
                    running,
                    self._calls.new_attempt(running, kind),
                )
                try:
                    made = self._calls.make(running, call, right)
                finally:
                    # Answered, aborted or never made: from here on the call can send nothing.
                    self._lost_calls.note(right.attempt.id)
        if lost is not None:
            return self._resolve(running, call, lost, asked, left)
        outcome = self._ends.finish(right.running, call, right, *made)
        self._pauses.report(running, made[2])
        return outcome

    def _resolve(
        self, running: RunningPass, call: AnyCall, lost: Attempt, asked: LookedUp, left: float
    ) -> RunningPass | Outcome:
        """Decide the result of a call without an answer, from a look-up.

        `left` is how long, when it was asked, a miss would still prove nothing.
        """
        kind = call.kind
        with self._database.write() as work:
            ledger = LedgerRepository(work.connection)
            written = self._records.write_attempt(work, running, asked.attempt)
            if written is None:
                return SETTLED
            running = written
            now = self._clock.now()
            if asked.pids:
                pid, note = asked.pids[0], _("A look-up found the item.")
                arrived = changed(lost, AttemptState.SUCCEEDED, now, note)
                outcome = self._records.done(
                    work, running, kind, remote_id=pid, summary=note, delivery=call.columns(pid)
                )
                if outcome is SETTLED:
                    return outcome
                ledger.settle_attempt(SYSTEM, arrived, expected=lost.state)
                others = possible_doubles.other_ids(work, running, lost, pid)
                pids = tuple(dict.fromkeys((*asked.pids, *others)))
                if len(pids) > 1:
                    return self._ends.hold_two_items(work, running, outcome, call, pids)
                return outcome
            if asked.problem is not None:
                return self._ends.not_done(work, running, kind, asked.problem)
            if left > 0:
                return self._wait_for_lost(work, running, call, left)
            note = _("A look-up showed that it had not arrived.")
            missing = changed(lost, AttemptState.FAILED, now, note)
            confirmed = ledger.succeeded(SYSTEM, running.delivery.id, kind)
            if lost.transient is False and confirmed is None:
                failed = self._records.fail(work, running, kind, Problem.of_attempt(lost))
                if failed is FAILED:
                    ledger.settle_attempt(SYSTEM, missing, expected=lost.state)
                return failed
            ledger.settle_attempt(SYSTEM, missing, expected=lost.state)
        return self._write(running, call)

    def _wait_for_lost(
        self, work: Work, running: RunningPass, call: AnyCall, left: float
    ) -> Outcome:
        """End the pass until the next look-up: soon, and at the latest when a miss is certain."""
        look_up = call.look_up
        looked = running.steps[look_up.kind].attempts if look_up else 0
        seconds = min(left, self.timing.wait_after(running.delivery.id, max(looked, 1), None))
        problem = Problem(
            "answer_unknown",
            look_up.unknown_text() if look_up else "",
            transient=True,
        )
        return self._records.wait(work, running, call.kind, problem, seconds)

    def _write_with_retries(self, record: Callable[[Work], T]) -> T:
        return write_with_retries(
            self._database, record, seconds=self.timing.record_within, stopping=self.stopping
        )
