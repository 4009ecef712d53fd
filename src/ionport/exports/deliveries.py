"""Deliveries: what a person does with them. Running them is `engine/runner.py`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta

from ionport.connections.pauses import ask_to_try
from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.documents.model import Document
from ionport.documents.retention.content import require_content
from ionport.documents.service import DocumentService
from ionport.documents.webhooks.model import EventType
from ionport.exports.configurations.booking import BookingTargets
from ionport.exports.configurations.model import ExportConfiguration
from ionport.exports.configurations.pauses import as_paused
from ionport.exports.delivery_making import Consent, DeliveryMaking
from ionport.exports.delivery_reading import DeliveryReading
from ionport.exports.destinations import destination_of
from ionport.exports.destinations.idm_follow_ups import FOLLOW_UP_KINDS
from ionport.exports.document_deliveries import (
    DocumentDeliveries,
    may_have_arrived,
    newest_by_configuration,
    refuse_sent_beside,
    require_newest,
    sent_beside,
)
from ionport.exports.ledger.attempts import NO_PROBLEM
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.ledger.takeover import take_over
from ionport.exports.life_cycle import DeliveryCause, sources
from ionport.exports.model import (
    NO_SERVER_ANSWERS,
    CallEnd,
    Delivery,
    DeliveryAction,
    DeliveryStatus,
    DeliveryStep,
    StepKind,
    StepStatus,
)
from ionport.exports.status import (
    keep_exported,
    record_document_status,
    tell_of_delivery,
)
from ionport.exports.timing import ExportTiming
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.groups.permissions import Permission
from ionport.store import OrganizationScope, ScopedWork, Work

_REASON_LENGTH = 500


def checked_reason(reason: str, wrong: str = "") -> str:
    """Return the reason of a re-export, or of what `wrong` asks for; raises InvalidInput."""
    reason = reason.strip()
    if not reason or len(reason) > _REASON_LENGTH:
        wrong = wrong or _("Say why the document is exported again, in 1 to 500 characters.")
        raise InvalidInput(wrong, fields={"reason": wrong})
    return reason


class DeliveryService(DeliveryReading):
    """Makes deliveries, tries them again and gives them up.

    A delivery row commits with its document's status; running it is left to whoever sweeps the
    table, so a crash after the commit loses nothing. `wake` only makes it start sooner.
    """

    def __init__(
        self,
        clock: Clock,
        audit: AuditLog,
        documents: DocumentService,
        wake: Callable[[], None] | None = None,
        timing: ExportTiming | None = None,
    ) -> None:
        super().__init__(clock, documents, timing)
        self._audit = audit
        self.wake = wake
        of_documents = DocumentDeliveries(clock, documents, self._wake_after)
        documents.review.deliveries = of_documents
        documents.review.targets = BookingTargets()
        self._making = DeliveryMaking(clock, audit, documents, of_documents, self._wake_after)

    def export(
        self,
        access: Access[OrganizationScope],
        document_id: str,
        configuration_id: str | None = None,
        *,
        accept_findings: str | None = None,
        seen: Collection[str] | None = None,
    ) -> Sequence[Delivery]:
        """Deliver a document through its active configurations, or through the one named.

        What was exported before is not exported again: the deliveries that exist are returned,
        also those of a configuration that another one has replaced since, unless the new one is
        named.
        `accept_findings` is a person's reason (up to 500 characters) to export a document that
        findings hold; with `seen` only for these findings. Run it in `keeping_findings`.

        Raises:
            DocumentHeld: findings hold the document, and there is no reason.
            InvalidInput: the reason is empty or too long.
            Conflict: `no_active_configuration`.
        """
        document = self._making.locked(access, document_id)
        access.require(Permission.EXPORT, document.document_type)
        existing = newest_by_configuration(access, document_id)
        wanted = self._making.wanted(access, document, configuration_id)
        made = [
            (each, existing.get(each.id))
            if configuration_id is not None
            else (each, self._made_before(access, existing, each))
            for each in wanted
        ]
        found = [before for _each, before in made if before is not None]
        plans = [(each, 1) for each, before in made if before is None]
        consent = Consent(accept_findings, seen)
        return [*found, *self._making.make(access, document, plans, "", consent)]

    def re_export(
        self,
        access: Access[OrganizationScope],
        document_id: str,
        reason: str,
        configuration_id: str | None = None,
        *,
        accept_findings: str | None = None,
        seen: Collection[str] | None = None,
    ) -> Sequence[Delivery]:
        """Deliver a document once more as something new, with a new correlation id.

        Raises:
            InvalidInput: no reason is given.
            DocumentHeld: as `export`.
            Conflict: a delivery of the document is not over yet.
        """
        reason = checked_reason(reason)
        document = self._making.locked(access, document_id)
        access.require(Permission.RE_EXPORT, document.document_type)
        existing = newest_by_configuration(access, document_id)
        plans = []
        for configuration in self._making.wanted(access, document, configuration_id):
            known = existing.get(configuration.id)
            if known is not None and not known.status.is_over:
                raise Conflict(
                    _("The last export through “{title}” is not over yet.").format(
                        title=known.configuration_title
                    ),
                    code="delivery_not_over",
                    existing_id=known.id,
                )
            plans.append((configuration, known.generation + 1 if known else 1))
        consent = Consent(accept_findings, seen)
        return self._making.make(access, document, plans, reason, consent)

    def keep_exported(self, access: Access[OrganizationScope], document_id: str) -> None:
        """Cancel a re-export that waits for approvals: the document is *Exported* as before.

        Raises:
            NotFound: no such document.
            Conflict: it does not wait for one, or its deliveries are not all done.
        """
        keep_exported(access, self._documents, document_id)

    def retry(
        self, access: Access[OrganizationScope], delivery_id: str, reason: str = ""
    ) -> Delivery:
        """Try a failed or cancelled delivery again from where it ended; a waiting one at once.

        One that runs is taken from its worker when that one should have ended long ago.
        The stored payload is sent again, unless the failed step is known never to have reached
        Infor: then it is rendered anew, with the mapping versions that its configuration uses now.
        A `reason` is kept in the audit log.

        Raises:
            DocumentHeld: the document takes part in no delivery, whose status it keeps.
            Conflict: the delivery is held, superseded or not to be tried again, or the document's
                content was removed (`purged`).
        """
        delivery = self._get(access, delivery_id)
        self._require(access, Permission.EXPORT, delivery)
        self.lock(access, delivery)
        text = _("Export through “{title}” is tried again.").format(
            title=delivery.configuration_title
        )
        self.try_again(access, delivery, text)
        given = {"reason": reason} if reason else {}
        self._audit.record(access, DeliveryAction.RETRIED, delivery.id, given)
        return self._get(access, delivery.id)

    def lock(self, access: ScopedWork[OrganizationScope], delivery: Delivery) -> Document:
        """Return a delivery's document; neither changes until the transaction ends.

        Locked as when a delivery is made: nothing changes between checks and the commit.
        """
        return self._making.locked(access, delivery.document_id)

    def try_again(self, access: Access[OrganizationScope], delivery: Delivery, text: str) -> None:
        """Try a locked delivery again, with `text` in the timeline; raises as `retry`."""
        delivery = self._get(access, delivery.id)
        document = self._documents.get(access, delivery.document_id)
        self._require_retriable(access, delivery, document)
        if delivery.status is DeliveryStatus.RUNNING:
            self._take_from_lost_worker(access.work, delivery)
        if delivery.error_code == NO_SERVER_ANSWERS:
            ask_to_try(access, delivery.connection_id, self._clock.now())
        self._reopen_steps(access, delivery)
        self.put_back(access, delivery, DeliveryCause.TRIED_AGAIN, text)

    def put_back(
        self,
        access: Access[OrganizationScope],
        delivery: Delivery,
        cause: DeliveryCause,
        text: str,
    ) -> None:
        """Make a delivery due that rests or is over, with `text` in the timeline.

        Raises Conflict where its status may not change because of `cause`.
        """
        now = self._clock.now()
        values = {
            "status": DeliveryStatus.PENDING,
            "due_at": now,
            "tries_since": now,
            "runs": 0,
            "finished_at": None,
            "updated_at": now,
            **NO_PROBLEM,
        }
        if not DeliveryRepository(access.connection).update(
            access.scope, delivery.id, values, while_status=sources(cause)
        ):
            raise _not_retriable(self._get(access, delivery.id))
        self._record_status(access, delivery.document_id, text)
        self._wake_after(access.work)

    def _require_retriable(
        self, access: ScopedWork[OrganizationScope], delivery: Delivery, document: Document
    ) -> None:
        require_content(document.purged_at)
        require_newest(access, delivery)
        if delivery.status in (DeliveryStatus.FAILED, DeliveryStatus.CANCELLED):
            refuse_sent_beside(access, delivery)
        (delivery,) = as_paused(access, [delivery])
        if delivery.is_held:
            raise Conflict(
                _("The delivery is held. {reason} {remedy}").format(
                    reason=delivery.error_text, remedy=delivery.remedy
                ),
                code="delivery_held",
            )
        self._documents.review.require_not_held(access, document)

    def _reopen_steps(self, access: ScopedWork[OrganizationScope], delivery: Delivery) -> None:
        """Reset the steps that have begun; they are rendered anew where nothing has arrived."""
        ledger = LedgerRepository(access.connection)
        fresh = {"status": StepStatus.PENDING, "tries": 0, "finished_at": None}
        for step in ledger.steps(access.scope, delivery.id):
            if step.status.is_over or step.status is StepStatus.PENDING:
                continue
            ledger.update_step(access.scope, delivery.id, step.kind, fresh)
            if not may_have_arrived(ledger, access.scope, delivery.id, step.kind):
                ledger.update_step(access.scope, delivery.id, StepKind.RENDER, fresh)
                # No versions: those that the configuration uses when it is rendered.
                DeliveryRepository(access.connection).update(
                    access.scope, delivery.id, {"mapping_versions": {}}
                )

    def cancel(self, access: Access[OrganizationScope], delivery_id: str) -> Delivery:
        """Give up a delivery that is pending, waiting or failed.

        Where only a step after the ERP's status is open, that is given up: it stays delivered.

        Raises:
            Conflict: it is running this moment, or over already.
        """
        delivery = self._get(access, delivery_id)
        self._require(access, Permission.EXPORT, delivery)
        now = self._clock.now()
        steps = LedgerRepository(access.connection).steps(access.scope, delivery.id)
        is_delivered = any(step.kind in FOLLOW_UP_KINDS for step in steps)
        status = DeliveryStatus.DELIVERED if is_delivered else DeliveryStatus.CANCELLED
        cause = DeliveryCause.FOLLOW_UP_GIVEN_UP if is_delivered else DeliveryCause.GIVEN_UP
        cancelled = DeliveryRepository(access.connection).update(
            access.scope,
            delivery.id,
            {
                "status": status,
                "due_at": None,
                "finished_at": now,
                "updated_at": now,
            },
            while_status=sources(cause),
        )
        if not cancelled:
            raise Conflict(
                _("The delivery cannot be cancelled: it is {status}.").format(
                    status=delivery.status.label
                ),
                code="delivery_not_cancellable",
            )
        self._audit.record(access, DeliveryAction.CANCELLED, delivery.id)
        if is_delivered:
            self._skip_follow_ups(access, delivery, steps)
        else:
            told = EventType.DELIVERY_CANCELLED
            tell_of_delivery(access, self._documents, delivery, now, told, status=status)
        text = _("Export through “{title}” was cancelled.").format(
            title=delivery.configuration_title
        )
        self._record_status(access, delivery.document_id, text)
        return self._get(access, delivery.id)

    def _skip_follow_ups(
        self,
        access: ScopedWork[OrganizationScope],
        delivery: Delivery,
        steps: Sequence[DeliveryStep],
    ) -> None:
        skipped = {"status": StepStatus.SKIPPED}
        ledger = LedgerRepository(access.connection)
        for step in steps:
            if step.kind in FOLLOW_UP_KINDS:
                ledger.update_step(access.scope, delivery.id, step.kind, skipped)
        DeliveryRepository(access.connection).update(access.scope, delivery.id, NO_PROBLEM)

    def _require(
        self, access: Access[OrganizationScope], permission: Permission, delivery: Delivery
    ) -> None:
        document = self._documents.get(access, delivery.document_id)
        access.require(permission, document.document_type)

    def _take_from_lost_worker(self, work: Work, delivery: Delivery) -> None:
        """End a pass whose lease has lapsed by the wall clock; else leave it as it is.

        That clock may have been stepped, so a call of the old worker may still be under way: a
        look-up waits for it as long as a takeover would.
        """
        now = self._clock.now()
        if now - delivery.updated_at >= timedelta(seconds=self._timing.takeover):
            note = _("Its worker did not end it in time; it was tried again by hand.")
            take_over(work, delivery.lease, CallEnd.OPEN, note, now)

    def _made_before(
        self,
        access: ScopedWork[OrganizationScope],
        existing: Mapping[str, Delivery],
        configuration: ExportConfiguration,
    ) -> Delivery | None:
        """Return the delivery that has delivered, may have or will deliver the document there.

        A configuration that takes the place of another one delivers to the same ERP: what the other
        has sent is sent again by a person alone (*Re-export as new*).
        """
        own = existing.get(configuration.id)
        family = destination_of(configuration.method).family
        return own or sent_beside(access, existing, family)

    def _record_status(
        self, access: Access[OrganizationScope], document_id: str, text: str
    ) -> None:
        record_document_status(access, self._documents, document_id, text, access.actor.name)

    def _wake_after(self, work: Work) -> None:
        if self.wake is not None:
            work.after_commit(self.wake)


def _not_retriable(delivery: Delivery) -> Conflict:
    return Conflict(
        _(
            "Only a delivery that failed, waits or was cancelled can be tried again; this one is"
            " {status}."
        ).format(status=delivery.status.label),
        code="delivery_not_retriable",
    )
