"""The acceptance of a mapping file's finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A finding that a person accepted; it holds neither this version nor later ones.

    `finding` is the finding's `identity`, `version_number` the version that it was accepted of.
    """

    id: str
    mapping_id: str
    version_number: int
    finding: str
    reason: str
    accepted_at: datetime
    accepted_by: str


def by_finding(accepted: Sequence[Acceptance]) -> dict[str, Acceptance]:
    """Return acceptances by the identity of their finding."""
    return {one.finding: one for one in accepted}
