"""SQL of IDM's data model: what administrators have added to the shipped document types."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, Insert, Row, Table, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from ionport.sandbox.idm.datamodel.model import Acl, AttributeDefinition, Entity, name_taken
from ionport.sandbox.idm.datamodel.shipped import SHIPPED
from ionport.sandbox.idm.tables import (
    idm_attributes,
    idm_entities,
    idm_entity_acls,
    idm_entity_attributes,
    idm_items,
)
from ionport.store import TenantScope
from ionport.store.repository import Repository, columns_of, in_scope, reader


class DataModelRepository(Repository):
    """The document types of a tenant."""

    def entities(
        self, scope: TenantScope, names: Collection[str] | None = None
    ) -> Mapping[str, Entity]:
        """Return the document types of these names that there are, or all, the shipped first."""
        found = {name: entity for name, entity in SHIPPED.items() if names is None or name in names}
        for row in self._rows(idm_entities, idm_entities.c.name, scope, names):
            empty: Mapping[str, AttributeDefinition] = {}
            found[row.name] = Entity(
                row.name, row.description, empty, (), row.default_acl, is_own=True
            )
        attributes: dict[str, dict[str, AttributeDefinition]] = {
            name: dict(entity.attributes) for name, entity in found.items()
        }
        of_attributes = idm_entity_attributes.c.entity_name
        for row in self._rows(idm_entity_attributes, of_attributes, scope, names):
            # It was added at the same moment as its document type was removed, and belongs to none.
            if row.entity_name in attributes:
                attributes[row.entity_name][row.name] = _definition(row)
        acls = {name: list(entity.acls) for name, entity in found.items()}
        for row in self._rows(idm_entity_acls, idm_entity_acls.c.entity_name, scope, names):
            if row.entity_name in acls:
                acls[row.entity_name].append(Acl(row.name, row.description))
        return {
            name: replace(
                entity, attributes=MappingProxyType(attributes[name]), acls=tuple(acls[name])
            )
            for name, entity in found.items()
        }

    def _rows(
        self, table: Table, name: Column[Any], scope: TenantScope, names: Collection[str] | None
    ) -> Collection[Row[Any]]:
        query = select(table).where(table.c.tenant_id == scope.tenant_id)
        if names is not None:
            query = query.where(name.in_(names))
        order = table.c.get("position", table.c.name)
        return self._run(query.order_by(order, table.c.name)).all()

    def add_entity(self, scope: TenantScope, entity: Entity, at: datetime) -> None:
        """Add a document type with its attributes and ACLs; raises Conflict as all adding does."""
        self._add(
            insert(idm_entities).values(
                columns_of(idm_entities, entity, tenant_id=scope.tenant_id, created_at=at)
            )
        )
        for definition in entity.attributes.values():
            self.add_attribute(scope, entity.name, definition)
        for acl in entity.acls:
            self.add_acl(scope, entity.name, acl)

    def add_attribute(
        self, scope: TenantScope, entity_name: str, definition: AttributeDefinition
    ) -> None:
        """Add an attribute to a document type."""
        self._add(
            insert(idm_entity_attributes).values(
                columns_of(
                    idm_entity_attributes,
                    definition,
                    tenant_id=scope.tenant_id,
                    entity_name=entity_name,
                    default_value=definition.default,
                    value_list=list(definition.values),
                    position=self._next_position(idm_entity_attributes, scope, entity_name),
                )
            )
        )

    def add_acl(self, scope: TenantScope, entity_name: str, acl: Acl) -> None:
        """Add an ACL to a document type."""
        self._add(
            insert(idm_entity_acls).values(
                tenant_id=scope.tenant_id,
                entity_name=entity_name,
                name=acl.name,
                description=acl.description,
                position=self._next_position(idm_entity_acls, scope, entity_name),
            )
        )

    def _add(self, statement: Insert) -> None:
        try:
            self._run(statement)
        except IntegrityError as error:
            raise name_taken() from error

    def _next_position(self, table: Table, scope: TenantScope, entity_name: str) -> int:
        last = select(func.max(table.c.position)).where(
            in_scope(table, scope, entity_name=entity_name)
        )
        return int(self._run(last).scalar_one() or 0) + 1

    def remove_entity(self, scope: TenantScope, name: str) -> None:
        """Remove an added document type with its attributes and ACLs."""
        for table, column in (
            (idm_entity_attributes, idm_entity_attributes.c.entity_name),
            (idm_entity_acls, idm_entity_acls.c.entity_name),
            (idm_entities, idm_entities.c.name),
        ):
            self._run(delete(table).where(table.c.tenant_id == scope.tenant_id, column == name))

    def remove_attribute(self, scope: TenantScope, entity_name: str, name: str) -> None:
        """Remove an added attribute."""
        self._remove(idm_entity_attributes, scope, entity_name, name)

    def remove_acl(self, scope: TenantScope, entity_name: str, name: str) -> None:
        """Remove an added ACL."""
        self._remove(idm_entity_acls, scope, entity_name, name)

    def _remove(self, table: Table, scope: TenantScope, entity_name: str, name: str) -> None:
        self._delete(table, scope, entity_name=entity_name, name=name)

    def item_counts(self, scope: TenantScope) -> Mapping[str, int]:
        """Return how many items each document type has; without those that have none."""
        rows = self._run(
            select(idm_items.c.entity_name, func.count().label("items"))
            .where(idm_items.c.tenant_id == scope.tenant_id)
            .group_by(idm_items.c.entity_name)
        )
        return {row.entity_name: row.items for row in rows}

    def items_with(self, scope: TenantScope, entity_name: str, attribute: str) -> int:
        """Return how many items have a value of the attribute."""
        having = select(idm_attributes.c.item_number).where(
            in_scope(idm_attributes, scope, entity_name=entity_name, name=attribute)
        )
        return self._count(having.distinct().subquery())

    def items_under(self, scope: TenantScope, entity_name: str, acl: str) -> int:
        """Return how many items have the ACL."""
        return self._count(idm_items, in_scope(idm_items, scope, entity_name=entity_name, acl=acl))


_definition = reader(
    AttributeDefinition, default="default_value", values="value_list", is_own=lambda row: True
)
