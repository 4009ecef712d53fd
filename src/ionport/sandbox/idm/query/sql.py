"""A search as SQL: one condition over the rows of `idm_items`, and their order.

Nothing of a query becomes SQL text; every name and value is a bound parameter. Conditions are
never NULL, so that NOT turns each into its opposite, and texts compare by code point on every
database, whatever its collation.
"""

from __future__ import annotations

import hashlib
import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    cast,
    collate,
    false,
    not_,
    or_,
    select,
    true,
)

from ionport.core.errors import InvalidInput
from ionport.sandbox.idm.datamodel.attribute_types import AttributeType, canonical, order_key
from ionport.sandbox.idm.datamodel.model import (
    OWNERS_ACL,
    Entity,
    definition_of,
    describe,
    entity_named,
)
from ionport.sandbox.idm.query.model import (
    Comparison,
    Condition,
    Every,
    Intersection,
    ItemSet,
    Not,
    Path,
    Query,
    Sign,
    Sort,
    paths_of,
)
from ionport.sandbox.idm.tables import idm_attributes, idm_items, idm_resources
from ionport.sandbox.kit.texts import quoted
from ionport.store import TenantScope

_items = idm_items.c
_attributes = idm_attributes.c
_resources = idm_resources.c

_OPERATORS: Mapping[Sign, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        Sign.EQUAL: operator.eq,
        Sign.NOT_EQUAL: operator.ne,
        Sign.LESS: operator.lt,
        Sign.AT_MOST: operator.le,
        Sign.MORE: operator.gt,
        Sign.AT_LEAST: operator.ge,
    }
)
_GLOB = re.compile(r"[*?\[]")


def _of_main_file(column: ColumnElement[Any]) -> ColumnElement[Any]:
    main = (_resources.item_number == _items.number) & (_resources.name == "")
    return select(column).where(main).correlate(idm_items).limit(1).scalar_subquery()


# Attributes that every item has. Those of the file, of check-out and LASTCHANGEDTS are seen in
# queries of public clients; the others are named by analogy.
BUILT_IN: Mapping[str, tuple[AttributeType, ColumnElement[Any]]] = MappingProxyType(
    {
        "RESOURCENAME": (AttributeType.STRING, _of_main_file(_resources.filename)),
        "RESOURCESIZE": (AttributeType.LONG, _of_main_file(_resources.size)),
        "MDS_ID": (AttributeType.STRING, cast(_items.number, Text)),
        "CREATETS": (AttributeType.TIMESTAMP, _items.created_at),
        "CREATEUSERID": (AttributeType.STRING, _items.created_by),
        "LASTCHANGEDTS": (AttributeType.TIMESTAMP, _items.changed_at),
        "LASTCHANGEDUSERID": (AttributeType.STRING, _items.changed_by),
        "CHECKEDOUTTS": (AttributeType.TIMESTAMP, _items.checked_out_at),
        "CHECKEDOUTUSERID": (AttributeType.STRING, _items.checked_out_by),
    }
)


