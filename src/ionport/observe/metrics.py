"""The answer of `/metrics`, in the text format of Prometheus: numbers and no names.

It is served where IONPORT_METRICS is on; one query of the ledger serves all requests of a second.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Final

from ionport.core.clock import Clock
from ionport.core.telemetry import COUNTERS
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.ledger.figures_repository import FiguresRepository
from ionport.store import DATABASE_AWAY, Database, SystemScope

MEDIA_TYPE: Final = "text/plain; version=0.0.4"
_logger = logging.getLogger(__name__)
_SCOPE = SystemScope("metrics")
_KEPT_SECONDS: Final = 1.0
HELP: Final = {
    "attempts_total": "Ended calls of deliveries to Infor by this process, by step and outcome.",
    "circuits_open": "Connections that this process pauses because nobody answers there.",
    "connections_paused": "Connections that a person has paused.",
    "deliveries": "Deliveries in the ledger, by status.",
    "deliveries_due_seconds": "How long the oldest due delivery has waited for its pass.",
    "deliveries_held": "Deliveries that wait for a person or a proof.",
    "deliveries_late_answer_total": "Possible doubles: an answer came after a takeover.",
    "alerts_total": "Mails of alerts by this process, by outcome.",
    "deliveries_queued": "Deliveries that are due or run: the depth of the queue.",
    "deliveries_running_past_lease": "Deliveries that run for longer than a takeover takes.",
    "deliveries_taken_back_total": "Deliveries of an ended process that this one took back.",
    "deliveries_taken_over_total": "Deliveries of a silent worker that this process took over.",
    "deliveries_two_items_total": "Possible doubles: two items at Infor for one delivery.",
    "export_workers": "Processes that run deliveries and were seen lately.",
    "late_answers_total": "Answers that came after another worker had taken over.",
    "proofs_total": "Proofs of connections that ended in this process, by outcome.",
    "requests_total": "Requests that this process answered, by method, route and status.",
    "webhooks_total": "Tries of webhooks by this process, by outcome.",
    "tokens_total": "Token requests to this process: issued, or the code of their error.",
}


class Metrics:
    """Reads counters and, where documents are, the ledger's figures; thread safe."""

    def __init__(self, database: Database, clock: Clock, runner: DeliveryRunner | None) -> None:
        self._database = database
        self._clock = clock
        self._runner = runner
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._figures: Mapping[str, float] = {}

    def text(self) -> str:
        """Return all metrics as they are now, or were a second ago."""
        try:
            figures = {**self._look(), **COUNTERS.read()}
        except DATABASE_AWAY:
            # What this process has counted is told all the same; /readyz says what is away.
            _logger.exception("the ledger's figures were not read")
            figures = dict(COUNTERS.read())
        if self._runner is not None:
            figures["circuits_open"] = self._runner.paused_connections
        return "\n".join(_lines(figures)) + "\n"

    def _look(self) -> Mapping[str, float]:
        if self._runner is None:
            return {}
        with self._lock:
            if time.monotonic() - self._read_at >= _KEPT_SECONDS:
                with self._database.read() as work:
                    figures = FiguresRepository(work.connection)
                    now, timing = self._clock.now(), self._runner.timing
                    self._figures = figures.read(_SCOPE, now, timing)
                self._read_at = time.monotonic()
            return self._figures


def _lines(figures: Mapping[str, float]) -> Iterator[str]:
    for name, series in groupby(sorted(figures), key=lambda item: item.partition("{")[0]):
        kind = "counter" if name.endswith("_total") else "gauge"
        yield f"# HELP ionport_{name} {HELP[name]}"
        yield f"# TYPE ionport_{name} {kind}"
        yield from (f"ionport_{item} {figures[item]:.15g}" for item in series)
