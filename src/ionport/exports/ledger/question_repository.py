"""SQL of what an ERP is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from ionport.exports.ledger.repository import delivery_of_row
from ionport.exports.model import Delivery
from ionport.exports.tables import deliveries
from ionport.store import SystemScope
from ionport.store.repository import Repository

_d = deliveries.c


class QuestionRepository(Repository):
    """Deliveries whose ERP is asked what became of them."""

    def due(self, scope: SystemScope, now: datetime, limit: int) -> Sequence[Delivery]:
        """Return what is to be asked about by `now`, the longest due first."""
        del scope
        due = select(deliveries).where(_d.erp_ask_at.is_not(None), _d.erp_ask_at <= now)
        return self._all(due.order_by(_d.erp_ask_at, _d.id).limit(limit), delivery_of_row)
