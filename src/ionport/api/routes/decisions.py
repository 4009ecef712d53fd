"""What a person decides about a document: the same use cases as on its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from ionport.api.callers import Call, allowed, digest_of
from ionport.api.problems import PROBLEMS
from ionport.api.repeats import IdempotencyKey, once
from ionport.api.schemas import DecisionAnswer, DocumentAnswer
from ionport.api.services import ApiServices, Services
from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.documents.review.decisions.model import DecisionKind
from ionport.documents.review.model import MAX_REASON
from ionport.identity.access import Access
from ionport.identity.api_keys.model import ApiScope

router = APIRouter(prefix="/documents/{document_id}", tags=["Decisions"], responses=PROBLEMS)
Reader = Annotated[Call, allowed(ApiScope.DOCUMENTS_READ)]
Decider = Annotated[Call, allowed(ApiScope.DECISIONS_WRITE)]


class Choice(StrEnum):
    """What is decided."""

    ACCEPT = "accept"
    REJECT = "reject"
    DUPLICATE = "duplicate"
    HOLD = "hold"
    RELEASE = "release"
    DELETE = "delete"
    RESTORE = "restore"
    APPROVE = "approve"


class DecisionRequest(BaseModel):
    """A decision, with a reason where one is needed."""

    model_config = ConfigDict(extra="forbid")

    kind: Choice
    reason: str = Field("", max_length=MAX_REASON)
    findings: list[str] | None = Field(
        None, max_length=500, description="Accept: the ids of the findings, at least one."
    )
    seen: datetime | None = Field(
        None, description="Approve: `updated_at` of the document that was looked at."
    )
    duplicate_of: str | None = Field(
        None, max_length=100, description="Duplicate: the id of the other document."
    )


class CorrectionRequest(BaseModel):
    """Values to correct: `invoice_id`, or `INVOICE_TABLE[2].QUANTITY` for a cell."""

    model_config = ConfigDict(extra="forbid")

    values: Mapping[str, Annotated[str, Field(max_length=2000)]] = Field(
        min_length=1, max_length=200
    )
    seen: Mapping[str, Annotated[str, Field(max_length=2000)]] | None = Field(
        None, description="The values that were shown; another one there is answered with 409."
    )


@router.get("/decisions")
def list_decisions(services: Services, call: Reader, document_id: str) -> Sequence[DecisionAnswer]:
    """List the decisions about the document, the oldest first, undone ones among them."""
    with services.database.read() as work:
        access = work.within(call.scope)
        services.documents.get(access, document_id)
        made = services.documents.decisions.list(access, document_id)
    return [DecisionAnswer.of(decision) for decision in made]


@router.post("/decisions", response_model=DocumentAnswer)
def decide(
    services: Services,
    call: Decider,
    document_id: str,
    decision: DecisionRequest,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Accept findings, reject, put on hold, delete, restore or approve a document."""
    digest = digest_of("decide", document_id, decision.model_dump_json())

    def decided() -> tuple[int, DocumentAnswer]:
        _decide(services, call, document_id, decision)
        return 200, _document(services, call, document_id)

    return once(services, call, idempotency_key, digest, decided)


@router.patch("", response_model=DocumentAnswer)
def correct(
    services: Services,
    call: Decider,
    document_id: str,
    correction: CorrectionRequest,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Correct values; the file as it was received stays as it is, and all rules run again."""
    digest = digest_of("correct", document_id, correction.model_dump_json())

    def corrected() -> tuple[int, DocumentAnswer]:
        services.documents.corrections.correct(
            services.database,
            call.scope,
            call.actor,
            document_id,
            correction.values,
            correction.seen,
        )
        return 200, _document(services, call, document_id)

    return once(services, call, idempotency_key, digest, corrected)


@router.delete("/decisions/{decision_id}")
def undo(services: Services, call: Decider, document_id: str, decision_id: str) -> DocumentAnswer:
    """Take a decision back, while nothing of the document was sent."""
    services.documents.decisions.undo_any(
        services.database, call.scope, call.actor, document_id, decision_id
    )
    return _document(services, call, document_id)


def _document(services: ApiServices, call: Call, document_id: str) -> DocumentAnswer:
    with services.database.read() as work:
        return DocumentAnswer.of(services.documents.get(work.within(call.scope), document_id))


def _decide(services: ApiServices, call: Call, document_id: str, decision: DecisionRequest) -> None:
    decisions, scope, actor = services.documents.decisions, call.scope, call.actor
    reason = decision.reason
    if (decision.kind is Choice.DUPLICATE) != (decision.duplicate_of is not None):
        wrong = _("Name the other document in `duplicate_of`, for the kind `duplicate` alone.")
        raise InvalidInput(wrong, fields={"duplicate_of": wrong})
    if decision.kind is Choice.ACCEPT and not decision.findings:
        wrong = _("Name in `findings` the ids of the findings that are accepted.")
        raise InvalidInput(wrong, fields={"findings": wrong})
    with services.database.write() as work:
        access = Access(work, scope, actor)
        match decision.kind:
            case Choice.ACCEPT:
                chosen = decision.findings
                decisions.accept(access, document_id, reason, chosen)
            case Choice.REJECT | Choice.DUPLICATE:
                other = decision.duplicate_of
                decisions.reject(access, document_id, reason, other)
            case Choice.HOLD:
                decisions.hold(access, document_id, reason)
            case Choice.DELETE:
                decisions.delete(access, document_id, reason)
            case Choice.APPROVE:
                decisions.approve(access, document_id, decision.seen)
            case Choice.RELEASE:
                kinds = {DecisionKind.HOLD}
                decisions.take_back(access, document_id, kinds)
            case Choice.RESTORE:
                kinds = {DecisionKind.DELETE, DecisionKind.REJECT, DecisionKind.DUPLICATE}
                decisions.take_back(access, document_id, kinds)
