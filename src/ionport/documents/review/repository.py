"""The only SQL of findings and decisions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam, func, insert, select, update

from ionport.documents.invoice.rules.model import Effect
from ionport.documents.review.model import Decision, Finding, NewFinding
from ionport.documents.review.tables import document_findings
from ionport.documents.tables import documents
from ionport.store import OrganizationScope, insert_of
from ionport.store.repository import Repository, in_scope, reader

MAX_FINDINGS = 500
_f = document_findings.c
# Built once: each delivery that is made runs it.
_OF_DOCUMENT = (
    select(document_findings)
    .where(_f.organization_id == bindparam("organization"), _f.document_id == bindparam("document"))
    .order_by(_f.created_at, _f.id)
    .limit(MAX_FINDINGS)
)


@cache
def _add_or_open(insert: Callable[[Table], Any]) -> Any:
    """Return the statement, built once for each database: every receipt runs it several times."""
    new = insert(document_findings)
    return new.on_conflict_do_update(
        index_elements=[_f.document_id, _f.code, _f.fingerprint],
        set_={"resolved_at": None, "created_at": new.excluded.created_at},
        where=_f.resolved_at.is_not(None),
    ).returning(_f.id)


_ADD_NEW = insert(document_findings)


class FindingRepository(Repository):
    """Findings of the documents of one organization."""

    def add(
        self,
        scope: OrganizationScope,
        finding_id: str,
        document_id: str,
        new: NewFinding,
        at: datetime,
    ) -> bool:
        """Insert a finding, or open one that was resolved; False when the document has it."""
        finding = Finding(finding_id, document_id, new.code, new.effect, new.parameters, at)
        made = self._run(_add_or_open(insert_of(self._connection)), _columns(scope, finding))
        return made.one_or_none() is not None

    def add_new(self, scope: OrganizationScope, findings: Sequence[Finding]) -> None:
        """Insert findings of new documents, each of which is there once."""
        if findings:
            rows = [_columns(scope, finding) for finding in findings]
            self._run(_ADD_NEW, rows)

    def of_document(self, scope: OrganizationScope, document_id: str) -> list[Finding]:
        """Return the document's findings, oldest first, at most `MAX_FINDINGS`."""
        parameters = {"organization": scope.organization_id, "document": document_id}
        return self._all(_OF_DOCUMENT, _finding, parameters)

    def count_open(self, scope: OrganizationScope, document_id: str) -> int:
        """Return how many findings hold the document."""
        holding = in_scope(
            document_findings, scope, document_id=document_id, effect=Effect.HOLDS.value
        )
        is_open = (_f.decided_at.is_(None), _f.resolved_at.is_(None))
        return self._count(document_findings, holding, *is_open)

    def held_by_code(self, scope: OrganizationScope, document_type: str) -> Mapping[str, int]:
        """Return how many documents of a type findings of each code hold or have held."""
        rows = self._connection.execute(
            select(_f.code, func.count(_f.document_id.distinct()).label("number"))
            .join(documents, documents.c.id == _f.document_id)
            .where(
                _f.organization_id == scope.organization_id,
                documents.c.document_type == document_type,
                _f.effect == Effect.HOLDS.value,
            )
            .group_by(_f.code)
        )
        return {row.code: row.number for row in rows}

    def set_resolved(
        self, scope: OrganizationScope, finding_ids: Collection[str], at: datetime
    ) -> None:
        """Close findings that no longer apply."""
        self._run(
            update(document_findings)
            .where(_f.organization_id == scope.organization_id, _f.id.in_(finding_ids))
            .values(resolved_at=at)
        )

    def open_again(
        self, scope: OrganizationScope, finding_ids: Collection[str], at: datetime
    ) -> None:
        """Open findings again that apply since `at`."""
        self._run(
            update(document_findings)
            .where(_f.organization_id == scope.organization_id, _f.id.in_(finding_ids))
            .values(resolved_at=None, created_at=at)
        )

    def set_effect(
        self, scope: OrganizationScope, finding_ids: Collection[str], effect: Effect, at: datetime
    ) -> None:
        """Write the effect of findings since `at`, by the present settings."""
        self._run(
            update(document_findings)
            .where(_f.organization_id == scope.organization_id, _f.id.in_(finding_ids))
            .values(effect=effect.value, created_at=at)
        )

    def withdraw(self, scope: OrganizationScope, finding_ids: Collection[str]) -> None:
        """Take back the decision on findings."""
        self._run(
            update(document_findings)
            .where(_f.organization_id == scope.organization_id, _f.id.in_(finding_ids))
            .values(decided_by=None, decided_at=None, reason="", decided_text="", delivery_ids=[])
        )

    def decide(
        self,
        scope: OrganizationScope,
        finding: Finding,
        person: str,
        reason: str,
        at: datetime,
        delivery_ids: Sequence[str],
    ) -> None:
        """Write the decision on a finding that has none."""
        self._run(
            update(document_findings)
            .where(in_scope(document_findings, scope, id=finding.id), _f.decided_at.is_(None))
            .values(
                decided_by=person,
                decided_at=at,
                reason=reason,
                decided_text=finding.text,
                delivery_ids=list(delivery_ids),
            )
        )


def fingerprint(parameters: Mapping[str, str]) -> str:
    """Return the SHA-256 of the parameters: findings of one code with the same are equal.

    The currency of amounts does not count: findings of earlier versions are stored without it.
    """
    told = {name: value for name, value in parameters.items() if name != "amount_currency"}
    text = json.dumps(told, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _columns(scope: OrganizationScope, finding: Finding) -> dict[str, object]:
    """Return the columns of a finding that nobody has decided on."""
    return {
        "id": finding.id,
        "organization_id": scope.organization_id,
        "document_id": finding.document_id,
        "code": finding.code,
        "effect": finding.effect.value,
        "parameters": dict(finding.parameters),
        "fingerprint": fingerprint(finding.parameters),
        "created_at": finding.created_at,
        "reason": "",
        "decided_text": "",
        "delivery_ids": [],
    }


_decision = reader(
    Decision, person=lambda row: row.decided_by or "", at="decided_at", text="decided_text"
)


_finding = reader(Finding, decision=lambda row: _decision(row) if row.decided_at else None)
