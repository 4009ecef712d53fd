"""SQL of acknowledgements: endpoints, and received documents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update

from ionport.exports.acknowledgements.model import MAX_UNMATCHED, Endpoint, Received
from ionport.exports.acknowledgements.tables import erp_acknowledgements, erp_endpoints
from ionport.store import OrganizationScope, SystemScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

_e, _a = erp_endpoints.c, erp_acknowledgements.c


class EndpointRepository(Repository):
    """Endpoints of connections."""

    def get(self, scope: OrganizationScope, connection_id: str) -> Endpoint | None:
        """Return a connection's endpoint, or None."""
        query = select(erp_endpoints).where(
            in_scope(erp_endpoints, scope), _e.connection_id == connection_id
        )
        return self._one(query, _endpoint)

    def with_digest(self, scope: SystemScope, connection_id: str) -> tuple[Endpoint, str] | None:
        """Return a connection's endpoint and the digest of its token, of any organization."""
        del scope
        query = select(erp_endpoints).where(_e.connection_id == connection_id)
        row = self._run(query).one_or_none()
        return None if row is None else (_endpoint(row), row.token_digest)

    def put(self, scope: OrganizationScope, endpoint: Endpoint, token_digest: str) -> None:
        """Store an endpoint, in the place of the one that the connection has."""
        values = columns_of(
            erp_endpoints,
            endpoint,
            organization_id=scope.organization_id,
            token_digest=token_digest,
        )
        new = self._insert(erp_endpoints).values(values)
        self._run(new.on_conflict_do_update(index_elements=["connection_id"], set_=values))

    def remove(self, scope: OrganizationScope, connection_id: str) -> None:
        """Delete a connection's endpoint."""
        self._run(
            delete(erp_endpoints).where(
                in_scope(erp_endpoints, scope), _e.connection_id == connection_id
            )
        )


class ReceivedRepository(Repository):
    """Documents that endpoints received."""

    def add(self, scope: OrganizationScope, received: Received) -> bool:
        """Store a received document; False when the same bytes came at this moment."""
        values = columns_of(erp_acknowledgements, received, organization_id=scope.organization_id)
        new = self._insert(erp_acknowledgements).values(values)
        return self._run(new.on_conflict_do_nothing().returning(_a.id)).first() is not None

    def came_again(
        self, scope: OrganizationScope, connection_id: str, digest: str, at: datetime
    ) -> Received | None:
        """Count a replay and return the document that came first; None when it is no replay."""
        row = self._run(
            update(erp_acknowledgements)
            .where(
                in_scope(erp_acknowledgements, scope),
                _a.connection_id == connection_id,
                _a.content_digest == digest,
            )
            .values(times=_a.times + 1, last_received_at=at)
            .returning(*erp_acknowledgements.c)
        ).one_or_none()
        return None if row is None else _received(row)

    def forget_unmatched(self, scope: OrganizationScope, connection_id: str) -> None:
        """Delete the oldest of those that name no delivery, beyond the number that is kept."""
        unmatched = (
            select(_a.id)
            .where(
                in_scope(erp_acknowledgements, scope),
                _a.connection_id == connection_id,
                _a.delivery_id.is_(None),
            )
            .order_by(_a.received_at.desc(), _a.id.desc())
            .offset(MAX_UNMATCHED)
            .limit(MAX_UNMATCHED)
        )
        ids = self._run(unmatched).scalars().all()
        if ids:
            own = in_scope(erp_acknowledgements, scope)
            self._run(delete(erp_acknowledgements).where(own, _a.id.in_(ids)))

    def of_connection(
        self, scope: OrganizationScope, connection_id: str, limit: int
    ) -> Sequence[Received]:
        """Return the last documents received over a connection, the newest first."""
        return self._all(
            select(erp_acknowledgements)
            .where(in_scope(erp_acknowledgements, scope), _a.connection_id == connection_id)
            .order_by(_a.received_at.desc(), _a.id.desc())
            .limit(limit),
            _received,
        )

    def of_delivery(
        self, scope: OrganizationScope, delivery_id: str, limit: int
    ) -> Sequence[Received]:
        """Return the documents received for a delivery, the newest first."""
        return self._all(
            select(erp_acknowledgements)
            .where(in_scope(erp_acknowledgements, scope), _a.delivery_id == delivery_id)
            .order_by(_a.received_at.desc(), _a.id.desc())
            .limit(limit),
            _received,
        )


_endpoint = reader(Endpoint)
_received = reader(Received)
