"""Writes the end of a call that changes something at Infor to the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from ionport.core.i18n import _
from ionport.documents.service import DocumentService
from ionport.exports.destinations.port import Answer, AnyCall
from ionport.exports.engine import possible_doubles
from ionport.exports.engine.lost_calls import can_look_up
from ionport.exports.engine.passes.model import SETTLED, SYSTEM, RunningPass
from ionport.exports.engine.passes.records import PassRecords
from ionport.exports.engine.right import RightToSend
from ionport.exports.ledger.attempts import Problem
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import Attempt, AttemptState, Outcome, StepKind
from ionport.ionapi.tokens.shared import SIGN_ON_LIMIT
from ionport.store import Database, Work

T = TypeVar("T")


class _WriteWithRetries(Protocol):
    """Writes in a transaction that is tried again while the database cannot be reached."""

    def __call__(self, record: Callable[[Work], T]) -> T: ...


class CallEnds:
    """Writes the ends of calls, and decides whether the pass goes on."""

    def __init__(
        self,
        database: Database,
        documents: DocumentService,
        records: PassRecords,
        write_with_retries: _WriteWithRetries,
    ) -> None:
        self._database = database
        self._documents = documents
        self._records = records
        self._write_with_retries = write_with_retries

    def take_late_answer(
        self, running: RunningPass, call: AnyCall, confirmed: Attempt
    ) -> RunningPass | Outcome:
        """Mark the step as done: Infor answered after the pass that called was taken over."""
        remote_id = str((confirmed.response or {}).get("remote_id", ""))
        note = _("Its answer came late.")
        with self._database.write() as work:
            return self._records.done(
                work,
                running,
                call.kind,
                remote_id=remote_id,
                summary=note,
                delivery=call.columns(remote_id),
            )

    def finish(
        self,
        running: RunningPass,
        call: AnyCall,
        right: RightToSend,
        settled: Attempt,
        answer: Answer | None,
        problem: Problem | None,
    ) -> RunningPass | Outcome:
        """Write the end of a call; waits for a database that cannot be reached."""

        def record(work: Work) -> RunningPass | Outcome:
            outcome = self._conclude(work, running, call, settled, answer, problem)
            if outcome is SETTLED:
                possible_doubles.record_late_answer(work, self._documents, running, settled, answer)
                return SETTLED
            ledger = LedgerRepository(work.connection)
            if right.sends:
                ledger.settle_attempt(SYSTEM, settled, expected=AttemptState.SENT)
            else:
                ledger.add_attempt(SYSTEM, settled)
            if answer is not None and call.look_up and running.steps[call.kind].attempts:
                others = possible_doubles.other_ids(work, running, settled, answer.remote_id)
                if others:
                    return self.hold_two_items(
                        work, running, outcome, call, (*others, answer.remote_id)
                    )
            return outcome

        return self._write_with_retries(record)

    def _conclude(
        self,
        work: Work,
        running: RunningPass,
        call: AnyCall,
        settled: Attempt,
        answer: Answer | None,
        problem: Problem | None,
    ) -> RunningPass | Outcome:
        kind = call.kind
        if answer is not None and not answer.is_whole:
            return self._records.part_done(work, running, kind, answer.summary)
        if answer is not None:
            return self._records.done(
                work,
                running,
                kind,
                remote_id=answer.remote_id,
                summary=answer.summary,
                delivery=call.columns(answer.remote_id),
            )
        assert problem is not None  # noqa: S101 (for the type checker)
        if settled.state is AttemptState.UNKNOWN and can_look_up(running, call):
            # A permanent error is looked up as well: the item may be there all the same.
            return self._records.wait(work, running, kind, problem)
        return self.not_done(work, running, kind, problem)

    def not_done(
        self, work: Work, running: RunningPass, kind: StepKind, problem: Problem
    ) -> Outcome:
        """End a pass whose step was not done: to be tried again later, or failed."""
        if problem.code == SIGN_ON_LIMIT and problem.retry_after is not None:
            # Nothing was asked for: the wait is no try.
            until = self._records.after(problem.retry_after)
            return self._records.rest_until(work, running, problem, until)
        gets_one_more = problem.is_refused_token and not running.steps[kind].tries
        if problem.transient or gets_one_more:
            return self._records.wait(work, running, kind, problem)
        return self._records.fail(work, running, kind, problem)

    def hold_two_items(
        self,
        work: Work,
        running: RunningPass,
        outcome: RunningPass | Outcome,
        call: AnyCall,
        pids: Sequence[str],
    ) -> Outcome:
        """Hold the document of two items, and the open steps of its delivery."""
        problem = possible_doubles.hold_document(work, self._documents, running, call, pids)
        if isinstance(outcome, RunningPass):
            return self._records.hold(work, running, problem)
        return outcome
