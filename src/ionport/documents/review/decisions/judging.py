"""Updates a document's findings: closes those that no longer apply and adds new ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ionport.core.ids import new_id
from ionport.documents.invoice.rules.model import Effect
from ionport.documents.invoice.rules.table import rules
from ionport.documents.review.claims import OF_ANOTHER
from ionport.documents.review.model import Finding, NewFinding
from ionport.documents.review.organization_rules import ORGANIZATION_RULES
from ionport.documents.review.repository import FindingRepository, fingerprint
from ionport.documents.timeline import Timeline
from ionport.store import OrganizationScope, ScopedWork

_OF_READING = frozenset({"no_invoice_in_pdf", "invoices_in_pdf", "more_findings"})


def is_judged_anew(code: str) -> bool:
    """Tell whether a finding follows from the document's values, and not from a delivery."""
    return code in _OF_READING or code in ORGANIZATION_RULES or code in rules()


class Judging:
    """Updates a document's findings; its row is locked by the caller."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    def reconcile(
        self,
        access: ScopedWork[OrganizationScope],
        document_id: str,
        noticed: Sequence[NewFinding],
        actor_name: str,
        now: datetime,
    ) -> None:
        """Close what `noticed` does not name, and add or reopen what it does.

        A finding that a person has accepted stays accepted as long as it is the same one. The
        effect of a finding follows from the present settings.
        """
        known = FindingRepository(access.connection).of_document(access.scope, document_id)
        judged = [finding for finding in known if is_judged_anew(finding.code)]
        wanted = {_key(new): new for new in noticed}
        gone = [each for each in judged if each.resolved_at is None and _key(each) not in wanted]
        self.resolve(access, document_id, gone, actor_name, now)
        repository = FindingRepository(access.connection)
        back = [each for each in judged if each.resolved_at is not None and _key(each) in wanted]
        repository.open_again(access.scope, [each.id for each in back], now)
        for effect in Effect:
            others = [
                each.id
                for each in judged
                if each.effect is not effect and _has_effect(wanted, each, effect)
            ]
            repository.set_effect(access.scope, others, effect, now)
        there = {_key(each) for each in judged}
        for key, new in wanted.items():
            if key not in there:
                repository.add(access.scope, new_id("fnd"), document_id, new, now)
            if key not in there or key in {_key(each) for each in back}:
                self._timeline.tell_finding(access, document_id, new, actor_name)

    def resolve(
        self,
        access: ScopedWork[OrganizationScope],
        document_id: str,
        findings: Iterable[Finding],
        actor_name: str,
        now: datetime,
    ) -> None:
        """Close findings that no longer apply."""
        gone = list(findings)
        FindingRepository(access.connection).set_resolved(
            access.scope, [each.id for each in gone], now
        )
        for finding in gone:
            self._timeline.tell_finding(access, document_id, finding, actor_name, is_gone=True)


def _has_effect(wanted: Mapping[tuple[str, str], NewFinding], old: Finding, effect: Effect) -> bool:
    new = wanted.get(_key(old))
    return new is not None and new.effect is effect


def _key(finding: Finding | NewFinding) -> tuple[str, str]:
    """Two findings are the same by code and parameters; duplicates by the other document."""
    if finding.code in OF_ANOTHER and "document" in finding.parameters:
        return finding.code, finding.parameters["document"]
    return finding.code, fingerprint(finding.parameters)
