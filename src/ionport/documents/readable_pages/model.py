"""Values of the pages that are made of documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ionport.documents.invoice.rendering.model import Language


@dataclass(frozen=True, slots=True)
class Place:
    """What documents are of, as an export chooses them; None is the main organization."""

    document_type: str
    sub_organization_id: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a walk through the documents of an organization stands: after this document."""

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
    """What a look has found, and where the next one goes on; None at the end."""

    pages: tuple[MissingPage, ...]
    position: Position | None
