"""The only SQL of decisions about documents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from ionport.documents.review.decisions.model import DecisionKind, DocumentDecision
from ionport.documents.review.tables import document_decisions
from ionport.store import OrganizationScope

MAX_DECISIONS = 1000
"""How many decisions one document may have; more are refused."""

_d = document_decisions.c


class DecisionRepository:
    """Decisions about the documents of one organization."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: OrganizationScope, decision: DocumentDecision) -> None:
        """Insert a decision behind the others of its document, whose row is locked."""
        last = select(func.coalesce(func.max(_d.position), 0)).where(
            _d.organization_id == scope.organization_id, _d.document_id == decision.document_id
        )
        self._connection.execute(
            insert(document_decisions).values(
                id=decision.id,
                organization_id=scope.organization_id,
                document_id=decision.document_id,
                position=self._connection.execute(last).scalar_one() + 1,
                kind=decision.kind.value,
                parameters=dict(decision.parameters),
                person=decision.person,
                person_id=decision.person_id,
                at=decision.at,
                undone_at=None,
                undone_by="",
                undone_by_id=None,
            )
        )

    def of_document(
        self, scope: OrganizationScope, document_id: str, kind: DecisionKind | None = None
    ) -> list[DocumentDecision]:
        """Return the decisions about a document, oldest first, at most `MAX_DECISIONS`."""
        query = select(document_decisions).where(
            _d.organization_id == scope.organization_id, _d.document_id == document_id
        )
        if kind is not None:
            query = query.where(_d.kind == kind.value)
        rows = self._connection.execute(query.order_by(_d.position).limit(MAX_DECISIONS))
        return [_decision(row) for row in rows]

    def find(
        self, scope: OrganizationScope, document_id: str, decision_id: str
    ) -> DocumentDecision | None:
        """Return one decision about a document."""
        row = self._connection.execute(
            select(document_decisions).where(
                _d.organization_id == scope.organization_id,
                _d.document_id == document_id,
                _d.id == decision_id,
            )
        ).one_or_none()
        return _decision(row) if row else None

    def undo(
        self,
        scope: OrganizationScope,
        decision_id: str,
        person: str,
        person_id: str,
        at: datetime,
    ) -> bool:
        """Write that a decision was undone; False when it was already."""
        done = self._connection.execute(
            update(document_decisions)
            .where(
                _d.organization_id == scope.organization_id,
                _d.id == decision_id,
                _d.undone_at.is_(None),
            )
            .values(undone_at=at, undone_by=person, undone_by_id=person_id)
        )
        return done.rowcount == 1


def _decision(row: Row[Any]) -> DocumentDecision:
    return DocumentDecision(
        id=row.id,
        document_id=row.document_id,
        kind=DecisionKind(row.kind),
        parameters=row.parameters,
        person=row.person,
        person_id=row.person_id,
        at=row.at,
        undone_at=row.undone_at,
        undone_by=row.undone_by,
        undone_by_id=row.undone_by_id,
    )
