"""Document types with their attributes and ACLs, and the checks of an item against them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import N_, _
from ionport.identity.model import AuditAction
from ionport.sandbox.idm.datamodel.attribute_types import AttributeType, canonical
from ionport.sandbox.idm.model import Attribute
from ionport.sandbox.kit.texts import quoted

MAX_NAME = 100
# The ACL with which only an item's creator may read and change it, where ACLs are enforced.
OWNERS_ACL = "Private"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Acl:
    """An access control list that items may have; of Private alone more than the name counts."""

    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class AttributeDefinition:
    """One attribute that items of a document type may have.

    Attributes:
        default: the value of a new item that brings none.
        is_required: an item needs a value.
        is_unique: no two items of the document type have the same value.
        is_searchable: a search may ask for it.
        max_length: letters that a value may have; None without a limit of its own.
        values: the only values allowed; empty when any is.
        is_own: added by an administrator, not shipped.
    """

    name: str
    description: str
    type: AttributeType = AttributeType.STRING
    default: str = ""
    is_required: bool = False
    is_unique: bool = False
    is_searchable: bool = True
    max_length: int | None = None
    values: tuple[str, ...] = ()
    is_own: bool = False

    def read(self, text: str) -> str:
        """Return a value in the form in which it is kept; an empty one stays empty.

        Raises:
            InvalidInput: not of the type, too long, or not one of the values.
        """
        if not text:
            return ""
        value = canonical(self.type, text)
        if value is None:
            raise InvalidInput(
                _("Attribute {name} is {type}, not {value}.").format(
                    name=self.name, type=describe(self.type), value=quoted(text)
                ),
                code="wrong_attribute_type",
            )
        if self.max_length is not None and len(value) > self.max_length:
            raise InvalidInput(
                _("Attribute {name} has room for {limit} letters, not for {size}.").format(
                    name=self.name, limit=self.max_length, size=len(value)
                ),
                code="value_too_long",
            )
        if self.values and value not in self.values:
            raise InvalidInput(
                _("Attribute {name} has a list of values, and {value} is none of them.").format(
                    name=self.name, value=quoted(text)
                ),
                code="value_not_in_list",
            )
        return value


@dataclass(frozen=True, slots=True)
class Entity:
    """A document type. `default_acl` is that of an item that names none; empty: it must."""

    name: str
    description: str
    attributes: Mapping[str, AttributeDefinition]
    acls: tuple[Acl, ...]
    default_acl: str
    is_own: bool = False

    def type_of(self, attribute: str) -> AttributeType:
        """Return an attribute's type; that of a text for one that was removed."""
        definition = self.attributes.get(attribute)
        return definition.type if definition else AttributeType.STRING


def describe(type_: AttributeType) -> str:
    """Return the words of a sentence for a value of a type."""
    return {
        AttributeType.STRING: _("a text"),
        AttributeType.SHORT: _("a whole number from -32768 to 32767"),
        AttributeType.LONG: _("a whole number"),
        AttributeType.DECIMAL: _("a number such as 12.50"),
        AttributeType.DATE: _("a date (yyyy-mm-dd)"),
        AttributeType.TIME: _("a time (hh:mm:ss)"),
        AttributeType.TIMESTAMP: _("a timestamp (yyyy-mm-ddThh:mm:ssZ)"),
        AttributeType.DOUBLE: _("a number such as 1.5e3"),
        AttributeType.BOOLEAN: _("true or false (1 or 0)"),
        AttributeType.UUID: _("a UUID"),
    }[type_]


def entity_named(entities: Mapping[str, Entity], name: str) -> Entity:
    """Return the document type of that name; raises InvalidInput naming it."""
    entity = entities.get(name)
    if entity is None:
        raise InvalidInput(
            _("There is no document type {name}.").format(name=quoted(name)),
            code="unknown_entity",
        )
    return entity


def definition_of(entity: Entity, name: str) -> AttributeDefinition:
    """Return the attribute of a document type; raises InvalidInput naming both."""
    definition = entity.attributes.get(name)
    if definition is None:
        raise InvalidInput(
            _("The document type {entity} has no attribute {name}.").format(
                entity=entity.name, name=quoted(name)
            ),
            code="unknown_attribute",
        )
    return definition


def checked(entity: Entity, attributes: Sequence[Attribute]) -> tuple[Attribute, ...]:
    """Return the attributes of an item as they are kept.

    Raises:
        InvalidInput: one is unknown or its value is refused.
    """
    return tuple(
        Attribute(each.name, definition_of(entity, each.name).read(each.value))
        for each in attributes
    )


def with_defaults(entity: Entity, attributes: Sequence[Attribute]) -> tuple[Attribute, ...]:
    """Return a new item's attributes and the defaults of those that it leaves out."""
    named = {each.name for each in attributes}
    defaults = (
        Attribute(definition.name, definition.default)
        for definition in entity.attributes.values()
        if definition.default and definition.name not in named
    )
    return (*attributes, *defaults)


def check_required(entity: Entity, attributes: Sequence[Attribute]) -> None:
    """Raise InvalidInput naming every required attribute without a value."""
    filled = {each.name for each in attributes if each.value}
    missing = [
        definition.name
        for definition in entity.attributes.values()
        if definition.is_required and definition.name not in filled
    ]
    if missing:
        raise InvalidInput(
            _("The document type {entity} needs a value of {names}.").format(
                entity=entity.name, names=", ".join(missing)
            ),
            code="required_attribute_missing",
        )


def checked_acl(entity: Entity, acl: str) -> str:
    """Return the ACL of an item that names `acl`, or none.

    Raises:
        InvalidInput: the document type does not have it, or has no default for who names none.
    """
    if not acl and not entity.default_acl:
        raise InvalidInput(
            _("The document type {entity} has no default ACL: the item must name one.").format(
                entity=entity.name
            ),
            code="acl_missing",
        )
    acl = acl or entity.default_acl
    if acl not in {each.name for each in entity.acls}:
        raise InvalidInput(
            _("The document type {entity} has no ACL {name}.").format(
                entity=entity.name, name=quoted(acl)
            ),
            code="unknown_acl",
        )
    return acl


def is_name(text: str) -> bool:
    """Tell whether a document type, an attribute or an ACL may be called so."""
    return _NAME.fullmatch(text) is not None


def name_taken() -> Conflict:
    """Return the error of a second document type, attribute or ACL of one name."""
    return Conflict(_("There is one of this name already."), code="name_taken")


class DataModelAction(AuditAction):
    """What the audit log tells of IDM's document types."""

    DOCUMENT_TYPE_ADDED = "idm.document_type_added", N_("Document type added")
    DOCUMENT_TYPE_REMOVED = "idm.document_type_removed", N_("Document type deleted")
    ATTRIBUTE_ADDED = "idm.attribute_added", N_("Attribute added")
    ATTRIBUTE_REMOVED = "idm.attribute_removed", N_("Attribute deleted")
    ACL_ADDED = "idm.acl_added", N_("ACL added")
    ACL_REMOVED = "idm.acl_removed", N_("ACL deleted")
