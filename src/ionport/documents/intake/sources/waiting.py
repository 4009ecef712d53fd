"""Uploads that wait while the virus scanner does not answer: files of a watched folder.

Each sender has a folder in the data folder, which is a source like any other: the results for the
files are in its log, and the documents are the sender's. Nothing of them is archived there: what
was received is a document.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy.exc import IntegrityError

from ionport.core import scanning
from ionport.core.clock import Clock
from ionport.core.errors import Unavailable
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.documents.intake.containers import ReceivedFile
from ionport.documents.intake.receiving import WAITS, Outcome
from ionport.documents.intake.sources.folder import MAX_FILES, WatchFolder
from ionport.documents.intake.sources.model import IntakeSource, SourceKind
from ionport.documents.intake.sources.repository import SourceRepository
from ionport.documents.repository import DocumentRepository
from ionport.identity.model import Actor
from ionport.store import Database, OrganizationScope

_NAME: Final = "Uploads that wait"


class WaitingUploads:
    """Keeps files that were sent while the scanner did not answer, until it does."""

    def __init__(self, database: Database, clock: Clock, folder: Path) -> None:
        self._database = database
        self._clock = clock
        self._folder = folder

    def keep(
        self,
        scope: OrganizationScope,
        actor: Actor,
        outcomes: Sequence[Outcome],
        files: Iterable[ReceivedFile],
        sub_organization_id: str | None = None,
    ) -> None:
        """Keep those of `files` that could not be scanned, and change their outcomes to waiting.

        Where they cannot be kept, the outcomes stay as they are: the files have to be sent again.
        Their documents are the actor's. Called without a transaction, after `Receiver.receive`
        has judged who may send.
        """
        waiting = {each.source for each in outcomes if each.code == scanning.AWAY}
        if not waiting or not self._is_place(scope, sub_organization_id):
            return
        sender = hashlib.sha256(actor.name.encode(errors="replace")).hexdigest()[:16]
        place = self._folder / (sub_organization_id or scope.organization_id) / sender
        inbox = WatchFolder(place, None, place / "error")
        try:
            for file in files:
                if file.name in waiting and file.problem is None:
                    inbox.put(file.name, file.content, MAX_FILES)
        except Unavailable:
            return
        self._watch(scope, actor, place, sub_organization_id)
        for outcome in outcomes:
            if outcome.code == scanning.AWAY:
                outcome.code, outcome.error = WAITS, _waits()

    def _is_place(self, scope: OrganizationScope, sub_organization_id: str | None) -> bool:
        if sub_organization_id is None:
            return True
        with self._database.read() as work:
            repository = DocumentRepository(work.connection)
            return repository.is_sub_organization(scope, sub_organization_id)

    def _watch(
        self,
        scope: OrganizationScope,
        actor: Actor,
        place: Path,
        sub_organization_id: str | None,
    ) -> None:
        """Make the folder a source, unless it is one."""
        of = f"{actor.name}, {sub_organization_id}" if sub_organization_id else actor.name
        name = f"{_NAME} ({of})"
        source = IntakeSource(
            id=new_id("src"),
            organization_id=scope.organization_id,
            sub_organization_id=sub_organization_id,
            name=name,
            kind=SourceKind.FOLDER,
            parameters={
                "folder": str(place),
                "error": str(place / "error"),
                "sender": actor.name,
            },
            problem="",
            created_at=self._clock.now(),
            created_by="ionport",
        )
        with self._database.write() as work:
            repository = SourceRepository(work.connection)
            if any(each.name == name for each in repository.of_organization(scope)):
                return
            try:
                with work.connection.begin_nested():
                    repository.add(scope, source)
            except IntegrityError:
                # Another upload has made it at the same moment.
                return


def _waits() -> str:
    return _(
        "The virus scanner does not answer. The file waits here and comes in by itself when the"
        " scanner runs again; nothing has to be sent anew."
    )
