"""Asks ERPs what became of invoices, where no document flow tells it.

Which method asks what is said by its destination (`destinations/questions`): often in the first
minutes, seldom after a day, and no more after thirty.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from ionport.connections.service import ConnectionService
from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import IonportError, NotFound
from ionport.core.repeating import Repeating
from ionport.documents.model import ErpStatus
from ionport.exports.acknowledgements.service import AcknowledgementService
from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.destinations import destination_of
from ionport.exports.destinations.clients import ClientPool
from ionport.exports.destinations.questions.model import ErpAnswer, next_wait
from ionport.exports.ledger.question_repository import QuestionRepository
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import Delivery, DeliveryStatus
from ionport.exports.timing import ExportTiming
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.errors import IonApiError, M3Error
from ionport.store import Database, OrganizationScope, SystemScope, Work

LOOK_SECONDS: Final = 3.0
AT_ONCE: Final = 20
FLOW_TAKES: Final = timedelta(seconds=50)
_SCOPE: Final = SystemScope("deliveries whose ERP is asked about them")
_OPEN: Final = (None, ErpStatus.HANDED_OVER, ErpStatus.ACCEPTED)
_logger = logging.getLogger(__name__)


class ErpPoller:
    """Asks about what an ERP may have and has not posted yet."""

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
        self._clients = ClientPool(database, connections, timing, clock)
        self._service = service

    def look(self) -> int:
        """Ask once about what is due, at most 20; returns how many stand otherwise since."""
        changed = 0
        away: set[str] = set()
        for delivery in self._due():
            if delivery.connection_id in away:
                continue
            try:
                changed += self._ask(delivery)
            except (IonApiError, IonportError) as error:
                # It is asked again; nobody waits for it.
                if not isinstance(error, M3Error | NotFound):
                    # These two are about one invoice: the others are asked about all the same.
                    away.add(delivery.connection_id)
                _logger.warning("the ERP was not asked about %s: %s", delivery.id, error)
        return changed

    def close(self) -> None:
        """Close the sockets to Infor."""
        self._clients.close()

    def _due(self) -> Sequence[Delivery]:
        """Return what is due, and note when it is next: other processes leave it alone."""
        now = self._clock.now()
        with self._database.read() as work:
            if not QuestionRepository(work.connection).due(_SCOPE, now, 1):
                return []
        with self._database.write() as work:
            found = QuestionRepository(work.connection).due(_SCOPE, now, AT_ONCE)
            return [each for each in found if self._taken(work, each)]

    def _taken(self, work: Work, delivery: Delivery) -> bool:
        """Note when a delivery is asked about next, and return whether it is now."""
        now = self._clock.now()
        access = work.within(OrganizationScope(delivery.organization_id))
        configuration = ConfigurationRepository(work.connection).get_any(
            access.scope, delivery.configuration_id
        )
        asks = self._service.asks(access, configuration)
        wait = next_wait(now - (delivery.finished_at or delivery.created_at))
        is_open = delivery.status is DeliveryStatus.DELIVERED and delivery.erp_status in _OPEN
        ask_at = None if wait is None or asks is None or not is_open else now + wait
        DeliveryRepository(work.connection).update(_SCOPE, delivery.id, {"erp_ask_at": ask_at})
        return ask_at is not None and asks is True

    def _ask(self, delivery: Delivery) -> bool:
        scope = OrganizationScope(delivery.organization_id)
        question = destination_of(delivery.method).question
        client = self._clients.get(scope, delivery.connection_id)
        if question is None or not isinstance(client, IonApiClient):
            return False
        with self._database.read() as work:
            steps = LedgerRepository(work.connection).steps(scope, delivery.id)
        answer = question.ask(client, delivery, steps, self._blobs.get)
        if answer is None:
            self._missed(scope, delivery)
        return answer is not None and self._told(delivery, answer)

    def _missed(self, scope: OrganizationScope, delivery: Delivery) -> None:
        """Note that the ERP has no such invoice, once a document flow has had its time."""
        since = delivery.finished_at or delivery.created_at
        if delivery.erp_missed_at is not None or self._clock.now() - since < FLOW_TAKES:
            return
        missed = {"erp_missed_at": self._clock.now()}
        with self._database.write() as work:
            DeliveryRepository(work.connection).update(scope, delivery.id, missed)

    def _told(self, delivery: Delivery, answer: ErpAnswer) -> bool:
        if answer.status is delivery.erp_status:
            return False
        with self._database.write() as work:
            self._service.asked(work, delivery, answer)
        return True


class ErpWatch(Repeating):
    """Asks again and again, until it is closed."""

    def __init__(self, poller: ErpPoller, every_seconds: float = LOOK_SECONDS) -> None:
        super().__init__("erp-answers", every_seconds)
        self._poller = poller

    def _look(self) -> bool:
        self._poller.look()
        return False

    def close(self) -> None:
        super().close()
        self._poller.close()
