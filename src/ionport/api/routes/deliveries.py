"""Exports and deliveries: start, look at, retry, cancel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from ionport.api.callers import Call, allowed, digest_of
from ionport.api.paging import PageAsked, page_of
from ionport.api.problems import PROBLEMS
from ionport.api.repeats import IdempotencyKey, once
from ionport.api.schemas import (
    Answer,
    AttemptAnswer,
    AttemptDetailAnswer,
    DeliveryAnswer,
    DeliveryDetailAnswer,
    ListAnswer,
    StepAnswer,
    UndecidedAnswer,
)
from ionport.api.services import Services
from ionport.documents.bulk.model import BulkRun, BulkState
from ionport.documents.listing.model import Cursor
from ionport.documents.review.model import MAX_REASON
from ionport.documents.review.service import keeping_findings
from ionport.exports.arrivals.model import Arrival
from ionport.exports.listing import DeliveryFilter
from ionport.exports.model import DeliveryStatus, StepKind
from ionport.identity.access import Access
from ionport.identity.api_keys.model import ApiScope

router = APIRouter(tags=["Exports"], responses=PROBLEMS)
Reader = Annotated[Call, allowed(ApiScope.DOCUMENTS_READ)]
Exporter = Annotated[Call, allowed(ApiScope.EXPORTS_WRITE)]
Decider = Annotated[Call, allowed(ApiScope.DECISIONS_WRITE)]


class ExportRequest(BaseModel):
    """Which configuration delivers, and whether the document is sent once more as new."""

    model_config = ConfigDict(extra="forbid")

    configuration: str | None = Field(
        None, max_length=100, description="Its id; all active ones of the type without it."
    )
    again: bool = Field(False, description="Deliver once more as something new; needs a reason.")
    reason: str = Field("", max_length=MAX_REASON)


class ExportAnswer(BaseModel):
    """The deliveries of the document, those that exist already among them."""

    deliveries: Sequence[DeliveryAnswer]


@router.post("/documents/{document_id}/export", status_code=202, response_model=ExportAnswer)
def export_document(
    services: Services,
    call: Exporter,
    document_id: str,
    wanted: ExportRequest | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Export a document; what was exported before is not sent again without `again`.

    A document that findings hold is answered with 409 `document_held`: decide first.
    """
    wanted = wanted or ExportRequest(configuration=None, again=False, reason="")
    digest = digest_of("export", document_id, wanted.model_dump_json())

    def exported() -> tuple[int, ExportAnswer]:
        with keeping_findings(services.database) as work:
            access = Access(work, call.scope, call.actor)
            if wanted.again:
                made = services.deliveries.re_export(
                    access,
                    document_id,
                    wanted.reason,
                    wanted.configuration,
                )
            else:
                made = services.deliveries.export(access, document_id, wanted.configuration)
        return 202, ExportAnswer(deliveries=[DeliveryAnswer.of(delivery) for delivery in made])

    return once(services, call, idempotency_key, digest, exported)


@router.get("/deliveries")
def list_deliveries(
    services: Services,
    call: Reader,
    asked: Annotated[PageAsked, Depends(page_of)],
    status: DeliveryStatus | None = None,
    held: Annotated[
        bool | None, Query(description="Whether it waits for a decision or a proof.")
    ] = None,
    q: Annotated[str, Query(max_length=200)] = "",
    cause: Annotated[str | None, Query(max_length=100)] = None,
    configuration: Annotated[str | None, Query(max_length=100)] = None,
    document: Annotated[str | None, Query(max_length=100)] = None,
    since: Annotated[
        AwareDatetime | None, Query(description="Made at this moment or later.")
    ] = None,
    until: Annotated[AwareDatetime | None, Query(description="Made before this moment.")] = None,
) -> ListAnswer[DeliveryAnswer]:
    """List deliveries, the newest first.

    `q` is a part of what the document, its supplier or the configuration is called, of the invoice
    number or of an error, or an id of the delivery, here or at Infor. `cause` is an `error_code`,
    or `rejected` or `no_word` for what the ERP has not taken.
    """
    wanted = DeliveryFilter(
        status=status,
        is_held=held,
        text=q,
        error_code=cause,
        configuration_id=configuration,
        document_id=document,
        created_from=since,
        created_to=until,
    )
    with services.database.read() as work:
        access = Access(work, call.scope, call.actor)
        page = services.deliveries.following(access, wanted, asked.limit, asked.behind_moment())
    last = page.items[-1] if page.has_more else None
    return ListAnswer(
        items=[DeliveryAnswer.of(delivery) for delivery in page.items],
        next=Cursor.at(last.created_at, last.id).text if last else None,
        total=page.total,
        has_more=False,
    )


