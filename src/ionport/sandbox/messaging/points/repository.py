"""SQL of connection points and of ION's settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, and_, delete, or_, select, update

from ionport.core.paging import Page
from ionport.sandbox.messaging.points.model import ConnectionPoint, PointQuery
from ionport.sandbox.messaging.tables import (
    ion_connection_points,
    ion_point_documents,
    ion_settings,
)
from ionport.store import TenantScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

_points = ion_connection_points.c
_documents = ion_point_documents.c

_EDITED = ("description", "client_id", "is_active", "is_automatic")


class ConnectionPointRepository(Repository):
    """Connection points of a tenant."""

    def is_strict(self, scope: TenantScope) -> bool:
        """Tell whether messages need a connection point that somebody has made."""
        query = select(ion_settings.c.is_strict).where(ion_settings.c.tenant_id == scope.tenant_id)
        return bool(self._run(query).scalar_one_or_none())

    def set_strict(self, scope: TenantScope, is_strict: bool) -> None:
        """Say whether messages need a connection point that somebody has made."""
        self._put(ion_settings, tenant_id=scope.tenant_id, is_strict=is_strict)

    def add(self, scope: TenantScope, point: ConnectionPoint) -> bool:
        """Store a connection point; False when the tenant has one with its logical id."""
        new = self._insert(ion_connection_points).values(
            columns_of(ion_connection_points, point, tenant_id=scope.tenant_id)
        )
        added = self._run(new.on_conflict_do_nothing().returning(_points.id))
        if added.first() is None:
            return False
        self.add_documents(scope, point.id, point.documents)
        return True

    def add_documents(self, scope: TenantScope, point_id: str, names: Iterable[str]) -> None:
        """Let a connection point send more documents; those that it sends already stay."""
        if not self._owns(scope, point_id):
            return
        for name in names:
            new = self._insert(ion_point_documents).values(point=point_id, document_name=name)
            self._run(new.on_conflict_do_nothing())

    def change(self, scope: TenantScope, point: ConnectionPoint) -> None:
        """Store what can be edited of a connection point, and its documents."""
        self._run(
            update(ion_connection_points)
            .where(in_scope(ion_connection_points, scope, id=point.id))
            .values({name: getattr(point, name) for name in _EDITED})
        )
        own = select(_points.id).where(_points.tenant_id == scope.tenant_id)
        self._run(
            delete(ion_point_documents).where(
                _documents.point == point.id, _documents.point.in_(own)
            )
        )
        self.add_documents(scope, point.id, point.documents)

    def delete(self, scope: TenantScope, point_id: str) -> None:
        """Remove a connection point."""
        self._delete(ion_connection_points, scope, id=point_id)

    def get(self, scope: TenantScope, point_id: str) -> ConnectionPoint | None:
        """Return a connection point by its id, or None."""
        return self._find(in_scope(ion_connection_points, scope, id=point_id))

    def by_logical_id(self, scope: TenantScope, logical_id: str) -> ConnectionPoint | None:
        """Return the connection point that has a logical id, or None."""
        return self._find(in_scope(ion_connection_points, scope, logical_id=logical_id))

    def count(self, scope: TenantScope) -> int:
        """Return how many connection points the tenant has."""
        return self._count(ion_connection_points, in_scope(ion_connection_points, scope))

    def page(self, scope: TenantScope, query: PointQuery) -> Page[ConnectionPoint]:
        """Return one page of connection points, by name."""
        condition = _matching(scope, query)
        total = self._count(ion_connection_points, condition)
        order = _points.name.desc() if query.descending else _points.name.asc()
        rows = self._run(
            select(ion_connection_points)
            .where(condition)
            .order_by(order, _points.id)
            .limit(query.page.limit)
            .offset(query.page.offset)
        )
        return Page(
            [_point(row, documents=tuple(self._documents(row.id))) for row in rows],
            total,
            query.page,
        )

    def _owns(self, scope: TenantScope, point_id: str) -> bool:
        condition = in_scope(ion_connection_points, scope, id=point_id)
        return self._run(select(_points.id).where(condition)).first() is not None

    def _find(self, condition: ColumnElement[bool]) -> ConnectionPoint | None:
        row = self._run(select(ion_connection_points).where(condition)).one_or_none()
        return None if row is None else _point(row, documents=tuple(self._documents(row.id)))

    def _documents(self, point_id: str) -> Sequence[str]:
        return (
            self._run(
                select(_documents.document_name)
                .where(_documents.point == point_id)
                .order_by(_documents.document_name)
            )
            .scalars()
            .all()
        )


def _matching(scope: TenantScope, query: PointQuery) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [_points.tenant_id == scope.tenant_id]
    if query.is_active is not None:
        conditions.append(_points.is_active.is_(query.is_active))
    if query.text:
        columns = (_points.name, _points.logical_id, _points.client_id)
        conditions.append(
            or_(*(column.icontains(query.text, autoescape=True) for column in columns))
        )
    return and_(*conditions)


_point = reader(ConnectionPoint)
