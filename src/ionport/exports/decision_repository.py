"""SQL of decisions about proofs, and of the deliveries that a refused proof holds."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from ionport.connections.proofs import ProofState
from ionport.exports.model import DeliveryStatus, ExportMethod, ProofDecision, UseOfConnection
from ionport.exports.tables import deliveries, export_proof_decisions
from ionport.store import OrganizationScope

PROOF_REFUSED: Final = "proof_refused"
"""Error code of a delivery that waits, without a time, for a proof that passes."""

_d = deliveries.c
_p = export_proof_decisions.c


class DecisionRepository:
    """Rows of decisions about proofs; they are only ever added."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: OrganizationScope, decision: ProofDecision) -> None:
        """Insert a decision; `scope` owns it."""
        values = asdict(decision) | {"organization_id": scope.organization_id}
        self._connection.execute(insert(export_proof_decisions).values(values))

    def latest(
        self,
        scope: OrganizationScope,
        configuration_id: str,
        connection_id: str,
        check_id: str,
    ) -> ProofDecision | None:
        """Return the newest decision about this check, for this use of the connection."""
        row = self._connection.execute(
            select(export_proof_decisions)
            .where(
                _p.organization_id == scope.organization_id,
                _p.configuration_id == configuration_id,
                _p.connection_id == connection_id,
                _p.check_id == check_id,
            )
            .order_by(_p.made_at.desc(), _p.id.desc())
            .limit(1)
        ).one_or_none()
        return _decision(row) if row else None


class HeldRepository:
    """Deliveries that wait without a time, because Infor refused their connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self, scope: OrganizationScope, use: UseOfConnection) -> int:
        """Return how many deliveries of a configuration are held over a connection."""
        number: int = self._connection.execute(
            select(func.count())
            .select_from(deliveries)
            .where(
                *_held(scope),
                _d.configuration_id == use.configuration_id,
                _d.connection_id == use.connection_id,
            )
        ).scalar_one()
        return number

    def free(
        self,
        scope: OrganizationScope,
        connection_id: str,
        now: datetime,
        *,
        method: ExportMethod | None = None,
        configuration_id: str | None = None,
    ) -> int:
        """Make held deliveries of a connection due now; returns how many."""
        statement = update(deliveries).where(*_held(scope), _d.connection_id == connection_id)
        if method is not None:
            statement = statement.where(_d.method == method)
        if configuration_id is not None:
            statement = statement.where(_d.configuration_id == configuration_id)
        return self._connection.execute(statement.values(due_at=now, updated_at=now)).rowcount


def _held(scope: OrganizationScope) -> tuple[Any, ...]:
    return (
        _d.organization_id == scope.organization_id,
        _d.status == DeliveryStatus.WAITING,
        _d.error_code == PROOF_REFUSED,
        _d.due_at.is_(None),
    )


def _decision(row: Row[Any]) -> ProofDecision:
    values = row._asdict()
    del values["organization_id"]
    values["state"] = ProofState(row.state)
    return ProofDecision(**values)
