"""SQL of places: how many passes are under way over each connection, in all processes."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlalchemy import Connection, func, or_, select, update

from ionport.exports.model import DeliveryStatus
from ionport.exports.tables import deliveries, export_workers
from ionport.store import SystemScope
from ionport.store.locks import lock_name

_d, _w = deliveries.c, export_workers.c
_DUE = ("pending", "waiting")


class PlaceRepository:
    """Places are not stored: a running delivery of a worker with a recent heartbeat takes one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, scope: SystemScope, delivery_id: str, pass_number: int) -> str | None:
        """Lock the places of the delivery's connection until this transaction ends.

        Returns the connection; None when the pass is under way or over.
        """
        connection_id = self._connection.execute(
            select(_d.connection_id).where(
                _d.id == delivery_id, _d.pass_number == pass_number, _d.status.in_(_DUE)
            )
        ).scalar_one_or_none()
        if connection_id is not None:
            lock_name(self._connection, f"places {connection_id}")
        return connection_id

    def taken(self, scope: SystemScope, worker_id: str, seen_since: datetime) -> Counter[str]:
        """Return how many places of each connection are taken, by `worker_id` or who was seen."""
        seen = select(_w.id).where(_w.seen_at >= seen_since)
        rows = self._connection.execute(
            select(_d.connection_id, func.count().label("passes"))
            .where(
                _d.status == DeliveryStatus.RUNNING,
                or_(_d.worker_id == worker_id, _d.worker_id.in_(seen)),
            )
            .group_by(_d.connection_id)
        )
        return Counter({row.connection_id: row.passes for row in rows})

    def postpone(
        self, scope: SystemScope, delivery_id: str, pass_number: int, now: datetime, until: datetime
    ) -> None:
        """Let a pass that got no place be due later; under another number, as its queue ends it."""
        self._connection.execute(
            update(deliveries)
            .where(_d.id == delivery_id, _d.pass_number == pass_number, _d.status.in_(_DUE))
            .values(pass_number=pass_number + 1, due_at=until, updated_at=now)
        )
