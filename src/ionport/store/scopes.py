"""Whose rows a query may see. Every repository method takes one of these as `scope`.

A rule of our own (tools/rules) refuses a repository method without it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TenantScope:
    """The rows of one Infor tenant, such as `IONPORT_TST`."""

    tenant_id: str


@dataclass(frozen=True, slots=True)
class OrganizationScope:
    """The rows of one organization of the document side.

    With `document_types` documents of other types, and their deliveries, are not seen: for whoever
    asks they do not exist. What compares documents with each other looks at all of them.
    """

    organization_id: str
    document_types: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class SystemScope:
    """All rows: for the server's own work (sweeps, sign-in, key rotation); `reason` says which."""

    reason: str


AnyScope = TenantScope | OrganizationScope | SystemScope
