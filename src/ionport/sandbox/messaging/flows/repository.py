"""SQL of document flows and of what they send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, null, select, update

from ionport.core.paging import Page, PageRequest
from ionport.sandbox.kit.release_repository import ReleaseRepository
from ionport.sandbox.messaging.flows.model import (
    AckAttempt,
    AckFilter,
    Acknowledgement,
    AckResult,
    AckState,
    Booked,
    Comparison,
    Decision,
    DocumentFlow,
    Ended,
    Erp,
    FlowTarget,
    Rejects,
    Rule,
)
from ionport.sandbox.messaging.tables import (
    ion_ack_attempts,
    ion_acknowledgements,
    ion_document_flows,
)
from ionport.store import SystemScope, TenantScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

_flows = ion_document_flows.c
_acks = ion_acknowledgements.c
_attempts = ion_ack_attempts.c


class DocumentFlowRepository(Repository):
    """Document flows of a tenant."""

    def add(self, scope: TenantScope, flow: DocumentFlow) -> None:
        """Store a flow."""
        self._run(
            insert(ion_document_flows).values(
                columns_of(ion_document_flows, flow, tenant_id=scope.tenant_id, **_values(flow))
            )
        )

    def open(self, scope: TenantScope, flow: DocumentFlow) -> None:
        """Store a flow, unless there is one of its id."""
        values = columns_of(ion_document_flows, flow, tenant_id=scope.tenant_id, **_values(flow))
        self._run(self._insert(ion_document_flows).values(values).on_conflict_do_nothing())

    def takes(self, scope: TenantScope, document_name: str) -> bool:
        """Tell whether any flow is for documents of a name, active or not."""
        condition = in_scope(ion_document_flows, scope, document_name=document_name)
        return self._run(select(_flows.id).where(condition).limit(1)).first() is not None

    def change(self, scope: TenantScope, flow: DocumentFlow) -> None:
        """Store what can be edited of a flow."""
        self._run(
            update(ion_document_flows)
            .where(in_scope(ion_document_flows, scope, id=flow.id))
            .values(**_values(flow))
        )

    def delete(self, scope: TenantScope, flow_id: str, now: datetime) -> None:
        """Remove a flow with its acknowledgements."""
        sent = select(_acks.bod_sha256).where(in_scope(ion_acknowledgements, scope, flow=flow_id))
        ReleaseRepository(self._connection).release(scope, sent, now)
        self._delete(ion_document_flows, scope, id=flow_id)

    def get(self, scope: TenantScope, flow_id: str) -> DocumentFlow | None:
        """Return a flow, or None."""
        return self._get(ion_document_flows, _flow, scope, id=flow_id)

    def list(self, scope: TenantScope) -> Sequence[DocumentFlow]:
        """Return all flows by name; there are at most 50."""
        return self._all(
            select(ion_document_flows)
            .where(_flows.tenant_id == scope.tenant_id)
            .order_by(_flows.name, _flows.id),
            _flow,
        )

    def started_by(self, scope: TenantScope, document_name: str) -> Sequence[str]:
        """Return the ids of the active flows that take documents of a name."""
        return (
            self._run(
                select(_flows.id).where(
                    in_scope(ion_document_flows, scope, document_name=document_name),
                    _flows.is_active,
                )
            )
            .scalars()
            .all()
        )


class AcknowledgementRepository(Repository):
    """The acknowledgements of the flows, and the attempts to post them."""

    def add(self, scope: TenantScope, ack: Acknowledgement) -> bool:
        """Store what is to be sent; False when the flow answers the message already."""
        new = self._insert(ion_acknowledgements).values(
            columns_of(
                ion_acknowledgements,
                ack,
                tenant_id=scope.tenant_id,
                flow=ack.flow_id,
                message=ack.message_row_id,
                booked=null(),
            )
        )
        added = self._run(new.on_conflict_do_nothing().returning(_acks.id))
        return added.first() is not None

    def get(self, scope: TenantScope, ack_id: str) -> Acknowledgement | None:
        """Return an acknowledgement, or None."""
        return self._get(ion_acknowledgements, _ack, scope, id=ack_id)

    def page(
        self, scope: TenantScope, filters: AckFilter, request: PageRequest
    ) -> Page[Acknowledgement]:
        """Return one page of acknowledgements, the newest first."""
        found = select(ion_acknowledgements).where(_matching(scope, filters))
        return self._page(found.order_by(_acks.id.desc()), request, _ack)

    def attempts(self, scope: TenantScope, ack: Acknowledgement) -> Sequence[AckAttempt]:
        """Return the attempts of an acknowledgement, the first one first; they are few."""
        rows = self._run(
            select(ion_ack_attempts)
            .join(ion_acknowledgements, _acks.id == _attempts.acknowledgement)
            .where(in_scope(ion_acknowledgements, scope, id=ack.id))
            .order_by(_attempts.number)
        )
        return [_attempt(row) for row in rows]

    def due(self, scope: SystemScope, now: datetime, limit: int) -> Sequence[Acknowledgement]:
        """Return the due acknowledgements of all tenants, those that wait longest first."""
        return self._all(
            select(ion_acknowledgements)
            .where(_acks.state == AckState.WAITING.value, _acks.next_at <= now)
            .order_by(_acks.next_at)
            .limit(limit),
            _ack,
        )

    def take(
        self, scope: SystemScope, ack: Acknowledgement, now: datetime, until: datetime
    ) -> bool:
        """Begin an attempt, unless another was begun since the acknowledgement was read.

        It is due again at `until`, unless the attempt has ended before.
        """
        taken = self._run(
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
        self._run(
            insert(ion_ack_attempts).values(
                acknowledgement=ack.id, number=ack.attempts + 1, started_at=now, text=""
            )
        )
        return True

    def locked_booking(self, scope: SystemScope, ack: Acknowledgement) -> Booked | None:
        """Return what an ERP has booked, as it stays until the transaction ends."""
        query = select(_acks.booked).where(_acks.id == ack.id).with_for_update()
        found = self._run(query).scalar_one_or_none()
        return None if found is None else Booked(**found)

    def book(self, scope: SystemScope, ack: Acknowledgement, booked: Booked) -> None:
        """Note what an ERP has booked."""
        self._run(
            update(ion_acknowledgements).where(_acks.id == ack.id).values(booked=asdict(booked))
        )

    def decide(self, scope: SystemScope, ack: Acknowledgement, decision: Decision) -> None:
        """Note what is to be posted, from the first attempt to the last."""
        self._run(
            update(ion_acknowledgements)
            .where(_acks.id == ack.id)
            .values(
                outcome=decision.outcome, reason=decision.reason, bod_sha256=decision.bod_sha256
            )
        )

    def finish(
        self,
        scope: SystemScope,
        ack: Acknowledgement,
        ended: Ended,
        now: datetime,
        then: datetime,
    ) -> None:
        """End the attempt that `take` began, and note what follows; `then` is the next try."""
        number = ack.attempts + 1
        self._run(
            update(ion_ack_attempts)
            .where(_attempts.acknowledgement == ack.id, _attempts.number == number)
            .values(ended_at=now, status=ended.status, text=ended.text, result=ended.result.value)
        )
        self._run(
            update(ion_acknowledgements)
            .where(
                _acks.id == ack.id, _acks.attempts == number, _acks.state == AckState.WAITING.value
            )
            .values(state=ended.state.value, next_at=then)
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
        self._run(update(ion_acknowledgements).where(condition).values(values))


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


def _values(flow: DocumentFlow) -> dict[str, Any]:
    target = {**asdict(flow.target), "parameters": dict(flow.target.parameters)}
    kept = {"id", "tenant_id", "created_at", "created_by"}
    values = columns_of(ion_document_flows, flow, rule=asdict(flow.rule), target=target)
    return {name: value for name, value in values.items() if name not in kept}


_flow = reader(
    DocumentFlow,
    rule=lambda row: Rule(
        **row.rule
        | {
            "rejects": Rejects(row.rule["rejects"]),
            "comparison": Comparison(row.rule["comparison"]),
            "erp": Erp(row.rule.get("erp", Erp.RULE)),
        }
    ),
    target=lambda row: FlowTarget(**row.target),
)


_attempt = reader(
    AckAttempt, result=lambda row: None if row.result is None else AckResult(row.result)
)


_ack = reader(
    Acknowledgement,
    flow_id="flow",
    message_row_id="message",
    booked=lambda row: None if row.booked is None else Booked(**row.booked),
)
