"""Pictures of the pages of a received PDF; only the person's browser caches them.

Files are read and drawn outside transactions; the service opens short ones of its own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ionport.core.blobs import Blobs
from ionport.core.errors import NotFound
from ionport.core.i18n import _
from ionport.core.unpacking.pdf import is_pdf
from ionport.core.unpacking.pdf_pages import PageSizes, page_picture, page_sizes
from ionport.documents.model import Document
from ionport.documents.retention.content import content_digest
from ionport.documents.service import DocumentService
from ionport.store import Database, OrganizationScope

WIDTH: Final = 1400
"""Pixels across: sharp on a screen of two pixels a point, and large enough to zoom in."""

_KEPT_SIZES: Final = 512


class PictureService:
    """Draws stored PDFs. The scope says whose documents they are."""

    def __init__(self, database: Database, documents: DocumentService, blobs: Blobs) -> None:
        self._database = database
        self._documents = documents
        self._blobs = blobs
        # By digest: equal files of any organization have the same pages.
        self._sizes = lru_cache(_KEPT_SIZES)(self._read_sizes)

    def sizes(self, document: Document) -> PageSizes:
        """Return the pages of a document's PDF.

        Raises:
            NotFound: its file is missing, or it is no PDF (`no_pages`).
            InvalidInput: the PDF cannot be read; `pdf_encrypted`, `pdf_damaged`, `pdf_too_large`.
            Unavailable: `busy`.
        """
        return self._sizes(content_digest(document))

    def picture(self, scope: OrganizationScope, document_id: str, number: int) -> bytes:
        """Return page `number`, from 1, as a WebP picture `WIDTH` pixels wide; errors as `sizes`.

        Raises:
            NotFound: no such document, or `no_page`, it has no such page.
        """
        digest = self._digest(scope, document_id)
        if not 1 <= number <= len(self._sizes(digest).sizes):
            raise NotFound(_("There is no such page."), code="no_page")
        return page_picture(self._blobs.get(digest), number, WIDTH)

    def _digest(self, scope: OrganizationScope, document_id: str) -> str:
        with self._database.read() as work:
            return content_digest(self._documents.get(work.within(scope), document_id))

    def _read_sizes(self, digest: str) -> PageSizes:
        content = self._blobs.get(digest)
        if not is_pdf(content):
            raise NotFound(_("This document is no PDF."), code="no_pages")
        return page_sizes(content)
