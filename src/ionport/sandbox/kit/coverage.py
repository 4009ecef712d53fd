"""What the sandbox imitates, how completely, and by which source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ionport.core.errors import NotFound
from ionport.core.http.endpoints import plain_path
from ionport.sandbox.kit.openapi import openapi
from ionport.sandbox.kit.operations import Fact, Service


@dataclass(frozen=True, slots=True)
class Covered:
    """One imitated thing: an operation, or all parts of one group that share a fact.

    Attributes:
        address: the method and the path behind the tenant; for parts, the group.
        names: of the operation or of the parts.
    """

    address: str
    names: Sequence[str]
    fact: Fact


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is imitated of one service: its addresses, and the parts behind them."""

    context: str
    title: str
    operations: Sequence[Covered]
    parts: Sequence[Covered]


@dataclass(frozen=True, slots=True)
class Registry:
    """The imitated services, for pages and documents about them.

    Attributes:
        gateway_url: `iu` of the credential files, without a slash at its end.
        own: what a tenant's own metadata adds, by the tenant's id.
    """

    services: Sequence[Service]
    gateway_url: str
    own: Callable[[str], Sequence[Coverage]] = lambda _tenant_id: ()

    def coverage(self, tenant_id: str) -> Sequence[Coverage]:
        """Return what the services imitate, in their order, and what was learned of a tenant."""
        return [*coverage(self.services), *self.own(tenant_id)]

    def openapi(self, tenant_id: str, context: str, version: str) -> dict[str, Any]:
        """Return the OpenAPI document of a service; raises NotFound."""
        for service in self.services:
            if service.context == context:
                base_url = f"{self.gateway_url}/{tenant_id}/{context}"
                return openapi(service, base_url, version)
        raise NotFound("The sandbox does not imitate this service.", code="unknown_service")


def coverage(services: Sequence[Service]) -> Sequence[Coverage]:
    """Return what the services imitate, in their order."""
    return [
        Coverage(service.context, service.title, _operations(service), _parts(service))
        for service in services
    ]


def as_markdown(covered: Sequence[Coverage]) -> str:
    """Return the tables of the manual's page."""
    return "\n\n".join(
        "\n".join(
            [
                f"## {each.title}",
                "",
                "| what | where | known from | left out |",
                "|---|---|---|---|",
                *(_row(line) for line in (*each.operations, *each.parts)),
            ]
        )
        for each in covered
    )


def _operations(service: Service) -> Sequence[Covered]:
    return [
        Covered(f"{each.method} /{service.context}{plain_path(each.path)}", [each.name], each.fact)
        for each in service.operations
    ]


def _parts(service: Service) -> Sequence[Covered]:
    together = groupby(service.parts(), key=lambda part: (part.group, part.fact))
    return [
        Covered(group, [part.name for part in parts], fact) for (group, fact), parts in together
    ]


def _row(line: Covered) -> str:
    names = ", ".join(line.names)
    known = f"{line.fact.known.value}, {line.fact.section}"
    if line.fact.successor:
        known += f"; withdrawn by Infor, use {line.fact.successor}"
    return f"| {names} | `{line.address}` | {known} | {line.fact.left_out} |"
