"""Refusals after the content of a document was removed."""

from __future__ import annotations

from datetime import datetime

from ionport.core.errors import Conflict, NotFound
from ionport.core.i18n import _
from ionport.documents.model import Document
from ionport.documents.retention.model import PURGED


def purged_text(at: datetime) -> str:
    """Return the text of a page, the API and an archive in place of the content."""
    return _(
        "The content of this document was removed on {day}, as the retention of its document type"
        " says. Number, supplier, amounts, digests, deliveries and history stay."
    ).format(day=at.date().isoformat())


def require_content(purged_at: datetime | None) -> None:
    """Raise Conflict (`purged`) once the content is removed: nothing more is decided or sent."""
    if purged_at is not None:
        raise Conflict(purged_text(purged_at), code=PURGED)


def content_digest(document: Document) -> str:
    """Return the digest by which the blobs have the content; raises NotFound (`purged`)."""
    if document.purged_at is not None:
        raise NotFound(purged_text(document.purged_at), code=PURGED)
    return document.content_sha256
