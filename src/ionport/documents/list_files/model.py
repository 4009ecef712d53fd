"""Values of list files: the request and its progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from ionport.core.i18n import N_, _
from ionport.documents.model import DocumentSummary
from ionport.identity.model import AuditAction

MAX_ROWS: Final = 100_000
"""How many documents a file lists at most."""

AT_ONCE: Final = 2_000
"""So many documents are listed before the answer; more in the background."""

KEPT_FOR: Final = timedelta(hours=24)
"""How long a file that was made in the background is kept."""

MAX_KEPT: Final = 5
"""How many files of one person are kept; older ones go."""


class FileFormat(StrEnum):
    """How a file is written; the value is the ending of its name."""

    CSV = "csv"
    XLSX = "xlsx"

    @property
    def label(self) -> str:
        """The format in the user's words."""
        return {
            FileFormat.CSV: _("CSV"),
            FileFormat.XLSX: _("Excel (XLSX)"),
        }[self]


class FileState(StrEnum):
    """The state of a file."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        """The state in the user's words."""
        return {
            FileState.RUNNING: _("Running"),
            FileState.DONE: _("Done"),
            FileState.FAILED: _("Failed"),
            FileState.CANCELLED: _("Cancelled"),
        }[self]

    @property
    def is_over(self) -> bool:
        """Whether its making has ended."""
        return self is not FileState.RUNNING


class ListFileAction(AuditAction):
    """What the audit log tells of list files."""

    ASKED = "documents.list_file", N_("List of documents saved as a file")


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file that is made in the background; only who asked for it sees it."""

    id: str
    organization_id: str
    person_id: str
    format: FileFormat
    state: FileState
    selection: Mapping[str, str]
    """The filter and the order, as the list's address says them."""
    total: int
    done: int
    size_bytes: int
    asked_at: datetime
    """When it was asked for: days of the filter count back from then."""
    updated_at: datetime
    ended_at: datetime | None = None
    document_types: frozenset[str] | None = None
    """The types that its person saw when it was made; None for every type."""

    def is_within(self, seen: frozenset[str] | None) -> bool:
        """Tell whether a person who sees these types (None: all) may see all that it lists."""
        return seen is None or (self.document_types is not None and self.document_types <= seen)

    @property
    def name(self) -> str:
        """The name under which it is saved."""
        return f"documents.{self.format.value}"


class Writer(Protocol):
    """Writes a file row by row; `close` returns all of it."""

    def add(self, items: Sequence[DocumentSummary]) -> None:
        """Write the next documents."""
        ...

    def close(self) -> bytes:
        """End the file and return its content."""
        ...

    def discard(self) -> None:
        """Give up what was written."""
        ...
