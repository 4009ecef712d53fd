"""The only SQL of PDFs that were made of documents."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, literal, select, tuple_

from ionport.documents.model import DocumentStatus
from ionport.documents.readable_pages.model import Position
from ionport.documents.tables import document_renderings, documents
from ionport.store import OrganizationScope
from ionport.store.repository import Repository, in_scope

_made = document_renderings.c
_d = documents.c
# Built once: each delivery runs it.
_FIND = select(_made.pdf_sha256).where(
    _made.organization_id == bindparam("organization"),
    _made.content_sha256 == bindparam("content"),
    _made.renderer == bindparam("renderer"),
    _made.language == bindparam("language"),
)


class ReadablePageRepository(Repository):
    """PDFs by what they were made from: content, renderer and language."""

    def find(
        self, scope: OrganizationScope, content_sha256: str, renderer: str, language: str
    ) -> str | None:
        """Return the digest of the PDF, None when none was made."""
        parameters = {
            "organization": scope.organization_id,
            "content": content_sha256,
            "renderer": renderer,
            "language": language,
        }
        return self._run(_FIND, parameters).scalar_one_or_none()

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
        insert = self._insert(document_renderings).values(
            organization_id=scope.organization_id,
            content_sha256=content_sha256,
            renderer=renderer,
            language=language,
            pdf_sha256=pdf_sha256,
            created_at=now,
        )
        self._run(insert.on_conflict_do_nothing())

    def ready(self, scope: OrganizationScope, before: Position | None, limit: int) -> Sequence[Any]:
        """Return what is known of documents that wait for their export, the newest first.

        Only those that were received before a position, when one is given.
        """
        query = select(
            _d.id,
            _d.created_at,
            _d.document_type,
            _d.sub_organization_id,
            _d.mime_type,
            _d.content_sha256,
            _d.open_findings,
        ).where(in_scope(documents, scope, status=DocumentStatus.VALIDATED_PENDING_EXPORT))
        if before is not None:
            at = literal(before.created_at, _d.created_at.type)
            query = query.where(tuple_(_d.created_at, _d.id) < tuple_(at, before.document_id))
        query = query.order_by(_d.created_at.desc(), _d.id.desc()).limit(limit)
        return self._run(query).all()

    def made(
        self, scope: OrganizationScope, contents: Collection[str], renderer: str
    ) -> frozenset[tuple[str, str]]:
        """Return the contents, of those given, that have a PDF, each with its language."""
        rows = self._run(
            select(_made.content_sha256, _made.language).where(
                in_scope(document_renderings, scope, renderer=renderer),
                _made.content_sha256.in_(contents),
            )
        )
        return frozenset((row.content_sha256, row.language) for row in rows)
