"""The queue of export errors: deliveries that failed or that the ERP has not taken, by cause.

Failed ones are tried again, all of one cause at once. Those that the ERP has rejected, or sent no
status of, are done: they are exported again as new, for which a person gives the reason. Either is
a bulk run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ionport.core.errors import Conflict, NotFound
from ionport.core.i18n import _
from ionport.documents.bulk.model import BulkAction, BulkRun, Selection
from ionport.documents.bulk.runner import BulkStep
from ionport.documents.bulk.service import BulkService
from ionport.documents.model import ErpStatus
from ionport.exports.bulk import MAX_AGAIN, re_export_step, retry_step
from ionport.exports.deliveries import DeliveryService, checked_reason
from ionport.exports.error_queue.causes import KnownCause, cause_of, erp_status_of, is_key
from ionport.exports.ledger.failure_repository import FailureRepository, Failures
from ionport.exports.model import Delivery, DeliveryStatus
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.store import Database, OrganizationScope
from ionport.store.locks import lock_name

# How many different texts are read; any more are groups of few deliveries.
_MOST_TEXTS: Final = 1_000
_MOST_GROUPS: Final = 100
_BATCH: Final = 500
CAUSE: Final = "group"
"""Names, in the selection of a run, the key of the cause."""


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Deliveries with one cause; `text` and `newest_id` are the newest one's."""

    cause: KnownCause
    code: str
    text: str
    remedy: str
    deliveries: int
    oldest: datetime
    newest_id: str

    @property
    def erp_status(self) -> ErpStatus | None:
        """Their ERP status: Infor has them, and none is tried again; None: they failed."""
        return erp_status_of(self.cause.key)


class ErrorQueue:
    """Groups by cause what failed or what the ERP has not taken, and acts on all of one cause."""

    def __init__(self, bulk: BulkService) -> None:
        self._bulk = bulk

    def groups(self, access: Access[OrganizationScope]) -> Sequence[ErrorGroup]:
        """Return the causes, the most frequent first; at most a hundred."""
        access.require_organization_member()
        failed = FailureRepository(access.connection).failed(access.scope, _MOST_TEXTS)
        return _grouped([*failed, *_not_taken(access)])

    def not_taken(self, access: Access[OrganizationScope]) -> Sequence[ErrorGroup]:
        """Return the causes for which the ERP has not taken what is delivered, as `groups` does."""
        access.require_organization_member()
        return _grouped(_not_taken(access))

    def not_taken_for(self, access: Access[OrganizationScope], key: str) -> ErrorGroup:
        """Return one of `not_taken`; raises NotFound."""
        found = next((each for each in self.not_taken(access) if each.cause.key == key), None)
        if found is None:
            raise _nothing_rejected()
        return found

    def retry(
        self, database: Database, scope: OrganizationScope, actor: Actor, key: str
    ) -> BulkRun:
        """Begin to try all deliveries of one cause again; return the run, which goes on alone.

        One that is not over yet is returned, and no second one begun. It has `MAX_AGAIN` documents
        at most, those that failed first. What cannot be tried again (its document is held, its
        content was removed, the right is missing) is left out and named.

        Raises:
            Forbidden: the right to export is missing.
            NotFound: no delivery has failed with this cause.
            Conflict: they are done; the ERP has rejected them, or sent no status of them.
        """
        actor.require(scope.organization_id, BulkAction.RETRY.permission)
        status = erp_status_of(key)
        if status is ErpStatus.NO_WORD:
            raise Conflict(
                _(
                    "Infor has these deliveries, and only the word of the ERP is missing. Look"
                    " whether it has them; what it does not have is exported again as new with a"
                    " reason."
                ),
                code="no_word_from_erp",
            )
        if status is not None:
            raise Conflict(
                _(
                    "The ERP has rejected these deliveries, and a repetition would change nothing."
                    " Mend the cause, then export them again as new with a reason."
                ),
                code="rejected_by_erp",
            )
        return self._start(database, scope, actor, key, BulkAction.RETRY)

    def re_export(
        self, database: Database, scope: OrganizationScope, actor: Actor, key: str, reason: str
    ) -> BulkRun:
        """Begin to export all that the ERP has not taken for one cause again as new.

        One that is not over yet is returned to who asks again for the same reason, and no second
        one begun. It has `MAX_AGAIN` documents at most. What findings hold, or the right is missing
        for, is left out and named.

        Raises:
            Forbidden: the right to export again is missing.
            Conflict: one that somebody has begun for another reason is not over
                (`re_export_under_way`, with its id as `existing_id`).
            InvalidInput: no reason is given.
            NotFound: the ERP has rejected nothing for this cause.
        """
        actor.require(scope.organization_id, BulkAction.RE_EXPORT.permission)
        reason = checked_reason(reason)
        if erp_status_of(key) is None:
            raise _nothing_rejected()
        run = self._start(database, scope, actor, key, BulkAction.RE_EXPORT, reason)
        if run.reason != reason:
            raise Conflict(
                _(
                    "{person} exports these again already, for another reason ({reason}). Yours was"
                    " not kept, and nothing else was begun."
                ).format(person=run.person, reason=run.reason),
                code="re_export_under_way",
                existing_id=run.id,
            )
        return run

    def _start(
        self,
        database: Database,
        scope: OrganizationScope,
        actor: Actor,
        key: str,
        action: BulkAction,
        reason: str = "",
    ) -> BulkRun:
        """Look for the documents without keeping others from writing, then begin the run."""
        with database.read() as work:
            access = Access(work, scope, actor)
            if run := self._under_way(access, key, action):
                return run
            found = Selection(ids=_documents_of(access, key))
        with database.write() as work:
            access = Access(work, scope, actor)
            # Whoever else begins the same waits here, and then finds this run.
            lock_name(work.connection, f"errors {scope.organization_id} {key}")
            run = self._under_way(access, key, action)
            return run or self._bulk.start(access, action, found, reason, {CAUSE: key})

    def _under_way(
        self, access: Access[OrganizationScope], key: str, action: BulkAction
    ) -> BulkRun | None:
        access.require(action.permission)
        for run in self._bulk.list(access, only_open=True):
            if run.action is action and run.selection.get(CAUSE) == key:
                return run
        return None


