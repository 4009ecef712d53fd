"""Values of intake sources: where files are taken from, and the result for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ionport.core.i18n import N_, _
from ionport.identity.model import AuditAction

MAX_NAME = 100
MAX_SOURCES = 100


class SourceKind(StrEnum):
    """How files are reached."""

    FOLDER = "folder"
    SFTP = "sftp"

    @property
    def label(self) -> str:
        """In the user's words and language."""
        return {SourceKind.FOLDER: _("Folder"), SourceKind.SFTP: _("SFTP")}[self]


class Result(StrEnum):
    """The result for a file."""

    RECEIVED = "received"
    HERE_ALREADY = "here_already"
    REFUSED = "refused"
    WAITING = "waiting"

    @property
    def is_refused(self) -> bool:
        return self is Result.REFUSED

    @property
    def label(self) -> str:
        """In the user's words and language."""
        return {
            Result.RECEIVED: _("Received"),
            Result.HERE_ALREADY: _("Here already"),
            Result.REFUSED: _("Refused"),
            Result.WAITING: _("Not taken yet"),
        }[self]


class SourceAction(AuditAction):
    """What the audit log tells of intake sources."""

    ADDED = "intake_source.added", N_("Intake source added")
    REMOVED = "intake_source.removed", N_("Intake source removed")


@dataclass(frozen=True, slots=True)
class IntakeSource:
    """A source of one organization; `problem` is why the last look failed, empty when it did not.

    `parameters` of a folder: `folder`, `archive`, `error` (absolute paths), and `sender`, whose
    uploads wait in it; of SFTP also `host`, `port`, `username`, `host_key`, and `sealed` is the
    password or private key.
    """

    id: str
    organization_id: str
    sub_organization_id: str | None
    name: str
    kind: SourceKind
    parameters: Mapping[str, str]
    problem: str
    created_at: datetime
    created_by: str
    sealed: str = ""

    @property
    def sender(self) -> str:
        """By whom documents of it are received."""
        return self.parameters.get("sender") or f"{self.kind.value} {self.name}"

    @property
    def place(self) -> str:
        """Where its files are, as a text for people."""
        given = self.parameters
        if self.kind is SourceKind.FOLDER:
            return given["folder"]
        return f"sftp://{given['username']}@{given['host']}:{given['port']}{given['folder']}"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """The result for one file of a source."""

    id: str
    source_id: str
    at: datetime
    filename: str
    result: Result
    text: str
    document_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of *Test connection*; `problem` says what is wrong and what to do."""

    title: str
    problem: str = ""

    @property
    def passed(self) -> bool:
        return not self.problem
