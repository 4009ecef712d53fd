"""Documents: send in, list, read, with their terms, findings and timeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from io import BytesIO
from typing import Annotated, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Form, Query, UploadFile
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel

from ionport.api.callers import Call, allowed, digest_of
from ionport.api.paging import PageAsked, page_of
from ionport.api.problems import PROBLEMS
from ionport.api.repeats import IdempotencyKey, once
from ionport.api.schemas import (
    BatchAnswer,
    DeliveryAnswer,
    DocumentAnswer,
    FindingAnswer,
    ListAnswer,
    ReceiptAnswer,
    SummaryAnswer,
    TimelineAnswer,
)
from ionport.api.services import ApiServices, Services
from ionport.core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    IonportError,
    TooLarge,
    Unavailable,
)
from ionport.core.http.texts import storable
from ionport.core.i18n import _
from ionport.documents.intake.containers import ReceivedFile
from ionport.documents.intake.receiving import POSTPONED, Outcome
from ionport.documents.listing.model import ListQuery
from ionport.documents.model import DocumentFilter, DocumentSort, DocumentStatus
from ionport.documents.types import DOCUMENT_TYPES
from ionport.identity.access import Access
from ionport.identity.api_keys.model import ApiScope
from ionport.identity.model import NEEDS_PERMISSION

router = APIRouter(prefix="/documents", tags=["Documents"], responses=PROBLEMS)
Reader = Annotated[Call, allowed(ApiScope.DOCUMENTS_READ)]
Sender = Annotated[Call, allowed(ApiScope.DOCUMENTS_WRITE)]
Asked = Annotated[PageAsked, Depends(page_of)]
SubOrganization = Annotated[
    Annotated[str, AfterValidator(storable)] | None,
    Form(max_length=100, description="The id of the sub-organization it belongs to."),
]

_RETRY_SECONDS: Final = 30


@router.post(
    "",
    status_code=201,
    response_model=DocumentAnswer,
    responses={202: {"model": ReceiptAnswer, "description": "Kept; it comes in by itself."}},
)
def add_document(
    services: Services,
    call: Sender,
    file: Annotated[
        UploadFile | None, File(description="An e-invoice: XML, or PDF with an XML inside.")
    ] = None,
    values: Annotated[
        Annotated[str, AfterValidator(storable)] | None,
        Form(description="In place of a file: type, fields and tables, as a JSON file has them."),
    ] = None,
    sub_organization: SubOrganization = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Send in one document, as a file or by its fields and tables.

    A file that holds several (ZIP, mail) is for `/documents/batch`, and nothing of it is kept here.
    What is here already is answered with 409 and `existing_id`. While the virus scanner is away
    the file waits here and comes in by itself: 202, with the code `waits_for_scanner`.
    """
    received = _received(services, [_sent(file, values)])
    digest = digest_of("document", sub_organization or "", *_parts(received))

    def receive() -> tuple[int, DocumentAnswer | ReceiptAnswer]:
        try:
            outcome = services.receiver.receive_one(
                call.scope, call.actor, received[0], sub_organization
            )
        except InvalidInput as error:
            text = _("{problem} Send it to /documents/batch.").format(problem=error.text)
            raise InvalidInput(text, code=error.code, fields={"file": text}) from error
        _let_wait(services, call, [outcome], received, sub_organization)
        if outcome.is_waiting:
            return 202, ReceiptAnswer.of(outcome)
        if outcome.document is None:
            raise _refusal(outcome)
        return 201, DocumentAnswer.of(outcome.document)

    return once(services, call, idempotency_key, digest, receive)


