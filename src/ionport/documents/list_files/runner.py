"""Makes long list files; several processes may share them."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from ionport.core.clock import Clock
from ionport.core.ids import new_id
from ionport.core.repeating import Runner
from ionport.documents.list_files.model import KEPT_FOR, FileState, ListFile
from ionport.documents.list_files.repository import ListFileRepository
from ionport.documents.list_files.service import ListFileService, writer_of
from ionport.documents.listing.model import ListQuery
from ionport.identity.members.actors import find_actor
from ionport.store import Database, OrganizationScope, SystemScope

_EVERY: Final = 2_000
"""After how many rows the progress is stored."""
_SILENCE: Final = timedelta(seconds=30)
_RUNNING: Final = SystemScope("whatever list file nobody makes")
_logger = logging.getLogger(__name__)


class ListFileRunner(Runner):
    """Takes files and makes them; what a process that ends leaves is made anew by the next."""

    def __init__(self, database: Database, clock: Clock, files: ListFileService) -> None:
        super().__init__()
        self._database = database
        self._clock = clock
        self._files = files

    def _run_next(self) -> bool:
        worker, now = new_id("wrk"), self._clock.now()
        with self._database.read() as work:
            repository = ListFileRepository(work.connection)
            if not repository.has_work(_RUNNING, now - _SILENCE, now - KEPT_FOR):
                return False
        with self._database.write() as work:
            repository = ListFileRepository(work.connection)
            repository.drop_lapsed(_RUNNING, now - KEPT_FOR)
            taken = repository.take(_RUNNING, worker, now, now - _SILENCE)
        if taken is None:
            return False
        file, query = taken
        scope = self._sight(file)
        try:
            state, content = self._make(scope, file, query, worker)
        except Exception:
            _logger.exception("list file %s could not be made", file.id)
            state, content = FileState.FAILED, b""
        with self._database.write() as work:
            repository = ListFileRepository(work.connection)
            if state is FileState.RUNNING:
                repository.release(scope, file.id, worker)
            else:
                repository.end(scope, file.id, worker, state, content, self._clock.now())
        return True

    def _sight(self, file: ListFile) -> OrganizationScope:
        """Return what the person may see now: nothing for one who was removed since."""
        with self._database.read() as work:
            actor = find_actor(work.within(_RUNNING), file.person_id)
        if actor is None:
            return OrganizationScope(file.organization_id, frozenset())
        return actor.scope_in(file.organization_id)

    def _make(
        self, scope: OrganizationScope, file: ListFile, query: ListQuery, worker: str
    ) -> tuple[FileState, bytes]:
        """Return the content, or `RUNNING` when this process must not go on."""
        if scope.document_types == frozenset():
            return FileState.CANCELLED, b""
        writer, done = writer_of(file.format, query), 0
        try:
            for items in self._files.pages(scope, query):
                writer.add(items)
                before, done = done, done + len(items)
                if done // _EVERY == before // _EVERY:
                    continue
                if self._stopping.is_set() or not self._tell(file, worker, done):
                    writer.discard()
                    return FileState.RUNNING, b""
            self._tell(file, worker, done)
        except BaseException:
            writer.discard()
            raise
        return FileState.DONE, writer.close()

    def _tell(self, file: ListFile, worker: str, done: int) -> bool:
        scope = OrganizationScope(file.organization_id)
        with self._database.write() as work:
            repository = ListFileRepository(work.connection)
            return repository.tell(scope, file.id, worker, done, self._clock.now())
