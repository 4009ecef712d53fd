"""What a user does with documents: receive, look through, open; and the export's status."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.exc import IntegrityError

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import Conflict, NotFound
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.paging import Page, PageRequest
from ionport.documents.intake import clean_filename, read_file
from ionport.documents.model import (
    EXPORT_STATUSES,
    Document,
    DocumentFilter,
    DocumentSort,
    DocumentStatus,
    DocumentSummary,
    DocumentWarning,
    Row,
    TimelineEntry,
    TimelineKind,
)
from ionport.documents.repository import DocumentRepository, TimelineRepository
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor
from ionport.store import OrganizationScope, Work

DUPLICATE_NUMBER = "duplicate_number"


class DocumentService:
    """The use cases of documents. Reads need no actor: the scope says whose documents they are."""

    def __init__(self, clock: Clock, blobs: Blobs, audit: AuditLog) -> None:
        self._clock = clock
        self._blobs = blobs
        self._audit = audit

    def receive(
        self,
        work: Work,
        scope: OrganizationScope,
        actor: Actor,
        filename: str,
        content: bytes,
        sub_organization_id: str | None = None,
    ) -> Document:
        """Read an e-invoice and keep it as a document.

        Without warnings it is validated at once, because its figures are exact and agree; with
        warnings it waits for a person.

        Raises:
            Forbidden: the actor is no member of the organization.
            InvalidInput, TooLarge: not an e-invoice that can be read; the text says why.
            Conflict: the same content is here already (`existing_id`); the transaction stays
                usable.
            NotFound: no such sub-organization.
        """
        actor.require_organization_member(scope.organization_id)
        repository = DocumentRepository(work.connection)
        if sub_organization_id is not None and not repository.is_sub_organization(
            scope, sub_organization_id
        ):
            raise NotFound(_("There is no such sub-organization."), code="no_sub_organization")
        intake = read_file(content)
        duplicate_key = _duplicate_key(intake.fields)
        original = repository.find_first_with_key(scope, duplicate_key)
        warnings = intake.warnings
        if original is not None:
            warnings = (*warnings, _duplicate_warning(intake.fields, original[1]))
        now = self._clock.now()
        document = Document(
            id=new_id("doc"),
            organization_id=scope.organization_id,
            sub_organization_id=sub_organization_id,
            document_type=intake.document_type,
            filename=clean_filename(filename),
            mime_type=intake.mime_type,
            size_bytes=len(content),
            content_sha256=self._blobs.put(content),
            status=_first_status(warnings),
            fields=intake.fields,
            tables=intake.tables,
            warnings=warnings,
            duplicate_of=original[0] if original else None,
            created_at=now,
            created_by=actor.name,
            updated_at=now,
        )
        self._add(work, scope, document, duplicate_key)
        self._tell_of_receipt(work, scope, document)
        self._audit.record(
            work, scope, actor, "document.received", document.id, {"filename": document.filename}
        )
        return document

    def get(self, work: Work, scope: OrganizationScope, document_id: str) -> Document:
        """Return the document; raises NotFound."""
        document = DocumentRepository(work.connection).find(scope, document_id)
        if document is None:
            raise _no_document()
        return document

    def content(self, work: Work, scope: OrganizationScope, document_id: str) -> bytes:
        """Return the file as it was received; raises NotFound."""
        return self._blobs.get(self.get(work, scope, document_id).content_sha256)

    def timeline(
        self, work: Work, scope: OrganizationScope, document_id: str
    ) -> list[TimelineEntry]:
        """Return what happened to the document, newest first, at most 500; raises NotFound."""
        self.get(work, scope, document_id)
        return TimelineRepository(work.connection).list(scope, document_id)

    def list(
        self,
        work: Work,
        scope: OrganizationScope,
        page: PageRequest,
        filter: DocumentFilter | None = None,  # noqa: A002 - the word for it
        sort: DocumentSort = DocumentSort.CREATED_AT,
        *,
        descending: bool = True,
    ) -> Page[DocumentSummary]:
        """Return a page of the organization's documents."""
        return DocumentRepository(work.connection).list(
            scope, page, filter or DocumentFilter(), sort, descending=descending
        )

    def count_by_status(self, work: Work, scope: OrganizationScope) -> Mapping[DocumentStatus, int]:
        """Return how many documents there are in each status that occurs."""
        return DocumentRepository(work.connection).count_by_status(scope)

    def record_export_status(
        self,
        work: Work,
        scope: OrganizationScope,
        document_id: str,
        status: DocumentStatus,
        text: str,
        actor_name: str = "ionport",
    ) -> None:
        """Set the status that the document's deliveries give it, and tell the timeline why.

        Called by exports in the transaction of the delivery; the same status again is only a
        note, and none without a text. Raises NotFound.
        """
        if status not in EXPORT_STATUSES:
            raise ValueError(f"{status} does not follow from deliveries")
        repository = DocumentRepository(work.connection)
        previous = repository.lock_status(scope, document_id)
        if previous is None:
            raise _no_document()
        if previous is status:
            if text:
                self._tell(work, scope, document_id, TimelineKind.NOTE, text, actor_name)
            return
        repository.set_status(scope, document_id, status, self._clock.now())
        self._tell(
            work,
            scope,
            document_id,
            TimelineKind.STATUS_CHANGE,
            text,
            actor_name,
            change=(previous, status),
        )

    def add_note(
        self,
        work: Work,
        scope: OrganizationScope,
        document_id: str,
        text: str,
        actor_name: str = "ionport",
    ) -> None:
        """Add a sentence to the document's timeline; raises NotFound."""
        if DocumentRepository(work.connection).lock_status(scope, document_id) is None:
            raise _no_document()
        self._tell(work, scope, document_id, TimelineKind.NOTE, text, actor_name)

    def _add(
        self, work: Work, scope: OrganizationScope, document: Document, duplicate_key: str
    ) -> None:
        repository = DocumentRepository(work.connection)
        searched = (document.filename, document.id, *_searched_fields(document.fields))
        try:
            # The savepoint keeps the transaction usable for the other files of an upload.
            with work.connection.begin_nested():
                repository.add(
                    scope,
                    document,
                    duplicate_key=duplicate_key,
                    search_text="\n".join(searched).casefold(),
                )
        except IntegrityError as error:
            existing_id = repository.find_by_content(scope, document.content_sha256)
            if existing_id is None:
                raise
            raise Conflict(
                _("This file is here already. Open the document instead of uploading it again."),
                code="document_exists",
                existing_id=existing_id,
            ) from error

    def _tell_of_receipt(self, work: Work, scope: OrganizationScope, document: Document) -> None:
        text = _("Received {filename}, {size} bytes.").format(
            filename=document.filename, size=document.size_bytes
        )
        self._tell(
            work,
            scope,
            document.id,
            TimelineKind.RECEIVED,
            text,
            document.created_by,
            change=(None, document.status),
        )
        for warning in document.warnings:
            self._tell(
                work, scope, document.id, TimelineKind.WARNING, warning.text, document.created_by
            )

    def _tell(
        self,
        work: Work,
        scope: OrganizationScope,
        document_id: str,
        kind: TimelineKind,
        text: str,
        actor_name: str,
        change: tuple[DocumentStatus | None, DocumentStatus | None] = (None, None),
    ) -> None:
        entry = TimelineEntry(
            id=new_id("tle"),
            at=self._clock.now(),
            kind=kind,
            text=text,
            previous_status=change[0],
            status=change[1],
            actor_name=actor_name,
        )
        TimelineRepository(work.connection).add(scope, document_id, entry)


def _first_status(warnings: tuple[DocumentWarning, ...]) -> DocumentStatus:
    if warnings:
        return DocumentStatus.READY_FOR_VALIDATION
    return DocumentStatus.VALIDATED_PENDING_EXPORT


def _duplicate_key(fields: Row) -> str:
    """Supplier and number without blanks and case; the tax id tells suppliers apart best."""
    supplier = fields.get("supplier_tax_id") or fields["supplier_name"]
    return "\n".join("".join(text.split()).casefold() for text in (supplier, fields["invoice_id"]))


def _searched_fields(fields: Row) -> list[str]:
    return [fields.get(name, "") for name in ("invoice_id", "supplier_name", "purchase_order")]


def _duplicate_warning(fields: Row, filename: str) -> DocumentWarning:
    return DocumentWarning(
        DUPLICATE_NUMBER,
        _(
            "{supplier} has sent number {number} before, as {filename}. Check whether this is the"
            " same invoice before you export it."
        ).format(supplier=fields["supplier_name"], number=fields["invoice_id"], filename=filename),
    )


def _no_document() -> NotFound:
    return NotFound(_("There is no such document."), code="no_document")
