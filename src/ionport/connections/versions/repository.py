"""SQL of former files of connections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, Select, delete, insert, select, update

from ionport.connections.model import FormerFile, Remark
from ionport.connections.tables import connection_versions, connections
from ionport.store import OrganizationScope, SystemScope
from ionport.store.repository import Repository, in_scope

_v, _c = connection_versions.c, connections.c
_SHOWN = tuple(column for column in _v if column.name != "sealed")
KEPT = 20
"""How many former files of a connection are kept."""


class FormerFileRepository(Repository):
    """Rows of former files. The sealed content leaves only through `get`."""

    def add(self, scope: OrganizationScope, former: FormerFile, sealed: str) -> None:
        """Keep a file that is replaced, and drop what is older than the newest twenty."""
        own = in_scope(connections, scope, id=former.connection_id)
        if self._run(select(_c.id).where(own)).one_or_none() is None:
            return
        remarks = [remark.stored() for remark in former.remarks]
        values = asdict(former) | {"sealed": sealed, "remarks": remarks}
        self._run(insert(connection_versions).values(values))
        kept = (
            select(_v.id)
            .where(_v.connection_id == former.connection_id)
            .order_by(_v.id.desc())
            .limit(KEPT)
        )
        mine = _v.connection_id == former.connection_id
        self._run(delete(connection_versions).where(mine, _v.id.not_in(kept)))

    def of_connection(self, scope: OrganizationScope, connection_id: str) -> Sequence[FormerFile]:
        """Return the former files of a connection, the newest first; at most twenty."""
        query = _owned(select(*_SHOWN), scope).where(_v.connection_id == connection_id)
        return self._all(query.order_by(_v.id.desc()).limit(KEPT), _former)

    def get(
        self, scope: OrganizationScope, connection_id: str, version_id: str
    ) -> tuple[FormerFile, str] | None:
        """Return a former file and its sealed content, or None."""
        wanted = (_v.connection_id == connection_id, _v.id == version_id)
        former = self._one(_owned(select(*_SHOWN), scope).where(*wanted), _former)
        if former is None:
            return None
        return former, self._run(_owned(select(_v.sealed), scope).where(*wanted)).scalar_one()

    def all_sealed(self, scope: SystemScope) -> Sequence[tuple[str, str, str, str]]:
        """Return (id, connection, organization, sealed file) of all, for key rotation."""
        del scope
        query = select(_v.id, _v.connection_id, _c.organization_id, _v.sealed)
        rows = self._run(query.join(connections, _c.id == _v.connection_id))
        return [(row.id, row.connection_id, row.organization_id, row.sealed) for row in rows]

    def set_sealed(self, scope: SystemScope, version_id: str, sealed: str) -> None:
        """Replace a sealed file by the same one under another key."""
        del scope
        self._run(update(connection_versions).where(_v.id == version_id).values(sealed=sealed))


def _owned(query: Select[Any], scope: OrganizationScope) -> Select[Any]:
    return query.join(connections, _c.id == _v.connection_id).where(
        _c.organization_id == scope.organization_id
    )


def _former(row: Row[Any]) -> FormerFile:
    values = row._asdict()
    values["remarks"] = tuple(Remark.restored(kept) for kept in row.remarks)
    return FormerFile(**values)
