"""Ends a process whose database has got another schema: a newer version has taken over."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from ionport.core.errors import Unavailable
from ionport.core.repeating import Repeating
from ionport.migrations import current_revision, newest_revision
from ionport.store import Database

_LOOK_SECONDS: Final = 1.0
_logger = logging.getLogger(__name__)


class SchemaWatch:
    """Looks at the schema's revision once a second, and calls `stop` when it is another one.

    A process began with the revision that its program knows. What it would write with another one
    might fail, or lack what the newer version needs
    (docs/decisions/0065-a-process-ends-when-the-schema-changes.md).
    """

    def __init__(self, database: Database, stop: Callable[[], None]) -> None:
        self._database = database
        self._stop = stop
        self._found = ""
        self._repeating = Repeating("schema-watch", self._look, _LOOK_SECONDS)

    def launch(self) -> None:
        """Begin to look."""
        self._repeating.launch()

    def close(self) -> None:
        """Look no more."""
        self._repeating.close()

    def require_unchanged(self) -> None:
        """Raise Unavailable when the schema has changed."""
        if self._found:
            raise Unavailable(
                f"The database has the schema {self._found} now; this program knows"
                f" {newest_revision()}. Another version of ionport has taken over: what was under"
                " way here is finished, and deliveries go on there. Start that version.",
                code="schema_changed",
            )

    def _look(self) -> None:
        found = current_revision(self._database)
        if not self._found and found != newest_revision():
            self._found = found or "none"
            _logger.error("the schema changed to %s: this process ends", self._found)
            self._stop()
