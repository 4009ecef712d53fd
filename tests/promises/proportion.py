"""Production's times, all made shorter by one factor: what follows from them stays the same.

Only whole numbers (tries, sizes) keep their value. How often somebody looks has a bound, as looking
more often than that keeps the machine busy and changes nothing; so have the shortest times in
which a call must have begun, which a machine that does other work would miss again and again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from typing import Any, cast

from ionport.exports.engine.queues.port import EngineOptions
from ionport.exports.timing import ExportTiming

FACTOR = float(os.environ.get("IONPORT_TEST_FACTOR") or 1 / 30)
# How long SQLite waits for a lock: store/engine.py.
BUSY_SECONDS = 15.0
_SHORTEST = {
    "poll": 0.05, "sweep": 0.1, "shortest_sweep": 0.02, "leases": 0.1, "health": 0.2,
    "send_within": 2.0, "connect": 2.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Proportion:
    """Times in seconds, as `factor` makes them."""

    factor: float = FACTOR

    def of(self, production_seconds: float) -> float:
        """Return what so many seconds of production are here."""
        return production_seconds * self.factor

    @property
    def timing(self) -> ExportTiming:
        return cast("ExportTiming", _shortened(ExportTiming(), self.factor))

    @property
    def options(self) -> EngineOptions:
        return cast("EngineOptions", _shortened(EngineOptions(), self.factor))

    @property
    def takeover(self) -> float:
        """The longest time after which another worker has taken over a call that was sent."""
        return self.timing.takeover


def _shortened(times: Any, factor: float) -> Any:
    changed = {}
    for field in fields(times):
        value = getattr(times, field.name)
        if isinstance(value, float):
            changed[field.name] = max(value * factor, _SHORTEST.get(field.name, 0.0))
    return replace(times, **changed)
