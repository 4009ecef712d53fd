"""The document types that the sandbox ships.

M3_SupplierInvoice has Infor's documented attributes (facts/infor-targets.md §1.6). The others
are those that the vendor's mapping files write to; IDM has them once an administrator adds them,
so they are here from the start. Their types are inferred, the names are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.sandbox.idm.model import Attribute
from ionport.sandbox.texts import quoted

DEFAULT_ACL = "Public"


class AttributeType(StrEnum):
    """IDM's type codes, as far as shipped attributes have them."""

    STRING = "1"
    DATE = "7"


@dataclass(frozen=True, slots=True)
class AttributeDefinition:
    """One attribute that items of a document type may have."""

    name: str
    description: str
    type: AttributeType = AttributeType.STRING


@dataclass(frozen=True, slots=True)
class Entity:
    """A document type."""

    name: str
    description: str
    attributes: Mapping[str, AttributeDefinition]
    acls: tuple[str, ...] = (DEFAULT_ACL, "Private")


def _entity(name: str, description: str, *attributes: AttributeDefinition) -> Entity:
    by_name = {attribute.name: attribute for attribute in attributes}
    return Entity(name, description, MappingProxyType(by_name))


_SHIPPED = (
    _entity(
        "M3_SupplierInvoice",
        "M3 Supplier Invoice",
        AttributeDefinition("BOD_SupplierInvoiceID", "Supplier invoice"),
        AttributeDefinition("BOD_AccountingEntityID", "Accounting entity"),
        AttributeDefinition("M3_InvoiceDate", "Invoice date", AttributeType.DATE),
        AttributeDefinition("M3_Company", "Company"),
        AttributeDefinition("M3_Division", "Division"),
        AttributeDefinition("BOD_RemitToPartyID", "Payee"),
        AttributeDefinition("BOD_SupplierPartyID", "Supplier"),
        AttributeDefinition("M3_InvoiceYear", "Invoice year"),
        AttributeDefinition("BOD_AlternateDocumentID_1", "Correlation id"),
        AttributeDefinition("Purchase_Order_Number", "Purchase order"),
        AttributeDefinition("Export", "Export status"),
    ),
    _entity(
        "LN_SupplierInvoice",
        "LN Supplier Invoice",
        AttributeDefinition("MDS_EntityType", "Entity type"),
        AttributeDefinition("MDS_AccountingEntity", "Accounting entity"),
        AttributeDefinition("SupplierInvoiceNumber", "Supplier invoice"),
        AttributeDefinition("BOD_AlternateDocumentID_1", "Correlation id"),
        AttributeDefinition("InvoiceDate", "Invoice date", AttributeType.DATE),
        AttributeDefinition("SupplierName", "Supplier"),
        AttributeDefinition("Purchase_Order", "Purchase order"),
        AttributeDefinition("Total_Net_Amount", "Total net amount"),
        AttributeDefinition("Total_Tax_Amount", "Total tax amount"),
        AttributeDefinition("Total_Amount", "Total amount"),
        AttributeDefinition("Currency", "Currency"),
        AttributeDefinition("Export", "Export status"),
    ),
)

ENTITIES: Mapping[str, Entity] = MappingProxyType({entity.name: entity for entity in _SHIPPED})


def entity_named(name: str) -> Entity:
    """Return the document type of that name; raises InvalidInput naming it."""
    entity = ENTITIES.get(name)
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


def check_attribute(entity: Entity, attribute: Attribute) -> None:
    """Raise InvalidInput for an unknown attribute, or a date that is none; empty is allowed."""
    definition = definition_of(entity, attribute.name)
    is_date = definition.type is AttributeType.DATE
    if is_date and attribute.value and not _is_iso_date(attribute.value):
        raise InvalidInput(
            _("Attribute {name} is a date (yyyy-mm-dd), not {value}.").format(
                name=attribute.name, value=quoted(attribute.value)
            ),
            code="wrong_attribute_type",
        )


def check_acl(entity: Entity, acl: str) -> None:
    """Raise InvalidInput for an ACL that the document type does not have."""
    if acl not in entity.acls:
        raise InvalidInput(
            _("The document type {entity} has no ACL {name}.").format(
                entity=entity.name, name=quoted(acl)
            ),
            code="unknown_acl",
        )


def _is_iso_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
