"""Makes the pages of invoices that exports will send, before they are exported.

A page costs more than the rest of a delivery. Made between receipt and export it is there when a
person presses *Export*; a delivery that finds none makes it itself, of the same bytes
(docs/decisions/0031-pages-are-made-before-exports.md). Nothing is kept but the pages: what is
missing is found in the database, by a process that starts anew as well.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Set
from typing import Final

from cachetools import FIFOCache
from sqlalchemy.exc import SQLAlchemyError

from ionport.core.errors import IonportError, NotFound, Unavailable
from ionport.core.paging import MAX_PER_PAGE, PageRequest
from ionport.core.repeating import Repeating
from ionport.documents.invoice.rendering.model import Language
from ionport.documents.readable_pages.model import MissingPage, Place, Position
from ionport.documents.readable_pages.service import ReadablePageService
from ionport.exports.configurations.model import ExportConfiguration
from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.destinations import destination_of
from ionport.exports.destinations.rendering import PreparedMappings
from ionport.mappings.service import MappingService
from ionport.store import Database, OrganizationScope, ScopedWork, SystemScope

LOOK_SECONDS: Final = 2.0
"""How long is waited after a look that found nothing to make."""

_SCOPE: Final = SystemScope("making pages before exports")
_ORGANIZATIONS: Final = 20
_DOCUMENTS: Final = 100
_REFUSED: Final = 10_000
# After a page the maker pauses this many times as long as it took: the process has other work to
# do.
_REST: Final = 2.0
_logger = logging.getLogger(__name__)


class PageMaker:
    """Finds documents that wait for their export and makes their pages, one after the other."""

    def __init__(
        self,
        database: Database,
        readable_pages: ReadablePageService,
        mappings: MappingService,
        *,
        documents_at_once: int = _DOCUMENTS,
        rest: float = _REST,
    ) -> None:
        self._database = database
        self._readable_pages = readable_pages
        self._mappings = mappings
        self._documents_at_once = documents_at_once
        self._rest = rest
        self._prepared = PreparedMappings()
        self._stopping = threading.Event()
        self._last_organization = ""
        self._positions: dict[str, Position] = {}
        # A page that cannot be made is not tried at every look; the delivery tries it and reports
        # the error.
        self._refused: FIFOCache[tuple[str, str, str], None] = FIFOCache(_REFUSED)

    def stop(self) -> None:
        """Make no further page; the one that is being made is finished."""
        self._stopping.set()

    def repeating(self, every_seconds: float = LOOK_SECONDS) -> Repeating:
        """Return what looks again and again in a thread of its own, until it is closed."""
        return Repeating("pages", self.look, every_seconds, goes_on=True, interrupt=self.stop)

    def look(self) -> int:
        """Look once and make what is missing; returns how many pages were made.

        A look goes through the newest documents of up to 20 organizations, and through some older
        ones behind those of the look before: a decision may have freed any of them. It ends early
        where pages cannot be made now.
        """
        made = 0
        for scope, languages in self._next_organizations().items():
            for page in self._missing(scope, languages):
                if self._stopping.is_set():
                    return made
                try:
                    made += self._make(scope, page)
                except Unavailable as error:
                    _logger.warning("no pages can be made now: %s", error.text)
                    return made
        return made

    def _next_organizations(self) -> dict[OrganizationScope, Mapping[Place, Set[Language]]]:
        with self._database.read() as work:
            found = ConfigurationRepository(work.connection).organizations_that_export(
                _SCOPE, self._last_organization, _ORGANIZATIONS
            )
            languages = {scope: self._languages(work.within(scope)) for scope in found}
        is_last = len(found) < _ORGANIZATIONS
        self._last_organization = "" if is_last else found[-1].organization_id
        return languages

    def _languages(self, access: ScopedWork[OrganizationScope]) -> Mapping[Place, Set[Language]]:
        """Return which pages the active configurations of an organization send."""
        page = PageRequest(per_page=MAX_PER_PAGE)
        configurations = ConfigurationRepository(access.connection).list(
            access.scope, page, only_active=True
        )
        languages: dict[Place, set[Language]] = {}
        for configuration in configurations.items:
            language = self._language(access, configuration)
            if language is not None:
                place = Place(configuration.document_type, configuration.sub_organization_id)
                languages.setdefault(place, set()).add(language)
        return languages

    def _language(
        self, access: ScopedWork[OrganizationScope], configuration: ExportConfiguration
    ) -> Language | None:
        destination = destination_of(configuration.method)
        try:
            versions = {
                kind: self._mappings.version_by_id(access, version_id)
                for kind, version_id in configuration.version_ids().items()
            }
        except NotFound:
            return None
        return destination.page_language(versions, self._prepared)

    def _missing(
        self, scope: OrganizationScope, languages: Mapping[Place, Set[Language]]
    ) -> Iterator[MissingPage]:
        newest = self._readable_pages.missing_pages(scope, languages, None, self._documents_at_once)
        yield from newest.pages
        after = self._positions.pop(scope.organization_id, newest.position)
        if after is None:
            return
        older = self._readable_pages.missing_pages(scope, languages, after, self._documents_at_once)
        if older.position is not None:
            self._positions[scope.organization_id] = older.position
        yield from older.pages

    def _make(self, scope: OrganizationScope, page: MissingPage) -> bool:
        """Make a page; False when it cannot be made. Raises Unavailable, and what a database does.

        Another process may have made it meanwhile: then nothing is made.
        """
        key = (scope.organization_id, page.content_sha256, page.language.value)
        if key in self._refused:
            return False
        began = time.monotonic()
        try:
            self._readable_pages.pdf_digest_of(scope, page.content_sha256, page.language)
        except (Unavailable, SQLAlchemyError):
            raise
        except IonportError as error:
            _logger.warning("document %s gets no page: %s", page.document_id, error.text)
            self._refused[key] = None
            return False
        except Exception:
            # A fault of ours with one document: the others do not wait for it.
            _logger.exception("the page of document %s broke off", page.document_id)
            self._refused[key] = None
            return False
        self._stopping.wait(self._rest * (time.monotonic() - began))
        return True
