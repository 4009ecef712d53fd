"""SQL of document flows and of what they send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from ionport.core.paging import Page, PageRequest
from ionport.sandbox.kit.release_repository import ReleaseRepository
from ionport.sandbox.messaging.flows.model import (
    AckAttempt,
    AckFilter,
    Acknowledgement,
    AckState,
    Comparison,
    Decision,
    DocumentFlow,
    FlowTarget,
    Rejects,
    Result,
    Rule,
)
from ionport.sandbox.messaging.tables import (
    ion_ack_attempts,
    ion_acknowledgements,
    ion_document_flows,
)
from ionport.store import SystemScope, TenantScope, insert_of

_flows = ion_document_flows.c
_acks = ion_acknowledgements.c
_attempts = ion_ack_attempts.c


class DocumentFlowRepository:
    """Document flows of a tenant."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: TenantScope, flow: DocumentFlow) -> None:
        """Store a flow."""
        self._connection.execute(
            insert(ion_document_flows).values(
                id=flow.id,
                tenant_id=scope.tenant_id,
                created_at=flow.created_at,
                created_by=flow.created_by,
                **_values(flow),
            )
        )

    def change(self, scope: TenantScope, flow: DocumentFlow) -> None:
        """Store what can be edited of a flow."""
        self._connection.execute(
            update(ion_document_flows)
            .where(_flows.tenant_id == scope.tenant_id, _flows.id == flow.id)
            .values(**_values(flow))
        )

    def delete(self, scope: TenantScope, flow_id: str, now: datetime) -> None:
        """Remove a flow with its acknowledgements."""
        sent = select(_acks.bod_sha256).where(
            _acks.tenant_id == scope.tenant_id, _acks.flow == flow_id
        )
        ReleaseRepository(self._connection).release(scope, sent, now)
        self._connection.execute(
            delete(ion_document_flows).where(
                _flows.tenant_id == scope.tenant_id, _flows.id == flow_id
            )
        )

    def get(self, scope: TenantScope, flow_id: str) -> DocumentFlow | None:
        """Return a flow, or None."""
        row = self._connection.execute(
            select(ion_document_flows).where(
                _flows.tenant_id == scope.tenant_id, _flows.id == flow_id
            )
        ).one_or_none()
        return None if row is None else _flow(row)

    def list(self, scope: TenantScope) -> Sequence[DocumentFlow]:
        """Return all flows by name; there are at most 50."""
        rows = self._connection.execute(
            select(ion_document_flows)
            .where(_flows.tenant_id == scope.tenant_id)
            .order_by(_flows.name, _flows.id)
        )
        return [_flow(row) for row in rows]

    def started_by(self, scope: TenantScope, document_name: str) -> Sequence[str]:
        """Return the ids of the active flows that take documents of a name."""
        return (
            self._connection.execute(
                select(_flows.id).where(
                    _flows.tenant_id == scope.tenant_id,
                    _flows.document_name == document_name,
                    _flows.is_active,
                )
            )
            .scalars()
            .all()
        )


