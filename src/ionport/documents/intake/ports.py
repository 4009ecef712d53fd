"""Ports of intake."""

from __future__ import annotations

from typing import Protocol


class Scanner(Protocol):
    """Looks for malware."""

    def scan(self, content: bytes) -> None:
        """Return when nothing is found.

        Raises InvalidInput (`malware_found`), or Unavailable (`scanner_away`) when the scanner does
        not answer.
        """
        ...
