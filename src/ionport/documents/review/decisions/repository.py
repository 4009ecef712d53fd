"""The only SQL of decisions about documents."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, insert, select, update

from ionport.documents.review.decisions.model import DecisionKind, DocumentDecision
from ionport.documents.review.tables import document_decisions
from ionport.store import OrganizationScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

MAX_DECISIONS = 1000
"""How many decisions one document may have; more are refused."""

_d = document_decisions.c


class DecisionRepository(Repository):
    """Decisions about the documents of one organization."""

    def add(self, scope: OrganizationScope, decision: DocumentDecision) -> None:
        """Insert a decision behind the others of its document, whose row is locked."""
        last = select(func.coalesce(func.max(_d.position), 0)).where(
            in_scope(document_decisions, scope, document_id=decision.document_id)
        )
        self._run(
            insert(document_decisions).values(
                columns_of(
                    document_decisions,
                    decision,
                    organization_id=scope.organization_id,
                    position=self._run(last).scalar_one() + 1,
                    undone_at=None,
                    undone_by="",
                    undone_by_id=None,
                )
            )
        )

    def of_document(
        self, scope: OrganizationScope, document_id: str, kind: DecisionKind | None = None
    ) -> list[DocumentDecision]:
        """Return the decisions about a document, oldest first, at most `MAX_DECISIONS`."""
        query = select(document_decisions).where(
            in_scope(document_decisions, scope, document_id=document_id)
        )
        if kind is not None:
            query = query.where(_d.kind == kind.value)
        return self._all(query.order_by(_d.position).limit(MAX_DECISIONS), _decision)

    def find(
        self, scope: OrganizationScope, document_id: str, decision_id: str
    ) -> DocumentDecision | None:
        """Return one decision about a document."""
        return self._get(
            document_decisions, _decision, scope, document_id=document_id, id=decision_id
        )

    def undo(
        self, scope: OrganizationScope, decision_id: str, person: str, person_id: str, at: datetime
    ) -> bool:
        """Write that a decision was undone; False when it was already."""
        done = self._run(
            update(document_decisions)
            .where(in_scope(document_decisions, scope, id=decision_id), _d.undone_at.is_(None))
            .values(undone_at=at, undone_by=person, undone_by_id=person_id)
        )
        return done.rowcount == 1


_decision = reader(DocumentDecision)
