"""The answers of the API. Times are ISO 8601 in UTC; amounts are decimal texts, never floats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel, Field

from ionport.api.sentences import TOLD, SentenceAnswer
from ionport.core.values.alike import shared
from ionport.documents.intake.receiving import Outcome
from ionport.documents.model import Document, DocumentSummary, TimelineEntry
from ionport.documents.review.decisions.model import DocumentDecision
from ionport.documents.review.model import Finding
from ionport.exports.arrivals.model import UnknownCall
from ionport.exports.ledger.attempts import as_curl
from ionport.exports.model import Attempt, Delivery, DeliveryStep
from ionport.identity.api_keys.model import ApiKey

Item = TypeVar("Item")


class Answer(BaseModel):
    """The answer about a value: its attributes of the same names."""

    @classmethod
    def made_of(cls, value: object, **more: Any) -> Self:
        """Return the answer; `more` are fields that the value has not, or has otherwise."""
        return cls(**shared(value, cls.model_fields, more))


class ListAnswer(BaseModel, Generic[Item]):
    """One page of a list; `next` is the cursor of the page behind it, null on the last one."""

    items: Sequence[Item]
    next: str | None = Field(description="Send it as `cursor` to get the following page.")
    total: int = Field(description="How many there are in all.")
    has_more: bool = Field(
        False, description="Whether there are more than `total`, which were not counted."
    )


class KeyAnswer(Answer):
    """The API key of this request."""

    id: str
    name: str
    organization: str
    scopes: Sequence[str]
    expires_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> KeyAnswer:
        return cls.made_of(key, organization=key.organization_id, scopes=sorted(key.scopes))


class SummaryAnswer(Answer):
    """A document as lists show it."""

    id: str
    document_type: str
    filename: str
    status: str
    number: str
    supplier_name: str
    invoice_date: str
    due_date: str
    purchase_order: str
    supplier_id: str
    total_amount: str
    total_net_amount: str
    currency: str
    open_findings: int = Field(description="How many findings keep it from every export.")
    duplicate_of: str | None
    sub_organization: str | None
    erp_status: str | None = Field(
        description="How far the ERP is: handed_over, no_word, accepted, posted or rejected."
    )
    erp_reference: str | None = Field(description="What the ERP calls it: voucher or batch.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, document: DocumentSummary) -> SummaryAnswer:
        return cls.made_of(document, sub_organization=document.sub_organization_id)


class DocumentAnswer(Answer):
    """A document with its fields and tables; the ids are those that mapping files name."""

    id: str
    document_type: str
    filename: str
    media_type: str
    size_bytes: int
    sha256: str = Field(description="SHA-256 of the file as it was received, hex.")
    status: str
    is_held: bool = Field(description="Whether it takes part in no export until a person decides.")
    open_findings: int
    duplicate_of: str | None
    sub_organization: str | None
    fields: Mapping[str, str]
    tables: Mapping[str, Sequence[Mapping[str, str]]]
    erp_status: str | None = Field(
        description="How far the ERP is: handed_over, no_word, accepted, posted or rejected."
    )
    erp_reference: str | None = Field(description="What the ERP calls it: voucher or batch.")
    created_at: datetime
    created_by: str
    updated_at: datetime
    purged_at: datetime | None = Field(
        description="Since when retention has removed its content: file, terms and tables."
    )

    @classmethod
    def of(cls, document: Document) -> DocumentAnswer:
        return cls.made_of(
            document,
            media_type=document.mime_type,
            sha256=document.content_sha256,
            sub_organization=document.sub_organization_id,
        )


class FindingAnswer(Answer):
    """What a rule noticed; `is_open` ones keep the document from every export."""

    id: str
    code: str
    effect: str
    text: str
    parameters: Mapping[str, str]
    is_open: bool
    can_be_accepted: bool
    created_at: datetime
    resolved_at: datetime | None
    accepted_by: str | None
    reason: str | None

    @classmethod
    def of(cls, finding: Finding) -> FindingAnswer:
        decision = finding.decision
        return cls.made_of(
            finding,
            accepted_by=decision.person if decision else None,
            reason=decision.reason if decision else None,
        )


class DecisionAnswer(Answer):
    """What a person decided about a document."""

    id: str
    kind: str
    text: str
    parameters: Mapping[str, str]
    person: str
    at: datetime
    undone_at: datetime | None
    undone_by: str | None

    @classmethod
    def of(cls, decision: DocumentDecision) -> DecisionAnswer:
        return cls.made_of(decision, undone_by=decision.undone_by or None)


class TimelineAnswer(Answer):
    """One thing that happened to a document."""

    at: datetime
    kind: str
    text: str
    text_sentence: SentenceAnswer | None = TOLD
    previous_status: str | None
    status: str | None
    by: str

    @classmethod
    def of(cls, entry: TimelineEntry) -> TimelineAnswer:
        return cls.made_of(
            entry,
            text_sentence=SentenceAnswer.of(entry.text),
            previous_status=entry.previous_status.value if entry.previous_status else None,
            status=entry.status.value if entry.status else None,
            by=entry.actor_name,
        )


class ReceiptAnswer(Answer):
    """The result for one file, or for one invoice inside it.

    `document` is null when it was refused; `error` and `code` say why. With the code
    `document_exists` the same content is here already, as `existing_id`.
    """

    source: str = Field(description="The file that was sent.")
    name: str = Field(description="The invoice inside it, where it holds several.")
    document: DocumentAnswer | None
    findings: Sequence[FindingAnswer]
    existing_id: str | None
    code: str | None
    error: str | None

    @classmethod
    def of(cls, outcome: Outcome) -> ReceiptAnswer:
        return cls.made_of(
            outcome,
            document=DocumentAnswer.of(outcome.document) if outcome.document else None,
            findings=[FindingAnswer.of(finding) for finding in outcome.findings],
            code=outcome.code or None,
            error=outcome.error or None,
        )


class BatchAnswer(BaseModel):
    """The results for the files, in their order."""

    results: Sequence[ReceiptAnswer]


class DeliveryAnswer(Answer):
    """A document through one export configuration."""

    id: str
    document: str
    configuration: str
    configuration_title: str
    connection: str
    method: str
    status: str
    generation: int
    correlation_id: str = Field(description="What Infor knows it by.")
    idm_pid: str | None
    erp_reference: str | None = Field(
        description="M3's batch number, or LN's company and number of the invoice."
    )
    message_id: str = Field(description="The id of its ION message, where it sends one.")
    erp_status: str | None = Field(
        description="How far the ERP is: handed_over, no_word, accepted, posted or rejected."
    )
    erp_text: str | None = Field(description="Why the ERP rejected it.")
    erp_voucher: str | None = Field(description="Its number in the ledger.")
    erp_changed_at: datetime | None
    error_code: str | None
    error: str | None
    error_sentence: SentenceAnswer | None = TOLD
    remedy: str | None
    remedy_sentence: SentenceAnswer | None = TOLD
    next_attempt_at: datetime | None
    created_at: datetime
    created_by: str
    finished_at: datetime | None

    @classmethod
    def of(cls, delivery: Delivery) -> DeliveryAnswer:
        return cls.made_of(
            delivery,
            document=delivery.document_id,
            configuration=delivery.configuration_id,
            connection=delivery.connection_id,
            erp_text=delivery.erp_text or None,
            error_code=delivery.error_code or None,
            error=delivery.error_text or None,
            error_sentence=SentenceAnswer.of(delivery.error_text),
            remedy=delivery.remedy or None,
            remedy_sentence=SentenceAnswer.of(delivery.remedy),
            next_attempt_at=delivery.due_at,
        )


class StepAnswer(Answer):
    """One step of a delivery."""

    kind: str
    status: str = Field(
        description="pending, running, waiting, done, failed, skipped; not_reached where the"
        " delivery is over."
    )
    remote_id: str | None
    summary: str | None
    summary_sentence: SentenceAnswer | None = TOLD
    calls: int = Field(description="How many calls were ever made for it.")
    finished_at: datetime | None

    @classmethod
    def of(cls, step: DeliveryStep) -> StepAnswer:
        return cls.made_of(
            step,
            remote_id=step.remote_id or None,
            summary=step.summary or None,
            summary_sentence=SentenceAnswer.of(step.summary),
            calls=step.attempts,
        )


class AttemptAnswer(Answer):
    """One call to Infor; what was sent and answered stands with the attempts of its step."""

    step: str
    number: int
    state: str
    sent_at: datetime
    answered_at: datetime | None
    http_status: int | None
    milliseconds: int | None
    error_code: str | None
    error: str | None
    error_sentence: SentenceAnswer | None = TOLD

    @classmethod
    def of(cls, attempt: Attempt) -> AttemptAnswer:
        return cls.made_of(
            attempt,
            error_code=attempt.error_code or None,
            error=attempt.error_text or None,
            error_sentence=SentenceAnswer.of(attempt.error_text),
        )


class UndecidedAnswer(BaseModel):
    """A call without an answer, of which only a person can tell whether it has arrived."""

    step: str
    reference: str | None = Field(
        description="What the decision *there* may name: `idm_pid` or `erp_reference`."
    )
    is_needed: bool = Field(description="Whether it must: the steps that follow name it.")
    sure_at: datetime = Field(description="From when on it may be decided that it is not there.")

    @classmethod
    def of(cls, question: UnknownCall) -> UndecidedAnswer:
        return cls(
            step=question.step.kind,
            reference=question.column or None,
            is_needed=question.is_needed,
            sure_at=question.sure_at,
        )


class DeliveryDetailAnswer(BaseModel):
    """A delivery with its steps and attempts."""

    undecided: UndecidedAnswer | None
    delivery: DeliveryAnswer
    steps: Sequence[StepAnswer]
    attempts: Sequence[AttemptAnswer]


class AttemptDetailAnswer(AttemptAnswer):
    """One call to Infor with what was sent and answered, as the ledger keeps it.

    Secrets are taken out, bodies are cut. All three are null without the permission to see
    payloads.
    """

    request: Mapping[str, Any] | None = Field(description="Method, address, headers and body.")
    response: Mapping[str, Any] | None = Field(description="Status, headers and body.")
    curl: str | None = Field(description="The request as a command; the token is a variable.")

    @classmethod
    def of(cls, attempt: Attempt) -> AttemptDetailAnswer:
        sent = attempt.request if "method" in attempt.request else None
        return cls.made_of(
            attempt,
            error_code=attempt.error_code or None,
            error=attempt.error_text or None,
            request=sent,
            response=attempt.response,
            curl=as_curl(sent) if sent else None,
        )
