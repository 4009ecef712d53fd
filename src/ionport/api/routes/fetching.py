"""Fetch deliveries instead of being sent them: look, take, read, confirm or refuse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from ionport.api.callers import Call, allowed
from ionport.api.problems import PROBLEMS
from ionport.api.schemas import DeliveryAnswer, ListAnswer
from ionport.api.services import Services
from ionport.core.paging import PageRequest
from ionport.exports.fetching.model import LONGEST, SHORTEST
from ionport.identity.access import Access
from ionport.identity.api_keys.model import ApiScope

router = APIRouter(tags=["Fetching"], responses=PROBLEMS, prefix="/fetch")
Fetcher = Annotated[Call, allowed(ApiScope.EXPORTS_FETCH)]
Lease = Annotated[str, Header(max_length=200, description="What taking the delivery returned.")]


class TakeRequest(BaseModel):
    """For how many seconds no other program gets the delivery."""

    model_config = ConfigDict(extra="forbid")

    seconds: int = Field(600, ge=SHORTEST, le=LONGEST)


class FileAnswer(BaseModel):
    """A file of a delivery; `number` is its place in the address."""

    number: int
    name: str
    sha256: str


class TakenAnswer(BaseModel):
    """A delivery that is taken: confirm or refuse it with the lease before `until`."""

    delivery: str
    document: str
    correlation_id: str
    lease: str
    until: datetime
    files: Sequence[FileAnswer]


class ConfirmRequest(BaseModel):
    """The receiver's name for the document, if it has one."""

    model_config = ConfigDict(extra="forbid")

    reference: str = Field("", max_length=500)


class RefuseRequest(BaseModel):
    """Why the document cannot be taken; people read it at the delivery."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(max_length=500)


@router.get("")
def list_waiting(
    services: Services, call: Fetcher, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> ListAnswer[DeliveryAnswer]:
    """List what waits to be fetched, the oldest first."""
    with services.database.read() as work:
        access = Access(work, call.scope, call.actor)
        page = services.fetching.waiting(access, PageRequest(per_page=limit))
    return ListAnswer(
        items=[DeliveryAnswer.of(delivery) for delivery in page.items],
        next=None,
        total=page.total,
        has_more=page.total > len(page.items),
    )


@router.post("/{delivery_id}/take")
def take(
    services: Services, call: Fetcher, delivery_id: str, wanted: TakeRequest | None = None
) -> TakenAnswer:
    """Take a delivery; 409 `taken` while another program has it."""
    seconds = wanted.seconds if wanted else TakeRequest(seconds=600).seconds
    with services.database.write() as work:
        access = Access(work, call.scope, call.actor)
        taken = services.fetching.take(access, delivery_id, seconds)
        payload = services.fetching.payload_of(access, delivery_id, taken.lease)
    taken = services.fetching.files(taken, payload)
    return TakenAnswer(
        delivery=taken.delivery_id,
        document=taken.document_id,
        correlation_id=taken.correlation_id,
        lease=taken.lease,
        until=taken.until,
        files=[
            FileAnswer(number=number, name=file.name, sha256=file.sha256)
            for number, file in enumerate(taken.files)
        ],
    )


@router.get(
    "/{delivery_id}/files/{number}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def read_file(
    services: Services, call: Fetcher, delivery_id: str, number: int, ionport_lease: Lease
) -> Response:
    """Read a file of a delivery that is taken."""
    with services.database.read() as work:
        access = Access(work, call.scope, call.actor)
        payload = services.fetching.payload_of(access, delivery_id, ionport_lease)
    _name, content = services.fetching.content(payload, number)
    return Response(content, media_type="application/octet-stream")


@router.post("/{delivery_id}/confirm", status_code=204)
def confirm(
    services: Services,
    call: Fetcher,
    delivery_id: str,
    ionport_lease: Lease,
    wanted: ConfirmRequest | None = None,
) -> None:
    """Confirm that the document has arrived: it is never given out again."""
    with services.database.write() as work:
        access = Access(work, call.scope, call.actor)
        reference = wanted.reference if wanted else ""
        services.fetching.confirm(access, delivery_id, ionport_lease, reference)


@router.post("/{delivery_id}/refuse", status_code=204)
def refuse(
    services: Services, call: Fetcher, delivery_id: str, ionport_lease: Lease, wanted: RefuseRequest
) -> None:
    """Refuse the document with a reason: the delivery fails."""
    with services.database.write() as work:
        access = Access(work, call.scope, call.actor)
        services.fetching.refuse(access, delivery_id, ionport_lease, wanted.reason)
