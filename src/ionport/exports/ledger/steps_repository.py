"""SQL of the ledger: steps and attempts of deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    bindparam,
    case,
    exists,
    func,
    insert,
    select,
    update,
)

from ionport.core.sentences import recalled, stored
from ionport.exports.ledger.repository import AnyScope
from ionport.exports.model import (
    Attempt,
    AttemptState,
    CallEnd,
    DeliveryStep,
    StateChange,
    StepKind,
    StepStatus,
)
from ionport.exports.tables import deliveries, delivery_attempts, delivery_steps
from ionport.store import OrganizationScope, SystemScope, insert_of

_s = delivery_steps.c
_a = delivery_attempts.c

# Built once: every step of every delivery runs these, and building them costs as much as running.
_STEPS = select(delivery_steps).where(_s.delivery_id == bindparam("delivery")).order_by(_s.position)
_UPDATE_STEP = update(delivery_steps).where(
    _s.delivery_id == bindparam("delivery"), _s.kind == bindparam("step")
)
_RAISE_ATTEMPTS = _UPDATE_STEP.where(_s.attempts == bindparam("before"))
_MADE = bindparam("made", type_=Integer)
_WRITE_STEP = _UPDATE_STEP.values(attempts=case((_s.attempts < _MADE, _MADE), else_=_s.attempts))
_IS_OWN = select(deliveries.c.id).where(
    deliveries.c.organization_id == bindparam("organization"),
    deliveries.c.id == bindparam("delivery"),
)
_ADD_ATTEMPTS = insert(delivery_attempts)
_SETTLE = update(delivery_attempts).where(
    _a.id == bindparam("attempt"), _a.state == bindparam("expected")
)


class LedgerRepository:
    """Steps and attempts. An organization's scope is checked through the delivery."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_steps(self, scope: AnyScope, delivery_id: str, steps: Sequence[DeliveryStep]) -> None:
        """Insert the steps of a new delivery; nothing happens when the scope has none such."""
        if isinstance(scope, OrganizationScope):
            parameters = {"organization": scope.organization_id, "delivery": delivery_id}
            if self._connection.execute(_IS_OWN, parameters).one_or_none() is None:
                return
        rows = [asdict(step) | {"delivery_id": delivery_id} for step in steps]
        self._connection.execute(insert(delivery_steps), rows)

    def steps(self, scope: AnyScope, delivery_id: str) -> tuple[DeliveryStep, ...]:
        """Return the steps in their order."""
        query = _STEPS
        if isinstance(scope, OrganizationScope):
            query = query.where(_of(scope, _s.delivery_id))
        rows = self._connection.execute(query, {"delivery": delivery_id})
        return tuple(_step(row) for row in rows)

    def update_step(
        self, scope: AnyScope, delivery_id: str, kind: StepKind, values: Mapping[str, Any]
    ) -> None:
        """Change columns of a step."""
        statement = _UPDATE_STEP
        if isinstance(scope, OrganizationScope):
            statement = statement.where(_of(scope, _s.delivery_id))
        self._connection.execute(statement, {"delivery": delivery_id, "step": kind, **values})

    def write_steps(
        self, scope: SystemScope, delivery_id: str, steps: Sequence[DeliveryStep]
    ) -> None:
        """Write steps as the pass that runs has changed them; what they count is never lowered."""
        del scope
        rows = [
            {"delivery": delivery_id, "step": step.kind, "made": step.attempts, **_told(step)}
            for step in steps
        ]
        if rows:
            self._connection.execute(_WRITE_STEP, rows)

    def tries(self, scope: AnyScope, delivery_ids: Sequence[str]) -> dict[str, int]:
        """Return how often the most repeated call of each delivery was made."""
        query = (
            select(_s.delivery_id, func.max(_s.attempts).label("made"))
            .where(_s.delivery_id.in_(delivery_ids))
            .group_by(_s.delivery_id)
        )
        if isinstance(scope, OrganizationScope):
            query = query.where(_of(scope, _s.delivery_id))
        return {row.delivery_id: row.made for row in self._connection.execute(query)}

    def attempts(self, scope: AnyScope, delivery_id: str) -> tuple[Attempt, ...]:
        """Return the attempts in the order of their calls; at most 500."""
        query = (
            select(delivery_attempts)
            .where(_a.delivery_id == delivery_id)
            .order_by(_a.sent_at, _a.id)
            .limit(500)
        )
        if isinstance(scope, OrganizationScope):
            query = query.where(_of(scope, _a.delivery_id))
        return tuple(_attempt(row) for row in self._connection.execute(query))

    def with_unknown(self, scope: OrganizationScope, delivery_ids: Sequence[str]) -> set[str]:
        """Return which of these deliveries have an open step with a call without an answer."""
        rows = self._connection.execute(
            select(_a.delivery_id)
            .join(delivery_steps, (_s.delivery_id == _a.delivery_id) & (_s.kind == _a.step))
            .where(
                _a.delivery_id.in_(delivery_ids),
                _of(scope, _a.delivery_id),
                _a.state == AttemptState.UNKNOWN,
                _s.status.not_in((StepStatus.DONE, StepStatus.SKIPPED)),
            )
        )
        return set(rows.scalars())

    def last_attempt(self, scope: AnyScope, delivery_id: str, kind: StepKind) -> Attempt | None:
        """Return the newest attempt of a step."""
        query = select(delivery_attempts).where(_a.delivery_id == delivery_id, _a.step == kind)
        if isinstance(scope, OrganizationScope):
            query = query.where(_of(scope, _a.delivery_id))
        newest = query.order_by(_a.number.desc()).limit(1)
        row = self._connection.execute(newest).one_or_none()
        return _attempt(row) if row else None

    def attempt(self, scope: SystemScope, attempt_id: str) -> Attempt | None:
        """Return one attempt."""
        query = select(delivery_attempts).where(_a.id == attempt_id)
        row = self._connection.execute(query).one_or_none()
        return _attempt(row) if row else None

    def succeeded(self, scope: SystemScope, delivery_id: str, kind: StepKind) -> Attempt | None:
        """Return the first attempt of a step that Infor has confirmed."""
        row = self._connection.execute(
            select(delivery_attempts)
            .where(
                _a.delivery_id == delivery_id,
                _a.step == kind,
                _a.state == AttemptState.SUCCEEDED,
            )
            .order_by(_a.number)
            .limit(1)
        ).one_or_none()
        return _attempt(row) if row else None

    def add_attempt(self, scope: SystemScope, attempt: Attempt) -> bool:
        """Insert the next attempt of a step; False when another worker was first.

        The step's counter is the compare-and-set: the worker that raises it from `number - 1` may
        call.
        """
        if not self._raise_attempts(attempt, {}):
            return False
        self._connection.execute(_ADD_ATTEMPTS, _attempt_values(attempt))
        return True

    def begin_attempt(
        self, scope: SystemScope, step: DeliveryStep, attempt: Attempt, earlier: Sequence[Attempt]
    ) -> bool:
        """As `add_attempt`, with a step as it has changed and `earlier` attempts of others."""
        if not self._raise_attempts(attempt, _told(step)):
            return False
        rows = [_attempt_values(each) for each in (*earlier, attempt)]
        self._connection.execute(_ADD_ATTEMPTS, rows)
        return True

    def add_attempts(self, scope: SystemScope, attempts: Sequence[Attempt]) -> None:
        """Insert attempts that their steps count already; one that is there is left alone.

        A pass that breaks off after a send does not know what that has written.
        """
        del scope
        if attempts:
            rows = [_attempt_values(attempt) for attempt in attempts]
            new = insert_of(self._connection)(delivery_attempts).on_conflict_do_nothing()
            self._connection.execute(new, rows)

    def _raise_attempts(self, attempt: Attempt, step: Mapping[str, Any]) -> bool:
        values = {
            "delivery": attempt.delivery_id,
            "step": attempt.step,
            "before": attempt.number - 1,
            "attempts": attempt.number,
            **step,
        }
        return self._connection.execute(_RAISE_ATTEMPTS, values).rowcount == 1

    def settle_attempt(
        self, scope: SystemScope, attempt: Attempt, *, expected: AttemptState
    ) -> bool:
        """Write the result of an attempt that is still `expected`; False when it is not."""
        values = _attempt_values(attempt)
        parameters = {
            "attempt": attempt.id,
            "expected": expected,
            **{name: values[name] for name in _SETTLED},
        }
        return self._connection.execute(_SETTLE, parameters).rowcount == 1


