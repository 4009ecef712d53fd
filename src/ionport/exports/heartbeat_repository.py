"""SQL of the signs of life of the processes that run deliveries, for who watches them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from ionport.exports.tables import export_workers
from ionport.store import SystemScope


class HeartbeatRepository:
    """When processes were last seen."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def last_seen(self, scope: SystemScope, host: str, process: int) -> datetime | None:
        """Return when a process was last seen; None when it has not shown itself."""
        seen = select(func.max(export_workers.c.seen_at)).where(
            export_workers.c.host == host, export_workers.c.process == process
        )
        found: datetime | None = self._connection.execute(seen).scalar_one()
        return found
