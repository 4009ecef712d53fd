"""Watches the leases of passes, and takes over passes without a worker.

Source: docs/decisions/0019-who-may-send-and-when-another-may.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError

from ionport.core.clock import BootClock
from ionport.core.i18n import _
from ionport.core.telemetry import COUNTERS
from ionport.exports.engine.schedule import Schedule
from ionport.exports.model import CallEnd, Lease
from ionport.exports.timing import ExportTiming

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Reading:
    """When this process first read a renewal, on its own boot clock."""

    pass_number: int
    renewal: int
    at: float


class LeaseWatch:
    """Remembers first readings, in memory: a process that starts counts anew."""

    def __init__(
        self,
        schedule: Schedule,
        clock: BootClock,
        timing: ExportTiming,
        under_way: Callable[[], frozenset[str]],
    ) -> None:
        self._schedule = schedule
        self._clock = clock
        self._timing = timing
        self._under_way = under_way
        self._readings: dict[str, _Reading] = {}

    def look(self) -> int:
        """Take over each pass whose worker has lost it; returns how many."""
        leases = self._schedule.leases()
        # After the leases: a pass of this process that ended in between has another number now.
        under_way = self._under_way()
        now = self._clock.boot()
        taken = 0
        for lease in leases:
            try:
                taken += self._judge(lease, lease.delivery_id in under_way, now)
            except OperationalError:
                raise
            except Exception:
                # The others must not wait for one that cannot be taken over.
                _logger.exception("delivery %s cannot be taken over", lease.delivery_id)
        running = {lease.delivery_id for lease in leases}
        for gone in self._readings.keys() - running:
            del self._readings[gone]
        return taken

    def _judge(self, lease: Lease, is_under_way: bool, now: float) -> bool:
        if lease.worker_id == self._schedule.worker_id:
            return not is_under_way and self._take_back(lease)
        return self._has_lapsed(lease, now) and self._take_over(lease)

    def _has_lapsed(self, lease: Lease, now: float) -> bool:
        first = self._readings.get(lease.delivery_id)
        if first is None or (first.pass_number, first.renewal) != (
            lease.pass_number,
            lease.renewal,
        ):
            reading = _Reading(lease.pass_number, lease.renewal, now)
            self._readings[lease.delivery_id] = reading
            return False
        silent = self._timing.silent_after
        return now - first.at >= (self._timing.takeover if lease.sent_attempt_id else silent)

    def _take_over(self, lease: Lease) -> bool:
        note = _("Its worker fell silent; another one took over.")
        taken = self._schedule.take_over(lease, CallEnd.SETTLED, note)
        if taken:
            COUNTERS.add("deliveries_taken_over")
            _logger.warning(
                "worker %s is silent; delivery %s goes on elsewhere",
                lease.worker_id,
                lease.delivery_id,
            )
        return taken

    def _take_back(self, lease: Lease) -> bool:
        """Take back a pass of this process that ended without a record, and its call with it."""
        note = _("What became of its last call could not be recorded.")
        taken = self._schedule.take_over(lease, CallEnd.ENDED, note)
        if taken:
            COUNTERS.add("deliveries_taken_back")
            _logger.warning("delivery %s was left by its pass; it goes on", lease.delivery_id)
        return taken
