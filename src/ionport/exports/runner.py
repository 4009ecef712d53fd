"""Runs the steps of deliveries, whoever schedules them. Every step first reads the ledger.

A step is: read the ledger, call Infor outside any transaction, write the ledger. A call that
changes something at Infor is committed as `sent` before it is made, so that whoever comes after
a crash knows that it may have arrived (DESIGN.md, decisions 4 and 5).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from ionport.connections.service import ConnectionService
from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import IonportError
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.documents.service import DocumentService
from ionport.exports.attempts import Problem, changed, is_conclusive, unknown_since
from ionport.exports.calls import Answer, InforCalls
from ionport.exports.circuit import Circuits
from ionport.exports.clients import ClientPool
from ionport.exports.ledger_repository import LedgerRepository
from ionport.exports.model import Attempt, AttemptState, Outcome, StepKind, StepStatus
from ionport.exports.records import SETTLED, SYSTEM, Held, Records
from ionport.exports.rendering import Renderer
from ionport.exports.repository import ConfigurationRepository
from ionport.exports.timing import ExportTiming
from ionport.mappings.model import BodEnvelope, MappingVersion
from ionport.mappings.service import MappingService
from ionport.store import Database, Work

_logger = logging.getLogger(__name__)


class DeliveryRunner:
    """Runs one step, or all of them, of one delivery; thread safe."""

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        clock: Clock,
        connections: ConnectionService,
        documents: DocumentService,
        mappings: MappingService,
        *,
        timing: ExportTiming | None = None,
    ) -> None:
        self.timing = timing or ExportTiming()
        self.worker_id = new_id("wrk")
        self._slots = threading.Semaphore(8)
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._connections = connections
        self._documents = documents
        self._mappings = mappings
        self._records = Records(clock, documents, self.timing, self.worker_id)
        self._renderer = Renderer()
        self._clients = ClientPool(database, connections, self.timing)
        self._circuits = Circuits(clock, self.timing)
        self._calls = InforCalls(blobs, clock, self._clients, self.timing, self.worker_id)

    def limit_calls(self, at_once: int) -> None:
        """Say how many calls to Infor this process may have under way; before the first one."""
        self._slots = threading.Semaphore(at_once)

    def run(self, delivery_id: str) -> Outcome:
        """Run step after step until the delivery is over or has to wait."""
        outcome = SETTLED
        for kind in self.steps_left(delivery_id):
            outcome = self.run_step(delivery_id, kind)
            if not outcome.goes_on:
                return outcome
        return outcome

    def steps_left(self, delivery_id: str) -> list[StepKind]:
        """Return the steps that are not over, in their order."""
        with self._database.read() as work:
            steps = LedgerRepository(work.connection).steps(SYSTEM, delivery_id)
        return [step.kind for step in steps if not step.status.is_over]

    def run_step(self, delivery_id: str, kind: StepKind) -> Outcome:
        """Run one step.

        What goes wrong at Infor or in a mapping is an outcome and stands in the ledger, and so
        is a mistake of ours; only a broken database raises.
        """
        steps: dict[StepKind, Callable[[str], Outcome]] = {
            StepKind.RENDER: self._render,
            StepKind.IDM_LOOK_UP: self._look_up,
            StepKind.IDM_CREATE: lambda key: self._write(key, StepKind.IDM_CREATE),
            StepKind.ION_PUBLISH: lambda key: self._write(key, StepKind.ION_PUBLISH),
        }
        try:
            return steps[kind](delivery_id)
        except SQLAlchemyError:
            raise
        except Exception:
            _logger.exception("delivery %s broke off at %s", delivery_id, kind)
        with self._database.write() as work:
            return self._records.broke_off(work, delivery_id, kind)

    def close(self) -> None:
        """Close the sockets to Infor."""
        self._clients.close()

    def _render(self, delivery_id: str) -> Outcome:
        kind = StepKind.RENDER
        with self._database.write() as work:
            held = self._records.load(work, delivery_id, kind)
            if not isinstance(held, Outcome):
                held = self._records.claim(work, held, kind)
        if isinstance(held, Outcome):
            return held
        try:
            return self._render_and_store(held)
        except IonportError as error:
            problem = Problem.of(error)
        with self._database.write() as work:
            return self._not_done(work, held, kind, problem)

    def _render_and_store(self, held: Held) -> Outcome:
        delivery, scope = held.delivery, held.scope
        with self._database.read() as work:
            document = self._documents.get(work, scope, delivery.document_id)
            configuration = ConfigurationRepository(work.connection).get_any(
                scope, delivery.configuration_id
            )
            connection = self._connections.shown(work, scope, delivery.connection_id)
            idm = self._mappings.latest_version(work, scope, configuration.idm_mapping_id)
            bod = None
            if StepKind.ION_PUBLISH in held.steps and configuration.bod_mapping_id:
                bod = self._mappings.latest_version(work, scope, configuration.bod_mapping_id)
        rendered = self._renderer.render(
            delivery,
            document,
            idm,
            bod,
            accepts_at_least_once=configuration.accepts_at_least_once,
            envelope=BodEnvelope(tenant_id=connection.tenant_id, created_at=self._clock.now()),
        )
        digests = {part.kind: self._blobs.put(part.payload) for part in rendered}
        with self._database.write() as work:
            ledger = LedgerRepository(work.connection)
            for part in rendered:
                if held.steps[part.kind].status.is_over:
                    continue
                values = {"payload_digest": digests[part.kind], "parameters": part.parameters}
                ledger.update_step(SYSTEM, delivery.id, part.kind, values)
                if part.no_look_up:
                    skipped = {"status": StepStatus.SKIPPED, "summary": part.no_look_up}
                    ledger.update_step(SYSTEM, delivery.id, StepKind.IDM_LOOK_UP, skipped)
            versions = {
                "idm_mapping_version_id": idm.id,
                "bod_mapping_version_id": bod.id if bod else None,
            }
            return self._records.done(
                work, held, StepKind.RENDER, summary=_versions_text(idm, bod), delivery=versions
            )

    def _look_up(self, delivery_id: str) -> Outcome:
        """Ask IDM before the first create: a restored backup may have delivered already."""
        kind = StepKind.IDM_LOOK_UP
        with self._database.read() as work:
            held = self._records.load(work, delivery_id, kind)
        if isinstance(held, Outcome):
            return held
        pause = self._circuits.seconds_to_wait(held.delivery.connection_id)
        if pause > 0:
            with self._database.write() as work:
                return self._records.wait(work, held, kind, _paused(), pause)
        with self._slots:
            attempt, pid, problem = self._ask(held)
        with self._database.write() as work:
            if not LedgerRepository(work.connection).add_attempt(SYSTEM, attempt):
                return SETTLED
            if problem is not None:
                return self._not_done(work, held, kind, problem)
            if pid is None:
                return self._records.done(work, held, kind, summary=_("Not in IDM yet."))
            found = _("Found in IDM.")
            skipped = {"status": StepStatus.SKIPPED, "remote_id": pid, "summary": found}
            LedgerRepository(work.connection).update_step(
                SYSTEM, delivery_id, StepKind.IDM_CREATE, skipped
            )
            return self._records.done(
                work, held, kind, remote_id=pid, summary=found, delivery={"idm_pid": pid}
            )

    def _ask(self, held: Held) -> tuple[Attempt, str | None, Problem | None]:
        attempt, pid, problem = self._calls.look_up(held)
        self._circuits.report(held.delivery.connection_id, problem)
        return attempt, pid, problem

    def _write(self, delivery_id: str, kind: StepKind) -> Outcome:
        """Make a call that changes something at Infor: once, as far as Infor lets us know."""
        with self._slots:
            begun = self._begin(delivery_id, kind)
            if isinstance(begun, Outcome):
                return begun
            held, attempt = begun
            if attempt.state is AttemptState.UNKNOWN:
                asked = self._ask(held)
            else:
                made = self._make(held, kind, attempt)
        if attempt.state is AttemptState.UNKNOWN:
            return self._resolve(held, kind, attempt, *asked)
        return self._finish(held, kind, *made)

    def _begin(self, delivery_id: str, kind: StepKind) -> tuple[Held, Attempt] | Outcome:
        """Take the delivery and commit what is about to happen.

        Returns an attempt that is `sent` and to be made now, or one that is unknown and to be
        looked up first.
        """
        with self._database.write() as work:
            held = self._records.load(work, delivery_id, kind)
            if isinstance(held, Outcome):
                return held
            pause = self._circuits.seconds_to_wait(held.delivery.connection_id)
            if pause > 0:
                return self._records.wait(work, held, kind, _paused(), pause)
            held = self._records.claim(work, held, kind)
            if isinstance(held, Outcome):
                return held
            lost = self._lost_attempt(work, held, kind)
            if lost is not None:
                return held, lost
            attempt = self._calls.new_attempt(held, kind)
            ledger = LedgerRepository(work.connection)
            if not ledger.add_attempt(SYSTEM, attempt, StepStatus.RUNNING):
                return self._records.release(work, held)
        return held, attempt

    def _lost_attempt(self, work: Work, held: Held, kind: StepKind) -> Attempt | None:
        """Return the last attempt if only a look-up can tell what became of it.

        One that is still `sent` now belongs to nobody, as the delivery is ours: it becomes
        unknown. Where Infor cannot be asked, None: the same bytes are sent again.
        """
        if held.steps[kind].attempts == 0:
            return None
        note = _("Its worker ended before an answer was recorded.")
        last = self._records.lose_sight(work, held.delivery.id, kind, note)
        if last is None or last.state is not AttemptState.UNKNOWN:
            return None
        return last if _can_look_up(held, kind) else None

    def _make(
        self, held: Held, kind: StepKind, attempt: Attempt
    ) -> tuple[Attempt, Answer | None, Problem | None]:
        settled, answer, problem = self._calls.make(held, kind, attempt)
        self._circuits.report(held.delivery.connection_id, problem)
        return settled, answer, problem

    def _finish(
        self,
        held: Held,
        kind: StepKind,
        settled: Attempt,
        answer: Answer | None,
        problem: Problem | None,
    ) -> Outcome:
        """Write down how a call ended."""
        with self._database.write() as work:
            ledger = LedgerRepository(work.connection)
            if not (
                ledger.settle_attempt(SYSTEM, settled, expected=AttemptState.SENT)
                or ledger.settle_attempt(SYSTEM, settled, expected=AttemptState.UNKNOWN)
            ):
                # Longer away than the lease: another worker has decided about this attempt.
                _logger.error("attempt %s was settled by another worker", settled.id)
                return SETTLED
            if answer is not None:
                return self._records.done(
                    work,
                    held,
                    kind,
                    remote_id=answer.remote_id,
                    summary=answer.summary,
                    delivery=answer.delivery,
                )
            assert problem is not None  # noqa: S101 (for the type checker)
            if settled.state is AttemptState.UNKNOWN and _can_look_up(held, kind):
                # Even what cannot heal is looked up: the item may be there all the same.
                return self._records.wait(work, held, kind, problem)
            return self._not_done(work, held, kind, problem)

    def _resolve(
        self,
        held: Held,
        kind: StepKind,
        lost: Attempt,
        look_up: Attempt,
        pid: str | None,
        problem: Problem | None,
    ) -> Outcome:
        """Decide what became of a call whose answer we do not have, from what a look-up says."""
        with self._database.write() as work:
            ledger = LedgerRepository(work.connection)
            if not ledger.add_attempt(SYSTEM, look_up):
                return self._records.release(work, held)
            now = self._clock.now()
            if pid is not None:
                note = _("A look-up found the item.")
                arrived = changed(lost, AttemptState.SUCCEEDED, now, note)
                ledger.settle_attempt(SYSTEM, arrived, expected=AttemptState.UNKNOWN)
                values = {"idm_pid": pid}
                return self._records.done(
                    work, held, kind, remote_id=pid, summary=note, delivery=values
                )
            if problem is not None:
                return self._not_done(work, held, kind, problem)
            if not is_conclusive(lost, now, self.timing.settle):
                return self._wait_for_lost(work, held, kind, lost)
            note = _("A look-up showed that it had not arrived.")
            missing = changed(lost, AttemptState.FAILED, now, note)
            ledger.settle_attempt(SYSTEM, missing, expected=AttemptState.UNKNOWN)
            if lost.transient is False:
                return self._records.fail(work, held, kind, Problem.of_attempt(lost))
            self._records.release(work, held)
        return self._write(held.delivery.id, kind)

    def _wait_for_lost(self, work: Work, held: Held, kind: StepKind, lost: Attempt) -> Outcome:
        """The item may still turn up: look again soon, and at the latest when it is certain."""
        left = self.timing.settle - (self._clock.now() - unknown_since(lost)).total_seconds()
        looked = held.steps[StepKind.IDM_LOOK_UP].attempts
        seconds = min(left, self.timing.wait_after(held.delivery.id, max(looked, 1), None))
        problem = Problem(
            "answer_unknown",
            _("The answer of a call was lost; IDM is asked whether the item has arrived."),
            transient=True,
        )
        return self._records.wait(work, held, kind, problem, seconds)

    def _not_done(self, work: Work, held: Held, kind: StepKind, problem: Problem) -> Outcome:
        if problem.transient:
            return self._records.wait(work, held, kind, problem)
        return self._records.fail(work, held, kind, problem)


def _paused() -> Problem:
    text = _("Infor did not answer several calls in a row; calls over this connection pause.")
    return Problem("connection_paused", text, transient=True)


def _can_look_up(held: Held, kind: StepKind) -> bool:
    """ION cannot be asked, and IDM only for items that carry a correlation id."""
    if kind is not StepKind.IDM_CREATE:
        return False
    return held.steps[StepKind.IDM_LOOK_UP].status is not StepStatus.SKIPPED


def _versions_text(idm: MappingVersion, bod: MappingVersion | None) -> str:
    used = [version for version in (idm, bod) if version is not None]
    return ", ".join(f"{version.mapping_name} v{version.number}" for version in used)
