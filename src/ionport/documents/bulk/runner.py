"""Settles the documents of bulk runs, one transaction each; several processes may share them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from ionport.core.clock import Clock
from ionport.core.errors import IonportError
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.repeating import Runner
from ionport.core.sentences import shortened
from ionport.documents.bulk.model import BulkAction, BulkItem, BulkOutcome, BulkRun, BulkState
from ionport.documents.bulk.repository import BulkRepository
from ionport.documents.review.model import DocumentHeld
from ionport.identity.access import Access
from ionport.identity.members.actors import find_actor
from ionport.identity.model import Actor
from ionport.store import Database, OrganizationScope, SystemScope, Work

BulkStep = Callable[[Access[OrganizationScope], str, BulkRun], BulkOutcome]
"""Does one action with one document: (access, document id, run)."""

_AT_A_TIME: Final = 50
SILENCE = timedelta(seconds=30)
"""After so long without a sign of its worker a run is anybody's."""

_LONGEST_TEXT: Final = 500
_RUNNING: Final = SystemScope("whatever bulk run nobody works at")
_logger = logging.getLogger(__name__)


class BulkRunner(Runner):
    """Takes runs and settles their documents. A process that ends leaves the rest to the next."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        steps: Mapping[BulkAction, BulkStep],
    ) -> None:
        super().__init__()
        self._database = database
        self._clock = clock
        self._steps = steps

    def run_one(self, run_id: str) -> None:
        """Settle the documents of one run until `stop`, unless another worker has taken it."""
        while not self._stopping.is_set() and self._run_next(run_id):
            pass

    def _run_next(self, wanted: str = "") -> bool:
        # An id for each taking: two threads of this process are two workers.
        worker = new_id("wrk")
        run_id = self._take(worker, wanted)
        if not run_id:
            return False
        try:
            self._run(run_id, worker)
        finally:
            with self._database.write() as work:
                BulkRepository(work.connection).release(_RUNNING, worker)
        return True

    def _take(self, worker: str, wanted: str) -> str:
        now = self._clock.now()
        with self._database.read() as work:
            free = BulkRepository(work.connection).free(_RUNNING, now - SILENCE, wanted)
        if not free:
            return ""
        with self._database.write() as work:
            repository = BulkRepository(work.connection)
            is_taken = repository.take(_RUNNING, free, worker, now, now - SILENCE)
        return free if is_taken else ""

    def _run(self, run_id: str, worker: str) -> None:
        """Settle the next few documents; then the run of another organization has its turn."""
        with self._database.read() as work:
            repository = BulkRepository(work.connection)
            run = repository.taken(_RUNNING, run_id)
            scope = OrganizationScope(run.organization_id)
            items = repository.open_items(scope, run_id, _AT_A_TIME)
            may_go_on = _actor_of(work, run) is not None
        if not (items and may_go_on):
            self._end(run, worker, BulkState.DONE if may_go_on else BulkState.CANCELLED)
            return
        for item in items:
            if self._stopping.is_set() or not self._settle(run, worker, item):
                return

    def _settle(self, run: BulkRun, worker: str, item: BulkItem) -> bool:
        """Do the action with one document, by the rights that the person has now.

        False when the run is not ours any more, or its person may not sign in any more.
        """
        scope = OrganizationScope(run.organization_id)
        try:
            with self._database.write() as work:
                repository = BulkRepository(work.connection)
                if not repository.hold(scope, run.id, worker, self._clock.now()):
                    return False
                actor = _actor_of(work, run)
                if actor is None:
                    return False
                outcome = self._outcome(work, run, actor, item.document_id)
                repository.settle(scope, run.id, item.position, outcome)
        except SQLAlchemyError:
            # The database cannot be reached or refuses: the document stays next in the run.
            raise
        except IonportError as error:
            outcome = BulkOutcome.left_out(error.code, shortened(error.text, _LONGEST_TEXT))
        except Exception:
            _logger.exception("bulk run %s broke off at document %s", run.id, item.document_id)
            text = _("An error of ionport's own; the log names this document's id.")
            outcome = BulkOutcome.left_out("internal", text)
        else:
            return True
        with self._database.write() as work:
            repository = BulkRepository(work.connection)
            if not repository.hold(scope, run.id, worker, self._clock.now()):
                return False
            repository.settle(scope, run.id, item.position, outcome)
        return True

    def _outcome(self, work: Work, run: BulkRun, actor: Actor, document_id: str) -> BulkOutcome:
        scope = actor.scope_in(run.organization_id)
        if run.action is BulkAction.JUDGE:
            # Changed settings count for documents of every type, also those that their author may
            # not see.
            scope = OrganizationScope(run.organization_id)
        try:
            return self._steps[run.action](Access(work, scope, actor), document_id, run)
        except DocumentHeld as error:
            # The findings of the check are kept: the transaction commits (`keeping_findings`).
            return BulkOutcome.left_out(error.cause, shortened(error.cause_text, _LONGEST_TEXT))

    def _end(self, run: BulkRun, worker: str, state: BulkState) -> None:
        scope, now = OrganizationScope(run.organization_id), self._clock.now()
        with self._database.write() as work:
            repository = BulkRepository(work.connection)
            if repository.hold(scope, run.id, worker, now):
                repository.set_state(scope, run.id, state, now)


def _actor_of(work: Work, run: BulkRun) -> Actor | None:
    """Return who started the run, with the roles of now; None for one who may not sign in."""
    if not run.person_id:
        return Actor.operator(run.person)
    return find_actor(work.within(_RUNNING), run.person_id)