class AcknowledgementRepository:
    """The outbox of the flows, and the attempts to send what is in it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._insert = insert_of(connection)

    def add(self, scope: TenantScope, ack: Acknowledgement) -> bool:
        """Store what is to be sent; False when the flow answers the message already."""
        new = self._insert(ion_acknowledgements).values(
            id=ack.id,
            tenant_id=scope.tenant_id,
            flow=ack.flow_id,
            message=ack.message_row_id,
            outcome=ack.outcome,
            reason=ack.reason,
            bod_sha256=ack.bod_sha256,
            state=ack.state.value,
            attempts=ack.attempts,
            last_attempt=ack.last_attempt,
            next_at=ack.next_at,
            created_at=ack.created_at,
        )
        added = self._connection.execute(new.on_conflict_do_nothing().returning(_acks.id))
        return added.first() is not None

    def get(self, scope: TenantScope, ack_id: str) -> Acknowledgement | None:
        """Return an acknowledgement, or None."""
        row = self._connection.execute(
            select(ion_acknowledgements).where(
                _acks.tenant_id == scope.tenant_id, _acks.id == ack_id
            )
        ).one_or_none()
        return None if row is None else _ack(row)

    def page(
        self, scope: TenantScope, filters: AckFilter, request: PageRequest
    ) -> Page[Acknowledgement]:
        """Return one page of acknowledgements, the newest first."""
        condition = _matching(scope, filters)
        total = self._connection.execute(select(func.count()).where(condition)).scalar_one()
        rows = self._connection.execute(
            select(ion_acknowledgements)
            .where(condition)
            .order_by(_acks.id.desc())
            .limit(request.limit)
            .offset(request.offset)
        )
        return Page([_ack(row) for row in rows], total, request)

    def attempts(self, scope: TenantScope, ack: Acknowledgement) -> Sequence[AckAttempt]:
        """Return the attempts of an acknowledgement, the first one first; they are few."""
        rows = self._connection.execute(
            select(ion_ack_attempts)
            .join(ion_acknowledgements, _acks.id == _attempts.acknowledgement)
            .where(_acks.tenant_id == scope.tenant_id, _acks.id == ack.id)
            .order_by(_attempts.number)
        )
        return [
            AckAttempt(row.number, row.started_at, row.ended_at, row.status, row.text)
            for row in rows
        ]

    def due(self, scope: SystemScope, now: datetime, limit: int) -> Sequence[Acknowledgement]:
        """Return what of all tenants is to be sent now, what waits longest first."""
        rows = self._connection.execute(
            select(ion_acknowledgements)
            .where(_acks.state == AckState.WAITING.value, _acks.next_at <= now)
            .order_by(_acks.next_at)
            .limit(limit)
        )
        return [_ack(row) for row in rows]

    def take(
        self, scope: SystemScope, ack: Acknowledgement, now: datetime, until: datetime
    ) -> bool:
        """Begin an attempt, unless somebody else has taken the acknowledgement since it was read.

        It is due again at `until`, unless the attempt has ended before.
        """
        taken = self._connection.execute(
            update(ion_acknowledgements)
            .where(
                _acks.id == ack.id,
                _acks.state == AckState.WAITING.value,
                _acks.attempts == ack.attempts,
            )
            .values(attempts=ack.attempts + 1, next_at=until)
            .returning(_acks.id)
        )
        if taken.first() is None:
            return False
        self._connection.execute(
            insert(ion_ack_attempts).values(
                acknowledgement=ack.id, number=ack.attempts + 1, started_at=now, text=""
            )
        )
        return True

    def decide(self, scope: SystemScope, ack: Acknowledgement, decision: Decision) -> None:
        """Note what is to be posted, from the first attempt to the last."""
        self._connection.execute(
            update(ion_acknowledgements)
            .where(_acks.id == ack.id)
            .values(
                outcome=decision.outcome,
                reason=decision.reason,
                bod_sha256=decision.bod_sha256,
            )
        )

    def finish(
        self,
        scope: SystemScope,
        ack: Acknowledgement,
        result: Result,
        now: datetime,
        then: datetime,
    ) -> None:
        """End the attempt that `take` began, and note what follows; `then` is the next try."""
        number = ack.attempts + 1
        self._connection.execute(
            update(ion_ack_attempts)
            .where(_attempts.acknowledgement == ack.id, _attempts.number == number)
            .values(ended_at=now, status=result.status, text=result.text)
        )
        self._connection.execute(
            update(ion_acknowledgements)
            .where(
                _acks.id == ack.id,
                _acks.attempts == number,
                _acks.state == AckState.WAITING.value,
            )
            .values(state=result.state.value, next_at=then)
        )

    def give_up(self, scope: SystemScope, ack: Acknowledgement) -> None:
        """Note that an acknowledgement has been tried often enough."""
        self._set_state(_is(ack), {"state": AckState.FAILED.value})

    def again(
        self, scope: TenantScope, ack: Acknowledgement, now: datetime, last_attempt: int
    ) -> None:
        """Let an acknowledgement be sent anew, until the attempt with the number given."""
        self._set_state(
            and_(_is(ack), _acks.tenant_id == scope.tenant_id),
            {"state": AckState.WAITING.value, "next_at": now, "last_attempt": last_attempt},
        )

    def _set_state(self, condition: ColumnElement[bool], values: Mapping[str, object]) -> None:
        self._connection.execute(update(ion_acknowledgements).where(condition).values(values))


def _is(ack: Acknowledgement) -> ColumnElement[bool]:
    """No other attempt has begun since the acknowledgement was read."""
    return and_(_acks.id == ack.id, _acks.attempts == ack.attempts)


def _matching(scope: TenantScope, filters: AckFilter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [_acks.tenant_id == scope.tenant_id]
    if filters.flow_id:
        conditions.append(_acks.flow == filters.flow_id)
    if filters.message_row_id:
        conditions.append(_acks.message == filters.message_row_id)
    if filters.state is not None:
        conditions.append(_acks.state == filters.state.value)
    return and_(*conditions)


def _values(flow: DocumentFlow) -> Mapping[str, object]:
    return {
        "name": flow.name,
        "description": flow.description,
        "document_name": flow.document_name,
        "document_type": flow.document_type,
        "rule": asdict(flow.rule),
        "target": {**asdict(flow.target), "parameters": dict(flow.target.parameters)},
        "is_active": flow.is_active,
    }


def _flow(row: Row[Any]) -> DocumentFlow:
    rule = {
        **row.rule,
        "rejects": Rejects(row.rule["rejects"]),
        "comparison": Comparison(row.rule["comparison"]),
    }
    return DocumentFlow(
        id=row.id,
        tenant_id=row.tenant_id,
        name=row.name,
        description=row.description,
        document_name=row.document_name,
        document_type=row.document_type,
        rule=Rule(**rule),
        target=FlowTarget(**row.target),
        is_active=row.is_active,
        created_at=row.created_at,
        created_by=row.created_by,
    )


def _ack(row: Row[Any]) -> Acknowledgement:
    return Acknowledgement(
        id=row.id,
        tenant_id=row.tenant_id,
        flow_id=row.flow,
        message_row_id=row.message,
        outcome=row.outcome,
        reason=row.reason,
        bod_sha256=row.bod_sha256,
        state=AckState(row.state),
        attempts=row.attempts,
        last_attempt=row.last_attempt,
        next_at=row.next_at,
        created_at=row.created_at,
    )
