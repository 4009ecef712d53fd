"""SQL of Data Catalog and Data Lake."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, insert, or_, select

from ionport.sandbox.datafabric.model import (
    MAX_OBJECTS,
    MAX_RECORDS,
    CatalogObject,
    Comparison,
    LakeField,
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
    LakeField.FROM: _o.sender,
    LakeField.SIZE: _o.size,
    LakeField.DOCUMENT_DATE: _o.stored_at,
    LakeField.EVENT_DATE: _o.stored_at,
}
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(operator, name) for name in ("eq", "ne", "gt", "ge", "lt", "le")
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
        rows = self._run(
            select(lake_objects)
            .where(condition)
            .order_by(*order, _o.id.desc())
            .limit(limit)
            .offset(offset)
        )
        return [_item(row) for row in rows], total

    def purge(self, scope: TenantScope, ids: Collection[str], now: datetime) -> int:
        """Remove data objects by id and return how many there were."""
        return self._purge(scope, select(_o.id).where(_o.id.in_(list(ids))), now)

    def purge_matching(
        self, scope: TenantScope, comparisons: Sequence[Comparison], now: datetime
    ) -> int:
        """Remove at most 10,000 data objects that match and return how many there were."""
        condition = _matching(scope, LakeQuery(comparisons))
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
    for comparison in query.comparisons:
        compare = _OPERATORS[comparison.operator]
        conditions.append(compare(_COLUMNS[comparison.field], comparison.value))
    if query.text:
        columns = (_o.document_name, _o.sender, _o.id)
        conditions.append(
            or_(*(column.icontains(query.text, autoescape=True) for column in columns))
        )
    return and_(*conditions)


_entry = reader(CatalogObject)


_item = reader(LakeObject)