@router.post("/batch", response_model=BatchAnswer)
def add_documents(
    services: Services,
    call: Sender,
    files: Annotated[list[UploadFile], File(description="Any documents, also in ZIP or mail.")],
    sub_organization: SubOrganization = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Send in many documents; the answer has the result for each.

    When all of them can be taken later only, the answer is 503. Files with the code `scanner_away`,
    `busy` or `data_folder_unavailable` may be sent again later, with the same `Idempotency-Key`.
    Those with `waits_for_scanner` are kept, and come in by themselves.
    """
    received = _received(services, files)
    digest = digest_of("batch", sub_organization or "", *_parts(received))

    def receive() -> tuple[int, BatchAnswer]:
        outcomes = list(
            services.receiver.receive(call.scope, call.actor, received, sub_organization)
        )
        _let_wait(services, call, outcomes, received, sub_organization)
        if outcomes and all(outcome.is_postponed for outcome in outcomes):
            raise _refusal(outcomes[0])
        return 200, BatchAnswer(results=[ReceiptAnswer.of(outcome) for outcome in outcomes])

    def is_final(answer: BatchAnswer) -> bool:
        return not any(result.code in POSTPONED for result in answer.results)

    return once(services, call, idempotency_key, digest, receive, is_final)


@router.get("")
def list_documents(
    services: Services,
    call: Reader,
    asked: Asked,
    status: Annotated[list[DocumentStatus] | None, Query(description="Any of these.")] = None,
    document_type: Annotated[str | None, Query(max_length=50)] = None,
    q: Annotated[
        str, Query(max_length=200, description="Part of a number, supplier, name or id.")
    ] = "",
    due_from: Annotated[date | None, Query(description="Due on this day or later.")] = None,
    due_to: Annotated[date | None, Query(description="Due on this day or earlier.")] = None,
    supplier_id: Annotated[str, Query(max_length=200, description="The supplier's own ID.")] = "",
    purchase_order: Annotated[str, Query(max_length=200)] = "",
    sort: Annotated[
        DocumentSort, Query(description="Amounts are sorted as numbers, whatever their currency.")
    ] = DocumentSort.CREATED_AT,
    direction: Annotated[Literal["asc", "desc"], Query(alias="dir")] = "desc",
) -> ListAnswer[SummaryAnswer]:
    """List documents, the newest first; `q` searches.

    `sort` and `dir` choose another order, to which a `cursor` belongs. A `q` of one or two letters
    looks at the beginning of the invoice numbers, in their order. Of what `q` or a filter by a
    value finds up to 1,000 are counted.
    """
    if document_type is not None and document_type not in DOCUMENT_TYPES:
        known = ", ".join(sorted(DOCUMENT_TYPES))
        wrong = _("Use one of: {types}.").format(types=known)
        raise InvalidInput(wrong, fields={"document_type": wrong})
    wanted = DocumentFilter(
        statuses=frozenset(status or ()),
        document_types=frozenset({document_type} if document_type else ()),
        text=q.replace("\x00", ""),
        due_since=due_from.isoformat() if due_from else "",
        due_until=due_to.isoformat() if due_to else "",
        supplier_id=storable(supplier_id),
        purchase_order=storable(purchase_order),
    )
    query = ListQuery(
        wanted, sort, descending=direction == "desc", cursor=asked.place, limit=asked.limit
    )
    with services.database.read() as work:
        page = services.documents.browse(work.within(call.scope), query)
    return ListAnswer(
        items=[SummaryAnswer.of(document) for document in page.items],
        next=page.next.text if page.next else None,
        total=page.total,
        has_more=page.has_more,
    )


@router.get("/{document_id}")
def get_document(services: Services, call: Reader, document_id: str) -> DocumentAnswer:
    """Read one document with its fields and tables."""
    with services.database.read() as work:
        return DocumentAnswer.of(services.documents.get(work.within(call.scope), document_id))


@router.get("/{document_id}/file", response_class=Response)
def get_file(services: Services, call: Reader, document_id: str) -> Response:
    """Download the file as it was received, byte for byte."""
    with services.database.read() as work:
        access = work.within(call.scope)
        document = services.documents.get(access, document_id)
        content = services.documents.content(access, document_id)
    name = quote(document.filename, safe="")
    return Response(
        content,
        media_type=document.mime_type,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


class TermAnswer(BaseModel):
    """One occurrence of a business term of EN 16931, or a group of terms."""

    term: str
    text: str
    currency: str | None
    level: int


@router.get("/{document_id}/terms")
def get_terms(services: Services, call: Reader, document_id: str) -> Sequence[TermAnswer]:
    """Read all business terms of the invoice as the file has them; `level` is their depth."""
    invoice = services.readable_pages.invoice(call.scope, document_id)
    found = []
    stack = [(node, 0) for node in reversed(invoice.tree.children)]
    while stack:
        node, level = stack.pop()
        found.append(
            TermAnswer(term=node.term, text=node.text, currency=node.currency or None, level=level)
        )
        stack += [(child, level + 1) for child in reversed(node.children)]
    return found


@router.get("/{document_id}/findings")
def get_findings(services: Services, call: Reader, document_id: str) -> Sequence[FindingAnswer]:
    """List what rules noticed about the document, at most 500."""
    with services.database.read() as work:
        found = services.documents.findings(work.within(call.scope), document_id)
    return [FindingAnswer.of(finding) for finding in found]


@router.get("/{document_id}/timeline")
def get_timeline(services: Services, call: Reader, document_id: str) -> Sequence[TimelineAnswer]:
    """List what happened to the document, the newest first, at most 500."""
    with services.database.read() as work:
        entries = services.documents.timeline(work.within(call.scope), document_id)
    return [TimelineAnswer.of(entry) for entry in entries]


@router.get("/{document_id}/deliveries")
def get_deliveries(services: Services, call: Reader, document_id: str) -> Sequence[DeliveryAnswer]:
    """List the document's deliveries, the newest generation first."""
    with services.database.read() as work:
        access = Access(work, call.scope, call.actor)
        services.documents.get(access, document_id)
        found = services.deliveries.of_document(access, document_id)
    return [DeliveryAnswer.of(delivery) for delivery in found]


def _received(services: ApiServices, files: Sequence[UploadFile]) -> list[ReceivedFile]:
    limits = services.documents.limits
    if len(files) > limits.files:
        text = _("These are more than {count} files at once. Send fewer at a time.").format(
            count=limits.files
        )
        raise TooLarge(text, code="too_many_files")
    return [_file(file, limits.file_bytes) for file in files]


def _sent(file: UploadFile | None, values: str | None) -> UploadFile:
    """Return what was sent as a file; raises InvalidInput for neither or both."""
    if file is not None and values is None:
        return file
    if file is None and values is not None:
        return UploadFile(BytesIO(values.encode()), filename="document.json")
    wrong = _("Send a file, or values in place of one; those of a file are corrected by PATCH.")
    raise InvalidInput(wrong, fields={"file": wrong})


def _file(file: UploadFile, most: int) -> ReceivedFile:
    # A multipart body may name a charset that has halves of surrogate pairs.
    name = storable(file.filename or "document")
    return ReceivedFile(name, file.file.read(most + 1))


def _let_wait(
    services: ApiServices,
    call: Call,
    outcomes: Sequence[Outcome],
    files: Sequence[ReceivedFile],
    sub_organization: str | None,
) -> None:
    """Keep files that came while the scanner does not answer, so that none has to be sent again."""
    if services.waiting is not None:
        services.waiting.keep(call.scope, call.actor, outcomes, files, sub_organization)


def _parts(files: Sequence[ReceivedFile]) -> Iterator[bytes | str]:
    for file in files:
        yield file.name
        yield file.content


def _refusal(outcome: Outcome) -> IonportError:
    """Return the error that a file was refused with, as the status that fits its kind."""
    if outcome.existing_id is not None or outcome.code == "document_exists":
        return Conflict(outcome.error, code=outcome.code, existing_id=outcome.existing_id)
    if outcome.code == NEEDS_PERMISSION:
        return Forbidden(outcome.error, code=outcome.code)
    if outcome.is_postponed:
        return Unavailable(outcome.error, code=outcome.code, retry_after=_RETRY_SECONDS)
    fields: Mapping[str, str] = {"file": outcome.error}
    return InvalidInput(outcome.error, code=outcome.code, fields=fields)
