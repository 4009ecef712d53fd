"""SQL of decisions about proofs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from ionport.connections.proofs import ProofState
from ionport.exports.configurations.model import ProofDecision
from ionport.exports.tables import export_proof_decisions
from ionport.store import OrganizationScope

_p = export_proof_decisions.c


class ProofDecisionRepository:
    """Rows of decisions about proofs; they are only ever added."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: OrganizationScope, decision: ProofDecision) -> None:
        """Insert a decision of the scope's organization."""
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


def _decision(row: Row[Any]) -> ProofDecision:
    values = row._asdict()
    del values["organization_id"]
    values["state"] = ProofState(row.state)
    return ProofDecision(**values)
