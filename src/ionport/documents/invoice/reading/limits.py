"""How much one e-invoice may hold; an operator may set other limits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """The most lines, and the most attachments, of one invoice."""

    lines: int = 10_000
    attachments: int = 100
