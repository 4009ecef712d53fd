"""How much one e-invoice may hold; an operator may set other limits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """The most lines, attachments, and bytes of XML, of one invoice."""

    lines: int = 10_000
    attachments: int = 100
    xml_bytes: int = 40 * 1024 * 1024
    """With its attachments; the rest is bounded by the number of elements."""
