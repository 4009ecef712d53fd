"""What `/metrics` answers, in the text format of Prometheus: numbers and no names.

It is served where IONPORT_METRICS says so; one look at the ledger serves all who ask in a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Final

from ionport.core.clock import Clock
from ionport.core.telemetry import COUNTERS
from ionport.exports.ledger.figures_repository import FiguresRepository
from ionport.exports.timing import ExportTiming
from ionport.store import Database, SystemScope

MEDIA_TYPE: Final = "text/plain; version=0.0.4"
_SCOPE = SystemScope("metrics")
_KEPT_SECONDS: Final = 1.0


class Metrics:
    """Reads counters and, where documents are, the ledger's figures; thread safe."""

    def __init__(self, database: Database, clock: Clock, timing: ExportTiming | None) -> None:
        self._database = database
        self._clock = clock
        self._timing = timing
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._figures: Mapping[str, float] = {}

    def text(self) -> str:
        """Return all metrics as they are now, or were a second ago."""
        lines = [f"ionport_{name} {value:g}" for name, value in self._look().items()]
        lines += [f"ionport_{name}_total {count}" for name, count in COUNTERS.read().items()]
        return "\n".join(sorted(lines)) + "\n"

    def _look(self) -> Mapping[str, float]:
        if self._timing is None:
            return {}
        with self._lock:
            if time.monotonic() - self._read_at >= _KEPT_SECONDS:
                with self._database.read() as work:
                    figures = FiguresRepository(work.connection)
                    self._figures = figures.read(_SCOPE, self._clock.now(), self._timing)
                self._read_at = time.monotonic()
            return self._figures
