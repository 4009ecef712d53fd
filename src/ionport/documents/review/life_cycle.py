"""The life cycle of a document: every change of status that there is, its cause and its author.

Status changes go through `moved`, which knows this table and nothing else; the manual's page is
made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ionport.documents.model import EXPORT_STATUSES, DocumentStatus

_S = DocumentStatus

CLOSED = frozenset({_S.REJECTED, _S.DELETED})
"""Statuses in which a document is out of everything, until a person takes that back."""

BY_PERSON = frozenset({_S.ON_HOLD, *CLOSED})
"""Statuses set by a person: findings and deliveries do not change them."""

PENDING = frozenset({_S.PENDING_APPROVAL, _S.PENDING_SECOND_APPROVAL})
"""Statuses in which an approval is missing."""

_WAITING = frozenset({_S.READY_FOR_VALIDATION, *PENDING})
_JUDGED = frozenset({*_WAITING, _S.VALIDATED_PENDING_EXPORT})
_NOT_OVER = frozenset({*_JUDGED, _S.EXPORTING, _S.EXPORT_ERROR})
WAITING = _NOT_OVER | {_S.ON_HOLD}
"""Statuses in which a document may still be sent."""

_ALL = frozenset({*_NOT_OVER, _S.EXPORTED})


class Cause(StrEnum):
    """Why a status changes."""

    HELD_BY_FINDINGS = "held_by_findings"
    NOTHING_HOLDS = "nothing_holds"
    APPROVAL_NEEDED = "approval_needed"
    SECOND_APPROVAL_NEEDED = "second_approval_needed"
    AGAIN = "again"
    DELIVERIES = "deliveries"
    HOLD = "hold"
    REJECT = "reject"
    DELETE = "delete"
    UNDO = "undo"

    @property
    def text(self) -> str:
        """The cause in plain English, as the manual says it."""
        return _CAUSES[self]


_CAUSES = {
    Cause.HELD_BY_FINDINGS: "a finding holds it",
    Cause.NOTHING_HOLDS: "nothing holds it, and no approval is missing",
    Cause.APPROVAL_NEEDED: "nothing holds it, and its type and amount need an approval",
    Cause.SECOND_APPROVAL_NEEDED: "one of the two approvals that it needs was given",
    Cause.AGAIN: "it is to be exported once more, and an approval of what it says now is missing",
    Cause.DELIVERIES: "its deliveries say so",
    Cause.HOLD: "put on hold",
    Cause.REJECT: "rejected, or named a duplicate of another document",
    Cause.DELETE: "deleted, while nothing of it was sent",
    Cause.UNDO: "the decision was undone; findings and approvals are judged anew",
}


class Author(StrEnum):
    """Who changes a status."""

    IONPORT = "ionport"
    PERSON = "a person"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: from any of `sources` to `target`."""

    sources: frozenset[DocumentStatus]
    target: DocumentStatus
    cause: Cause
    author: Author


def _by_ionport(
    sources: frozenset[DocumentStatus], target: DocumentStatus, cause: Cause
) -> Transition:
    return Transition(sources - {target}, target, cause, Author.IONPORT)


_NEW = frozenset({_S.NEW})
_JUDGEMENTS = {
    _S.READY_FOR_VALIDATION: Cause.HELD_BY_FINDINGS,
    _S.PENDING_APPROVAL: Cause.APPROVAL_NEEDED,
    _S.PENDING_SECOND_APPROVAL: Cause.SECOND_APPROVAL_NEEDED,
    _S.VALIDATED_PENDING_EXPORT: Cause.NOTHING_HOLDS,
}
TRANSITIONS: tuple[Transition, ...] = (
    *(
        _by_ionport(_NEW, target, cause)
        for target, cause in _JUDGEMENTS.items()
        if target is not _S.PENDING_SECOND_APPROVAL
    ),
    _by_ionport(_JUDGED, _S.READY_FOR_VALIDATION, Cause.HELD_BY_FINDINGS),
    _by_ionport(_NOT_OVER, _S.PENDING_APPROVAL, Cause.APPROVAL_NEEDED),
    _by_ionport(_NOT_OVER, _S.PENDING_SECOND_APPROVAL, Cause.SECOND_APPROVAL_NEEDED),
    *(
        _by_ionport(frozenset({_S.EXPORTED}), target, Cause.AGAIN)
        for target in (_S.PENDING_APPROVAL, _S.PENDING_SECOND_APPROVAL)
    ),
    _by_ionport(_WAITING, _S.VALIDATED_PENDING_EXPORT, Cause.NOTHING_HOLDS),
    *(
        _by_ionport(_ALL, target, Cause.DELIVERIES)
        for target in (_S.EXPORTING, _S.EXPORTED, _S.EXPORT_ERROR, _S.VALIDATED_PENDING_EXPORT)
    ),
    Transition(_NOT_OVER, _S.ON_HOLD, Cause.HOLD, Author.PERSON),
    Transition(_NOT_OVER | {_S.ON_HOLD}, _S.REJECTED, Cause.REJECT, Author.PERSON),
    Transition(_NOT_OVER | {_S.ON_HOLD, _S.REJECTED}, _S.DELETED, Cause.DELETE, Author.PERSON),
    *(Transition(BY_PERSON, target, Cause.UNDO, Author.PERSON) for target in _JUDGEMENTS),
)
"""The table of transitions. Deleting also asks that nothing of the document was sent."""

_ALLOWED = {(source, row.target, row.cause) for row in TRANSITIONS for source in row.sources}


def can_move(status: DocumentStatus, target: DocumentStatus, cause: Cause) -> bool:
    """Tell whether the table has this transition."""
    return (status, target, cause) in _ALLOWED


def moved(status: DocumentStatus, target: DocumentStatus, cause: Cause) -> DocumentStatus:
    """Return `target`; raises ValueError when the table has no such transition."""
    if not can_move(status, target, cause):
        raise ValueError(f"no transition from {status} to {target} because of {cause}")
    return target


def standing(open_findings: int, approvals: int, needed: int) -> tuple[DocumentStatus, Cause]:
    """Return the status by findings and approvals alone, and its cause."""
    status = _S.VALIDATED_PENDING_EXPORT
    if open_findings:
        status = _S.READY_FOR_VALIDATION
    elif approvals < needed:
        status = _S.PENDING_SECOND_APPROVAL if approvals else _S.PENDING_APPROVAL
    return status, _JUDGEMENTS[status]


def is_held(status: DocumentStatus, open_findings: int) -> bool:
    """Tell whether a document takes part in no delivery."""
    return open_findings > 0 or status not in EXPORT_STATUSES
