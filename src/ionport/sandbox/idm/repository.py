"""SQL of IDM."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, or_, select

from ionport.core.paging import Page, PageRequest
from ionport.sandbox.idm.model import Attribute, Draft, Item, ItemFilter, Pid, Resource
from ionport.sandbox.idm.query import Comparison, Query
from ionport.sandbox.idm.tables import idm_attributes, idm_items, idm_resources
from ionport.store import TenantScope

_items = idm_items.c
_attributes = idm_attributes.c
_resources = idm_resources.c


class ItemRepository:
    """Items of a tenant with their attributes and files."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: TenantScope, draft: Draft, by: str, at: datetime) -> Item:
        """Store a new item and return it with its number."""
        number = self._connection.execute(
            insert(idm_items)
            .values(
                tenant_id=scope.tenant_id,
                entity_name=draft.entity_name,
                version=0,
                acl=draft.acl,
                created_by=by,
                created_at=at,
                changed_by=by,
                changed_at=at,
            )
            .returning(_items.number)
        ).scalar_one()
        self._add_attributes(scope, number, draft)
        self._add_resources(number, draft.resources)
        return Item(
            number=number,
            tenant_id=scope.tenant_id,
            entity_name=draft.entity_name,
            version=0,
            acl=draft.acl,
            attributes=draft.attributes,
            resources=draft.resources,
            created_by=by,
            created_at=at,
            changed_by=by,
            changed_at=at,
        )

    def get(self, scope: TenantScope, pid: Pid) -> Item | None:
        """Return the item of that name, or None."""
        found = self._load(_is_item(scope, pid), limit=1)
        return found[0] if found else None

    def remove(self, scope: TenantScope, pid: Pid) -> bool:
        """Delete the item; False when there is none."""
        result = self._connection.execute(delete(idm_items).where(_is_item(scope, pid)))
        return result.rowcount > 0

    def search(self, scope: TenantScope, query: Query, offset: int, limit: int) -> Sequence[Item]:
        """Return the items that a query finds, the oldest first."""
        conditions = [_items.number.in_(_numbers(scope, query, c)) for c in query.comparisons]
        of_entity = and_(
            _items.tenant_id == scope.tenant_id, _items.entity_name == query.entity_name
        )
        return self._load(and_(of_entity, *conditions), limit=limit, offset=offset)

    def page(self, scope: TenantScope, request: PageRequest, filters: ItemFilter) -> Page[Item]:
        """Return one page of items, the newest first unless `filters` says otherwise."""
        condition = _matching(scope, filters)
        total = self._connection.execute(
            select(func.count()).select_from(idm_items).where(condition)
        ).scalar_one()
        items = self._load(
            condition, limit=request.limit, offset=request.offset, newest=not filters.ascending
        )
        return Page(items, total, request)

    def _add_attributes(self, scope: TenantScope, number: int, draft: Draft) -> None:
        rows = [
            {
                "item_number": number,
                "position": position,
                "tenant_id": scope.tenant_id,
                "entity_name": draft.entity_name,
                "name": attribute.name,
                "value": attribute.value,
                "value_sha256": _digest(attribute.value),
            }
            for position, attribute in enumerate(draft.attributes)
        ]
        if rows:
            self._connection.execute(insert(idm_attributes), rows)

    def _add_resources(self, number: int, resources: Sequence[Resource]) -> None:
        rows = [
            {
                "item_number": number,
                "position": position,
                "name": resource.name,
                "filename": resource.filename,
                "mime_type": resource.mime_type,
                "size": resource.size,
                "sha256": resource.sha256,
            }
            for position, resource in enumerate(resources)
        ]
        if rows:
            self._connection.execute(insert(idm_resources), rows)

    def _load(
        self, condition: ColumnElement[bool], *, limit: int, offset: int = 0, newest: bool = False
    ) -> Sequence[Item]:
        order = _items.number.desc() if newest else _items.number.asc()
        rows = self._connection.execute(
            select(idm_items).where(condition).order_by(order).limit(limit).offset(offset)
        ).all()
        numbers = [row.number for row in rows]
        attributes = self._attributes_of(numbers)
        resources = self._resources_of(numbers)
        return [_item(row, attributes[row.number], resources[row.number]) for row in rows]

    def _attributes_of(self, numbers: Sequence[int]) -> dict[int, list[Attribute]]:
        found: dict[int, list[Attribute]] = defaultdict(list)
        for row in self._connection.execute(
            select(_attributes.item_number, _attributes.name, _attributes.value)
            .where(_attributes.item_number.in_(numbers))
            .order_by(_attributes.item_number, _attributes.position)
        ):
            found[row.item_number].append(Attribute(row.name, row.value))
        return found

    def _resources_of(self, numbers: Sequence[int]) -> dict[int, list[Resource]]:
        found: dict[int, list[Resource]] = defaultdict(list)
        for row in self._connection.execute(
            select(idm_resources)
            .where(_resources.item_number.in_(numbers))
            .order_by(_resources.item_number, _resources.position)
        ):
            resource = Resource(row.name, row.filename, row.mime_type, row.size, row.sha256)
            found[row.item_number].append(resource)
        return found


def _is_item(scope: TenantScope, pid: Pid) -> ColumnElement[bool]:
    return and_(
        _items.number == pid.number,
        _items.tenant_id == scope.tenant_id,
        _items.entity_name == pid.entity_name,
        _items.version == pid.version,
    )


def _numbers(scope: TenantScope, query: Query, comparison: Comparison) -> Any:
    return select(_attributes.item_number).where(
        _attributes.tenant_id == scope.tenant_id,
        _attributes.entity_name == query.entity_name,
        _attributes.name == comparison.attribute,
        _attributes.value_sha256 == _digest(comparison.value),
    )


def _matching(scope: TenantScope, filters: ItemFilter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [_items.tenant_id == scope.tenant_id]
    if filters.entity:
        conditions.append(_items.entity_name == filters.entity)
    if filters.text:
        with_value = select(_attributes.item_number).where(
            _attributes.tenant_id == scope.tenant_id,
            _attributes.value.icontains(filters.text, autoescape=True),
        )
        with_file = select(_resources.item_number).where(
            _resources.filename.icontains(filters.text, autoescape=True)
        )
        conditions.append(or_(_items.number.in_(with_value), _items.number.in_(with_file)))
    return and_(*conditions)


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def _item(row: Row[Any], attributes: list[Attribute], resources: list[Resource]) -> Item:
    return Item(
        number=row.number,
        tenant_id=row.tenant_id,
        entity_name=row.entity_name,
        version=row.version,
        acl=row.acl,
        attributes=tuple(attributes),
        resources=tuple(resources),
        created_by=row.created_by,
        created_at=row.created_at,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )
