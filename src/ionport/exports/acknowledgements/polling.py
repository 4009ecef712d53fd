"""Asks M3 what became of an invoice, where no document flow tells it.

Source: docs/reference/m3.md#supplier-invoices.

Only deliveries whose configuration wants it, each every five minutes for thirty days at most.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from ionport.connections.service import ConnectionService
from ionport.core.clock import Clock
from ionport.core.errors import IonportError
from ionport.core.repeating import Repeating
from ionport.documents.model import ErpStatus
from ionport.exports.acknowledgements.service import AcknowledgementService
from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.destinations.clients import ClientPool
from ionport.exports.destinations.infor_idm_m3 import ASK_OPTION
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import Delivery, ExportMethod, StepKind
from ionport.exports.timing import ExportTiming
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.errors import IonApiError
from ionport.store import Database, OrganizationScope, SystemScope

LOOK_SECONDS: Final = 60.0
EVERY: Final = timedelta(minutes=5)
FOR: Final = timedelta(days=30)
AT_ONCE: Final = 20
_METHODS: Final = (ExportMethod.INFOR_IDM_M3, ExportMethod.INFOR_IDM_M3_TOML)
_SCOPE: Final = SystemScope("deliveries that M3 is asked about")
_BOOKED: Final = "90"
_logger = logging.getLogger(__name__)


class ErpPoller:
    """Asks about what M3 has accepted and not posted yet."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        connections: ConnectionService,
        service: AcknowledgementService,
        timing: ExportTiming,
    ) -> None:
        self._database = database
        self._clock = clock
        self._clients = ClientPool(database, connections, timing, clock)
        self._service = service

    def look(self) -> int:
        """Ask once about what is due, at most 20; returns how many were posted meanwhile."""
        posted = 0
        away: set[str] = set()
        for delivery in self._due():
            if delivery.connection_id in away:
                continue
            try:
                posted += self._ask(delivery)
            except (IonApiError, IonportError) as error:
                # Asked again in five minutes; nobody waits for it.
                away.add(delivery.connection_id)
                _logger.warning("M3 was not asked about %s: %s", delivery.id, error)
        return posted

    def close(self) -> None:
        """Close the sockets to Infor."""
        self._clients.close()

    def _due(self) -> Sequence[Delivery]:
        """Return what is due, and note that it is asked about: other processes leave it alone."""
        now = self._clock.now()
        with self._database.read() as work:
            deliveries = DeliveryRepository(work.connection)
            if not deliveries.unposted(_SCOPE, _METHODS, now - EVERY, now - FOR, 1):
                return []
        due = []
        with self._database.write() as work:
            deliveries = DeliveryRepository(work.connection)
            for each in deliveries.unposted(_SCOPE, _METHODS, now - EVERY, now - FOR, AT_ONCE):
                deliveries.update(_SCOPE, each.id, {"erp_changed_at": now})
                scope = OrganizationScope(each.organization_id)
                configuration = ConfigurationRepository(work.connection).get_any(
                    scope, each.configuration_id
                )
                if configuration.options.get(ASK_OPTION):
                    due.append(each)
        return due

    def _ask(self, delivery: Delivery) -> bool:
        with self._database.read() as work:
            steps = LedgerRepository(work.connection).steps(_SCOPE, delivery.id)
        place = next(each.parameters for each in steps if each.kind is StepKind.M3_READ_BACK)
        scope = OrganizationScope(delivery.organization_id)
        client = self._clients.get(scope, delivery.connection_id or "")
        if not isinstance(client, IonApiClient):
            return False
        head = client.m3.execute(
            "APS450MI",
            "GetHead",
            {"INBN": delivery.erp_reference or ""},
            company=place.get("company", ""),
            division=place.get("division", ""),
            return_columns=("SUPA", "VONO"),
        )
        voucher = head.first("VONO").strip("0 ") and head.first("VONO").strip()
        if head.first("SUPA") != _BOOKED:
            return False
        with self._database.write() as work:
            self._service.asked(work, delivery, ErpStatus.POSTED, voucher)
        return True


class ErpWatch(Repeating):
    """Asks again and again, until it is closed."""

    def __init__(self, poller: ErpPoller, every_seconds: float = LOOK_SECONDS) -> None:
        super().__init__("erp-answers", every_seconds)
        self._poller = poller

    def _look(self) -> bool:
        return self._poller.look() == AT_ONCE

    def close(self) -> None:
        super().close()
        self._poller.close()
