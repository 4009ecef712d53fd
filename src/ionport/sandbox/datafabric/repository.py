"""SQL of Data Catalog and Data Lake."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, or_, select, update

from ionport.sandbox.datafabric.filters import Comparison, Condition, LakeField
from ionport.sandbox.datafabric.model import (
    MAX_OBJECTS,
    MAX_RECORDS,
    CatalogObject,
    LakeObject,
    LakeQuery,
)
from ionport.sandbox.datafabric.tables import catalog_objects, lake_objects
from ionport.sandbox.kit.release_repository import ReleaseRepository
from ionport.store import TenantScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

_c = catalog_objects.c
_o = lake_objects.c
_COLUMNS: dict[LakeField, ColumnElement[Any]] = {
    LakeField.DOCUMENT_NAME: _o.document_name,
    LakeField.ID: _o.id,
    LakeField.FROM_LOGICAL_ID: _o.sender,
    LakeField.FROM: _o.sender,
    LakeField.SIZE: _o.size,
    LakeField.INSTANCE_COUNT: _o.instances,
    LakeField.DOCUMENT_DATE: _o.stored_at,
    LakeField.INDEXED_DATE: _o.stored_at,
    LakeField.EVENT_DATE: _o.stored_at,
    LakeField.CORRUPT: _o.is_corrupt,
    LakeField.BATCH_ID: _o.batch_id,
    LakeField.ACCOUNTING_ENTITY: _o.accounting_entity,
    LakeField.PUBLICATION_DATE: _o.published_at,
}
_OPERATORS: dict[str, Callable[..., Any]] = {
    **{name: getattr(operator, name) for name in ("eq", "ne", "gt", "ge", "lt", "le")},
    "like": lambda column, pattern: column.ilike(pattern),
    "in": lambda column, *values: column.in_(values),
    "range": lambda column, first, last: column.between(first, last),
}


class CatalogRepository(Repository):
    """Objects of a tenant's Data Catalog."""

    def put(self, scope: TenantScope, entry: CatalogObject) -> None:
        """Store an object, in place of one of the same name."""
        own = columns_of(catalog_objects, entry, tenant_id=scope.tenant_id)
        self._put(catalog_objects, **own)

    def get(self, scope: TenantScope, name: str) -> CatalogObject | None:
        """Return an object by its name, or None."""
        return self._get(catalog_objects, _entry, scope, name=name)

    def list(self, scope: TenantScope) -> Sequence[CatalogObject]:
        """Return all objects by name; there are at most 1,000."""
        return self._all(
            select(catalog_objects)
            .where(_c.tenant_id == scope.tenant_id)
            .order_by(_c.name)
            .limit(MAX_OBJECTS),
            _entry,
        )

    def count(self, scope: TenantScope) -> int:
        """Return how many objects there are."""
        return self._count(catalog_objects, in_scope(catalog_objects, scope))

    def delete(self, scope: TenantScope, name: str) -> bool:
        """Remove an object; False when there is none of that name."""
        return self._delete(catalog_objects, scope, name=name) > 0


class LakeRepository(Repository):
    """Data objects of a tenant's Data Lake."""

    def add(self, scope: TenantScope, item: LakeObject) -> None:
        """Store a data object."""
        self._run(
            insert(lake_objects).values(columns_of(lake_objects, item, tenant_id=scope.tenant_id))
        )

    def get(self, scope: TenantScope, object_id: str) -> LakeObject | None:
        """Return a data object, or None."""
        return self._get(lake_objects, _item, scope, id=object_id)

    def find(
        self, scope: TenantScope, query: LakeQuery, *, limit: int, offset: int
    ) -> tuple[Sequence[LakeObject], int]:
        """Return some of the data objects that match, and how many there are in all.

        The newest come first unless the query sorts.
        """
        condition = _matching(scope, query)
        total = self._count(lake_objects, condition)
        order = [
            _COLUMNS[name].desc() if descending else _COLUMNS[name].asc()
            for name, descending in query.sort
        ] or [_o.stored_at.desc()]
        descends = query.sort[-1][1] if query.sort else True
        order.append(_o.id.desc() if descends else _o.id.asc())
        rows = self._run(
            select(lake_objects).where(condition).order_by(*order).limit(limit).offset(offset)
        )
        return [_item(row) for row in rows], total

    def named(
        self, scope: TenantScope, names: Collection[str], until: datetime, limit: int
    ) -> Sequence[LakeObject]:
        """Return what queries read: the data objects of these documents, the oldest first.

        Those that came after `until` and those marked corrupt are left out.
        """
        condition = and_(
            _matching(scope, LakeQuery(with_archived=True)),
            _o.document_name.in_(list(names)),
            _o.stored_at <= until,
            _o.is_corrupt.is_(False),
        )
        query = select(lake_objects).where(condition).order_by(_o.stored_at, _o.id).limit(limit)
        return self._all(query, _item)

    def moments(self, scope: TenantScope, query: LakeQuery, every: int) -> Sequence[datetime]:
        """Return when each `every`-th data object that matches was stored, from the first on."""
        place = (func.row_number().over(order_by=(_o.stored_at, _o.id)) - 1).label("place")
        found = select(_o.stored_at, place).where(_matching(scope, query)).subquery()
        chosen = select(found.c.stored_at).where(found.c.place % every == 0)
        return list(self._run(chosen.order_by(found.c.stored_at)).scalars())

    def mark_corrupt(self, scope: TenantScope, ids: Collection[str]) -> int:
        """Mark data objects as corrupt and return how many there were."""
        condition = and_(in_scope(lake_objects, scope), _o.id.in_(list(ids)))
        return self._run(update(lake_objects).where(condition).values(is_corrupt=True)).rowcount

    def purge(self, scope: TenantScope, ids: Collection[str], now: datetime) -> int:
        """Remove data objects by id and return how many there were."""
        return self._purge(scope, select(_o.id).where(_o.id.in_(list(ids))), now)

    def purge_matching(self, scope: TenantScope, query: LakeQuery, now: datetime) -> int:
        """Remove at most 10,000 data objects that match and return how many there were."""
        condition = _matching(scope, query)
        return self._purge(
            scope, select(_o.id).where(condition).order_by(_o.id).limit(MAX_RECORDS), now
        )

    def _purge(self, scope: TenantScope, chosen: Select[Any], now: datetime) -> int:
        condition = and_(_o.tenant_id == scope.tenant_id, _o.id.in_(chosen))
        releases = ReleaseRepository(self._connection)
        releases.release(scope, select(_o.sha256).where(condition), now)
        return self._run(delete(lake_objects).where(condition)).rowcount


def _matching(scope: TenantScope, query: LakeQuery) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [_o.tenant_id == scope.tenant_id]
    if query.condition is not None:
        conditions.append(_compared(query.condition))
    if not query.with_archived:
        conditions.append(_o.is_archived.is_(False))
    if query.text:
        columns = (_o.document_name, _o.sender, _o.id)
        conditions.append(
            or_(*(column.icontains(query.text, autoescape=True) for column in columns))
        )
    return and_(*conditions)


def _compared(condition: Condition) -> ColumnElement[bool]:
    if isinstance(condition, Comparison):
        compare = _OPERATORS[condition.operator]
        compared: ColumnElement[bool] = compare(_COLUMNS[condition.field], *condition.values)
        return compared
    join = and_ if condition.is_and else or_
    return join(*(_compared(each) for each in condition.conditions))


_entry = reader(CatalogObject)


_item = reader(LakeObject)
