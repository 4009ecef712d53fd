"""What a person does with bulk runs: start one, look at it, pause, go on, cancel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, existing
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.documents.bulk.model import (
    MAX_DOCUMENTS,
    BulkAction,
    BulkAuditAction,
    BulkItem,
    BulkRun,
    BulkState,
    LeftOutGroup,
    Selection,
)
from ionport.documents.bulk.repository import BulkRepository
from ionport.documents.review.model import MAX_REASON
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.store import OrganizationScope, ScopedWork

_SHOWN_GROUPS = 20
_SHOWN_ITEMS = 10
_SHOWN_RUNS = 50


class BulkService:
    """Bulk runs of an organization; `BulkRunner` settles their documents."""

    def __init__(self, clock: Clock, audit: AuditLog) -> None:
        self._clock = clock
        self._audit = audit

    def start(
        self,
        access: Access[OrganizationScope],
        action: BulkAction,
        selection: Selection,
        reason: str = "",
        told: Mapping[str, str] | None = None,
        asked_at: datetime | None = None,
    ) -> BulkRun:
        """Select the documents and return the run, which a `BulkRunner` then takes.

        What is selected is written down now: a document that comes to match later is none of it.
        `told` are the words of the filter. `asked_at` is when the person was asked; None where
        nobody was, and a moment to come counts as now.

        Raises:
            Forbidden: the actor is no member of the organization.
            InvalidInput: no reason where one is needed, no document, or more than
                `MAX_DOCUMENTS`.
        """
        access.require(action.permission)
        reason = reason.strip()
        if action.needs_reason and not 1 <= len(reason) <= MAX_REASON:
            wrong = _("Say why, in 1 to {n} characters.").format(n=MAX_REASON)
            raise InvalidInput(wrong, code="no_reason", fields={"reason": wrong})
        run = self._new_run(access, action, reason if action.needs_reason else "", told, asked_at)
        repository = BulkRepository(access.connection)
        total = repository.add(access.scope, run, selection)
        if not total:
            raise InvalidInput(_("Tick the documents first."), code="nothing_selected")
        # Documents beyond the limit are judged when they are delivered.
        if total > MAX_DOCUMENTS and action is not BulkAction.JUDGE:
            text = _("At most {n} documents at once: narrow the filter down, by time for example.")
            raise InvalidInput(text.format(n=MAX_DOCUMENTS), code="too_many_selected")
        repository.drop_old(access.scope)
        details = {"action": action.value, "documents": str(total), "reason": run.reason}
        details = {name: value for name, value in details.items() if value}
        self._audit.record(access, BulkAuditAction.STARTED, run.id, details)
        return replace(run, total=total)

    def _new_run(
        self,
        access: Access[OrganizationScope],
        action: BulkAction,
        reason: str,
        told: Mapping[str, str] | None,
        asked_at: datetime | None,
    ) -> BulkRun:
        now = self._clock.now()
        return BulkRun(
            id=new_id("bulk"),
            organization_id=access.scope.organization_id,
            action=action,
            state=BulkState.RUNNING,
            reason=reason,
            selection=dict(told or {}),
            person=access.actor.name,
            person_id=access.actor.user_id or "",
            total=0,
            done=0,
            left_out=0,
            asked_at=min(asked_at or now, now),
            created_at=now,
            updated_at=now,
        )

    def get(self, access: ScopedWork[OrganizationScope], run_id: str) -> BulkRun:
        """Return a run; raises NotFound."""
        run = BulkRepository(access.connection).find(access.scope, run_id)
        return existing(run, _("There is no such action."), code="no_bulk_run")

    def list(
        self, access: ScopedWork[OrganizationScope], *, only_open: bool = False
    ) -> Sequence[BulkRun]:
        """Return the newest runs first, at most 50; with `only_open` those that are not over."""
        return BulkRepository(access.connection).list(
            access.scope, _SHOWN_RUNS, only_open=only_open
        )

    def left_out(
        self, access: ScopedWork[OrganizationScope], run_id: str
    ) -> Sequence[LeftOutGroup]:
        """Return why documents were left out: at most 20 reasons, the first 10 of each."""
        return BulkRepository(access.connection).left_out(
            access.scope, run_id, _SHOWN_GROUPS, _SHOWN_ITEMS
        )

    def left_out_for(
        self, access: ScopedWork[OrganizationScope], run_id: str, code: str, after: int, limit: int
    ) -> Sequence[BulkItem]:
        """Return documents that were left out for one reason, behind the position `after`."""
        return BulkRepository(access.connection).items(access.scope, run_id, code, after, limit)

    def pause(self, access: Access[OrganizationScope], run_id: str) -> None:
        """Let no further document of the run be settled until it goes on; errors as `cancel`."""
        self._set(access, run_id, BulkState.PAUSED)

    def resume(self, access: Access[OrganizationScope], run_id: str) -> None:
        """Let a paused run go on; errors as `cancel`."""
        self._set(access, run_id, BulkState.RUNNING)

    def cancel(self, access: Access[OrganizationScope], run_id: str) -> None:
        """End a run: what is settled stays, the other documents stay as they are.

        Raises:
            Forbidden: the actor is no member of the organization.
            NotFound: no such run.
            Conflict: it is over (`bulk_run_over`).
        """
        self._set(access, run_id, BulkState.CANCELLED)
        run = self.get(access, run_id)
        details = {"action": run.action.value, "documents": str(run.total)}
        self._audit.record(access, BulkAuditAction.CANCELLED, run_id, details)

    def _set(self, access: Access[OrganizationScope], run_id: str, state: BulkState) -> None:
        access.require(self.get(access, run_id).action.permission)
        now = self._clock.now()
        if not BulkRepository(access.connection).set_state(access.scope, run_id, state, now):
            raise Conflict(_("This action is over already."), code="bulk_run_over")
