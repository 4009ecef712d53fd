"""The lock that lets one process run deliveries on a data folder."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import TextIO

from ionport.core.errors import Unavailable
from ionport.core.i18n import _

# The second is what versions before 0.2 lock: none of them may run beside this one.
_NAMES = ("deliveries.lock", "dbos.sqlite.lock")


class FolderLock:
    """Held until the process ends, however it ends: the system then releases it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[TextIO] = []

    def acquire(self) -> None:
        """Take the folder for this process.

        Raises:
            Unavailable: another process has it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for name in _NAMES:
            file = (self._folder / name).open("a")
            self._files.append(file)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                self.release()
                raise Unavailable(
                    _(
                        "Another process runs deliveries on this data folder. With SQLite there"
                        " can be one; use PostgreSQL for several workers."
                    ),
                    code="deliveries_run_elsewhere",
                ) from error

    def release(self) -> None:
        """Give the folder back."""
        while self._files:
            self._files.pop().close()
