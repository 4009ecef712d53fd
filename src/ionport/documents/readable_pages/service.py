"""Reads stored documents for people: the tree, the readable page, and the page as a PDF.

Files are read, parsed and set outside transactions; the service opens short ones of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput
from ionport.core.unpacking.pdf import is_pdf
from ionport.documents.intake.imports.files import import_type, original_name
from ionport.documents.intake.reading import (
    PDF_TYPE,
    clean_filename,
    read_any,
    read_corrected,
    xml_of,
)
from ionport.documents.invoice.attachments import Attachment, attachments
from ionport.documents.invoice.corrections import Correction, corrected
from ionport.documents.invoice.model import Invoice
from ionport.documents.invoice.named_terms import NamedTerms, named_terms
from ionport.documents.invoice.reading.reader import read_invoice
from ionport.documents.invoice.rendering.model import Language, Sheet
from ionport.documents.invoice.rendering.pdf import RENDERER, pdf_page
from ionport.documents.invoice.rendering.sheet import make_sheet
from ionport.documents.model import Document
from ionport.documents.readable_pages.model import MissingPage, MissingPages, Place, Position
from ionport.documents.readable_pages.repository import ReadablePageRepository
from ionport.documents.retention.content import content_digest
from ionport.documents.review.decisions.corrections import choice_and_corrections
from ionport.documents.review.decisions.model import DocumentDecision
from ionport.documents.service import DocumentService
from ionport.store import Database, OrganizationScope

RECEIVED: Final = "XML_DOCUMENT.xml"
"""The name of the invoice's received XML in mapping files."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The file of a document, as it was received."""

    content: bytes
    # Which invoice of a PDF with several a person has chosen.
    choice: str
    # The corrections since it was received.
    corrections: Sequence[Correction] = ()