def digest(value: str) -> str:
    """Return what values are looked up by: they may be longer than an index takes."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


class SearchSql:
    """Turns searches of a tenant into SQL.

    Every method raises InvalidInput for a document type or attribute that there is not, one that
    is not searchable, and a value that is not of its attribute's type.
    """

    def __init__(
        self, scope: TenantScope, entities: Mapping[str, Entity], *, is_sqlite: bool
    ) -> None:
        self._scope = scope
        self._entities = entities
        self._is_sqlite = is_sqlite

    def condition(self, query: Query) -> ColumnElement[bool]:
        """Return the condition that an item found meets."""
        conditions = [_items.tenant_id == self._scope.tenant_id, self._set(query.items)]
        if query.found_until is not None:
            conditions.append(_items.created_at <= query.found_until)
        if query.reader is not None:
            conditions.append(or_(_items.acl != OWNERS_ACL, _items.created_by == query.reader))
        return and_(*conditions)

    def order(self, query: Query) -> list[ColumnElement[Any]]:
        """Return the order of the items found; of equals the oldest first."""
        paths = paths_of(query.items)
        return [*(key for sort in query.sorts for key in self._sort(sort, paths)), _items.number]

    def _set(self, items: ItemSet) -> ColumnElement[bool]:
        if isinstance(items, Path):
            entity = entity_named(self._entities, items.entity_name)
            condition = self._condition(items.condition, entity)
            return and_(_items.entity_name == entity.name, condition)
        sets = [self._set(each) for each in items.sets]
        return and_(*sets) if isinstance(items, Intersection) else or_(*sets)

    def _condition(self, condition: Condition, entity: Entity) -> ColumnElement[bool]:
        if isinstance(condition, Comparison):
            return self._comparison(condition, entity)
        if isinstance(condition, Not):
            return not_(self._condition(condition.condition, entity))
        parts = [self._condition(each, entity) for each in condition.conditions]
        return and_(true(), *parts) if isinstance(condition, Every) else or_(false(), *parts)

    def _comparison(self, comparison: Comparison, entity: Entity) -> ColumnElement[bool]:
        name, sign = comparison.attribute, comparison.sign
        if not name and sign is Sign.CONTAINS:
            return self._containing(comparison.value, entity)
        if name not in entity.attributes and name.upper() in BUILT_IN:
            return self._of_item(comparison, *BUILT_IN[name.upper()])
        definition = definition_of(entity, name)
        if not definition.is_searchable:
            raise InvalidInput(
                f"The attribute {name} of {entity.name} is not searchable.",
                code="attribute_not_searchable",
            )
        if sign in (Sign.IS_NULL, Sign.IS_NOT_NULL):
            has_value = self._with_value(entity, name, _attributes.value != "")
            return has_value if sign is Sign.IS_NOT_NULL else not_(has_value)
        condition = self._of_value(comparison, definition.type)
        if sign is not Sign.EQUAL:
            # An empty value is none: only = "" asks for it.
            condition = and_(_attributes.value != "", condition)
        return self._with_value(entity, name, condition)

    def _with_value(
        self, entity: Entity, name: str, condition: ColumnElement[bool]
    ) -> ColumnElement[bool]:
        return _items.number.in_(
            select(_attributes.item_number).where(
                _attributes.tenant_id == self._scope.tenant_id,
                _attributes.entity_name == entity.name,
                _attributes.name == name,
                condition,
            )
        )

    def _containing(self, text: str, entity: Entity) -> ColumnElement[bool]:
        """Return the condition that a value or the name of a file has a text in it."""
        in_value = select(_attributes.item_number).where(
            _attributes.tenant_id == self._scope.tenant_id,
            _attributes.entity_name == entity.name,
            _attributes.value.icontains(text, autoescape=True),
        )
        in_name = select(_resources.item_number).where(
            _resources.item_number == _items.number,
            _resources.filename.icontains(text, autoescape=True),
        )
        return or_(_items.number.in_(in_value), in_name.correlate(idm_items).exists())

    def _of_value(self, comparison: Comparison, type_: AttributeType) -> ColumnElement[bool]:
        """Return the condition on one value of an attribute."""
        sign = comparison.sign
        if sign is Sign.CONTAINS:
            return _attributes.value.icontains(comparison.value, autoescape=True)
        if sign in (Sign.LIKE, Sign.NOT_LIKE):
            return self._like(_attributes.value, comparison)
        value = _value(comparison, type_)
        compare = _OPERATORS[sign]
        key = order_key(type_, value)
        if key is not None:
            return and_(_attributes.order_key.is_not(None), compare(_attributes.order_key, key))
        if sign in (Sign.EQUAL, Sign.NOT_EQUAL):
            return compare(_attributes.value_sha256, digest(value))  # type: ignore[no-any-return]
        return compare(self._plain(_attributes.value), value)  # type: ignore[no-any-return]

    def _of_item(
        self, comparison: Comparison, type_: AttributeType, column: ColumnElement[Any]
    ) -> ColumnElement[bool]:
        """Return the condition on something that every item has."""
        sign = comparison.sign
        if sign is Sign.IS_NULL:
            return column.is_(None)
        if sign is Sign.IS_NOT_NULL:
            return column.is_not(None)
        if sign in (Sign.LIKE, Sign.NOT_LIKE, Sign.CONTAINS):
            if type_ is not AttributeType.STRING:
                raise _wrong_value(comparison.attribute, type_, comparison.value)
            if sign is Sign.CONTAINS:
                return and_(
                    column.is_not(None), column.icontains(comparison.value, autoescape=True)
                )
            return and_(column.is_not(None), self._like(column, comparison))
        text = canonical(type_, comparison.value)
        if text is None:
            raise _wrong_value(comparison.attribute, type_, comparison.value)
        value: object = text
        if type_ is AttributeType.LONG:
            value = int(text)
        elif type_ is AttributeType.TIMESTAMP:
            value = _moment(text)
        else:
            column = self._plain(column)
        return and_(column.is_not(None), _OPERATORS[sign](column, value))

    def _sort(self, sort: Sort, paths: list[Path]) -> list[ColumnElement[Any]]:
        name = sort.attribute
        entities = [entity_named(self._entities, path.entity_name) for path in paths]
        if any(name in entity.attributes for entity in entities):
            keys = [_first(name, _attributes.order_key)]
            keys.append(self._plain(_first(name, _attributes.value)))
        elif name.upper() in BUILT_IN:
            type_, column = BUILT_IN[name.upper()]
            keys = [self._plain(column) if type_ is AttributeType.STRING else column]
        else:
            definition_of(entities[0], name)
            keys = []
        return [(key.desc() if sort.descending else key.asc()).nulls_last() for key in keys]

    def _like(self, column: ColumnElement[Any], comparison: Comparison) -> ColumnElement[bool]:
        """% stands for any letters, _ for one; upper and lower case are told apart."""
        pattern = comparison.value
        if self._is_sqlite:
            # LIKE ignores case there, GLOB does not; and has other wildcards.
            plain = _GLOB.sub(lambda match: f"[{match[0]}]", pattern)
            found = column.op("GLOB", is_comparison=True)(plain.replace("%", "*").replace("_", "?"))
        else:
            found = column.like(pattern.replace("\\", "\\\\"))
        return found if comparison.sign is Sign.LIKE else not_(found)

    def _plain(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return column if self._is_sqlite else collate(column, "C")


def _first(name: str, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the first value of an attribute; empty ones are none."""
    return (
        select(column)
        .where(
            _attributes.item_number == _items.number,
            _attributes.name == name,
            _attributes.value != "",
        )
        .correlate(idm_items)
        .order_by(_attributes.position)
        .limit(1)
        .scalar_subquery()
    )


def _value(comparison: Comparison, type_: AttributeType) -> str:
    if not comparison.value:
        return ""
    value = canonical(type_, comparison.value)
    if value is None:
        raise _wrong_value(comparison.attribute, type_, comparison.value)
    return value


def _wrong_value(name: str, type_: AttributeType, value: str) -> InvalidInput:
    return InvalidInput(
        f"Attribute {name} is {describe(type_)}, and cannot be compared with {quoted(value)} so.",
        code="wrong_attribute_type",
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
