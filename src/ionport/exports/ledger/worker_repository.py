"""SQL of the workers that run deliveries: their heartbeats."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from ionport.exports.tables import export_workers
from ionport.store import SystemScope

_w = export_workers.c


class WorkerRepository:
    """Heartbeats of the processes that run deliveries."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def beat(
        self, scope: SystemScope, worker_id: str, host: str, process: int, now: datetime
    ) -> None:
        """Write a worker's heartbeat, adding its row when it is new."""
        changed = self._connection.execute(
            update(export_workers).where(_w.id == worker_id).values(seen_at=now)
        ).rowcount
        if not changed:
            self._connection.execute(
                insert(export_workers).values(
                    id=worker_id, host=host, process=process, started_at=now, seen_at=now
                )
            )

    def silent(self, scope: SystemScope, since: datetime) -> list[str]:
        """Return the ids of workers not seen since `since`; at most 100."""
        rows = self._connection.execute(
            select(_w.id).where(_w.seen_at < since).order_by(_w.seen_at).limit(100)
        )
        return list(rows.scalars())

    def remove(
        self, scope: SystemScope, worker_id: str, not_seen_since: datetime | None = None
    ) -> bool:
        """Delete a worker's row; of several callers one gets True. None: whenever it was seen."""
        statement = delete(export_workers).where(_w.id == worker_id)
        if not_seen_since is not None:
            statement = statement.where(_w.seen_at < not_seen_since)
        return self._connection.execute(statement).rowcount == 1

    def remove_all(self, scope: SystemScope) -> None:
        """Delete every worker's row: only for a process that is alone on the database."""
        self._connection.execute(delete(export_workers))

    def seen(self, scope: SystemScope, since: datetime) -> list[str]:
        """Return the workers seen since `since`; at most 1,000."""
        query = select(_w.id).where(_w.seen_at >= since).limit(1_000)
        return list(self._connection.execute(query).scalars())

    def any_seen(self, scope: SystemScope, since: datetime) -> bool:
        """Tell whether some worker has been seen since `since`."""
        query = select(_w.id).where(_w.seen_at >= since).limit(1)
        return self._connection.execute(query).first() is not None
