"""SQL of what connections use of Infor's quota."""

from __future__ import annotations

from sqlalchemy import delete, func, select

from ionport.connections.tables import connection_usage, connections
from ionport.store import OrganizationScope, SystemScope
from ionport.store.repository import Repository

_u, _c = connection_usage.c, connections.c


class UsageRepository(Repository):
    """Counts of connections by the minute."""

    def add(
        self,
        scope: SystemScope,
        connection_id: str,
        minute: int,
        sign_ons: int,
        tokens: int,
        calls: int,
    ) -> None:
        """Add to the counts of a minute; nothing happens when the connection is gone."""
        del scope
        known = select(_c.id).where(_c.id == connection_id).with_for_update(key_share=True)
        if self._run(known).one_or_none() is None:
            return
        values = {"sign_ons": sign_ons, "tokens": tokens, "calls": calls}
        new = self._insert(connection_usage).values(
            connection_id=connection_id, minute=minute, **values
        )
        more = {name: _u[name] + number for name, number in values.items()}
        self._run(new.on_conflict_do_update(index_elements=["connection_id", "minute"], set_=more))

    def forget(self, scope: SystemScope, before: int) -> None:
        """Delete the counts of minutes before one, but the newest of each connection."""
        del scope
        other = connection_usage.alias()
        newest = (
            select(func.max(other.c.minute))
            .where(other.c.connection_id == _u.connection_id)
            .scalar_subquery()
        )
        self._run(delete(connection_usage).where(_u.minute < before, _u.minute < newest))

    def last(self, scope: OrganizationScope, connection_id: str) -> int | None:
        """Return the last minute in which a connection was used, or None."""
        newest: int | None = self._run(
            select(func.max(_u.minute))
            .join(connections, _c.id == _u.connection_id)
            .where(_c.organization_id == scope.organization_id, _u.connection_id == connection_id)
        ).scalar_one()
        return newest

    def since(
        self, scope: OrganizationScope, connection_id: str, minute: int, last: int
    ) -> tuple[int, int, int]:
        """Return sign-ons, tokens and calls of a connection from a minute to a last one."""
        row = self._run(
            select(
                func.coalesce(func.sum(_u.sign_ons), 0).label("sign_ons"),
                func.coalesce(func.sum(_u.tokens), 0).label("tokens"),
                func.coalesce(func.sum(_u.calls), 0).label("calls"),
            )
            .join(connections, _c.id == _u.connection_id)
            .where(
                _c.organization_id == scope.organization_id,
                _u.connection_id == connection_id,
                _u.minute.between(minute, last),
            )
        ).one()
        return int(row.sign_ons), int(row.tokens), int(row.calls)