class ReplayRequest(BaseModel):
    """Which failed deliveries are tried again, and why."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime = Field(description="Made at this moment or later.")
    until: AwareDatetime | None = Field(None, description="Made before this moment.")
    configuration: str | None = Field(None, max_length=100)
    cause: str | None = Field(None, max_length=100, description="An `error_code`.")
    reason: str = Field(min_length=1, max_length=MAX_REASON, description="Kept in the audit log.")


class ReplayAnswer(Answer):
    """The progress of a replay; `refused` counts the documents that were left out by the reason.

    Also of what is tried again, or exported as new, for one cause of the export errors.
    """

    id: str
    state: BulkState
    documents: int
    tried: int
    left_out: int
    refused: Mapping[str, int]

    @classmethod
    def about(cls, run: BulkRun, reasons: Mapping[str, int]) -> ReplayAnswer:
        return cls.made_of(run, documents=run.total, tried=run.done, refused=reasons)


@router.post("/deliveries/replay", status_code=202)
def replay(services: Services, call: Exporter, wanted: ReplayRequest) -> ReplayAnswer:
    """Try the failed deliveries of a time again in the background, for a reason.

    Those of 10,000 documents at most. Left out is what may have arrived although its answer is
    missing, and what was tried since and failed again. One of the same deliveries for the same
    reason that is not over is answered, and no second one begun.
    """
    asked = DeliveryFilter(
        created_from=wanted.since,
        created_to=wanted.until,
        configuration_id=wanted.configuration,
        error_code=wanted.cause,
    )
    with services.database.write() as work:
        run = services.replays.start(Access(work, call.scope, call.actor), asked, wanted.reason)
    return ReplayAnswer.about(run, {})


@router.get("/deliveries/replays/{replay_id}")
def get_replay(services: Services, call: Reader, replay_id: str) -> ReplayAnswer:
    """Read the progress of a replay, and why documents were left out."""
    with services.database.read() as work:
        access = Access(work, call.scope, call.actor)
        run, reasons = services.replays.get(access, replay_id)
    return ReplayAnswer.about(run, reasons)


@router.get("/deliveries/{delivery_id}")
def get_delivery(services: Services, call: Reader, delivery_id: str) -> DeliveryDetailAnswer:
    """Read one delivery with its steps and the calls that were made."""
    with services.database.read() as work:
        found = services.deliveries.get(Access(work, call.scope, call.actor), delivery_id)
    question = services.arrivals.question(found)
    return DeliveryDetailAnswer(
        undecided=None if question is None else UndecidedAnswer.of(question),
        delivery=DeliveryAnswer.of(found.delivery),
        steps=[StepAnswer.of(step) for step in found.steps],
        attempts=[AttemptAnswer.of(attempt) for attempt in found.attempts],
    )


@router.get("/deliveries/{delivery_id}/attempts/{step}")
def list_attempts(
    services: Services, call: Reader, delivery_id: str, step: StepKind
) -> Sequence[AttemptDetailAnswer]:
    """List the calls that were made for one step, the oldest first, as the ledger keeps them."""
    with services.database.read() as work:
        found = services.deliveries.get(Access(work, call.scope, call.actor), delivery_id)
    return [AttemptDetailAnswer.of(each) for each in found.attempts if each.step is step]


@router.post("/deliveries/{delivery_id}/retry", status_code=202)
def retry(services: Services, call: Exporter, delivery_id: str) -> DeliveryAnswer:
    """Try a failed, waiting or cancelled delivery again from where it ended."""
    with services.database.write() as work:
        return DeliveryAnswer.of(
            services.deliveries.retry(Access(work, call.scope, call.actor), delivery_id)
        )


@router.post("/deliveries/{delivery_id}/cancel")
def cancel(services: Services, call: Exporter, delivery_id: str) -> DeliveryAnswer:
    """Give up a delivery that is pending, waiting or failed."""
    with services.database.write() as work:
        return DeliveryAnswer.of(
            services.deliveries.cancel(Access(work, call.scope, call.actor), delivery_id)
        )


class ArrivalRequest(BaseModel):
    """What a person has found at the target of a call without an answer."""

    model_config = ConfigDict(extra="forbid")

    arrival: Arrival
    reason: str = Field(min_length=1, max_length=MAX_REASON, description="How it is known.")
    reference: str = Field(
        "", max_length=100, description="The target's id of what is there, as `undecided` names it."
    )


@router.post("/deliveries/{delivery_id}/arrival")
def decide_arrival(
    services: Services, call: Decider, delivery_id: str, found: ArrivalRequest
) -> DeliveryAnswer:
    """Decide of the call that `undecided` names: what it sent is there, or it is not.

    What is there is not sent again, and the delivery goes on with the next step. What is not there
    is sent once more under the same correlation id, once nothing of the lost call can arrive any
    more: until then 409 `may_still_arrive`.
    """
    with services.database.write() as work:
        access = Access(work, call.scope, call.actor)
        return DeliveryAnswer.of(
            services.arrivals.decide(
                access, delivery_id, found.arrival, found.reason, found.reference
            )
        )
