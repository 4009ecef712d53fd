"""What a user does with documents: receive, look through, open."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import Conflict, Forbidden, IonportError
from ionport.core.paging import Page, PageRequest
from ionport.documents.companies.service import company_fields
from ionport.documents.editing.service import EditingService
from ionport.documents.export_status import ExportStatusService, locked_document, no_document
from ionport.documents.intake.limits import IntakeLimits
from ionport.documents.intake.ports import Scanner
from ionport.documents.intake.reading import clean_filename, read_file
from ionport.documents.intake.reading_turns import ReadingTurns
from ionport.documents.listing.model import Counts, ListPage, ListQuery
from ionport.documents.listing.repository import ListRepository
from ionport.documents.model import (
    Document,
    DocumentFilter,
    DocumentSort,
    DocumentStatus,
    DocumentSummary,
    LockedDocument,
    Row,
    TimelineEntry,
    TimelineKind,
)
from ionport.documents.receipts import PreparedReceipt, Receipts, Received
from ionport.documents.repository import DocumentRepository, TimelineRepository
from ionport.documents.retention.content import content_digest
from ionport.documents.review.decisions.anew import JudgeAnewService
from ionport.documents.review.decisions.corrections import CorrectionService
from ionport.documents.review.decisions.judging import Judging
from ionport.documents.review.decisions.moving import MoveService
from ionport.documents.review.decisions.service import DecisionService
from ionport.documents.review.life_cycle import is_held
from ionport.documents.review.model import Finding
from ionport.documents.review.service import ReviewService
from ionport.documents.sight import Sight
from ionport.documents.suppliers.accounts import supplier_fields
from ionport.documents.timeline import Timeline
from ionport.documents.webhooks.ports import Events, NoEvents
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.groups.permissions import Permission
from ionport.store import OrganizationScope, ScopedWork


class DocumentService:
    """The use cases of documents. Reads need no actor: the scope says whose documents they are."""

    def __init__(
        self,
        clock: Clock,
        blobs: Blobs,
        audit: AuditLog,
        *,
        limits: IntakeLimits | None = None,
        scanner: Scanner | None = None,
        events: Events | None = None,
    ) -> None:
        self.events = events or NoEvents()
        self._clock = clock
        self._blobs = blobs
        self._audit = audit
        self._timeline = Timeline(clock, self.events)
        self._turns = ReadingTurns()
        self._scanner = scanner
        self.limits = limits or IntakeLimits()
        self.review = ReviewService(clock, audit, self._timeline)
        self.export_status = ExportStatusService(clock, self._timeline, self.review)
        self._receipts = Receipts(clock, audit, self.review, self.events)
        judging = Judging(self._timeline)
        self.corrections = CorrectionService(
            clock, blobs, self._timeline, self.review, judging, self.limits.invoice
        )
        self.anew = JudgeAnewService(clock, self._timeline, self.review, judging)
        self.moving = MoveService(clock, audit, self._timeline, self.review, judging)
        self.editing = EditingService(clock, self._timeline)
        self.decisions = DecisionService(clock, self.review, judging, self.corrections)

    def prepare_receipt(
        self, scope: OrganizationScope, content: bytes, filename: str
    ) -> PreparedReceipt:
        """Read an e-invoice and store its content; the slow half of a receipt.

        Errors as `read_receipt` and `keep`.
        """
        prepared = self.read_receipt(scope, content, filename)
        self.keep(content)
        self.settle([prepared])
        return prepared

    def keep(self, content: bytes) -> None:
        """Store the content of a file that was read; called without a transaction.

        It belongs to no document until `receive`, before which `settle` is called, and is deleted
        when that is never called. Raises Unavailable when the disk cannot be written.
        """
        self._blobs.put(content, settles=False)

    def settle(self, prepared: Iterable[PreparedReceipt], executor: Executor | None = None) -> None:
        """Make sure that stored files survive a crash, before they become documents.

        Called without a transaction. Raises Unavailable when the disk cannot be written.
        """
        self._blobs.settle((one.content_sha256 for one in prepared), executor)

    def read_receipt(
        self, scope: OrganizationScope, content: bytes, filename: str
    ) -> PreparedReceipt:
        """Read an e-invoice; who receives it calls `keep` and `settle` before.

        Called without a transaction.

        Raises:
            InvalidInput, TooLarge: not an e-invoice that can be read; the text says why.
            Unavailable: too many files are being read at the moment (`busy`), or the scanner for
                malware does not answer (`scanner_away`).
        """
        self.limits.check_size(clean_filename(filename), len(content))
        self.scan(content)
        with self._turns.turn(scope.organization_id):
            intake = read_file(content, self._clock.now().date(), limits=self.limits.invoice)
        return PreparedReceipt(
            filename=clean_filename(filename),
            size_bytes=len(content),
            content_sha256=hashlib.sha256(content).hexdigest(),
            intake=intake,
        )

    def scan(self, content: bytes) -> None:
        """Scan a file for malware, where a scanner is configured; as `Scanner.scan`."""
        if self._scanner is not None:
            self._scanner.scan(content)

    def receive(
        self,
        access: Access[OrganizationScope],
        prepared: PreparedReceipt,
        sub_organization_id: str | None = None,
    ) -> Document:
        """Keep a file that was read as a document; the half of a receipt that writes rows.

        It belongs to the sub-organization of the company that it is addressed to, unless one is
        named. Without a finding that holds it is validated at once, because its figures are exact
        and agree; with one it waits for a person.

        Raises:
            Forbidden: the actor may not edit documents of its type.
            Conflict: the same content is here already (`existing_id`, where the actor may see
                it); the transaction stays usable.
            NotFound: no such sub-organization.
        """
        (made,) = self.receive_all(access, [prepared], sub_organization_id)
        if isinstance(made, IonportError):
            raise made
        return made.document

    def receive_all(
        self,
        access: Access[OrganizationScope],
        prepared: Sequence[PreparedReceipt],
        sub_organization_id: str | None = None,
    ) -> list[Received | Conflict | Forbidden]:
        """Store a few dozen files as `receive` does, and return each document or its error.

        Of a file that is here already, or of a type that the actor may not edit, there is the
        error in its place. Raises NotFound as `receive`.
        """
        refused: dict[str, Forbidden] = {}
        for kind in {one.intake.document_type for one in prepared}:
            try:
                access.require(Permission.EDIT, kind)
            except Forbidden as error:
                refused[kind] = error
        taken = [one for one in prepared if one.intake.document_type not in refused]
        made = iter(self._receipts.add(access, taken, sub_organization_id))
        return [refused.get(one.intake.document_type) or next(made) for one in prepared]

    def get(self, access: ScopedWork[OrganizationScope], document_id: str) -> Document:
        """Return the document; raises NotFound."""
        document = DocumentRepository(access.connection).find(access.scope, document_id)
        if document is None:
            raise no_document()
        return document

    def filenames(
        self, access: ScopedWork[OrganizationScope], ids: Collection[str]
    ) -> Mapping[str, str]:
        """Return the names of those of these documents (a few hundred at most) that are here."""
        return DocumentRepository(access.connection).filenames(access.scope, ids)

    def content(self, access: ScopedWork[OrganizationScope], document_id: str) -> bytes:
        """Return the file as it was received; raises NotFound."""
        return self._blobs.get(content_digest(self.get(access, document_id)))

    def more_fields(self, access: ScopedWork[OrganizationScope], document: Document) -> Row:
        """Return what mappings may name beside the document's fields.

        These are values of the company that it belongs to, the category of its supplier in the
        master data, and fields by their ERP field names.
        """
        kind, fields = document.document_type, document.fields
        of_company = company_fields(access, document.sub_organization_id)
        of_supplier = supplier_fields(access, document.id)
        return {**of_company, **of_supplier, **self.review.types.other_names(access, kind, fields)}

    def timeline(
        self, access: ScopedWork[OrganizationScope], document_id: str
    ) -> list[TimelineEntry]:
        """Return what happened to the document, newest first, at most 500; raises NotFound."""
        return self.timeline_of(access, self.get(access, document_id))

    def timeline_of(
        self, access: ScopedWork[OrganizationScope], document: Document
    ) -> list[TimelineEntry]:
        """Return what happened to a document that was read already; else as `timeline`."""
        told = TimelineRepository(access.connection).list(access.scope, document.id)
        named = (one.parameters.get("document") for one in told)
        sight = Sight(access.connection, access.scope, named)
        return [sight.told_entry(one) for one in told]

    def list(
        self,
        access: ScopedWork[OrganizationScope],
        page: PageRequest,
        filter: DocumentFilter | None = None,  # noqa: A002 - the word for it
        sort: DocumentSort = DocumentSort.CREATED_AT,
        *,
        descending: bool = True,
    ) -> Page[DocumentSummary]:
        """Return a page of the organization's documents by its number."""
        return ListRepository(access.connection).offset_page(
            access.scope, page, filter or DocumentFilter(), sort, descending=descending
        )

    def count(
        self,
        access: ScopedWork[OrganizationScope],
        filter: DocumentFilter,  # noqa: A002 - the word for it
    ) -> int:
        """Return how many documents a filter finds."""
        return ListRepository(access.connection).count(access.scope, filter)

    def count_by_status(
        self, access: ScopedWork[OrganizationScope]
    ) -> Mapping[DocumentStatus, int]:
        """Return how many documents there are in each status that occurs."""
        return self.counts(access).by_status()

    def counts(self, access: ScopedWork[OrganizationScope]) -> Counts:
        """Return how many documents there are, by status and document type."""
        return ListRepository(access.connection).counts(access.scope)

    def browse(
        self, access: ScopedWork[OrganizationScope], query: ListQuery, counts: Counts | None = None
    ) -> ListPage:
        """Return the page of the organization's documents that begins at a place in the list.

        It takes as long for many documents as for few. `counts` are those of this transaction.
        """
        repository = ListRepository(access.connection)
        return repository.page(access.scope, query, counts or repository.counts(access.scope))

    def following(
        self, access: ScopedWork[OrganizationScope], query: ListQuery, document_id: str
    ) -> DocumentSummary | None:
        """Return what a list shows behind a document, which it need not show any longer itself."""
        if query.by_prefix:
            query = replace(query, sort=DocumentSort.NUMBER, descending=False)
        place = ListRepository(access.connection).place_of(access.scope, document_id, query.sort)
        found = self.browse(access, replace(query, cursor=place, limit=1))
        return found.items[0] if found.items else None

    def count_since(self, access: ScopedWork[OrganizationScope], since: datetime) -> int:
        """Return how many documents were received since then."""
        return DocumentRepository(access.connection).count_since(access.scope, since)

    def count_of_place(
        self, access: ScopedWork[OrganizationScope], sub_organization_id: str | None
    ) -> int:
        """Return how many documents belong to a sub-organization; None: to the organization."""
        return DocumentRepository(access.connection).count_of_place(
            access.scope, sub_organization_id
        )

    def lock(self, access: ScopedWork[OrganizationScope], document_id: str) -> LockedDocument:
        """Keep others from changing the document until the transaction ends; raises NotFound.

        A caller that also writes its deliveries locks their rows first, to avoid a deadlock.
        """
        return locked_document(access, document_id)

    def add_note(
        self,
        access: ScopedWork[OrganizationScope],
        document_id: str,
        text: str,
        actor_name: str = "ionport",
    ) -> None:
        """Add a sentence to the document's timeline; raises NotFound."""
        if DocumentRepository(access.connection).lock_status(access.scope, document_id) is None:
            raise no_document()
        self._timeline.tell(access, document_id, TimelineKind.NOTE, text, actor_name)

    def findings(
        self, access: ScopedWork[OrganizationScope], document_id: str
    ) -> Sequence[Finding]:
        """Return the document's findings, oldest first, at most 500; raises NotFound."""
        return self.findings_of(access, self.get(access, document_id))

    def findings_of(
        self, access: ScopedWork[OrganizationScope], document: Document
    ) -> Sequence[Finding]:
        """Return the findings of a document that was read already; else as `findings`."""
        found = self.review.list(access, document.id)
        named = (one.parameters.get("document") for one in found)
        sight = Sight(access.connection, access.scope, named)
        return [replace(one, parameters=sight.told(one.parameters)) for one in found]

    def add_finding(
        self,
        access: ScopedWork[OrganizationScope],
        document_id: str,
        code: str,
        parameters: Mapping[str, str],
        *,
        actor_name: str = "ionport",
    ) -> bool:
        """Add a finding with a timeline entry; False when the document has it already.

        `late_answer` and `two_items` (a possible double at Infor) have the parameters `step`,
        `first_id`, `second_id` and `delivery_id`. What holds lets no further delivery begin
        until a person decides; the status of an exported document does not change.
        Raises NotFound.
        """
        return self.review.add(access, document_id, code, parameters, actor_name=actor_name)

    def is_held(self, access: ScopedWork[OrganizationScope], document_id: str) -> bool:
        """Tell whether it takes part in no delivery, by its findings or its status."""
        found = DocumentRepository(access.connection).standing(access.scope, document_id)
        return found is None or is_held(*found)
