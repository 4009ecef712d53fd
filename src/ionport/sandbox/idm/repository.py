"""SQL of IDM's items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, insert, or_, select, update

from ionport.core.paging import Page, PageRequest
from ionport.sandbox.idm.datamodel.attribute_types import order_key
from ionport.sandbox.idm.datamodel.model import Entity
from ionport.sandbox.idm.model import Attribute, Item, ItemFilter, Pid, Resource
from ionport.sandbox.idm.query.model import Query
from ionport.sandbox.idm.query.sql import SearchSql, digest
from ionport.sandbox.idm.tables import (
    idm_attributes,
    idm_items,
    idm_resources,
    idm_version_resources,
    idm_versions,
)
from ionport.store import TenantScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

_items = idm_items.c
_attributes = idm_attributes.c
_resources = idm_resources.c
_versions = idm_versions.c
_version_files = idm_version_resources.c


class ItemRepository(Repository):
    """Items of a tenant with their attributes, files and earlier versions."""

    def add(self, scope: TenantScope, item: Item, entity: Entity) -> Item:
        """Store a new item and return it with its number."""
        number = self._run(
            insert(idm_items)
            .values(
                tenant_id=scope.tenant_id,
                entity_name=item.entity_name,
                created_by=item.created_by,
                created_at=item.created_at,
                **_state(item),
            )
            .returning(_items.number)
        ).scalar_one()
        stored = replace(item, number=number)
        self._add_parts(scope, stored, entity)
        return stored

    def change(self, scope: TenantScope, item: Item, entity: Entity) -> None:
        """Replace a stored item by its changed state."""
        self._run(
            update(idm_items)
            .where(in_scope(idm_items, scope, number=item.number))
            .values(**_state(item))
        )
        if not self._owns(scope, item):
            return
        for column in (_attributes.item_number, _resources.item_number):
            self._run(delete(column.table).where(column == item.number))
        self._add_parts(scope, item, entity)

    def get(self, scope: TenantScope, pid: Pid, *, to_change: bool = False) -> Item | None:
        """Return the item of that name, or None; `to_change` locks it until the transaction ends.

        A pid with LATEST names the item as it is, whichever of its versions it carries.
        """
        condition = _is_item(scope, pid)
        if to_change:
            self._run(select(_items.number).where(condition).with_for_update())
        found = self._load(condition, limit=1)
        if not found or pid.is_latest or found[0].version == pid.version:
            return found[0] if found else None
        return next(iter(self.versions(scope, found[0], pid.version)), None)

    def remove(self, scope: TenantScope, item: Item) -> None:
        """Delete an item with all its versions."""
        self._delete(idm_items, scope, number=item.number)

    def keep_version(self, scope: TenantScope, item: Item) -> None:
        """Store an item's present state as an earlier version; not of another tenant's item."""
        if not self._owns(scope, item):
            return
        self._run(
            insert(idm_versions).values(
                columns_of(
                    idm_versions,
                    item,
                    item_number=item.number,
                    attributes=[[each.name, each.value] for each in item.attributes],
                )
            )
        )
        files = [
            {
                "item_number": item.number,
                "version": item.version,
                "position": position,
                **asdict(each),
            }
            for position, each in enumerate(item.resources)
        ]
        if files:
            self._run(insert(idm_version_resources), files)

    def drop_version(self, scope: TenantScope, item: Item, version: int) -> None:
        """Forget an earlier version of an item."""
        for table in (idm_version_resources, idm_versions):
            self._run(
                delete(table).where(
                    table.c.item_number == item.number,
                    table.c.version == version,
                    table.c.item_number.in_(_numbers_of(scope)),
                )
            )

    def versions(
        self, scope: TenantScope, item: Item, version: int | None = None
    ) -> Sequence[Item]:
        """Return the kept versions of an item, or the one of that number, the newest first."""
        query = select(idm_versions).where(
            _versions.item_number == item.number, _versions.item_number.in_(_numbers_of(scope))
        )
        if version is not None:
            query = query.where(_versions.version == version)
        rows = self._run(query.order_by(_versions.version.desc())).all()
        files: dict[int, list[Resource]] = defaultdict(list)
        for row in self._run(
            select(idm_version_resources)
            .where(
                _version_files.item_number == item.number,
                _version_files.item_number.in_(_numbers_of(scope)),
            )
            .order_by(_version_files.version, _version_files.position)
        ):
            files[row.version].append(_resource(row))
        return [_earlier(item, row, files[row.version]) for row in rows]

    def search(
        self,
        scope: TenantScope,
        query: Query,
        entities: Mapping[str, Entity],
        offset: int,
        limit: int,
    ) -> Sequence[Item]:
        """Return the items that a query finds, in its order; raises InvalidInput."""
        sql = self._search_sql(scope, entities)
        return self._load(sql.condition(query), sql.order(query), limit=limit, offset=offset)

    def count(self, scope: TenantScope, query: Query, entities: Mapping[str, Entity]) -> int:
        """Return how many items a query finds; raises InvalidInput."""
        return self._count(idm_items, self._search_sql(scope, entities).condition(query))

    def has_value(
        self, scope: TenantScope, entity_name: str, attribute: Attribute, but: int
    ) -> bool:
        """Tell whether an item of the document type other than number `but` has the value."""
        query = select(_attributes.item_number).where(
            in_scope(
                idm_attributes,
                scope,
                entity_name=entity_name,
                name=attribute.name,
                value_sha256=digest(attribute.value),
            ),
            _attributes.item_number != but,
        )
        return self._run(query.limit(1)).first() is not None

    def page(self, scope: TenantScope, request: PageRequest, filters: ItemFilter) -> Page[Item]:
        """Return one page of items, the newest first unless `filters` says otherwise."""
        condition = _matching(scope, filters)
        order = _items.number.asc() if filters.ascending else _items.number.desc()
        items = self._load(condition, [order], limit=request.limit, offset=request.offset)
        return Page(items, self._count(idm_items, condition), request)

    def _owns(self, scope: TenantScope, item: Item) -> bool:
        found = self._run(_numbers_of(scope).where(_items.number == item.number))
        return found.one_or_none() is not None

    def _search_sql(self, scope: TenantScope, entities: Mapping[str, Entity]) -> SearchSql:
        is_sqlite = self._connection.dialect.name == "sqlite"
        return SearchSql(scope, entities, is_sqlite=is_sqlite)

    def _add_parts(self, scope: TenantScope, item: Item, entity: Entity) -> None:
        attributes = [
            {
                "item_number": item.number,
                "position": position,
                "tenant_id": scope.tenant_id,
                "entity_name": item.entity_name,
                "name": each.name,
                "value": each.value,
                "value_sha256": digest(each.value),
                "order_key": order_key(entity.type_of(each.name), each.value),
            }
            for position, each in enumerate(item.attributes)
        ]
        resources = [
            {"item_number": item.number, "position": position, **asdict(each)}
            for position, each in enumerate(item.resources)
        ]
        if attributes:
            self._run(insert(idm_attributes), attributes)
        if resources:
            self._run(insert(idm_resources), resources)

    def _load(
        self,
        condition: ColumnElement[bool],
        order: Sequence[ColumnElement[Any]] = (),
        *,
        limit: int,
        offset: int = 0,
    ) -> Sequence[Item]:
        rows = self._run(
            select(idm_items).where(condition).order_by(*order).limit(limit).offset(offset)
        ).all()
        numbers = [row.number for row in rows]
        attributes = self._attributes_of(numbers)
        resources = self._resources_of(numbers)
        return [_item(row, attributes[row.number], resources[row.number]) for row in rows]

    def _attributes_of(self, numbers: Sequence[int]) -> dict[int, list[Attribute]]:
        found: dict[int, list[Attribute]] = defaultdict(list)
        for row in self._run(
            select(_attributes.item_number, _attributes.name, _attributes.value)
            .where(_attributes.item_number.in_(numbers))
            .order_by(_attributes.item_number, _attributes.position)
        ):
            found[row.item_number].append(Attribute(row.name, row.value))
        return found

    def _resources_of(self, numbers: Sequence[int]) -> dict[int, list[Resource]]:
        found: dict[int, list[Resource]] = defaultdict(list)
        for row in self._run(
            select(idm_resources)
            .where(_resources.item_number.in_(numbers))
            .order_by(_resources.item_number, _resources.position)
        ):
            found[row.item_number].append(_resource(row))
        return found


def _state(item: Item) -> dict[str, object]:
    return {
        "version": item.version,
        "acl": item.acl,
        "changed_by": item.changed_by,
        "changed_at": item.changed_at,
        "checked_out_by": item.checked_out_by,
        "checked_out_at": item.checked_out_at,
    }


def _numbers_of(scope: TenantScope) -> Select[tuple[int]]:
    return select(_items.number).where(_items.tenant_id == scope.tenant_id)


def _is_item(scope: TenantScope, pid: Pid) -> ColumnElement[bool]:
    return and_(
        in_scope(idm_items, scope, number=pid.number, entity_name=pid.entity_name),
        _items.version >= pid.version,
    )


def _matching(scope: TenantScope, filters: ItemFilter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [_items.tenant_id == scope.tenant_id]
    if filters.entity:
        conditions.append(_items.entity_name == filters.entity)
    if filters.checked_out:
        conditions.append(_items.checked_out_by.is_not(None))
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


def _item(row: Row[Any], attributes: list[Attribute], resources: list[Resource]) -> Item:
    return _read_item(row, attributes=tuple(attributes), resources=tuple(resources))


_read_item = reader(Item)


_resource = reader(Resource)


def _earlier(item: Item, row: Row[Any], resources: Sequence[Resource]) -> Item:
    return replace(
        item,
        version=row.version,
        acl=row.acl,
        attributes=tuple(Attribute(name, value) for name, value in row.attributes),
        resources=tuple(resources),
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        checked_out_by=None,
        checked_out_at=None,
        is_latest=False,
    )
