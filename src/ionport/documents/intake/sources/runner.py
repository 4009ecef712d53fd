"""Looks into sources: takes complete files, receives them, archives or sets them aside."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby, takewhile
from operator import attrgetter
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import IonportError
from ionport.core.ids import new_id
from ionport.core.repeating import Repeating
from ionport.core.sentences import joined, shortened
from ionport.documents.intake.containers import ReceivedFile
from ionport.documents.intake.receiving import Outcome, Receiver
from ionport.documents.intake.sources.folder import Mark
from ionport.documents.intake.sources.inboxes import Inbox, Inboxes, inbox_of
from ionport.documents.intake.sources.model import IntakeSource, LogEntry, Result, SourceKind
from ionport.documents.intake.sources.repository import SourceRepository
from ionport.documents.review.sentences import bare_text
from ionport.identity.model import Actor
from ionport.store import Database, OrganizationScope, SystemScope

REST_SECONDS: Final = 2.0
"""How long a file must not have changed before it is taken."""

SERVER_SECONDS: Final = 60.0
"""How often an SFTP server is looked into."""

_SERVERS: Final = 8
"""How many SFTP servers are looked into at a time: one that hangs delays no other."""


_MAX_TEXT: Final = 2_000
_logger = logging.getLogger(__name__)


class SourceRunner:
    """Receives the files of sources; it remembers how each file looked last time."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        receiver: Receiver,
        *,
        max_bytes: int,
        rest_seconds: float = REST_SECONDS,
        inboxes: Inboxes | None = None,
    ) -> None:
        self._inbox_of: Callable[[IntakeSource], Inbox] = inboxes.of if inboxes else inbox_of
        self._looked: dict[str, float] = {}
        self._database = database
        self._clock = clock
        self._receiver = receiver
        self._max_bytes = max_bytes
        self._rest = rest_seconds
        self._seen: dict[str, dict[str, tuple[Mark, float]]] = {}
        self._waiting: set[tuple[str, str]] = set()
        self._servers = ThreadPoolExecutor(_SERVERS, "intake-servers")
        self._under_way: dict[str, Future[None]] = {}
        self._stopping = threading.Event()

    def repeating(self, every_seconds: float = REST_SECONDS) -> Repeating:
        """Return what looks into all sources in a thread of its own, until it is closed."""
        return Repeating(
            "intake-sources", self.run_all, every_seconds, interrupt=self.stop, at_end=self.close
        )

    def stop(self) -> None:
        """Take no further file; those under way are settled."""
        self._stopping.set()

    def close(self) -> None:
        """Wait for the looks into servers that are under way, after `stop`."""
        self._servers.shutdown(cancel_futures=True)

    def run_all(self) -> None:
        """Look into every source once; an error of one does not stop the others.

        Folders have been looked into when this returns; looks into servers go on beside it, one at
        a time for each.
        """
        with self._database.read() as work:
            sources = SourceRepository(work.connection).list_all(SystemScope("intake sources"))
        for source in sources:
            if self._stopping.is_set():
                return
            if not self._is_due(source):
                continue
            if source.kind is SourceKind.FOLDER:
                self._look(source)
            else:
                self._under_way[source.id] = self._servers.submit(self._look, source)

    def _look(self, source: IntakeSource) -> None:
        if self._stopping.is_set():
            return
        try:
            self.run(source)
        except Exception:
            _logger.exception("looking into the intake source %s broke off", source.id)

    def _is_due(self, source: IntakeSource) -> bool:
        """Look into folders each time, and into servers of others once a minute."""
        if source.kind is SourceKind.FOLDER:
            return True
        if (look := self._under_way.get(source.id)) is not None and not look.done():
            return False
        now = time.monotonic()
        if now - self._looked.get(source.id, -SERVER_SECONDS) < SERVER_SECONDS:
            return False
        self._looked[source.id] = now
        return True

    def run_once(self, source: IntakeSource) -> list[LogEntry]:
        """Look, wait until the present files no longer change, and look again; as `run`."""
        first = self.run(source)
        if not self._seen.get(source.id):
            return first
        time.sleep(self._rest)
        return [*first, *self.run(source)]

    def run(self, source: IntakeSource) -> list[LogEntry]:
        """Look into a source once, and return the results for its files.

        Where its folders cannot be used this is kept as the source's problem. What was taken by a
        process that ended before it was settled is received too: its digest tells whether it is a
        document already. While another process looks into it nothing happens.
        """
        scope = OrganizationScope(source.organization_id)
        problem, entries = "", list[LogEntry]()
        try:
            inbox = self._inbox_of(source)
            with inbox.alone() as is_alone:
                if not is_alone:
                    return []
                self._take(source, inbox)
                entries.extend(self._set_aside_unreadable(scope, source, inbox))
                for entry in self._receive(scope, source, inbox):
                    entries.append(entry)
        except IonportError as error:
            problem = error.text
        if problem != source.problem:
            with self._database.write() as work:
                SourceRepository(work.connection).set_problem(scope, source.id, problem)
        return entries

    def _take(self, source: IntakeSource, inbox: Inbox) -> None:
        before, now = self._seen.get(source.id, {}), time.monotonic()
        seen: dict[str, tuple[Mark, float]] = {}
        for name, mark in inbox.look().items():
            known, since = before.get(name, (None, now))
            if known != mark:
                seen[name] = (mark, now)
            elif now - since < self._rest:
                seen[name] = (mark, since)
            else:
                inbox.take(name)
        self._seen[source.id] = seen

    def _set_aside_unreadable(
        self, scope: OrganizationScope, source: IntakeSource, inbox: Inbox
    ) -> Iterator[LogEntry]:
        """Set aside taken files that cannot be read, so that no other one waits for them."""
        for name in inbox.taken():
            if reason := inbox.why_unreadable(name):
                inbox.set_aside(name, reason)
                entry = self._entry(source, name, Result.REFUSED, reason)
                with self._database.write() as work:
                    SourceRepository(work.connection).add_log(scope, entry)
                yield entry

    def _receive(
        self, scope: OrganizationScope, source: IntakeSource, inbox: Inbox
    ) -> Iterator[LogEntry]:
        taken = takewhile(lambda _name: not self._stopping.is_set(), inbox.taken())
        files = (ReceivedFile(name, inbox.read(name, self._max_bytes)) for name in taken)
        actor = Actor.operator(source.sender)
        outcomes = self._receiver.receive(scope, actor, files, source.sub_organization_id)
        for name, of_file in groupby(outcomes, attrgetter("source")):
            entry = self._settled(source, inbox, name, list(of_file))
            if self._is_told(entry):
                continue
            with self._database.write() as work:
                SourceRepository(work.connection).add_log(scope, entry)
            yield entry

    def _is_told(self, entry: LogEntry) -> bool:
        """Tell whether a waiting file is in the log already: once is enough."""
        key, was_waiting = (entry.source_id, entry.filename), False
        if entry.result is Result.WAITING:
            was_waiting = key in self._waiting
            self._waiting.add(key)
        else:
            self._waiting.discard(key)
        return was_waiting

    def _settled(
        self, source: IntakeSource, inbox: Inbox, name: str, outcomes: Sequence[Outcome]
    ) -> LogEntry:
        """Archive a received file, set it aside or put it back, and return its log entry."""
        result, text = _result(outcomes), _text(outcomes)
        if result is Result.WAITING:
            inbox.put_back(name)
        elif result is Result.REFUSED:
            inbox.set_aside(name, text)
        else:
            inbox.archive(name)
        made = [outcome.document for outcome in outcomes if outcome.document is not None]
        ids = tuple(document.id for document in made[:_MAX_TEXT])
        return self._entry(source, name, result, text, ids)

    def _entry(
        self,
        source: IntakeSource,
        name: str,
        result: Result,
        text: str,
        document_ids: tuple[str, ...] = (),
    ) -> LogEntry:
        return LogEntry(
            id=new_id("log"),
            source_id=source.id,
            at=self._clock.now(),
            filename=name,
            result=result,
            text=shortened(text, _MAX_TEXT),
            document_ids=document_ids,
        )


def _result(outcomes: Sequence[Outcome]) -> Result:
    if any(outcome.is_postponed for outcome in outcomes):
        return Result.WAITING
    if not all(outcome.is_here for outcome in outcomes):
        return Result.REFUSED
    return Result.RECEIVED if any(each.document for each in outcomes) else Result.HERE_ALREADY


def _text(outcomes: Sequence[Outcome]) -> str:
    lines = []
    for outcome in outcomes:
        inside = f"{outcome.name}:" if outcome.name != outcome.source else ""
        told = [outcome.error]
        if outcome.document is not None:
            held = [each for each in outcome.findings if each.is_open]
            told = [outcome.document.id, *(bare_text(each.code, each.parameters) for each in held)]
        lines.append(joined(inside, *told))
    return joined(*lines, by="\n")
