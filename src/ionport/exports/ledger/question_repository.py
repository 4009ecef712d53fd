"""SQL of the deliveries that an ERP is asked about, or that its answers name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from ionport.exports.ledger.repository import delivery_of_row
from ionport.exports.model import Delivery
from ionport.exports.tables import deliveries
from ionport.store import OrganizationScope, SystemScope
from ionport.store.repository import Repository

_d = deliveries.c
_MOST = 20


class QuestionRepository(Repository):
    """Deliveries whose ERP is asked for their status."""

    def by_bod_name(
        self, scope: OrganizationScope, connection_id: str, bod_name: str
    ) -> Sequence[Delivery]:
        """Return the deliveries over a connection that a BODID names, the newest first."""
        named = select(deliveries).where(
            _d.organization_id == scope.organization_id,
            _d.connection_id == connection_id,
            _d.bod_name.is_not(None),
            _d.bod_name == bod_name,
        )
        newest = (_d.created_at.desc(), _d.generation.desc(), _d.id)
        return self._all(named.order_by(*newest).limit(_MOST), delivery_of_row)

    def due(self, scope: SystemScope, now: datetime, limit: int) -> Sequence[Delivery]:
        """Return what is to be asked about by `now`, the longest due first."""
        del scope
        due = select(deliveries).where(_d.erp_ask_at.is_not(None), _d.erp_ask_at <= now)
        return self._all(due.order_by(_d.erp_ask_at, _d.id).limit(limit), delivery_of_row)
