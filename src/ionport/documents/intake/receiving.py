"""Many files at once: read outside of transactions, and kept with several files a commit."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from ionport.core import scanning
from ionport.core.errors import Conflict, InvalidInput, IonportError, Unavailable
from ionport.core.i18n import _
from ionport.core.sentences import stored
from ionport.documents.intake.containers import ReceivedFile, unpack
from ionport.documents.intake.limits import MEGABYTE
from ionport.documents.model import Document
from ionport.documents.receipts import PreparedReceipt, ReceiptAction
from ionport.documents.review.model import Finding
from ionport.documents.service import DocumentService
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.groups.permissions import Permission
from ionport.identity.model import Actor
from ionport.store import DATABASE_AWAY, Database, OrganizationScope

COMMIT_TOGETHER: Final = 50
"""How many files share a commit: other writers wait for it."""

POSTPONED: Final = frozenset({scanning.AWAY, "busy", "data_folder_unavailable"})
"""The codes of files that may be sent again later: nothing is wrong with them."""

WAITS: Final = "waits_for_scanner"
"""The code of a file that is kept, but not taken in before somebody can scan it."""

_BYTES_TOGETHER: Final = 64 * MEGABYTE
_WRITERS: Final = 4

_FAILED: Final = "taking in the file %r failed"
_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Outcome:
    """The result for one file: a document, a document that was there before, or a refusal.

    `code` is that of the refusal, `internal` where the fault is ionport's.
    `source` is the file that was sent, `name` the one inside it.
    """

    source: str
    name: str
    document: Document | None = None
    findings: Sequence[Finding] = field(default_factory=list)
    existing_id: str | None = None
    error: str = ""
    code: str = ""

    @property
    def is_postponed(self) -> bool:
        """Whether the same file may be taken later: nothing is wrong with it."""
        return self.code in POSTPONED

    @property
    def is_waiting(self) -> bool:
        """Whether the file is kept and will be received without being sent again."""
        return self.code == WAITS

    @property
    def is_here(self) -> bool:
        """Whether its content is stored as a document."""
        return self.document is not None or self.code == "document_exists"


@dataclass(slots=True)
class _Batch:
    """The files of one commit: their outcomes in order, and the values read from them."""

    outcomes: list[Outcome] = field(default_factory=list)
    prepared: list[tuple[Outcome, PreparedReceipt, Future[None]]] = field(default_factory=list)
    size: int = 0
    scanner_away: Unavailable | None = None

    @property
    def is_full(self) -> bool:
        return len(self.outcomes) >= COMMIT_TOGETHER or self.size >= _BYTES_TOGETHER


class Receiver:
    """Takes in files for one organization after the other."""

    def __init__(self, database: Database, documents: DocumentService, audit: AuditLog) -> None:
        self._database = database
        self.documents = documents
        self._audit = audit

    def receive(
        self,
        scope: OrganizationScope,
        actor: Actor,
        files: Iterable[ReceivedFile],
        sub_organization_id: str | None = None,
    ) -> Iterator[Outcome]:
        """Unpack, read and store `files`, and yield the outcome of each, in their order.

        `files` is gone through once, one file at a time, so that it may read them from a disk.
        A file that is refused stops none of the others; once the scanner does not answer it is not
        asked again. What was yielded is committed.

        Raises:
            Forbidden: the actor may not send in documents.
        """
        actor.require(scope.organization_id, Permission.EDIT)
        each = (one for file in files for one in self._inside(file))
        yield from self._receive_each(scope, actor, each, sub_organization_id)

    def receive_one(
        self,
        scope: OrganizationScope,
        actor: Actor,
        file: ReceivedFile,
        sub_organization_id: str | None = None,
    ) -> Outcome:
        """Read and store `file`, as `receive`, and return its outcome.

        Raises:
            Forbidden: the actor may not send in documents.
            InvalidInput: `several_documents`, it does not hold one alone, or `malware_found` in
                what does not; nothing is kept then.
        """
        actor.require(scope.organization_id, Permission.EDIT)
        inside = list(self._inside(file))
        if len(inside) != 1:
            self._tell_malware_in(scope, actor, file)
            raise InvalidInput(
                _("The file holds {count} documents, not one.").format(count=len(inside)),
                code="several_documents",
            )
        (outcome,) = self._receive_each(scope, actor, inside, sub_organization_id)
        return outcome

    def _tell_malware_in(self, scope: OrganizationScope, actor: Actor, file: ReceivedFile) -> None:
        """Raise InvalidInput for malware in a file that is not read; the audit log records it."""
        try:
            self.documents.scan(file.content)
        except InvalidInput as error:
            with self._database.write() as work:
                outcome = Outcome(file.name, file.name, error=error.text, code=error.code)
                self._tell_malware(Access(work, scope, actor), outcome)
            raise
        except IonportError:
            # Nothing of the file is kept, also where its other parts could not be read.
            return

    def _receive_each(
        self,
        scope: OrganizationScope,
        actor: Actor,
        files: Iterable[tuple[Outcome, ReceivedFile | None]],
        sub_organization_id: str | None,
    ) -> Iterator[Outcome]:
        batch = _Batch()
        with ThreadPoolExecutor(_WRITERS, "intake") as writers:
            for outcome, file in files:
                if file is not None:
                    self._read(scope, batch, outcome, file, writers)
                batch.outcomes.append(outcome)
                if batch.is_full:
                    yield from self._keep(scope, actor, batch, sub_organization_id, writers)
                    batch = _Batch(scanner_away=batch.scanner_away)
            yield from self._keep(scope, actor, batch, sub_organization_id, writers)

    def _inside(self, file: ReceivedFile) -> Iterator[tuple[Outcome, ReceivedFile | None]]:
        try:
            if file.problem is not None:
                raise file.problem
            self.documents.limits.check_size(file.name, len(file.content))
            for inside in unpack(file, self.documents.limits.file_bytes):
                yield Outcome(file.name, inside.name), inside
        except IonportError as error:
            outcome = Outcome(file.name, file.name)
            _refuse(outcome, error)
            yield outcome, None
        except Exception:
            outcome = Outcome(file.name, file.name)
            _logger.exception(_FAILED, outcome.name)
            _fail(outcome)
            yield outcome, None

    def _read(
        self,
        scope: OrganizationScope,
        batch: _Batch,
        outcome: Outcome,
        file: ReceivedFile,
        writers: Executor,
    ) -> None:
        """Read a file, and have it written to the disk while the next one is read."""
        try:
            if batch.scanner_away is not None:
                raise batch.scanner_away
            prepared = self.documents.read_receipt(scope, file.content, file.name)
        except IonportError as error:
            _refuse(outcome, error)
            if isinstance(error, Unavailable) and error.code == scanning.AWAY:
                batch.scanner_away = error
            return
        except Exception:
            _logger.exception(_FAILED, outcome.name)
            _fail(outcome)
            return
        kept = writers.submit(self.documents.keep, file.content)
        batch.prepared.append((outcome, prepared, kept))
        batch.size += len(file.content)

    def _keep(
        self,
        scope: OrganizationScope,
        actor: Actor,
        batch: _Batch,
        sub_organization_id: str | None,
        writers: Executor,
    ) -> Iterator[Outcome]:
        on_disk: list[tuple[Outcome, PreparedReceipt]] = []
        for outcome, prepared, kept in batch.prepared:
            try:
                kept.result()
                on_disk.append((outcome, prepared))
            except IonportError as error:
                _refuse(outcome, error)
            except Exception:
                _logger.exception(_FAILED, outcome.name)
                _fail(outcome)
        try:
            self.documents.settle((prepared for _outcome, prepared in on_disk), writers)
        except IonportError as error:
            for outcome, _prepared in on_disk:
                _refuse(outcome, error)
            on_disk = []
        malware = [outcome for outcome in batch.outcomes if outcome.code == scanning.MALWARE]
        if on_disk or malware:
            try:
                with self._database.write() as work:
                    access = Access(work, scope, actor)
                    self._write(access, on_disk, sub_organization_id)
                    for outcome in malware:
                        self._tell_malware(access, outcome)
            except (IonportError, *DATABASE_AWAY):
                raise
            except Exception:
                _logger.exception("files that share a commit are kept one by one")
                self._keep_each(scope, actor, on_disk, malware, sub_organization_id)
        yield from batch.outcomes

    def _keep_each(
        self,
        scope: OrganizationScope,
        actor: Actor,
        on_disk: Sequence[tuple[Outcome, PreparedReceipt]],
        malware: Sequence[Outcome],
        sub_organization_id: str | None,
    ) -> None:
        """Keep files with a commit each, because one of them cannot be written."""
        for outcome, prepared in on_disk:
            outcome.document, outcome.findings = None, []
            try:
                with self._database.write() as work:
                    self._write(
                        Access(work, scope, actor), [(outcome, prepared)], sub_organization_id
                    )
            except (IonportError, *DATABASE_AWAY):
                raise
            except Exception:
                _logger.exception(_FAILED, outcome.name)
                _fail(outcome)
        for outcome in malware:
            try:
                with self._database.write() as work:
                    self._tell_malware(Access(work, scope, actor), outcome)
            except (IonportError, *DATABASE_AWAY):
                raise
            except Exception:
                _logger.exception("malware that was refused is not in the audit log")

    def _write(
        self,
        access: Access[OrganizationScope],
        on_disk: Sequence[tuple[Outcome, PreparedReceipt]],
        sub_organization_id: str | None,
    ) -> None:
        prepared = [one for _outcome, one in on_disk]
        try:
            made = self.documents.receive_all(access, prepared, sub_organization_id)
        except IonportError as error:
            for outcome, _one in on_disk:
                _refuse(outcome, error)
            return
        for (outcome, _one), one in zip(on_disk, made, strict=True):
            if isinstance(one, IonportError):
                _refuse(outcome, one)
            else:
                outcome.document, outcome.findings = one.document, one.findings

    def _tell_malware(self, access: Access[OrganizationScope], outcome: Outcome) -> None:
        detail = {"file": outcome.name, "reason": stored(outcome.error)}
        self._audit.record(
            access, ReceiptAction.MALWARE_REFUSED, access.scope.organization_id, detail
        )


def _refuse(outcome: Outcome, error: IonportError) -> None:
    outcome.error, outcome.code = error.text, error.code
    if isinstance(error, Conflict):
        outcome.existing_id = error.existing_id


def _fail(outcome: Outcome) -> None:
    """Refuse a file for a fault of ours, which is logged: the other files go on."""
    outcome.document, outcome.findings = None, []
    outcome.code = "internal"
    outcome.error = _(
        "ionport failed at this file; that is a fault of ionport, not of whoever sent it. Keep the"
        " file and report it to whoever runs ionport: the log has the details."
    )