class ReadablePageService:
    """Reads and shows stored documents. The scope says whose documents they are."""

    def __init__(
        self, database: Database, documents: DocumentService, blobs: Blobs, clock: Clock
    ) -> None:
        self._database = database
        self._documents = documents
        self._blobs = blobs
        self._clock = clock
        self._limits = documents.limits.invoice

    def invoice(self, scope: OrganizationScope, document_id: str) -> Invoice:
        """Return the invoice with its tree of terms, read from the file as it was received.

        Raises:
            NotFound: no such document, or its file is missing.
            InvalidInput: `no_single_invoice`, a PDF without an invoice or with several.
        """
        stored = self._stored(scope, document_id)
        return read_any(stored.content, self._limits, stored.choice)

    def sheet(self, scope: OrganizationScope, document_id: str, language: Language) -> Sheet:
        """Return the page of the invoice; errors as `invoice`."""
        return make_sheet(self.invoice(scope, document_id), language)

    def shown(
        self, document: Document, decisions: Sequence[DocumentDecision], language: Language
    ) -> tuple[Sheet, list[Attachment]]:
        """Return the page and the supporting documents with one reading; errors as `invoice`.

        Corrected values are shown and marked; the PDF shows the received values. The database is
        not read: the caller passes the document and its decisions.
        """
        stored = self._file(document, decisions)
        read = read_any(stored.content, self._limits, stored.choice)
        invoice = corrected(read, stored.corrections)
        return make_sheet(invoice, language), list(attachments(invoice))

    def attachments(self, scope: OrganizationScope, document_id: str) -> list[Attachment]:
        """Return the supporting documents (BG-24) with their files; errors as `invoice`."""
        return list(attachments(self.invoice(scope, document_id)))

    def pdf(self, scope: OrganizationScope, document_id: str, language: Language) -> bytes:
        """Return the page as PDF/A-3 with the XML inside, or the PDF that was received.

        Errors as `pdf_digest`.
        """
        return self._blobs.get(self.pdf_digest(scope, document_id, language))

    def pdf_digest(self, scope: OrganizationScope, document_id: str, language: Language) -> str:
        """Return the digest of the document's PDF; it is made once and kept.

        Raises:
            NotFound: no such document, or its file is missing.
            InvalidInput: `page_not_set`, the invoice is too large to be set as a PDF.
            Unavailable: too many pages are being made, or the data folder cannot be used.
        """
        with self._database.read() as work:
            document = self._documents.get(work.within(scope), document_id)
        return self.pdf_digest_of(scope, content_digest(document), language)

    def pdf_digest_of(self, scope: OrganizationScope, digest: str, language: Language) -> str:
        """Return the digest of the PDF of a document's content; errors as `pdf_digest`."""
        with self._database.read_once() as work:
            made = ReadablePageRepository(work.connection).find(scope, digest, RENDERER, language)
        if made is not None:
            return made
        content = self._blobs.get(digest)
        if is_pdf(content):
            return digest
        sheet = make_sheet(read_any(content, self._limits), language)
        made = self._blobs.put(pdf_page(sheet, content, original_name(content)))
        now = self._clock.now()
        with self._database.write() as work:
            ReadablePageRepository(work.connection).add(
                scope, digest, RENDERER, language, made, now
            )
        return made

    def missing_pages(
        self,
        scope: OrganizationScope,
        languages: Mapping[Place, Set[Language]],
        after: Position | None,
        limit: int,
    ) -> MissingPages:
        """Look through the next `limit` documents that wait for their export, the newest first.

        Returns the pages that their exports will need and that are not made yet. Held documents are
        left out: they may never be exported.
        """
        with self._database.read() as work:
            repository = ReadablePageRepository(work.connection)
            rows = repository.ready(scope, after, limit)
            asked = [
                MissingPage(row.id, row.content_sha256, language)
                for row in rows
                if row.mime_type != PDF_TYPE and not row.open_findings
                for language in sorted(
                    languages.get(Place(row.document_type, row.sub_organization_id), ())
                )
            ]
            made = (
                repository.made(scope, {page.content_sha256 for page in asked}, RENDERER)
                if asked
                else frozenset()
            )
        last = rows[-1] if len(rows) == limit else None
        return MissingPages(
            tuple(page for page in asked if (page.content_sha256, page.language) not in made),
            Position(last.created_at, last.id) if last is not None else None,
        )

    def embedded_files(self, scope: OrganizationScope, document_id: str) -> list[tuple[str, str]]:
        """Return names and digests of the files inside, the invoice's XML first (`RECEIVED`).

        An attachment that is no base64 is left out: a finding reports it. Errors as `invoice`,
        but a PDF without an invoice, JSON and CSV have no files.
        """
        inside = self._inside(self._stored(scope, document_id))
        return [(name, self._blobs.put(content)) for name, content in inside]

    def history(self, scope: OrganizationScope, document_id: str) -> bytes:
        """Return what happened to a document as JSON, the oldest first; at most 500 entries."""
        with self._database.read() as work:
            entries = self._documents.timeline(work.within(scope), document_id)
        told = [
            {
                "at": entry.at.isoformat(),
                "by": entry.actor_name,
                "kind": entry.kind.value,
                "text": entry.text,
                "previous_status": entry.previous_status,
                "status": entry.status,
            }
            for entry in reversed(entries)
        ]
        return json.dumps(told, ensure_ascii=False, indent=1).encode()

    def digests_inside(self, scope: OrganizationScope, document_id: str) -> list[str]:
        """Return the digests of the files inside; errors as `embedded_files`."""
        inside = self._inside(self._stored(scope, document_id))
        return [hashlib.sha256(content).hexdigest() for _name, content in inside]

    def _inside(self, stored: StoredFile) -> list[tuple[str, bytes]]:
        if import_type(stored.content):
            return []
        try:
            xml = xml_of(stored.content, self._limits, stored.choice)
        except InvalidInput as error:
            if error.code != "no_single_invoice":
                raise
            return []
        files = [(RECEIVED, xml)]
        for attached in attachments(read_invoice(xml, self._limits)):
            if content := attached.content:
                name = clean_filename(attached.filename or attached.reference, "attachment")
                files.append((name, content))
        return files

    def named_terms(self, scope: OrganizationScope, document_id: str) -> NamedTerms:
        """Return the values of the invoice's terms, as people have corrected them.

        A PDF without an invoice, of which nobody has entered anything, has none. Raises NotFound.
        """
        stored = self._stored(scope, document_id)
        try:
            invoice = read_corrected(
                stored.content, stored.corrections, self._limits, stored.choice
            )
        except InvalidInput as error:
            if error.code != "no_single_invoice":
                raise
            return NamedTerms({}, ())
        return named_terms(invoice)

    def _stored(self, scope: OrganizationScope, document_id: str) -> StoredFile:
        with self._database.read() as work:
            access = work.within(scope)
            document = self._documents.get(access, document_id)
            decisions = self._documents.decisions.list(access, document_id)
        return self._file(document, decisions)

    def _file(self, document: Document, decisions: Sequence[DocumentDecision]) -> StoredFile:
        content = self._blobs.get(content_digest(document))
        return StoredFile(content, *choice_and_corrections(decisions))
