"""Makes deliveries of documents that are not held; nothing else makes any."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.core.ids import new_id, new_uuid
from ionport.documents.model import Document
from ionport.documents.review.lines import judge_lines
from ionport.documents.service import DocumentService
from ionport.exports.configurations.model import ExportConfiguration
from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.destinations import is_booked, steps_of
from ionport.exports.document_deliveries import DocumentDeliveries
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import (
    Delivery,
    DeliveryAction,
    DeliveryStatus,
    DeliveryStep,
    StepStatus,
)
from ionport.exports.status import record_document_status
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.store import OrganizationScope, ScopedWork, Work


@dataclass(frozen=True, slots=True)
class Consent:
    """Why a person exports a document that findings hold, and which findings they saw."""

    reason: str | None
    seen: Collection[str] | None


def new_delivery(
    document: Document,
    configuration: ExportConfiguration,
    generation: int,
    at: datetime,
    *,
    ids: tuple[str, str],
    reason: str = "",
    created_by: str = "",
) -> Delivery:
    """Return a new delivery; `ids` are its own id and the correlation id."""
    delivery_id, correlation_id = ids
    return Delivery(
        id=delivery_id,
        organization_id=document.organization_id,
        document_id=document.id,
        document_name=document.filename,
        configuration_id=configuration.id,
        configuration_title=configuration.title,
        connection_id=configuration.connection_id,
        method=configuration.method,
        generation=generation,
        correlation_id=correlation_id,
        # One message id for each key: ION recognises a repeat by it.
        message_id=correlation_id,
        status=DeliveryStatus.PENDING,
        reason=reason,
        created_by=created_by,
        created_at=at,
        updated_at=at,
        due_at=at,
        mapping_versions=configuration.version_ids(),
    )


class DeliveryMaking:
    """Makes deliveries; `wake_after` starts them soon after the commit."""

    def __init__(
        self,
        clock: Clock,
        audit: AuditLog,
        documents: DocumentService,
        of_documents: DocumentDeliveries,
        wake_after: Callable[[Work], None],
    ) -> None:
        self._clock = clock
        self._audit = audit
        self._documents = documents
        self._of_documents = of_documents
        self._wake_after = wake_after

    def locked(self, access: ScopedWork[OrganizationScope], document_id: str) -> Document:
        """Return a document, locked until the transaction ends; raises NotFound.

        Everything that a delivery depends on is read after this: fields, status and deliveries of
        the document. Rows of deliveries are locked before that of their document, in the order of
        passes.
        """
        DeliveryRepository(access.connection).lock_exports(access.scope, document_id)
        self._documents.lock(access, document_id)
        return self._documents.get(access, document_id)

    def wanted(
        self,
        access: ScopedWork[OrganizationScope],
        document: Document,
        configuration_id: str | None,
    ) -> Sequence[ExportConfiguration]:
        repository = ConfigurationRepository(access.connection)
        if configuration_id is not None:
            chosen = repository.get(access.scope, configuration_id)
            if chosen is None:
                raise NotFound(_("There is no such export configuration."))
            if chosen.document_type != document.document_type:
                wrong = _("“{title}” is for another document type.").format(title=chosen.title)
                raise InvalidInput(wrong, fields={"configuration": wrong})
            return [chosen]
        active = repository.active(
            access.scope, document.document_type, document.sub_organization_id
        )
        if not active:
            text = _(
                "No export configuration is active for this document type and organization."
                " Activate one under Settings → Document Processing → Export."
            )
            if document.sub_organization_id is not None:
                text = _(
                    "No export configuration is active for this document type in the company's"
                    " sub-organization, which the document belongs to; those of the organization"
                    " itself do not take it. Activate one for it under Settings → Document"
                    " Processing → Export, or move the document."
                )
            raise Conflict(text, code="no_active_configuration")
        return active

    def make(
        self,
        access: Access[OrganizationScope],
        document: Document,
        plans: Sequence[tuple[ExportConfiguration, int]],
        reason: str,
        consent: Consent,
    ) -> Sequence[Delivery]:
        """Make the deliveries (configuration, generation) of a document that nothing holds.

        Nothing else makes deliveries, so that a held document is refused here for every caller.
        The document is one of `locked`.
        """
        review = self._documents.review
        accepted = review.require_free(
            access,
            document,
            consent.reason,
            consent.seen,
            is_new=bool(plans),
            of_targets=judge_lines(
                document.tables, [each.title for each, _n in plans if is_booked(each.method)]
            ),
        )
        made = [
            self._add(access, document, configuration, generation, reason)
            for configuration, generation in plans
        ]
        if made:
            review.claims.claim(access, document.id)
            review.accounts.learn(access, document.id)
        if accepted:
            ids = [delivery.id for delivery in made]
            why = consent.reason or ""
            review.decide(access, document.id, accepted, why, ids)
            self._of_documents.free(access, document.id)
        self._announce(access, document, made)
        if accepted and not made:
            record_document_status(access, self._documents, document.id, "", access.actor.name)
        return made

    def _add(
        self,
        access: Access[OrganizationScope],
        document: Document,
        configuration: ExportConfiguration,
        generation: int,
        reason: str,
    ) -> Delivery:
        delivery = new_delivery(
            document,
            configuration,
            generation,
            self._clock.now(),
            ids=(new_id("dlv"), new_uuid()),
            reason=reason,
            created_by=access.actor.name,
        )
        if not DeliveryRepository(access.connection).add(access.scope, delivery):
            raise Conflict(
                _("Somebody else exported the document at the same moment."),
                code="delivery_exists",
            )
        steps = [
            DeliveryStep(kind=kind, position=position, status=StepStatus.PENDING)
            for position, kind in enumerate(steps_of(configuration.method))
        ]
        LedgerRepository(access.connection).add_steps(access.scope, delivery.id, steps)
        details = {"document": document.id, "configuration": configuration.id}
        if reason:
            details["reason"] = reason
        action = DeliveryAction.CREATED if generation == 1 else DeliveryAction.RE_EXPORTED
        self._audit.record(access, action, delivery.id, details)
        return delivery

    def _announce(
        self, access: Access[OrganizationScope], document: Document, made: Sequence[Delivery]
    ) -> None:
        if not made:
            return
        titles = ", ".join(f"“{delivery.configuration_title}”" for delivery in made)
        text = _("Export started through {titles}.").format(titles=titles)
        if made[0].reason:
            text = _("Exported again as new through {titles}: {reason}").format(
                titles=titles, reason=made[0].reason
            )
        record_document_status(access, self._documents, document.id, text, access.actor.name)
        self._wake_after(access.work)
