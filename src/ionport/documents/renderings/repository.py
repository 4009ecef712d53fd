"""The only SQL of PDFs that were made of documents."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from ionport.documents.tables import document_renderings
from ionport.store import OrganizationScope, insert_of

_made = document_renderings.c


class RenderingRepository:
    """PDFs by what they were made from: content, renderer and language."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(
        self, scope: OrganizationScope, content_sha256: str, renderer: str, language: str
    ) -> str | None:
        """Return the digest of the PDF, None when none was made."""
        return self._connection.execute(
            select(_made.pdf_sha256).where(
                _made.organization_id == scope.organization_id,
                _made.content_sha256 == content_sha256,
                _made.renderer == renderer,
                _made.language == language,
            )
        ).scalar_one_or_none()

    def add(
        self,
        scope: OrganizationScope,
        content_sha256: str,
        renderer: str,
        language: str,
        pdf_sha256: str,
        now: datetime,
    ) -> None:
        """Keep what was made; the same again changes nothing."""
        insert = insert_of(self._connection)(document_renderings).values(
            organization_id=scope.organization_id,
            content_sha256=content_sha256,
            renderer=renderer,
            language=language,
            pdf_sha256=pdf_sha256,
            created_at=now,
        )
        self._connection.execute(insert.on_conflict_do_nothing())
