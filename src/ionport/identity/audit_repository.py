"""The SQL of the audit log."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from ionport.core.paging import Page, PageRequest
from ionport.identity.model import AuditEntry
from ionport.identity.tables import audit_log
from ionport.store import AnyScope, OrganizationScope, SystemScope, TenantScope

# Built once: nearly everything that is written is told here.
_ADD = insert(audit_log)


class AuditRepository:
    """The audit log: rows are added and read, never changed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_all(self, scope: AnyScope, entries: Iterable[AuditEntry]) -> None:
        rows = [
            {
                "id": entry.id,
                "scope_kind": _scope_kind(scope),
                "scope_id": scope_id(scope),
                "actor_id": entry.actor_id,
                "actor_name": entry.actor_name,
                "address": entry.address,
                "action": entry.action,
                "subject": entry.subject,
                "details": dict(entry.details),
                "at": entry.at,
            }
            for entry in entries
        ]
        self._connection.execute(_ADD, rows)

    def list(
        self, scope: AnyScope, page: PageRequest, subjects: Collection[str] | None
    ) -> Page[AuditEntry]:
        query = select(audit_log)
        if subjects is not None:
            query = query.where(audit_log.c.subject.in_(subjects))
        if not isinstance(scope, SystemScope):
            query = query.where(audit_log.c.scope_kind == _scope_kind(scope))
            query = query.where(audit_log.c.scope_id == scope_id(scope))
        total = self._connection.execute(
            select(func.count()).select_from(query.subquery())
        ).scalar_one()
        rows = self._connection.execute(
            query.order_by(audit_log.c.at.desc(), audit_log.c.id.desc())
            .limit(page.limit)
            .offset(page.offset)
        )
        return Page(items=[_audit_entry(row) for row in rows], total=total, request=page)


def scope_id(scope: AnyScope) -> str:
    """Return the id that rows of `scope` carry; empty for the system's own."""
    if isinstance(scope, TenantScope):
        return scope.tenant_id
    if isinstance(scope, OrganizationScope):
        return scope.organization_id
    return ""


def _scope_kind(scope: AnyScope) -> str:
    kinds = {TenantScope: "tenant", OrganizationScope: "organization", SystemScope: "system"}
    return kinds[type(scope)]


def _audit_entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        scope=row.scope_id,
        actor_name=row.actor_name,
        actor_id=row.actor_id,
        address=row.address,
        action=row.action,
        subject=row.subject,
        details=row.details,
        at=row.at,
    )
