"""Values of the pages that are made of documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ionport.documents.invoice.rendering.model import Language


@dataclass(frozen=True, slots=True)
class Place:
    """Document type and sub-organization of an export; None is the main organization."""

    document_type: str
    sub_organization_id: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """The position in a pass over the documents of an organization: after this document."""

    created_at: datetime
    document_id: str


@dataclass(frozen=True, slots=True)
class MissingPage:
    """The page of a document that no PDF was made of yet."""

    document_id: str
    content_sha256: str
    language: Language


@dataclass(frozen=True, slots=True)
class MissingPages:
    """The missing pages that were found, and where to go on; None at the end."""

    pages: tuple[MissingPage, ...]
    position: Position | None
