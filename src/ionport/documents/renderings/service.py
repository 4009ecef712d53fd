"""What is made of a stored document for people: its tree, its page, its page as a PDF.

Files are read, parsed and set outside transactions; the service opens short ones of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.unpacking.pdf import is_pdf
from ionport.documents.intake.reading import read_any
from ionport.documents.invoice.attachments import Attachment, attachments
from ionport.documents.invoice.model import Invoice
from ionport.documents.invoice.reader import read_invoice
from ionport.documents.invoice.rendering.model import Language, Sheet
from ionport.documents.invoice.rendering.pdf import RENDERER, XML_NAME, pdf_page
from ionport.documents.invoice.rendering.sheet import make_sheet
from ionport.documents.model import Document
from ionport.documents.renderings.repository import RenderingRepository
from ionport.documents.service import DocumentService
from ionport.store import Database, OrganizationScope


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A document with the file that was received."""

    document: Document
    content: bytes


class RenderingService:
    """Reads and shows stored documents. The scope says whose documents they are."""

    def __init__(
        self, database: Database, documents: DocumentService, blobs: Blobs, clock: Clock
    ) -> None:
        self._database = database
        self._documents = documents
        self._blobs = blobs
        self._clock = clock

    def invoice(self, scope: OrganizationScope, document_id: str) -> Invoice:
        """Return the invoice with its tree of terms, read from the file as it was received.

        Raises:
            NotFound: no such document, or its file is missing.
            InvalidInput: `no_single_invoice`, a PDF without an invoice or with several.
        """
        return read_any(self._stored(scope, document_id).content)

    def sheet(self, scope: OrganizationScope, document_id: str, language: Language) -> Sheet:
        """Return the page of the invoice; errors as `invoice`."""
        return make_sheet(self.invoice(scope, document_id), language)

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
            document = self._documents.get(work, scope, document_id)
            digest = document.content_sha256
            made = RenderingRepository(work.connection).find(scope, digest, RENDERER, language)
        if made is not None:
            return made
        content = self._blobs.get(digest)
        if is_pdf(content):
            return digest
        sheet = make_sheet(read_invoice(content), language)
        made = self._blobs.put(pdf_page(sheet, content, XML_NAME))
        now = self._clock.now()
        with self._database.write() as work:
            RenderingRepository(work.connection).add(scope, digest, RENDERER, language, made, now)
        return made

    def _stored(self, scope: OrganizationScope, document_id: str) -> StoredFile:
        with self._database.read() as work:
            document = self._documents.get(work, scope, document_id)
        return StoredFile(document, self._blobs.get(document.content_sha256))
