"""Values of fetched deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from ionport.core.i18n import _
from ionport.exports.ledger.attempts import Problem
from ionport.exports.model import WAITS_TO_BE_FETCHED, Attempt

SHORTEST: Final = 30
LONGEST: Final = 3_600
"""Seconds for which a program may take a delivery."""

REFUSED: Final = "refused_by_receiver"


@dataclass(frozen=True, slots=True)
class TakenFile:
    """A file of a delivery: its name, and the digest of its content."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery that a program has taken, until it confirms or refuses it or the time is over."""

    delivery_id: str
    document_id: str
    correlation_id: str
    lease: str
    until: datetime
    files: Sequence[TakenFile]


def waiting() -> Problem:
    """Return why a delivery waits: no program has fetched it."""
    return Problem(
        WAITS_TO_BE_FETCHED,
        _("A program fetches the document; it has not confirmed it yet."),
        _("Look at the program that fetches, and at its API key."),
        transient=True,
    )


def digest_of(lease: str) -> str:
    """Return what is stored of a lease."""
    return sha256(lease.encode()).hexdigest()


def is_taken(attempt: Attempt, now: datetime) -> bool:
    """Tell whether a program has a delivery now."""
    until = attempt.request.get("until", "")
    return bool(until) and datetime.fromisoformat(until) > now
