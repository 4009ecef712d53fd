"""What a person does with the list as a file: have it made, look at it, save it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, Forbidden, existing
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.paging import MAX_PER_PAGE
from ionport.documents.list_files.csv_file import CsvWriter
from ionport.documents.list_files.model import (
    AT_ONCE,
    MAX_KEPT,
    MAX_ROWS,
    FileFormat,
    FileState,
    ListFile,
    ListFileAction,
    Writer,
)
from ionport.documents.list_files.repository import ListFileRepository
from ionport.documents.list_files.spreadsheet import SpreadsheetWriter
from ionport.documents.listing.model import ListQuery
from ionport.documents.model import DocumentSummary
from ionport.documents.service import DocumentService
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.groups.permissions import Permission
from ionport.store import Database, OrganizationScope


@dataclass(eq=False, repr=False)
class ListFileService:
    """Lists of an organization's documents as files; `ListFileRunner` makes the long ones."""

    _database: Database
    _clock: Clock
    _audit: AuditLog
    _documents: DocumentService

    def make(self, scope: OrganizationScope, query: ListQuery, file_format: FileFormat) -> bytes:
        """Return a short file at once; called without a transaction."""
        writer = writer_of(file_format, query)
        try:
            for items in self.pages(scope, query):
                writer.add(items)
        except BaseException:
            writer.discard()
            raise
        return writer.close()

    def pages(
        self, scope: OrganizationScope, query: ListQuery
    ) -> Iterator[Sequence[DocumentSummary]]:
        """Yield the documents that a query finds, at most `MAX_ROWS`, some at a time.

        Each page is read in a transaction of its own, which no slow receiver keeps open.
        """
        query, left = replace(query, limit=MAX_PER_PAGE), MAX_ROWS
        while left > 0:
            with self._database.read() as work:
                page = self._documents.browse(work.within(scope), query)
            yield page.items[:left]
            if page.next is None:
                return
            left -= len(page.items)
            query = replace(query, cursor=page.next)

    def ask(
        self,
        access: Access[OrganizationScope],
        query: ListQuery,
        file_format: FileFormat,
        told: Mapping[str, str],
    ) -> ListFile | None:
        """Ask for a file, and return it when it is so long that it is made in the background.

        None for a short one, which `make` returns. `told` are the words of the list's address.
        Raises Forbidden for a person who is no member of the organization.
        """
        access.require_organization_member()
        total = min(self._documents.count(access, query.wanted), MAX_ROWS)
        details = {"format": file_format.value, "documents": str(total)}
        person_id, now = access.actor.user_id or "", self._clock.now()
        if total <= AT_ONCE or not person_id:
            self._audit.record(access, ListFileAction.ASKED, "documents", details)
            return None
        file = ListFile(
            id=new_id("list"),
            organization_id=access.scope.organization_id,
            person_id=person_id,
            format=file_format,
            state=FileState.RUNNING,
            selection=dict(told),
            total=total,
            done=0,
            size_bytes=0,
            asked_at=now,
            updated_at=now,
        )
        repository = ListFileRepository(access.connection)
        repository.add(access.scope, file, query)
        repository.drop_older(access.scope, person_id, MAX_KEPT)
        self._audit.record(access, ListFileAction.ASKED, file.id, details)
        return file

    def get(self, access: Access[OrganizationScope], file_id: str) -> ListFile:
        """Return a file that the person has asked for; raises Forbidden and NotFound."""
        access.require_organization_member()
        person_id = access.actor.user_id or ""
        found = ListFileRepository(access.connection).find(access.scope, person_id, file_id)
        return existing(found, _("There is no such file."), code="no_list_file")

    def list(self, access: Access[OrganizationScope]) -> Sequence[ListFile]:
        """Return the files that the person has asked for, the newest first."""
        access.require_organization_member()
        repository = ListFileRepository(access.connection)
        return repository.list(access.scope, access.actor.user_id or "", MAX_KEPT)

    def content(self, access: Access[OrganizationScope], file_id: str) -> tuple[ListFile, bytes]:
        """Return a file with its content.

        Raises:
            Forbidden, NotFound: as `get`.
            Forbidden: it lists types that the person sees no more (`list_file_beyond_sight`).
            Conflict: it is not done (`list_file_not_done`).
        """
        file = self.get(access, file_id)
        if not file.is_within(access.types_for(Permission.SEE)):
            raise Forbidden(
                _(
                    "Since this file was made you may see fewer document types. Ask for the list"
                    " again."
                ),
                code="list_file_beyond_sight",
            )
        if file.state is not FileState.DONE:
            raise Conflict(_("This file is not there yet."), code="list_file_not_done")
        return file, ListFileRepository(access.connection).content(access.scope, file_id)

    def cancel(self, access: Access[OrganizationScope], file_id: str) -> None:
        """End a file that is being made; one that is over stays. Errors as `get`."""
        file = self.get(access, file_id)
        repository = ListFileRepository(access.connection)
        repository.cancel(access.scope, file.person_id, file.id, self._clock.now())


def writer_of(file_format: FileFormat, query: ListQuery) -> Writer:
    """Return a new file of a format with the columns that a query asks for."""
    writer = SpreadsheetWriter if file_format is FileFormat.XLSX else CsvWriter
    return writer(query.columns)
