"""Replay: the failed deliveries of a time are tried again, by a person's decision.

A bulk run tries each of them as *Retry* does, in the background. Left out are those of which a
call may have arrived although no answer says so: about such a one a person decides alone, on its
page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ionport.core.errors import Conflict, InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.documents.bulk.model import BulkAction, BulkRun, Selection
from ionport.documents.bulk.runner import BulkStep
from ionport.documents.bulk.service import BulkService
from ionport.exports.bulk import MAX_AGAIN, retry_step
from ionport.exports.deliveries import DeliveryService
from ionport.exports.ledger.failure_repository import FailureRepository
from ionport.exports.listing import DeliveryFilter
from ionport.exports.model import Delivery, DeliveryStatus
from ionport.identity.access import Access
from ionport.store import OrganizationScope
from ionport.store.locks import lock_name

Reasons = Mapping[str, int]


_SINCE, _UNTIL, _CONFIGURATION, _CAUSE = "since", "until", "configuration", "cause"


@dataclass(frozen=True, slots=True)
class Replayable:
    """How many failed deliveries a filter finds, and of how many documents."""

    deliveries: int
    documents: int


class ReplayService:
    """Counts what a replay would try again, and begins it."""

    def __init__(self, bulk: BulkService) -> None:
        self._bulk = bulk

    def count(self, access: Access[OrganizationScope], wanted: DeliveryFilter) -> Replayable:
        """Return what a replay of the deliveries in `wanted` would try; raises Forbidden.

        Of the filter count times, configuration and cause.
        """
        access.require_organization_member()
        failures = FailureRepository(access.connection)
        return Replayable(*failures.count_failed(access.scope, _failed(wanted)))

    def start(
        self,
        access: Access[OrganizationScope],
        wanted: DeliveryFilter,
        reason: str,
        told: Mapping[str, str] | None = None,
    ) -> BulkRun:
        """Begin to try the failed deliveries of a time again; return the run, which goes on alone.

        One of the same deliveries that is not over is returned to who asks again for the same
        reason, and no second one begun. `reason` is kept with the run and with each delivery in
        the audit log; `told` are the words of a page's filter.

        Raises:
            Forbidden: the right to export is missing.
            Conflict: one of the same deliveries that somebody has begun for another reason is not
                over (`replay_under_way`, with its id as `existing_id`).
            InvalidInput: no first moment, no reason, nothing has failed then, or of more than
                `MAX_AGAIN`.
        """
        access.require(BulkAction.REPLAY.permission)
        if wanted.created_from is None:
            wrong = _("Say from when on: a replay is of a time.")
            raise InvalidInput(wrong, code="no_time", fields={"from": wrong})
        if wanted.created_to is not None and wanted.created_to <= wanted.created_from:
            wrong = _("The end lies before the beginning.")
            raise InvalidInput(wrong, code="no_time", fields={"to": wrong})
        words = {
            _SINCE: wanted.created_from.isoformat(),
            _UNTIL: wanted.created_to.isoformat() if wanted.created_to else "",
            _CONFIGURATION: wanted.configuration_id or "",
            _CAUSE: wanted.error_code or "",
        }
        if run := self._under_way(access, words, reason.strip()):
            return run
        failures = FailureRepository(access.connection)
        ids = failures.documents_failed(access.scope, _failed(wanted), MAX_AGAIN + 1)
        if not ids:
            raise InvalidInput(_("No delivery of that time has failed."), code="nothing_selected")
        if len(ids) > MAX_AGAIN:
            text = _("At most {n} documents at once: choose a shorter time.")
            raise InvalidInput(text.format(n=MAX_AGAIN), code="too_many_selected")
        words = {name: value for name, value in words.items() if value}
        return self._bulk.start(
            access, BulkAction.REPLAY, Selection(ids=ids), reason, {**(told or {}), **words}
        )

    def _under_way(
        self, access: Access[OrganizationScope], words: Mapping[str, str], reason: str
    ) -> BulkRun | None:
        """Return the replay of the same deliveries that is not over; raises as `start`.

        Whoever else begins one waits until the transaction ends, and then finds this one.
        """
        lock_name(access.connection, f"replays {access.scope.organization_id}")
        for run in self._bulk.list(access, only_open=True):
            if run.action is not BulkAction.REPLAY or any(
                run.selection.get(name, "") != value for name, value in words.items()
            ):
                continue
            if run.reason != reason:
                raise Conflict(
                    _(
                        "{person} tries these again already, for another reason ({reason}). Yours"
                        " was not kept, and nothing else was begun."
                    ).format(person=run.person, reason=run.reason),
                    code="replay_under_way",
                    existing_id=run.id,
                )
            return run
        return None

    def get(self, access: Access[OrganizationScope], run_id: str) -> tuple[BulkRun, Reasons]:
        """Return a replay, and how many documents were left out for each reason; or NotFound.

        Also a run that was begun for one cause of the export errors.
        """
        access.require_organization_member()
        run = self._bulk.get(access, run_id)
        if not run.action.is_of_deliveries:
            raise NotFound(_("There is no such action."), code="no_bulk_run")
        groups = self._bulk.left_out(access, run_id)
        return run, {group.text: group.count for group in groups}


def replay_step(deliveries: DeliveryService) -> BulkStep:
    """Return how the failed deliveries of one document of a replay are tried again."""
    return retry_step(deliveries, _is_meant, leaves_out_unsure=True)


def _failed(wanted: DeliveryFilter) -> DeliveryFilter:
    """Return the parts of a filter that a replay uses."""
    return replace(wanted, status=DeliveryStatus.FAILED, is_held=None, document_id=None, text="")


def _is_meant(delivery: Delivery, run: BulkRun) -> bool:
    selection = run.selection
    since, until = selection.get(_SINCE), selection.get(_UNTIL)
    return (
        delivery.status is DeliveryStatus.FAILED
        and (not since or delivery.created_at >= datetime.fromisoformat(since))
        and (not until or delivery.created_at < datetime.fromisoformat(until))
        and selection.get(_CONFIGURATION) in (None, delivery.configuration_id)
        and selection.get(_CAUSE) in (None, delivery.error_code)
    )
