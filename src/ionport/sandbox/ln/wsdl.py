"""The WSDL of a service: rpc/literal, header part Activation, fault Result.

Source: docs/reference/ln.md#soap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from string import Template

from ionport.sandbox.ln.envelope import namespace_of
from ionport.sandbox.ln.model import Component


@dataclass(frozen=True, slots=True)
class Entity:
    """What a service keeps: its own attributes, those that only LN sets first, and its lines."""

    own: Sequence[Component]
    lines: Sequence[Component] = ()


def describe(service: str, operations: Iterable[str], entity: Entity, address: str) -> bytes:
    """Return the WSDL of a service at `address`."""
    names = list(operations)
    values = {
        "service": service,
        "namespace": namespace_of(service),
        "address": escape(address),
        "entity": _entity_type(service, entity),
        "filter_attributes": _enumerations(_filter_names(service, entity)),
        "selection_attributes": _enumerations(selection_names(service, entity)),
    }
    for part in ("types", "messages", "port_type", "binding"):
        template = _template(part)
        values[part] = "".join(
            template.substitute(values, operation=operation) for operation in names
        )
    return _template("service").substitute(values).encode()


@cache
def _template(name: str) -> Template:
    text = files(__package__).joinpath("templates", f"{name}.xml").read_text(encoding="utf-8")
    return Template(text)


def _entity_type(service: str, entity: Entity) -> str:
    own = "".join(_attributes(component) for component in entity.own)
    lines = "".join(
        f'<xsd:element name="{line.name}" minOccurs="0" maxOccurs="unbounded"><xsd:complexType>'
        f"<xsd:sequence>{_attributes(line)}</xsd:sequence></xsd:complexType></xsd:element>"
        for line in entity.lines
    )
    return (
        f'<xsd:complexType name="{service}Type"><xsd:sequence>{own}{lines}</xsd:sequence>'
        '<xsd:attribute name="actionType" type="bo:actionType"/></xsd:complexType>'
    )


def _attributes(component: Component) -> str:
    return "".join(
        f'<xsd:element name="{attribute.name}" type="xsd:{attribute.kind.value}" minOccurs="0"/>'
        for attribute in component.attributes.values()
    )


def _filter_names(service: str, entity: Entity) -> list[str]:
    return [f"{service}.{name}" for component in entity.own for name in component.attributes]


def selection_names(service: str, entity: Entity) -> list[str]:
    """Return what a selectionAttribute may be."""
    lines = [
        f"{service}.{line.name}.{name}" for line in entity.lines for name in ("*", *line.attributes)
    ]
    return ["*", f"{service}.*", *_filter_names(service, entity), *lines]


def _enumerations(names: Iterable[str]) -> str:
    return "".join(f'<xsd:enumeration value="{name}"/>' for name in names)
