"""SQL of webhook endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, or_, select, update

from ionport.documents.webhooks.model import EndpointState, EventType, WebhookEndpoint
from ionport.documents.webhooks.tables import webhook_endpoints
from ionport.store import AnyScope, OrganizationScope, SystemScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

_e = webhook_endpoints.c
# Every change of a document runs this. The lock keeps an endpoint from being deleted before the
# message that refers to it is stored; it blocks nothing else.
_LISTENING = (
    select(_e.id, _e.events, _e.state)
    .where(_e.organization_id == bindparam("organization"), _e.state != EndpointState.OFF.value)
    .with_for_update(read=True, key_share=True)
)


class EndpointRepository(Repository):
    """Webhook endpoints of one organization."""

    def listening(
        self, scope: OrganizationScope
    ) -> Sequence[tuple[str, frozenset[str], EndpointState]]:
        """Return id, wanted types and state of the endpoints that messages are kept for."""
        rows = self._run(_LISTENING, {"organization": scope.organization_id})
        return [(row.id, frozenset(row.events), EndpointState(row.state)) for row in rows]

    def list(self, scope: OrganizationScope, limit: int) -> Sequence[WebhookEndpoint]:
        return self._all(
            select(webhook_endpoints)
            .where(_e.organization_id == scope.organization_id)
            .order_by(func.lower(_e.name), _e.id)
            .limit(limit),
            _endpoint,
        )

    def list_all(self, scope: SystemScope) -> Sequence[WebhookEndpoint]:
        return self._all(select(webhook_endpoints).order_by(_e.id), _endpoint)

    def set_sealed(self, scope: SystemScope, endpoint_id: str, sealed: str, previous: str) -> None:
        """Write both secrets, sealed with another key."""
        self._run(
            update(webhook_endpoints)
            .where(_e.id == endpoint_id)
            .values(sealed=sealed, sealed_previous=previous)
        )

    def find(self, scope: AnyScope, endpoint_id: str) -> WebhookEndpoint | None:
        query = select(webhook_endpoints).where(_e.id == endpoint_id)
        if isinstance(scope, OrganizationScope):
            query = query.where(_e.organization_id == scope.organization_id)
        return self._one(query, _endpoint)

    def lock(self, scope: SystemScope, endpoint_id: str) -> EndpointState | None:
        """Return the state, kept as it is until the transaction ends; before rows of messages.

        A caller that changes several messages of an endpoint locks it first, to avoid a deadlock.
        """
        query = select(_e.state).where(_e.id == endpoint_id).with_for_update(key_share=True)
        state = self._run(query).scalar_one_or_none()
        return EndpointState(state) if state is not None else None

    def add(self, scope: OrganizationScope, endpoint: WebhookEndpoint) -> None:
        own = {"organization_id": scope.organization_id, "events": sorted(endpoint.events)}
        values = columns_of(webhook_endpoints, endpoint, **own)
        self._run(insert(webhook_endpoints).values(values))

    def change(self, scope: OrganizationScope, endpoint_id: str, values: Mapping[str, Any]) -> None:
        self._run(
            update(webhook_endpoints)
            .where(in_scope(webhook_endpoints, scope, id=endpoint_id))
            .values(**values)
        )

    def set_failing(self, scope: SystemScope, endpoint_id: str, since: datetime | None) -> None:
        """Write that messages are given up, from the first time on, or that one has arrived."""
        known = _e.failing_since.is_(None) if since else _e.failing_since.is_not(None)
        self._run(
            update(webhook_endpoints).where(_e.id == endpoint_id, known).values(failing_since=since)
        )

    def switch_off(self, scope: SystemScope, endpoint_id: str) -> bool:
        """Write that the receiver wants no more; False when it was off already."""
        off = EndpointState.OFF.value
        changed = self._run(
            update(webhook_endpoints).where(_e.id == endpoint_id, _e.state != off).values(state=off)
        )
        return changed.rowcount == 1

    def troubled(self, scope: OrganizationScope, limit: int) -> Sequence[WebhookEndpoint]:
        """Return the endpoints that fail or were switched off by their receivers."""
        return self._all(
            select(webhook_endpoints)
            .where(
                _e.organization_id == scope.organization_id,
                or_(_e.failing_since.is_not(None), _e.state == EndpointState.OFF.value),
            )
            .order_by(_e.name, _e.id)
            .limit(limit),
            _endpoint,
        )

    def remove(self, scope: OrganizationScope, endpoint_id: str) -> None:
        """Delete an endpoint with its messages and their attempts."""
        self._delete(webhook_endpoints, scope, id=endpoint_id)


_endpoint = reader(
    WebhookEndpoint,
    events=lambda row: frozenset(each for each in EventType if each.value in row.events),
)
