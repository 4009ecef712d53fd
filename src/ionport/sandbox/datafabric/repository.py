"""SQL of Data Catalog and Data Lake."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
)

from ionport.sandbox.datafabric.model import (
    MAX_OBJECTS,
    MAX_RECORDS,
    CatalogObject,
    Comparison,
    LakeField,
    LakeObject,
    LakeQuery,
    ObjectType,
)
from ionport.sandbox.datafabric.tables import catalog_objects, lake_objects
from ionport.sandbox.kit.release_repository import ReleaseRepository
from ionport.store import TenantScope, insert_of

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


class CatalogRepository:
    """Objects of a tenant's Data Catalog."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, scope: TenantScope, entry: CatalogObject) -> None:
        """Store an object, in place of one of the same name."""
        values = {
            "type": entry.type.value,
            "schema": entry.schema,
            "properties": entry.properties,
            "changed_at": entry.changed_at,
            "changed_by": entry.changed_by,
        }
        new = insert_of(self._connection)(catalog_objects).values(
            tenant_id=scope.tenant_id, name=entry.name, **values
        )
        self._connection.execute(
            new.on_conflict_do_update(index_elements=["tenant_id", "name"], set_=values)
        )

    def get(self, scope: TenantScope, name: str) -> CatalogObject | None:
        """Return an object by its name, or None."""
        row = self._connection.execute(
            select(catalog_objects).where(_c.tenant_id == scope.tenant_id, _c.name == name)
        ).one_or_none()
        return None if row is None else _entry(row)

    def list(self, scope: TenantScope) -> Sequence[CatalogObject]:
        """Return all objects by name; there are at most 1,000."""
        rows = self._connection.execute(
            select(catalog_objects)
            .where(_c.tenant_id == scope.tenant_id)
            .order_by(_c.name)
            .limit(MAX_OBJECTS)
        )
        return [_entry(row) for row in rows]

    def count(self, scope: TenantScope) -> int:
        """Return how many objects there are."""
        query = select(func.count()).where(_c.tenant_id == scope.tenant_id)
        return self._connection.execute(query).scalar_one()

    def delete(self, scope: TenantScope, name: str) -> bool:
        """Remove an object; False when there is none of that name."""
        result = self._connection.execute(
            delete(catalog_objects).where(_c.tenant_id == scope.tenant_id, _c.name == name)
        )
        return result.rowcount > 0


class LakeRepository:
    """Data objects of a tenant's Data Lake."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: TenantScope, item: LakeObject) -> None:
        """Store a data object."""
        self._connection.execute(
            insert(lake_objects).values(
                id=item.id,
                tenant_id=scope.tenant_id,
                document_name=item.document_name,
                sender=item.sender,
                message=item.message,
                sha256=item.sha256,
                size=item.size,
                stored_at=item.stored_at,
            )
        )

    def get(self, scope: TenantScope, object_id: str) -> LakeObject | None:
        """Return a data object, or None."""
        row = self._connection.execute(
            select(lake_objects).where(_o.tenant_id == scope.tenant_id, _o.id == object_id)
        ).one_or_none()
        return None if row is None else _item(row)

    def find(
        self, scope: TenantScope, query: LakeQuery, *, limit: int, offset: int
    ) -> tuple[Sequence[LakeObject], int]:
        """Return some of the data objects that match, and how many there are in all.

        The newest come first unless the query sorts.
        """
        condition = _matching(scope, query)
        total = self._connection.execute(select(func.count()).where(condition)).scalar_one()
        order = [
            _COLUMNS[name].desc() if descending else _COLUMNS[name].asc()
            for name, descending in query.sort
        ] or [_o.stored_at.desc()]
        rows = self._connection.execute(
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
        return self._connection.execute(delete(lake_objects).where(condition)).rowcount


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


def _entry(row: Row[Any]) -> CatalogObject:
    return CatalogObject(
        name=row.name,
        type=ObjectType(row.type),
        schema=row.schema,
        properties=row.properties,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )


def _item(row: Row[Any]) -> LakeObject:
    return LakeObject(
        id=row.id,
        tenant_id=row.tenant_id,
        document_name=row.document_name,
        sender=row.sender,
        message=row.message,
        sha256=row.sha256,
        size=row.size,
        stored_at=row.stored_at,
    )
