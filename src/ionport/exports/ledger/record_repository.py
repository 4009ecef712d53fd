"""SQL of the records of configurations: the last success, and recent failures."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, func, select

from ionport.documents.model import ErpStatus
from ionport.exports.listing import DeliveryRecord
from ionport.exports.model import DeliveryStatus
from ionport.exports.tables import deliveries
from ionport.store import OrganizationScope

_d = deliveries.c


class RecordRepository:
    """Reads the ledger by configuration."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def posted_name(self, scope: OrganizationScope) -> str:
        """Return the ERP's number of a posted invoice; empty where there is none."""
        query = select(func.coalesce(_d.erp_voucher, _d.erp_reference, "")).where(
            _d.organization_id == scope.organization_id,
            _d.erp_status == ErpStatus.POSTED.value,
        )
        return self._connection.execute(query.limit(1)).scalar_one_or_none() or ""

    def of(
        self, scope: OrganizationScope, configuration_ids: Collection[str], since: datetime
    ) -> dict[str, DeliveryRecord]:
        """Return how each configuration has delivered; failures are those since a moment."""
        mine = (
            _d.organization_id == scope.organization_id,
            _d.configuration_id.in_(configuration_ids),
        )
        successes = (
            select(_d.configuration_id, func.max(_d.finished_at))
            .where(*mine, _d.status == DeliveryStatus.DELIVERED.value)
            .group_by(_d.configuration_id)
        )
        failures = (
            select(_d.configuration_id, func.count())
            .where(*mine, _d.status == DeliveryStatus.FAILED.value, _d.finished_at >= since)
            .group_by(_d.configuration_id)
        )
        last = {row[0]: row[1] for row in self._connection.execute(successes)}
        failed = {row[0]: row[1] for row in self._connection.execute(failures)}
        return {
            each: DeliveryRecord(last.get(each), failed.get(each, 0)) for each in configuration_ids
        }
