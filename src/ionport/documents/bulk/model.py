"""Values of bulk runs: one action of a person on many documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ionport.core.i18n import N_, _
from ionport.documents.model import DocumentFilter
from ionport.identity.groups.permissions import Permission
from ionport.identity.model import AuditAction

MAX_DOCUMENTS = 100_000
"""How many documents one run may have."""

MAX_RUNS = 200
"""How many runs of an organization are kept; older ones go with their items."""


class BulkAction(StrEnum):
    """What is done with each of the documents."""

    EXPORT = "export"
    ACCEPT = "accept"
    REJECT = "reject"
    DELETE = "delete"
    UNDO_ACCEPT = "undo_accept"
    UNDO_REJECT = "undo_reject"
    UNDO_DELETE = "undo_delete"
    REPLAY = "replay"
    """Begun in the list of deliveries: what has failed there is tried again."""
    RETRY = "retry"
    """Begun among the export errors: all that failed with one cause is tried again."""
    RE_EXPORT = "re_export"
    """Begun there, too: what the ERP has not taken for one cause is exported as new."""
    JUDGE = "judge"
    """Begun by ionport alone, when what documents are judged by has changed."""

    @property
    def label(self) -> str:
        """The action in the user's words."""
        return {
            BulkAction.EXPORT: _("Export"),
            BulkAction.ACCEPT: _("Accept findings"),
            BulkAction.REJECT: _("Reject"),
            BulkAction.DELETE: _("Delete"),
            BulkAction.UNDO_ACCEPT: _("Undo: Accept findings"),
            BulkAction.UNDO_REJECT: _("Undo: Reject"),
            BulkAction.UNDO_DELETE: _("Undo: Delete"),
            BulkAction.REPLAY: _("Replay failed deliveries"),
            BulkAction.RETRY: _("Retry all with this cause"),
            BulkAction.RE_EXPORT: _("Re-export as new"),
            BulkAction.JUDGE: _("Check again"),
        }[self]

    @property
    def needs_reason(self) -> bool:
        """Whether a person has to say why."""
        return self in UNDONE_BY or self in (BulkAction.REPLAY, BulkAction.RE_EXPORT)

    @property
    def is_of_deliveries(self) -> bool:
        """Whether it was begun with deliveries in sight: their documents are what it settles."""
        return self in (BulkAction.REPLAY, BulkAction.RETRY, BulkAction.RE_EXPORT)

    @property
    def permission(self) -> Permission:
        """What it needs; each document is asked about when its turn is."""
        return {
            BulkAction.EXPORT: Permission.EXPORT,
            BulkAction.REPLAY: Permission.EXPORT,
            BulkAction.RETRY: Permission.EXPORT,
            BulkAction.RE_EXPORT: Permission.RE_EXPORT,
            BulkAction.DELETE: Permission.DELETE,
            BulkAction.UNDO_DELETE: Permission.DELETE,
        }.get(self, Permission.DECIDE)

    @classmethod
    def offered(cls) -> list[BulkAction]:
        """Return those that a person may choose in the list of documents."""
        return [cls.EXPORT, *UNDONE_BY]


UNDONE_BY: Mapping[BulkAction, BulkAction] = {
    BulkAction.ACCEPT: BulkAction.UNDO_ACCEPT,
    BulkAction.REJECT: BulkAction.UNDO_REJECT,
    BulkAction.DELETE: BulkAction.UNDO_DELETE,
}
"""The decisions that can be made about many documents, and what takes each back."""


class BulkState(StrEnum):
    """The state of a run."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"

    @property
    def label(self) -> str:
        """The state in the user's words."""
        return {
            BulkState.RUNNING: _("Running"),
            BulkState.PAUSED: _("Paused"),
            BulkState.CANCELLED: _("Cancelled"),
            BulkState.DONE: _("Done"),
        }[self]

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return self in (BulkState.CANCELLED, BulkState.DONE)


class ItemResult(StrEnum):
    """The result for one document of a run."""

    OPEN = "open"
    DONE = "done"
    LEFT_OUT = "left_out"


class BulkAuditAction(AuditAction):
    """What the audit log tells of bulk runs."""

    STARTED = "documents.bulk_started", N_("Action on many documents started")
    CANCELLED = "documents.bulk_cancelled", N_("Action on many documents cancelled")


@dataclass(frozen=True, slots=True)
class Selection:
    """The documents of a run: those named, all that a filter finds, or those of another run.

    Of the run `of_run` those with the result `result`.
    """

    ids: Sequence[str] = ()
    matching: DocumentFilter | None = None
    of_run: str = ""
    result: ItemResult = ItemResult.LEFT_OUT


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """The result for one document, and why it was left out: `code` groups the reasons."""

    result: ItemResult
    code: str = ""
    text: str = ""

    @classmethod
    def done(cls) -> BulkOutcome:
        """It was done."""
        return cls(ItemResult.DONE)

    @classmethod
    def left_out(cls, code: str, text: str) -> BulkOutcome:
        """It was not done, because of `text`."""
        return cls(ItemResult.LEFT_OUT, code, text)


@dataclass(frozen=True, slots=True)
class BulkRun:
    """A run. `person_id` is empty for the operator at the command line."""

    id: str
    organization_id: str
    action: BulkAction
    state: BulkState
    reason: str
    selection: Mapping[str, str]
    """The filter by whose words the documents were selected; empty for those that were named."""
    person: str
    person_id: str
    total: int
    done: int
    left_out: int
    asked_at: datetime
    """When the person was asked: what was found in a document since then was not decided on."""
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None

    @property
    def settled(self) -> int:
        """How many documents have a result."""
        return self.done + self.left_out

    @property
    def open(self) -> int:
        """How many documents have no result yet; of a cancelled run they stay as they are."""
        return self.total - self.settled


@dataclass(frozen=True, slots=True)
class BulkItem:
    """One document of a run."""

    position: int
    document_id: str
    filename: str
    result: ItemResult
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class LeftOutGroup:
    """Documents that were left out for one kind of reason."""

    code: str
    text: str
    """The reason as one of them has it."""
    count: int
    items: Sequence[BulkItem] = field(default_factory=tuple)
    """The first of them."""