def retry_cause_step(deliveries: DeliveryService) -> BulkStep:
    """Return how the deliveries of one document that failed with a run's cause are tried again."""

    def is_meant(delivery: Delivery, run: BulkRun) -> bool:
        cause = cause_of(delivery.error_code, delivery.error_text)
        return delivery.status is DeliveryStatus.FAILED and cause.key == run.selection[CAUSE]

    return retry_step(deliveries, is_meant)


def re_export_cause_step(deliveries: DeliveryService) -> BulkStep:
    """Return how a document that the ERP has not taken for a run's cause is exported as new."""

    def is_meant(delivery: Delivery, run: BulkRun) -> bool:
        status, key = delivery.erp_status, run.selection[CAUSE]
        # What was exported since the person decided waits for a decision of its own.
        return (
            status is not None
            and delivery.created_at <= run.created_at
            and status is erp_status_of(key)
            and delivery.status in (DeliveryStatus.DELIVERED, DeliveryStatus.CANCELLED)
            and cause_of(status, delivery.erp_text).key == key
        )

    return re_export_step(deliveries, is_meant)


def _documents_of(access: Access[OrganizationScope], key: str) -> Sequence[str]:
    """Return the documents of one cause, as many as one run may have; raises NotFound."""
    failures, status = FailureRepository(access.connection), erp_status_of(key)
    found: dict[str, None] = {}
    after = ""
    while is_key(key) and len(found) < MAX_AGAIN:
        batch = (
            failures.failed_behind(access.scope, after, _BATCH)
            if status is None
            else failures.told_behind(access.scope, status, after, _BATCH)
        )
        found |= {one.document_id: None for one in batch if cause_of(one.code, one.text).key == key}
        if len(batch) < _BATCH:
            break
        after = batch[-1].id
    if not found:
        raise NotFound(_("No export error has this cause; it may be under way again."))
    return list(found)[:MAX_AGAIN]


def _not_taken(access: Access[OrganizationScope]) -> Sequence[Failures]:
    failures = FailureRepository(access.connection)
    return [
        each
        for status in ErpStatus
        if status.needs_person
        for each in failures.told(access.scope, status, _MOST_TEXTS)
    ]


def _nothing_rejected() -> NotFound:
    return NotFound(_("The ERP has rejected nothing for this cause."))


def _grouped(all_said: Sequence[Failures]) -> Sequence[ErrorGroup]:
    found: dict[str, ErrorGroup] = {}
    for said in all_said:
        cause = cause_of(said.code, said.text)
        group = found.get(cause.key)
        if group is None:
            found[cause.key] = ErrorGroup(
                cause=cause,
                code=said.code,
                text=said.text,
                remedy=cause.remedy or said.remedy,
                deliveries=said.deliveries,
                oldest=said.oldest,
                newest_id=said.newest_id,
            )
            continue
        is_newer = said.newest_id > group.newest_id
        found[cause.key] = replace(
            group,
            deliveries=group.deliveries + said.deliveries,
            oldest=min(group.oldest, said.oldest),
            newest_id=said.newest_id if is_newer else group.newest_id,
            text=said.text if is_newer else group.text,
        )
    groups = sorted(found.values(), key=lambda group: (-group.deliveries, group.cause.key))
    return groups[:_MOST_GROUPS]