_SETTLED = (
    "request",
    "state",
    "history",
    "answered_at",
    "response",
    "exchanges",
    "http_status",
    "milliseconds",
    "error_code",
    "error_text",
    "remedy",
    "transient",
    "call_end",
)


def _told(step: DeliveryStep) -> dict[str, Any]:
    """Return the columns of a step that a pass changes before a call leaves."""
    return {
        "status": step.status,
        "summary": step.summary,
        "payload_digest": step.payload_digest,
        "parameters": dict(step.parameters),
        "started_at": step.started_at,
        "finished_at": step.finished_at,
    }


def _of(scope: OrganizationScope, delivery_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a delivery is the organization's."""
    return exists().where(
        deliveries.c.id == delivery_id, deliveries.c.organization_id == scope.organization_id
    )


def _step(row: Row[Any]) -> DeliveryStep:
    values = row._asdict()
    del values["delivery_id"]
    values["kind"] = StepKind(row.kind)
    values["status"] = StepStatus(row.status)
    return DeliveryStep(**values)


def _attempt(row: Row[Any]) -> Attempt:
    values = row._asdict()
    values["step"] = StepKind(row.step)
    values["state"] = AttemptState(row.state)
    values["history"] = tuple(
        StateChange(AttemptState(state), _moment(at), recalled(note))
        for state, at, note in row.history
    )
    values["exchanges"] = tuple(row.exchanges)
    values["call_end"] = CallEnd(row.call_end)
    return Attempt(**values)


def _attempt_values(attempt: Attempt) -> dict[str, Any]:
    # Not asdict: it would copy every stored exchange deeply.
    values = {name: getattr(attempt, name) for name in _a.keys()}  # noqa: SIM118 (not a dict)
    values["history"] = [
        [change.state, change.at.isoformat(), stored(change.note)] for change in attempt.history
    ]
    values["request"] = dict(attempt.request)
    values["response"] = None if attempt.response is None else dict(attempt.response)
    values["exchanges"] = [dict(exchange) for exchange in attempt.exchanges]
    return values


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
