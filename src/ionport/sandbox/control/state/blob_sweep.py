"""Deletes files that the sandbox has released, if nothing else names them.

A file is stored once for all rows with the same content, also those of documents.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Final

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.sandbox.kit.release_repository import ReleaseRepository
from ionport.store import Database, SystemScope

BITE: Final = 200
# Longer than the time from putting a content to committing the row that names it.
GRACE: Final = timedelta(hours=1)
_SYSTEM = SystemScope("files that no row names")


class BlobSweep:
    """The sandbox's part of the background tick."""

    def __init__(self, clock: Clock, blobs: Blobs, *, grace: timedelta = GRACE) -> None:
        self._clock = clock
        self._blobs = blobs
        self._grace = grace

    def tidy(self, database: Database) -> int:
        """Delete the next files that no row names; return how many left the list of released ones.

        Files are deleted between two transactions, so that no writer waits for the disk. A row
        that names one, committed after the look, rests on a `put` that is younger than the look
        less the grace: such a file stays, and stays on the list.
        """
        since = time.time() - self._grace.total_seconds()
        before = self._clock.now() - self._grace
        with database.read() as work:
            releases = ReleaseRepository(work.connection)
            due = releases.due(_SYSTEM, before, BITE)
            named = releases.named(_SYSTEM, due) if due else set()
        # A file that a row names again is listed again when that row is deleted.
        over = [
            name
            for name in due
            if name in named or self._blobs.delete(name, unless_put_since=since)
        ]
        if due:
            with database.write() as work:
                releases = ReleaseRepository(work.connection)
                releases.forget(_SYSTEM, over, before)
                # Otherwise the files that stay would be looked at again and again, and the others
                # never.
                left = set(due).difference(over)
                releases.look_later(_SYSTEM, left, before, self._clock.now())
        return len(over)
