"""Figures of the ledger for monitoring: numbers over all organizations, and no names."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from ionport.connections.tables import connections
from ionport.exports.model import DeliveryStatus
from ionport.exports.tables import deliveries, export_workers
from ionport.exports.timing import ExportTiming
from ionport.store import SystemScope

_d = deliveries.c
_UNFINISHED = (DeliveryStatus.PENDING, DeliveryStatus.RUNNING, DeliveryStatus.WAITING)


class FiguresRepository:
    """Reads figures of all organizations."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read(self, scope: SystemScope, now: datetime, timing: ExportTiming) -> dict[str, float]:
        """Return the figures by name. `…past_lease`: what runs longer than a takeover takes."""
        figures: dict[str, float] = {
            f'deliveries{{status="{status}"}}': 0 for status in DeliveryStatus
        }
        for status, count in self._connection.execute(
            select(_d.status, func.count()).group_by(_d.status)
        ):
            figures[f'deliveries{{status="{status}"}}'] = count
        figures["deliveries_queued"] = self._connection.execute(
            select(func.count()).where(
                (_d.status == DeliveryStatus.RUNNING)
                | (_d.status.in_(_UNFINISHED) & (_d.due_at <= now))
            )
        ).scalar_one()
        late = now - timedelta(seconds=timing.takeover)
        figures["deliveries_running_past_lease"] = self._connection.execute(
            select(func.count()).where(_d.status == DeliveryStatus.RUNNING, _d.updated_at < late)
        ).scalar_one()
        figures["deliveries_held"] = self._connection.execute(
            select(func.count()).where(_d.status == DeliveryStatus.WAITING, _d.due_at.is_(None))
        ).scalar_one()
        figures["connections_paused"] = self._connection.execute(
            select(func.count()).where(connections.c.paused_at.is_not(None))
        ).scalar_one()
        oldest = self._connection.execute(
            select(func.min(_d.due_at)).where(_d.status.in_(_UNFINISHED), _d.due_at <= now)
        ).scalar_one()
        figures["deliveries_due_seconds"] = (now - oldest).total_seconds() if oldest else 0.0
        seen = now - timedelta(seconds=timing.silent_after)
        figures["export_workers"] = self._connection.execute(
            select(func.count()).where(export_workers.c.seen_at >= seen)
        ).scalar_one()
        return figures
