"""How many files are read at once: a tree takes many times the memory of its file."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ionport.core.errors import Unavailable
from ionport.core.i18n import _

AT_ONCE: Final = 2
_WAIT_SECONDS: Final = 30.0


class ReadingTurns:
    """Turns at reading a file: two in this process, and one of each organization."""

    def __init__(self, at_once: int = AT_ONCE, wait_seconds: float = _WAIT_SECONDS) -> None:
        self._at_once = at_once
        self._wait_seconds = wait_seconds
        self._changed = threading.Condition()
        self._reading: set[str] = set()

    @contextmanager
    def turn(self, organization_id: str) -> Iterator[None]:
        """Wait for a turn and keep it for the block; raises Unavailable (`busy`) after 30 s."""
        deadline = time.monotonic() + self._wait_seconds
        with self._changed:
            while not self._is_free(organization_id):
                if not self._changed.wait(deadline - time.monotonic()):
                    raise Unavailable(
                        _("Other files are being read at the moment. Try this one again."),
                        code="busy",
                    )
            self._reading.add(organization_id)
        try:
            yield
        finally:
            with self._changed:
                self._reading.discard(organization_id)
                self._changed.notify_all()

    def _is_free(self, organization_id: str) -> bool:
        return len(self._reading) < self._at_once and organization_id not in self._reading
