"""What an administrator does with IDM's document types."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, existing
from ionport.core.i18n import _, ngettext
from ionport.core.paging import Page, PageRequest
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.sandbox.idm.datamodel.attribute_types import canonical
from ionport.sandbox.idm.datamodel.model import (
    MAX_NAME,
    Acl,
    AttributeDefinition,
    DataModelAction,
    Entity,
    describe,
    is_name,
    name_taken,
)
from ionport.sandbox.idm.datamodel.repository import DataModelRepository
from ionport.sandbox.idm.datamodel.shipped import DEFAULT_ACL, SHIPPED
from ionport.sandbox.idm.model import MAX_ATTRIBUTES, MAX_VALUE
from ionport.store import TenantScope

MAX_ENTITIES = 200
MAX_ACLS = 50
MAX_LIST_VALUES = 200
MAX_DESCRIPTION = 200
_NEW_ACLS = SHIPPED["M3_SupplierInvoice"].acls


@dataclass(frozen=True, slots=True)
class ListedEntity:
    """A document type and how many items it has."""

    entity: Entity
    items: int


@dataclass(frozen=True, slots=True)
class TypeQuery:
    """Which document types a list shows; `text` is looked for in name and description."""

    text: str = ""
    by_items: bool = False
    descending: bool = False
    page: PageRequest = field(default_factory=PageRequest)


class DocumentTypeService:
    """Document types of one tenant: see and add them, their attributes and ACLs.

    The shipped types stay as they are; attributes and ACLs may be added to them. Every method
    raises Forbidden to who does not administer the tenant.
    """

    def __init__(self, clock: Clock, audit: AuditLog) -> None:
        self._clock = clock
        self._audit = audit

    def list_types(self, access: Access[TenantScope], query: TypeQuery) -> Page[ListedEntity]:
        """Return one page of the document types."""
        access.require_tenant_administrator()
        repository = DataModelRepository(access.connection)
        counts = repository.item_counts(access.scope)
        text = query.text.lower()
        found = [
            ListedEntity(entity, counts.get(entity.name, 0))
            for entity in repository.entities(access.scope).values()
            if text in entity.name.lower() or text in entity.description.lower()
        ]
        found.sort(key=lambda listed: listed.entity.name.lower(), reverse=query.descending)
        if query.by_items:
            found.sort(key=lambda listed: listed.items, reverse=query.descending)
        offset = query.page.offset
        return Page(found[offset : offset + query.page.limit], len(found), query.page)

    def type_names(self, access: Access[TenantScope]) -> Sequence[str]:
        """Return the names of all document types, in order; a few hundred at most."""
        access.require_tenant_administrator()
        return sorted(DataModelRepository(access.connection).entities(access.scope))

    def get_type(self, access: Access[TenantScope], name: str) -> ListedEntity:
        """Return one document type; raises NotFound."""
        access.require_tenant_administrator()
        repository = DataModelRepository(access.connection)
        entity = repository.entities(access.scope, [name]).get(name)
        entity = existing(
            entity, _("There is no such document type."), code="document_type_not_found"
        )
        return ListedEntity(entity, repository.item_counts(access.scope).get(name, 0))

    def add_type(
        self, access: Access[TenantScope], name: str, description: str, *, needs_acl: bool = False
    ) -> Entity:
        """Add a document type with the ACLs Public and Private.

        `needs_acl` makes an item without an ACL an error; else it gets Public.

        Raises:
            InvalidInput: wrong name or description, named by field.
            Conflict: there is one of this name, or 200 already.
        """
        access.require_tenant_administrator()
        _check_name(name)
        _check_description(description)
        repository = DataModelRepository(access.connection)
        entities = repository.entities(access.scope)
        _check_new(name, entities)
        _check_room(sum(entity.is_own for entity in entities.values()), MAX_ENTITIES)
        default = "" if needs_acl else DEFAULT_ACL
        entity = Entity(name, description or name, {}, _NEW_ACLS, default, is_own=True)
        repository.add_entity(access.scope, entity, self._clock.now())
        self._record(access, DataModelAction.DOCUMENT_TYPE_ADDED, name)
        return entity

    def take_type(self, access: Access[TenantScope], entity: Entity) -> None:
        """Add what another tenant's IDM lists of a document type and is not here yet.

        Items that name no ACL get Public, unless the type has ACLs and not this one.

        Raises InvalidInput and Conflict as `add_type`, `add_attribute` and `add_acl` do.
        """
        access.require_tenant_administrator()
        known = DataModelRepository(access.connection).entities(access.scope, [entity.name])
        names = {acl.name for acl in entity.acls}
        here = known.get(entity.name) or self.add_type(
            access,
            entity.name,
            entity.description,
            needs_acl=bool(names) and DEFAULT_ACL not in names,
        )
        for definition in entity.attributes.values():
            if definition.name not in here.attributes:
                self.add_attribute(access, entity.name, definition)
        for acl in entity.acls:
            if acl.name not in {each.name for each in here.acls}:
                self.add_acl(access, entity.name, acl)

    def remove_type(self, access: Access[TenantScope], name: str) -> None:
        """Remove a document type that was added; raises NotFound, and Conflict while it is used."""
        listed = self.get_type(access, name)
        if not listed.entity.is_own:
            raise Conflict(_("A shipped document type stays."), code="document_type_shipped")
        if listed.items:
            text = ngettext(
                "{count} item is of this document type. Delete it first.",
                "{count} items are of this document type. Delete them first.",
                listed.items,
            )
            raise Conflict(text.format(count=listed.items), code="document_type_used")
        DataModelRepository(access.connection).remove_entity(access.scope, name)
        self._record(access, DataModelAction.DOCUMENT_TYPE_REMOVED, name)

    def add_attribute(
        self, access: Access[TenantScope], entity_name: str, definition: AttributeDefinition
    ) -> None:
        """Add an attribute to a document type.

        Items that are there stay as they are, also without a value of a required attribute.

        Raises:
            NotFound: there is no such document type.
            InvalidInput: a part of the definition is wrong, named by field.
            Conflict: there is an attribute of this name, or 500 already.
        """
        entity = self.get_type(access, entity_name).entity
        definition = _checked(definition)
        _check_new(definition.name, entity.attributes)
        _check_room(len(entity.attributes), MAX_ATTRIBUTES)
        repository = DataModelRepository(access.connection)
        repository.add_attribute(access.scope, entity.name, definition)
        details = {"attribute": definition.name, "type": definition.type.name.lower()}
        self._record(access, DataModelAction.ATTRIBUTE_ADDED, entity.name, details)

    def remove_attribute(self, access: Access[TenantScope], entity_name: str, name: str) -> None:
        """Remove an attribute that was added; raises NotFound, and Conflict while it is used."""
        definition = self.get_attribute(access, entity_name, name)
        if not definition.is_own:
            raise Conflict(_("A shipped attribute stays."), code="attribute_shipped")
        repository = DataModelRepository(access.connection)
        if count := repository.items_with(access.scope, entity_name, name):
            text = ngettext(
                "{count} item has this attribute. Delete it first.",
                "{count} items have this attribute. Delete them first.",
                count,
            )
            raise Conflict(text.format(count=count), code="attribute_used")
        repository.remove_attribute(access.scope, entity_name, name)
        self._record(access, DataModelAction.ATTRIBUTE_REMOVED, entity_name, {"attribute": name})

    def get_attribute(
        self, access: Access[TenantScope], entity_name: str, name: str
    ) -> AttributeDefinition:
        """Return an attribute of a document type; raises NotFound."""
        entity = self.get_type(access, entity_name).entity
        definition = entity.attributes.get(name)
        return existing(definition, _("There is no such attribute."), code="attribute_not_found")

    def add_acl(self, access: Access[TenantScope], entity_name: str, acl: Acl) -> None:
        """Add an ACL to a document type; raises as `add_attribute` does, at 50 of them."""
        entity = self.get_type(access, entity_name).entity
        _check_name(acl.name)
        _check_description(acl.description)
        _check_new(acl.name, {each.name for each in entity.acls})
        _check_room(len(entity.acls), MAX_ACLS)
        repository = DataModelRepository(access.connection)
        repository.add_acl(access.scope, entity.name, acl)
        self._record(access, DataModelAction.ACL_ADDED, entity.name, {"acl": acl.name})

    def remove_acl(self, access: Access[TenantScope], entity_name: str, name: str) -> None:
        """Remove an ACL that was added; raises NotFound, and Conflict while it is used."""
        entity = self.get_type(access, entity_name).entity
        self.get_acl(access, entity_name, name)
        if not removable_acl(entity, name):
            raise Conflict(_("An ACL that was shipped or is the default stays."), code="acl_stays")
        repository = DataModelRepository(access.connection)
        if count := repository.items_under(access.scope, entity_name, name):
            text = ngettext(
                "{count} item has this ACL. Give it another first.",
                "{count} items have this ACL. Give them another first.",
                count,
            )
            raise Conflict(text.format(count=count), code="acl_used")
        repository.remove_acl(access.scope, entity_name, name)
        self._record(access, DataModelAction.ACL_REMOVED, entity_name, {"acl": name})

    def get_acl(self, access: Access[TenantScope], entity_name: str, name: str) -> Acl:
        """Return an ACL of a document type; raises NotFound."""
        entity = self.get_type(access, entity_name).entity
        found = next((acl for acl in entity.acls if acl.name == name), None)
        return existing(found, _("There is no such ACL."), code="acl_not_found")

    def _record(
        self,
        access: Access[TenantScope],
        action: DataModelAction,
        subject: str,
        details: Mapping[str, str] | None = None,
    ) -> None:
        self._audit.record(access, action, subject, details)


def removable_acl(entity: Entity, name: str) -> bool:
    """Tell whether an ACL may be removed: it is neither shipped nor the default."""
    shipped = SHIPPED.get(entity.name)
    return name != entity.default_acl and not (
        shipped and name in {acl.name for acl in shipped.acls}
    )


def _checked(definition: AttributeDefinition) -> AttributeDefinition:
    """Return the definition of a new attribute, its values in the form in which they are kept."""
    _check_name(definition.name)
    _check_description(definition.description)
    limit = definition.max_length
    if limit is not None and not 1 <= limit <= MAX_VALUE:
        raise _wrong("max_length", _("A length from 1 to {limit}.").format(limit=MAX_VALUE))
    if len(definition.values) > MAX_LIST_VALUES:
        text = _("At most {limit} values.").format(limit=MAX_LIST_VALUES)
        raise _wrong("values", text)
    values = tuple(canonical(definition.type, value) or "" for value in definition.values)
    if "" in values:
        raise _wrong("values", _("Each value is {type}.").format(type=describe(definition.type)))
    listed = replace(
        definition,
        description=definition.description or definition.name,
        values=tuple(dict.fromkeys(values)),
        is_own=True,
    )
    try:
        return replace(listed, default=listed.read(definition.default))
    except InvalidInput as error:
        raise _wrong("default", error.text) from error


def _check_name(name: str) -> None:
    if not is_name(name):
        text = _("1 to {limit} letters, digits and underscores; no digit first.")
        raise _wrong("name", text.format(limit=MAX_NAME))


def _check_description(text: str) -> None:
    if len(text) > MAX_DESCRIPTION:
        limit = _("At most {limit} letters.").format(limit=MAX_DESCRIPTION)
        raise _wrong("description", limit)


def _check_new(name: str, known: Collection[str]) -> None:
    if name.lower() in {each.lower() for each in known}:
        raise name_taken()


def _check_room(number: int, limit: int) -> None:
    if number >= limit:
        raise Conflict(
            _("There are {limit} already, and no more are kept.").format(limit=limit),
            code="too_many",
        )


def _wrong(field: str, text: str) -> InvalidInput:
    return InvalidInput(text, fields={field: text})
