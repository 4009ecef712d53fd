"""Values of the review: a finding notes or holds; a decision frees what one holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ionport.core.errors import Conflict
from ionport.core.i18n import _, ngettext
from ionport.documents.invoice.rules.model import Effect
from ionport.documents.model import DocumentStatus
from ionport.documents.review.organization_rules import default_effect
from ionport.documents.review.sentences import bare_text, finding_text

MAX_REASON = 500
_SHOWN_IN_ERROR = 5
HELD_BY = "held."
STANDS_AT = "status."

WITHOUT_INVOICE = frozenset({"no_invoice_in_pdf", "invoices_in_pdf"})
"""No invoice was read yet: one is to be chosen, or its values written."""
ONLY_CORRECTED = WITHOUT_INVOICE | {"BR-02", "BR-03", "BR-05", "BR-06", "BR-14"}
"""Findings that no reason can settle: number, date, currency, supplier or total is missing."""


@dataclass(frozen=True, slots=True)
class NewFinding:
    """What a rule noticed, as a code with parameters; the sentence is made when it is shown."""

    code: str
    parameters: Mapping[str, str]
    own_effect: Effect | None = None
    """Its effect where that is not the rule's default."""

    @property
    def effect(self) -> Effect:
        return self.own_effect or default_effect(self.code)

    @property
    def text(self) -> str:
        """The finding in the reader's language."""
        return finding_text(self.code, self.parameters)


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's decision on a finding: `text` is the sentence that was decided on."""

    person: str
    reason: str
    at: datetime
    text: str
    delivery_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of one document; `decision` is None while nobody has decided."""

    id: str
    document_id: str
    code: str
    effect: Effect
    parameters: Mapping[str, str]
    created_at: datetime
    """Since when it applies with its effect; set anew when a closed one is opened again."""
    decision: Decision | None = None
    resolved_at: datetime | None = None
    """Since when it no longer applies, because a person corrected or rejected something."""

    @property
    def is_open(self) -> bool:
        """Whether it keeps its document from every delivery."""
        return self.effect is Effect.HOLDS and self.decision is None and self.resolved_at is None

    @property
    def can_be_accepted(self) -> bool:
        """Whether a reason is enough; else a value has to be entered or corrected."""
        return self.code not in ONLY_CORRECTED

    @property
    def text(self) -> str:
        """The finding in the reader's language."""
        return finding_text(self.code, self.parameters)


class DocumentHeld(Conflict):
    """A document takes part in no delivery until a person decides on `findings`.

    With `status` it is not held by a finding but by its status: on hold, rejected, deleted, or not
    approved.
    """

    def __init__(
        self,
        document_id: str,
        filename: str,
        findings: tuple[Finding, ...],
        status: DocumentStatus = DocumentStatus.READY_FOR_VALIDATION,
    ) -> None:
        if status is DocumentStatus.READY_FOR_VALIDATION:
            cause = _told_of(findings) or _("it waits for validation.")
            text = _("{filename} is held until a person decides: {findings}").format(
                filename=filename, findings=cause
            )
        else:
            cause = status.label
            text = _("{filename} takes part in no export: {status}.").format(
                filename=filename, status=status.label
            )
        super().__init__(text, code="document_held", existing_id=document_id)
        self.filename = filename
        self.findings = findings
        self.cause = f"{HELD_BY}{findings[0].code}" if findings else f"{STANDS_AT}{status.value}"
        """What keeps it, as a code: that of the first finding, or where the document stands."""
        self.cause_text = cause
        """What keeps it, without the name of the document."""


def _told_of(findings: Sequence[Finding]) -> str:
    # The reader of the error, or of the list that keeps it, may not be allowed to see every
    # document.
    texts = [bare_text(one.code, one.parameters) for one in findings[:_SHOWN_IN_ERROR]]
    if more := len(findings) - len(texts):
        texts.append(
            ngettext("and {count} more finding", "and {count} more findings", more).format(
                count=more
            )
        )
    return " ".join(texts)
