"""Values of decisions: one row for each thing that a person decided about a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ionport.documents.invoice.corrections import Correction, Target
from ionport.documents.timeline_sentences import entry_text
from ionport.identity.groups.permissions import Permission


class DecisionKind(StrEnum):
    """What was decided."""

    CORRECT = "correct"
    CHOOSE = "choose"
    ACCEPT = "accept"
    REJECT = "reject"
    DUPLICATE = "duplicate"
    HOLD = "hold"
    DELETE = "delete"
    APPROVE = "approve"

    @property
    def permission(self) -> Permission:
        """The permission to make this decision, and to take it back."""
        return {
            DecisionKind.CORRECT: Permission.EDIT,
            DecisionKind.CHOOSE: Permission.EDIT,
            DecisionKind.DELETE: Permission.DELETE,
            DecisionKind.APPROVE: Permission.APPROVE,
        }.get(self, Permission.DECIDE)


@dataclass(frozen=True, slots=True)
class DocumentDecision:
    """A decision; parameters: `target`, `old`, `new`; `name`; `findings`; `document`; `reason`."""

    id: str
    document_id: str
    kind: DecisionKind
    parameters: Mapping[str, str]
    person: str
    person_id: str
    at: datetime
    undone_at: datetime | None = None
    undone_by: str = ""
    undone_by_id: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether it was not undone."""
        return self.undone_at is None

    @property
    def reason(self) -> str:
        return self.parameters.get("reason", "")

    @property
    def text(self) -> str:
        """The decision in the reader's language."""
        return entry_text(f"decided.{self.kind.value}", self.parameters)

    @property
    def correction(self) -> Correction:
        """The correction that a decision of that kind made."""
        return Correction(Target.parse(self.parameters["target"]), self.parameters["new"])
