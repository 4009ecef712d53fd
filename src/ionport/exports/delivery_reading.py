"""Deliveries as members of the organization look through them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ionport.core.clock import Clock
from ionport.core.errors import NotFound
from ionport.core.i18n import _
from ionport.core.paging import Following, Page, PageRequest
from ionport.documents.service import DocumentService
from ionport.exports.configurations.pauses import as_paused
from ionport.exports.document_deliveries import is_surely_refused
from ionport.exports.ledger.record_repository import RecordRepository
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.ledger.worker_repository import WorkerRepository
from ionport.exports.listing import (
    Cause,
    DeliveryFilter,
    DeliveryRecord,
    DeliverySort,
    NoAnswer,
)
from ionport.exports.model import Delivery, DeliveryDetail, DeliveryStatus
from ionport.exports.timing import ExportTiming
from ionport.identity.access import Access
from ionport.identity.groups.permissions import Permission
from ionport.store import OrganizationScope, ScopedWork, SystemScope, Work


class DeliveryReading:
    """Shows the ledger. Each use case raises Forbidden for who is no member.

    What waits for its next try over a connection that a person has paused is shown as held.
    """

    def __init__(
        self, clock: Clock, documents: DocumentService, timing: ExportTiming | None = None
    ) -> None:
        self._clock = clock
        self._documents = documents
        self._timing = timing or ExportTiming()

    def get(self, access: Access[OrganizationScope], delivery_id: str) -> DeliveryDetail:
        """Return a delivery with its steps and attempts.

        Without the permission to see payloads the attempts have no requests and answers.
        """
        access.require_organization_member()
        (delivery,) = as_paused(access, [self._get(access, delivery_id)])
        ledger = LedgerRepository(access.connection)
        document = self._documents.get(access, delivery.document_id)
        kind = document.document_type
        steps = ledger.steps(access.scope, delivery.id)
        detail = DeliveryDetail(
            delivery,
            kind,
            tuple(replace(each, status=each.status.within(delivery.status)) for each in steps),
            ledger.attempts(access.scope, delivery.id),
            document.purged_at,
        )
        return detail if access.may(Permission.SEE_PAYLOADS, kind) else detail.without_payloads()

    def of_document(
        self, access: Access[OrganizationScope], document_id: str
    ) -> Sequence[Delivery]:
        """Return all deliveries of a document, newest generation first."""
        access.require_organization_member()
        found = DeliveryRepository(access.connection).of_document(access.scope, document_id)
        return as_paused(access, found)

    def list(
        self,
        access: Access[OrganizationScope],
        wanted: DeliveryFilter,
        page: PageRequest,
        *,
        sort: DeliverySort = DeliverySort.CREATED,
        descending: bool = True,
    ) -> Page[Delivery]:
        """Return a page of deliveries."""
        access.require_organization_member()
        found = DeliveryRepository(access.connection).list(
            access.scope, wanted, page, sort=sort, descending=descending
        )
        return replace(found, items=as_paused(access, found.items))

    def following(
        self,
        access: Access[OrganizationScope],
        wanted: DeliveryFilter,
        limit: int,
        after: tuple[datetime, str] | None,
    ) -> Following[Delivery]:
        """Return the deliveries that were made before a moment and id, the newest first."""
        access.require_organization_member()
        repository = DeliveryRepository(access.connection)
        found = repository.following(access.scope, wanted, limit, after)
        return replace(found, items=as_paused(access, found.items))

    def is_surely_refused(self, access: ScopedWork[OrganizationScope], delivery: Delivery) -> bool:
        """Whether surely nothing of a delivery's open steps has arrived at its target."""
        ledger = LedgerRepository(access.connection)
        return is_surely_refused(ledger, access.scope, delivery)

    def tries(
        self, access: Access[OrganizationScope], delivery_ids: Sequence[str]
    ) -> Mapping[str, int]:
        """Return how often the most repeated call of each delivery was made."""
        access.require_organization_member()
        return LedgerRepository(access.connection).tries(access.scope, delivery_ids)

    def names(
        self, access: Access[OrganizationScope], ids: Collection[str]
    ) -> Mapping[str, tuple[str, str]]:
        """Return the names of document and configuration of those deliveries that are here."""
        access.require_organization_member()
        return DeliveryRepository(access.connection).names(access.scope, ids)

    def counts(self, access: Access[OrganizationScope]) -> dict[DeliveryStatus, int]:
        """Return how many deliveries have each status."""
        access.require_organization_member()
        return DeliveryRepository(access.connection).counts(access.scope)

    def held(self, access: Access[OrganizationScope]) -> dict[tuple[str, str], int]:
        """Return how many held deliveries there are, by the ids of configuration and connection."""
        access.require_organization_member()
        return DeliveryRepository(access.connection).held(access.scope)

    def without_answer(self, access: Access[OrganizationScope]) -> Mapping[str, NoAnswer]:
        """Return the connections over which deliveries pause because no server answers.

        Each process counts by itself: what waits for it in the ledger tells of all of them.
        """
        access.require_organization_member()
        found = DeliveryRepository(access.connection).without_answer(
            access.scope, self._clock.now()
        )
        return {connection: NoAnswer(*told) for connection, told in found.items()}

    def causes(self, access: Access[OrganizationScope]) -> Sequence[Cause]:
        """Return why deliveries have failed or wait, the most frequent first; at most twenty."""
        access.require_organization_member()
        return DeliveryRepository(access.connection).causes(access.scope)

    def counts_since(
        self, access: Access[OrganizationScope], since: datetime
    ) -> Mapping[DeliveryStatus, int]:
        """Return how many deliveries made since then have each status."""
        access.require_organization_member()
        return DeliveryRepository(access.connection).counts_since(access.scope, since)

    def records(
        self, access: Access[OrganizationScope], configuration_ids: Collection[str]
    ) -> Mapping[str, DeliveryRecord]:
        """Return for each configuration its last success, and its failures of 24 hours."""
        access.require_organization_member()
        since = self._clock.now() - timedelta(days=1)
        return RecordRepository(access.connection).of(access.scope, configuration_ids, since)

    def has_active_worker(self, work: Work) -> bool:
        """Tell whether any worker runs deliveries now."""
        since = self._clock.now() - timedelta(seconds=self._timing.silent_after)
        return WorkerRepository(work.connection).any_seen(SystemScope("is anything running"), since)

    def _get(self, access: ScopedWork[OrganizationScope], delivery_id: str) -> Delivery:
        found = DeliveryRepository(access.connection).get(access.scope, delivery_id)
        if found is None:
            raise NotFound(_("There is no such delivery."))
        return found
