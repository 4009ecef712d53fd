"""Services of LN's OData with their entities, and the description that `$metadata` gives of them.

Source: docs/reference/ln.md#odata. Names of services and properties are inferred but for those of
business partners and purchase orders.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ionport.core.errors import IonportError, NotFound
from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.ln.model import COST, HEADER, LINES, RECEIPT, SHOWN, TAX, Component, Kind

MAX_PAGE: Final = 1_000
_TYPES: Mapping[Kind, str] = {
    Kind.TEXT: "Edm.String",
    Kind.INTEGER: "Edm.Int64",
    Kind.NUMBER: "Edm.Decimal",
    Kind.DATE: "Edm.Date",
}

# Values by property; those of a navigation are lists of entities.
Value = str | int | float | None
EntityValues = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EntityType:
    """A type of entities.

    Attributes:
        keys: the properties that name one, in their order.
        properties: name and kind of each.
        navigation: the entities below one, by the name of the navigation property.
    """

    name: str
    keys: tuple[str, ...]
    properties: Mapping[str, Kind]
    navigation: Mapping[str, EntityType] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ODataService:
    """One service: its entity sets by name."""

    name: str
    sets: Mapping[str, EntityType]


class BadQuery(IonportError):
    """A malformed option, key or header: 400, the text says which."""

    status = 400
    default_code = "bad_request"


class NotAcceptable(IonportError):
    """The caller takes no JSON: 406."""

    status = 406
    default_code = "not_acceptable"


class StaleEntity(IonportError):
    """The entity has another etag than the caller has seen: 412."""

    status = 412
    default_code = "precondition_failed"


class WrongMediaType(IonportError):
    """The body is not JSON: 415."""

    status = 415
    default_code = "unsupported_media_type"


class MatchMissing(IonportError):
    """A change without If-Match: 428."""

    status = 428
    default_code = "precondition_required"


def _texts(*names: str) -> dict[str, Kind]:
    return dict.fromkeys(names, Kind.TEXT)


def _of(component: Component) -> dict[str, Kind]:
    return {each.name: each.kind for each in component.attributes.values()}


PARTNER = EntityType(
    "BusinessPartner",
    ("BusinessPartner",),
    _texts("BusinessPartner", "Name", "Status", "Role", "Currency", "Country"),
)
_ORDER_LINE = EntityType(
    "OrderLine",
    ("Order", "Position", "Sequence"),
    {
        "Order": Kind.TEXT,
        "Position": Kind.INTEGER,
        "Sequence": Kind.INTEGER,
        "Receipt": Kind.TEXT,
        "ReceiptLine": Kind.INTEGER,
        "PackingSlip": Kind.TEXT,
        "ReceivedQuantity": Kind.NUMBER,
    },
)
ORDER = EntityType(
    "Order",
    ("Order",),
    {"Order": Kind.TEXT, "LogisticCompany": Kind.INTEGER},
    {"Lines": _ORDER_LINE},
)
_LINE_TYPES = {
    component.name: EntityType(component.name, (component.name,), _of(component))
    for component in (TAX, RECEIPT, COST)
}
INVOICE = EntityType(
    "ReceivedPurchaseInvoice",
    ("ReceivedInvoiceCompany", "ReceivedPurchaseInvoice"),
    {**_of(SHOWN), **_of(HEADER)},
    {component.name: _LINE_TYPES[component.name] for component in LINES},
)
SERVICES: Mapping[str, ODataService] = {
    each.name.lower(): each
    for each in (
        ODataService("tcapi.comBusinessPartner", {"BusinessPartners": PARTNER}),
        ODataService("tdapi.purPurchaseOrder", {"Orders": ORDER}),
        ODataService("tfapi.acpReceivedPurchaseInvoice", {"ReceivedPurchaseInvoices": INVOICE}),
    )
}


def service_named(name: str) -> ODataService:
    """Return a service in any case of letters; raises NotFound, which names those there are."""
    found = SERVICES.get(name.lower())
    if found is None:
        known = ", ".join(each.name for each in SERVICES.values())
        raise NotFound(
            f"The sandbox does not imitate the service {quoted(name)}; it has {known}.",
            code="service_not_imitated",
        )
    return found


def describe(service: ODataService) -> Mapping[str, Any]:
    """Return a service as JSON CSDL."""
    types: dict[str, Any] = {}
    pending: Sequence[EntityType] = list(service.sets.values())
    while pending:
        for each in pending:
            types[each.name] = _type(service, each)
        below = [one for each in pending for one in each.navigation.values()]
        pending = [each for each in below if each.name not in types]
    container = {
        name: {"$Collection": True, "$Type": f"{service.name}.{kind.name}"}
        for name, kind in service.sets.items()
    }
    return {
        "$Version": "4.0",
        "$EntityContainer": f"{service.name}.Container",
        service.name: {**types, "Container": {"$Kind": "EntityContainer", **container}},
    }


def _type(service: ODataService, kind: EntityType) -> Mapping[str, Any]:
    properties = {name: {"$Type": _TYPES[each]} for name, each in kind.properties.items()}
    ways = {
        name: {
            "$Kind": "NavigationProperty",
            "$Collection": True,
            "$Type": f"{service.name}.{below.name}",
        }
        for name, below in kind.navigation.items()
    }
    return {"$Kind": "EntityType", "$Key": list(kind.keys), **properties, **ways}


def etag_of(values: EntityValues) -> str:
    """Return the etag of an entity, which changes with its values."""
    text = json.dumps(values, sort_keys=True, default=str)
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
