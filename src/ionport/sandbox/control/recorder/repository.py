"""SQL of the recorder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, delete, func, insert, or_, select

from ionport.core.paging import Page, PageRequest
from ionport.sandbox.control.recorder.model import (
    NO_ANSWER,
    CallFacts,
    CallFilter,
    Outcome,
    RecordedCall,
)
from ionport.sandbox.control.tables import sandbox_calls
from ionport.sandbox.kit.release_repository import ReleaseRepository
from ionport.store import TenantScope
from ionport.store.repository import Repository, columns_of, reader

_calls = sandbox_calls.c


class CallRepository(Repository):
    """Recorded calls of a tenant, in the order of arrival."""

    def add(self, scope: TenantScope, call_id: str, facts: CallFacts, outcome: Outcome) -> None:
        """Keep one call."""
        self._run(
            insert(sandbox_calls).values(
                columns_of(
                    sandbox_calls,
                    facts,
                    id=call_id,
                    tenant_id=scope.tenant_id,
                    status=outcome.status,
                    response_sha256=outcome.response_sha256,
                    response_size=outcome.response_size,
                    duration_ms=outcome.duration_ms,
                    effects=list(outcome.effects),
                    fault=outcome.fault or None,
                    response_type=outcome.response_type[:200] or None,
                    response_body=outcome.response_body,
                )
            )
        )

    def with_body(
        self, scope: TenantScope, filters: CallFilter, limit: int
    ) -> Sequence[RecordedCall]:
        """Return the newest matching calls whose request bodies were kept."""
        order = _calls.number.asc() if filters.ascending else _calls.number.desc()
        matching = _matching(scope, filters).where(_calls.request_kept.is_(True))
        return [_call(row) for row in self._run(matching.order_by(order).limit(limit))]

    def forget_older(self, scope: TenantScope, keep: int, now: datetime) -> None:
        """Delete all but the newest `keep` calls, and release the files of their bodies."""
        newest_to_go = (
            select(_calls.number)
            .where(_calls.tenant_id == scope.tenant_id)
            .order_by(_calls.number.desc())
            .offset(keep)
            .limit(1)
            .scalar_subquery()
        )
        is_older = and_(_calls.tenant_id == scope.tenant_id, _calls.number <= newest_to_go)
        bodies = select(_calls.request_sha256).where(is_older, _calls.request_kept.is_(True))
        ReleaseRepository(self._connection).release(scope, bodies, now)
        self._run(delete(sandbox_calls).where(is_older))

    def get(self, scope: TenantScope, call_id: str) -> RecordedCall | None:
        """Return one call, or None."""
        return self._get(sandbox_calls, _call, scope, id=call_id)

    def page(
        self, scope: TenantScope, request: PageRequest, filters: CallFilter
    ) -> Page[RecordedCall]:
        """Return one page of calls, the newest first unless `filters` says otherwise."""
        order = _calls.number.asc() if filters.ascending else _calls.number.desc()
        return self._page(_matching(scope, filters).order_by(order), request, _call)


def _matching(scope: TenantScope, filters: CallFilter) -> Select[Any]:
    query = select(sandbox_calls).where(_calls.tenant_id == scope.tenant_id)
    if filters.service:
        query = query.where(func.lower(_calls.service) == filters.service.lower())
    if filters.operation:
        query = query.where(_calls.operation == filters.operation)
    if filters.status is not None:
        query = query.where(_calls.status == filters.status)
    if filters.failed_only:
        query = query.where(or_(_calls.status >= 400, _calls.status == NO_ANSWER))
    if filters.text:
        query = query.where(
            or_(
                _calls.path.icontains(filters.text, autoescape=True),
                _calls.query.icontains(filters.text, autoescape=True),
            )
        )
    if filters.since is not None:
        query = query.where(_calls.received_at >= filters.since)
    if filters.until is not None:
        query = query.where(_calls.received_at < filters.until)
    return query


_call = reader(
    RecordedCall,
    facts=reader(CallFacts),
    outcome=reader(
        Outcome,
        fault=lambda row: row.fault or "",
        response_type=lambda row: row.response_type or "",
    ),
)
