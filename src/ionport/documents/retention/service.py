"""Retention: the periods, and the removal of content that is due.

A document is purged in one transaction, locked with its deliveries as a person's decision locks
them, so that none begins meanwhile. Its files are deleted later, when no row names them any more.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput, IonportError
from ionport.core.i18n import _, ngettext
from ionport.documents.model import TimelineKind
from ionport.documents.readable_pages.service import ReadablePageService
from ionport.documents.repository import DocumentRepository, search_text
from ionport.documents.retention.model import (
    MAX_YEARS,
    PURGED,
    Due,
    DueDocument,
    RetentionAction,
    Swept,
    kept_fields,
    years_before,
)
from ionport.documents.retention.repository import RetentionRepository
from ionport.documents.review.ports import Sent
from ionport.documents.service import DocumentService
from ionport.documents.timeline import Timeline
from ionport.documents.types import DOCUMENT_TYPES, document_type
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor
from ionport.store import Database, OrganizationScope, ScopedWork, SystemScope

_AT_A_TIME: Final = 50
_IN_A_BATCH: Final = 20
_FILES: Final = 200
# Longer than the time from putting a content to committing the row that names it.
_GRACE: Final = timedelta(hours=1)
_SYSTEM: Final = SystemScope("what retention removes")
_IONPORT: Final = Actor.operator("ionport")
_logger = logging.getLogger(__name__)


class RetentionService:
    """Sets how long documents are kept, and removes the content of those that are due."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        audit: AuditLog,
        blobs: Blobs,
        documents: DocumentService,
        pages: ReadablePageService,
    ) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._blobs = blobs
        self._documents = documents
        self._pages = pages
        self._timeline = Timeline(clock)

    def keep(self, access: Access[OrganizationScope], type_id: str, years: int | None) -> None:
        """Keep documents of a type so many years after they are done; None is for ever.

        Raises Forbidden, NotFound for a type, and InvalidInput.
        """
        access.require_organization_administrator()
        kind = document_type(type_id).id
        if years is not None and not 1 <= years <= MAX_YEARS:
            wrong = _("Write a number of years from 1 to {n}, or nothing.").format(n=MAX_YEARS)
            raise InvalidInput(wrong, code="wrong_years", fields={kind: wrong})
        repository = RetentionRepository(access.connection)
        before = repository.kept(access.scope).get(kind)
        if before == years:
            return
        now = self._clock.now()
        repository.put(access.scope, kind, years, now, access.actor.name)
        changed = {kind: f"{years_text(before)} → {years_text(years)}"}
        self._audit.record(access, RetentionAction.CHANGED, kind, changed)

    def due(
        self, access: ScopedWork[OrganizationScope], years: dict[str, int] | None = None
    ) -> Sequence[Due]:
        """Return what is due of each type that is kept for a time; `years` instead of what is set.

        Documents with an open delivery are among them, and stay until it is over.
        """
        repository, now = RetentionRepository(access.connection), self._clock.now()
        kept = repository.kept(access.scope) if years is None else years
        found = []
        for kind in DOCUMENT_TYPES:
            if kind in kept:
                before = years_before(now, kept[kind])
                count = repository.count_due(access.scope, kind, before)
                found.append(Due(kind, kept[kind], before, count))
        return found

    def run(self, scope: OrganizationScope, actor: Actor = _IONPORT) -> Swept:
        """Remove the content of all documents of an organization that are due.

        Opens its own transactions, one for each document.
        """
        return self._purge_all(scope, actor, None)

    def tidy(self, database: Database) -> int:
        """Purge a few documents of any organization; when none is due, delete files. A tick's."""
        with database.read() as work:
            owners = RetentionRepository(work.connection).organizations(_SYSTEM)
        purged = 0
        for owner in owners:
            if purged < _IN_A_BATCH:
                scope = OrganizationScope(owner)
                purged += self._purge_all(scope, _IONPORT, _IN_A_BATCH - purged).purged
        return purged or self.delete_files()

    def delete_files(self) -> int:
        """Delete the next files that purged documents left; return how many are gone.

        A file that a row names stays on the list. So does one from inside a document that is as
        old as a delivery which is not over: its payload may name it.
        """
        now = self._clock.now()
        with self._database.read() as work:
            repository = RetentionRepository(work.connection)
            due = repository.released(_SYSTEM, now - _GRACE, _FILES)
            named = repository.named(_SYSTEM, [name for name, _inside in due]) if due else set()
            oldest = self._documents.review.deliveries.oldest_unfinished(work)
        since = time.time() - _GRACE.total_seconds()
        since_inside = min(since, oldest.timestamp()) if oldest is not None else since
        gone = {
            name
            for name, is_inside in due
            if name not in named
            and self._blobs.delete(name, unless_put_since=since_inside if is_inside else since)
        }
        if due:
            with self._database.write() as work:
                left = {name for name, _inside in due} - gone
                RetentionRepository(work.connection).settle(_SYSTEM, gone, left, now)
        return len(gone)

    def _purge_all(self, scope: OrganizationScope, actor: Actor, most: int | None) -> Swept:
        with self._database.read() as work:
            kept = RetentionRepository(work.connection).kept(scope)
        purged = left = 0
        for kind, years in kept.items():
            for document in self._due_of(scope, kind, years):
                if most is not None and purged >= most:
                    return Swept(purged, left)
                try:
                    done = self._purge(scope, actor, document, kind, years)
                except Exception:
                    _logger.exception("the content of %s could not be removed", document.id)
                    done = False
                purged, left = purged + done, left + (not done)
        return Swept(purged, left)

    def _due_of(self, scope: OrganizationScope, kind: str, years: int) -> Iterator[DueDocument]:
        before, last = years_before(self._clock.now(), years), None
        while True:
            with self._database.read() as work:
                repository = RetentionRepository(work.connection)
                found = repository.due(scope, kind, before, last, _AT_A_TIME)
            yield from found
            if len(found) < _AT_A_TIME:
                return
            last = found[-1]

    def _purge(
        self, scope: OrganizationScope, actor: Actor, due: DueDocument, kind: str, years: int
    ) -> bool:
        """Remove the content of one document; False when it is not due any more, or is sent."""
        try:
            inside = set(self._pages.digests_inside(scope, due.id)) - {due.content_sha256}
        except IonportError:
            # Not readable, or gone already: there is nothing inside to be found.
            inside = set()
        with self._database.write() as work:
            return self._store_purge(Access(work, scope, actor), due, kind, years, inside)

    def _store_purge(
        self,
        access: Access[OrganizationScope],
        due: DueDocument,
        kind: str,
        years: int,
        inside: set[str],
    ) -> bool:
        work, scope, now = access.work, access.scope, self._clock.now()
        deliveries = self._documents.review.deliveries
        sent = deliveries.lock(work.within(scope), due.id)
        repository = RetentionRepository(work.connection)
        DocumentRepository(work.connection).lock_status(scope, due.id)
        before = years_before(now, years)
        # How long it is kept may have been changed meanwhile.
        is_due = repository.kept(scope).get(kind) == years and repository.is_due(
            scope, due.id, before
        )
        if not is_due or sent is Sent.UNDER_WAY or deliveries.has_open(work.within(scope), due.id):
            return False
        document = self._documents.get(work.within(scope), due.id)
        kept = kept_fields(kind, document.fields)
        searched = search_text(document.filename, due.id, kept)
        repository.purge(scope, due.id, kept, searched, now)
        pages = repository.forget_pages(scope, due.content_sha256)
        repository.release(_SYSTEM, [due.content_sha256, *pages], now, is_inside=False)
        repository.release(_SYSTEM, inside, now, is_inside=True)
        given = {"years": str(years), "sha256": due.content_sha256}
        self._timeline.tell(
            work.within(scope),
            due.id,
            TimelineKind.NOTE,
            "",
            access.actor.name,
            code=PURGED,
            parameters=given,
        )
        self._audit.record(access, RetentionAction.PURGED, due.id, given)
        return True


def years_text(years: int | None) -> str:
    """Return how long something is kept, in words."""
    if years is None:
        return _("for ever")
    return ngettext("{n} year", "{n} years", years).format(n=years)
