"""Asks ERPs for the status of invoices where no document flow sends it, and notes overdue ones.

Which question a method has is defined by its destination (`destinations/questions`): often in the
first minutes, seldom after a day, and no more after thirty.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ionport.connections.pauses import pause_of
from ionport.connections.service import ConnectionService
from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import IonportError, NotFound
from ionport.core.repeating import Repeating
from ionport.documents.model import ErpStatus
from ionport.exports.acknowledgements.expected import expected_of
from ionport.exports.acknowledgements.model import Result
from ionport.exports.acknowledgements.repository import ReceivedRepository
from ionport.exports.acknowledgements.service import AcknowledgementService
from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.destinations import destination_of
from ionport.exports.destinations.clients import ClientPool
from ionport.exports.destinations.questions.model import AskedDelivery, ErpAnswer, next_wait
from ionport.exports.ledger.question_repository import QuestionRepository
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import GONE_FROM_ERP, Delivery, DeliveryStatus
from ionport.exports.timing import ExportTiming
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.errors import (
    InvalidClient,
    InvalidGrant,
    IonApiError,
    LnFault,
    M3Error,
    UnauthorizedClient,
)
from ionport.store import Database, OrganizationScope, SystemScope, Work

LOOK_SECONDS: Final = 3.0
AT_ONCE: Final = 20
FLOW_TAKES: Final = timedelta(seconds=50)
TOLD_WITHIN: Final = timedelta(minutes=1)
"""After how long another process notes an overdue status that this one has not noted."""
GONE_AFTER: Final = timedelta(minutes=10)
"""How long an ERP must not find what it had accepted before it counts as deleted there."""
PROVED_EVERY: Final = timedelta(hours=1)
"""How long after a proof a refused credential makes no other one."""
_SCOPE: Final = SystemScope("deliveries whose ERP is asked about them")
_OPEN: Final = (None, ErpStatus.HANDED_OVER, ErpStatus.NO_WORD, ErpStatus.ACCEPTED)
_NO_WORD: Final = ErpAnswer(ErpStatus.NO_WORD, "")
_GONE: Final = ErpAnswer(ErpStatus.REJECTED, "", reason=GONE_FROM_ERP)
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Look:
    """A delivery that is due: whether its ERP is asked, and whether its status is overdue."""

    delivery: Delivery
    options: Mapping[str, str]
    is_asked: bool
    is_overdue: bool


class ErpPoller:
    """Asks about invoices that an ERP may have and has not posted yet."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        blobs: Blobs,
        connections: ConnectionService,
        service: AcknowledgementService,
        timing: ExportTiming,
    ) -> None:
        self._database = database
        self._clock = clock
        self._blobs = blobs
        self._connections = connections
        self._clients = ClientPool(database, connections, timing, clock)
        self._service = service

    def repeating(self, every_seconds: float = LOOK_SECONDS) -> Repeating:
        """Return what asks again and again, until it is closed."""
        return Repeating("erp-answers", self.look, every_seconds, at_end=self.close)

    def look(self) -> int:
        """Look once at what is due, at most 20; returns how many statuses changed."""
        changed = 0
        away: set[str] = set()
        for look in self._due():
            delivery = look.delivery
            is_told = False
            try:
                if look.is_asked and delivery.connection_id not in away:
                    is_told = self._ask(delivery, look.options)
            except (InvalidClient, InvalidGrant, UnauthorizedClient) as error:
                away.add(delivery.connection_id)
                _logger.warning("the ERP was not asked about %s: %s", delivery.id, error)
                self._prove(delivery)
            except (IonApiError, IonportError) as error:
                # It is asked again later.
                if not isinstance(error, M3Error | LnFault | NotFound):
                    # The error concerns one invoice: the others are asked about all the same.
                    away.add(delivery.connection_id)
                _logger.warning("the ERP was not asked about %s: %s", delivery.id, error)
            if look.is_overdue and not is_told:
                is_told = self._told(delivery, _NO_WORD)
            changed += is_told
        return changed

    def close(self) -> None:
        """Close the sockets to Infor."""
        self._clients.close()

    def _due(self) -> Sequence[_Look]:
        """Return what is due, and note when it is due next, so that no other process takes it."""
        now = self._clock.now()
        with self._database.read() as work:
            if not QuestionRepository(work.connection).due(_SCOPE, now, 1):
                return []
        with self._database.write() as work:
            found = QuestionRepository(work.connection).due(_SCOPE, now, AT_ONCE)
            return [self._taken(work, each) for each in found]

    def _taken(self, work: Work, delivery: Delivery) -> _Look:
        """Note when a delivery is looked at next, and return what is to be done now."""
        now = self._clock.now()
        access = work.within(OrganizationScope(delivery.organization_id))
        configuration = ConfigurationRepository(work.connection).get_any(
            access.scope, delivery.configuration_id
        )
        wait = next_wait(now - (delivery.finished_at or delivery.created_at))
        is_open = delivery.status is DeliveryStatus.DELIVERED and delivery.erp_status in _OPEN
        expected = expected_of(access, configuration)
        due = expected.due(delivery) if is_open else None
        # An overdue one is due again soon, in case this process ends before it is noted.
        following = [] if due is None else [max(due, now + TOLD_WITHIN)]
        is_asked = is_open and wait is not None and expected.is_asked
        is_asked = is_asked and pause_of(access, delivery.connection_id) is None
        if is_open and wait is not None and expected.asked is not None:
            following.append(now + wait)
        ask_at = min(following, default=None)
        DeliveryRepository(work.connection).update(_SCOPE, delivery.id, {"erp_ask_at": ask_at})
        return _Look(delivery, configuration.options, is_asked, due is not None and due <= now)

    def _ask(self, delivery: Delivery, options: Mapping[str, str]) -> bool:
        scope = OrganizationScope(delivery.organization_id)
        question = destination_of(delivery.method).question
        client = self._clients.get(scope, delivery.connection_id)
        if question is None or not isinstance(client, IonApiClient):
            return False
        with self._database.read() as work:
            steps = LedgerRepository(work.connection).steps(scope, delivery.id)
        answer = question.ask(AskedDelivery(client, delivery, steps, self._blobs.get, options))
        if answer is None:
            return self._missed(scope, delivery)
        if answer.status is not delivery.erp_status:
            return self._told(delivery, answer)
        if delivery.erp_missed_at is not None:
            self._note_missed(scope, delivery, None)
        return False

    def _prove(self, delivery: Delivery) -> None:
        """Prove a connection whose credential was refused: that proof then holds the questions.

        Where a proof passes all the same, the next one waits for an hour.
        """
        scope, actor = OrganizationScope(delivery.organization_id), Actor.operator("erp-answers")
        with self._database.write() as work:
            access = Access(work, scope, actor)
            latest = self._connections.latest_check(access, delivery.connection_id)
            if latest is not None and self._clock.now() - latest.started_at < PROVED_EVERY:
                return
            check = self._connections.start_check(access, delivery.connection_id)
        try:
            self._connections.run_check(self._database, scope, check.id)
        except Exception:
            # It is noted as interrupted; the others are asked about all the same.
            _logger.exception("the proof %s broke off", check.id)

    def _missed(self, scope: OrganizationScope, delivery: Delivery) -> bool:
        """Note that the ERP has no such invoice, once a document flow has had its time.

        An invoice that it had accepted and does not find for a while was deleted there. One that it
        has sent a status of may be there under another id, where a document flow brings none.
        """
        is_accepted = delivery.erp_status is ErpStatus.ACCEPTED
        if is_accepted and self._has_sent_status(scope, delivery):
            return False
        now, since = self._clock.now(), delivery.finished_at or delivery.created_at
        if delivery.erp_missed_at is None and now - since >= FLOW_TAKES:
            self._note_missed(scope, delivery, now)
        missed_for = now - (delivery.erp_missed_at or now)
        return is_accepted and missed_for >= GONE_AFTER and self._told(delivery, _GONE)

    def _has_sent_status(self, scope: OrganizationScope, delivery: Delivery) -> bool:
        with self._database.read() as work:
            return bool(ReceivedRepository(work.connection).of_delivery(scope, delivery.id, 1))

    def _note_missed(
        self, scope: OrganizationScope, delivery: Delivery, at: datetime | None
    ) -> None:
        with self._database.write() as work:
            values = {"erp_missed_at": at}
            DeliveryRepository(work.connection).update(scope, delivery.id, values)

    def _told(self, delivery: Delivery, answer: ErpAnswer) -> bool:
        with self._database.write() as work:
            return self._service.asked(work, delivery, answer) is Result.APPLIED
