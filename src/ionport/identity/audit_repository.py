"""The SQL of the audit log."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from sqlalchemy import ColumnElement, Text, and_, cast, func, insert, or_, select

from ionport.core.paging import Page, PageRequest
from ionport.identity.model import AuditEntry, AuditQuery
from ionport.identity.tables import audit_log, users
from ionport.store import AnyScope, OrganizationScope, SystemScope, TenantScope
from ionport.store.repository import Repository, columns_of, reader

# Built once: nearly everything that is written is told here.
_ADD = insert(audit_log)


class AuditRepository(Repository):
    """The audit log: rows are added and read, never changed."""

    def add_all(self, scope: AnyScope, entries: Iterable[AuditEntry]) -> None:
        own = {"scope_kind": _scope_kind(scope), "scope_id": scope_id(scope)}
        rows = [columns_of(audit_log, entry, **own) for entry in entries]
        self._run(_ADD, rows)

    def usernames(self, scope: SystemScope, ids: Collection[str]) -> Mapping[str, str]:
        """Return the names of users, by id, whatever they belong to."""
        del scope
        rows = self._connection.execute(
            select(users.c.id, users.c.username).where(users.c.id.in_(ids))
        )
        return {row.id: row.username for row in rows}

    def list(
        self, scope: AnyScope, page: PageRequest, subjects: Collection[str] | None
    ) -> Page[AuditEntry]:
        query = select(audit_log)
        if subjects is not None:
            query = query.where(audit_log.c.subject.in_(subjects))
        if not isinstance(scope, SystemScope):
            query = query.where(audit_log.c.scope_kind == _scope_kind(scope))
            query = query.where(audit_log.c.scope_id == scope_id(scope))
        newest_first = query.order_by(audit_log.c.at.desc(), audit_log.c.id.desc())
        return self._page(newest_first, page, _audit_entry)

    def search(self, scope: AnyScope, query: AuditQuery) -> Sequence[AuditEntry]:
        """Return the rows that match, newest first, one more than the limit at most."""
        c = audit_log.c
        wanted = select(audit_log)
        if not isinstance(scope, SystemScope):
            wanted = wanted.where(c.scope_kind == _scope_kind(scope))
            wanted = wanted.where(c.scope_id == scope_id(scope))
        if query.person:
            wanted = wanted.where(func.lower(c.actor_name) == query.person.lower())
        if query.action:
            wanted = wanted.where(c.action == query.action)
        if query.since is not None:
            wanted = wanted.where(c.at >= query.since)
        if query.until is not None:
            wanted = wanted.where(c.at < query.until)
        if query.text:
            wanted = wanted.where(or_(*_containing(query.text.lower())))
        if query.after is not None:
            at, row_id = query.after
            wanted = wanted.where(or_(c.at < at, and_(c.at == at, c.id < row_id)))
        return self._all(
            wanted.order_by(c.at.desc(), c.id.desc()).limit(query.limit + 1), _audit_entry
        )


def _containing(text: str) -> Iterator[ColumnElement[bool]]:
    c = audit_log.c
    for column in (c.subject, c.actor_name, c.address, c.action):
        yield func.lower(column).contains(text, autoescape=True)
    # The details are JSON, in which a letter beyond ASCII is an escape.
    escaped = json.dumps(text)[1:-1]
    yield func.lower(cast(c.details, Text)).contains(escaped, autoescape=True)


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


_audit_entry = reader(AuditEntry, scope="scope_id")
