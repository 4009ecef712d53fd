"""Deletes files that the sandbox has let go of, if nothing else names them.

A file is kept once for all who hold the same content, documents of the other side among them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.sandbox.control.release_repository import ReleaseRepository
from ionport.store import SystemScope, Work

BITE: Final = 200
# Longer than anybody takes from putting a content to committing the row that names it.
GRACE: Final = timedelta(hours=1)
_SYSTEM = SystemScope("files that nobody names")


class BlobSweep:
    """The sandbox's part of the background tick."""

    def __init__(self, clock: Clock, blobs: Blobs, *, grace: timedelta = GRACE) -> None:
        self._clock = clock
        self._blobs = blobs
        self._grace = grace

    def sweep(self, work: Work) -> int:
        """Look at the next files that were released long enough ago; return how many they were.

        One that a row names again is only struck off the list: it comes back to it when that
        row goes. One that somebody has put since stays on it.
        """
        releases = ReleaseRepository(work.connection)
        due = releases.due(_SYSTEM, self._clock.now() - self._grace, BITE)
        if not due:
            return 0
        named = releases.named(_SYSTEM, due)
        idle = self._grace.total_seconds()
        kept = {
            name
            for name in due
            if name not in named and not self._blobs.delete(name, idle_seconds=idle)
        }
        releases.forget(_SYSTEM, [name for name in due if name not in kept])
        return len(due) - len(kept)
