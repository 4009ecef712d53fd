"""The engine of deliveries: looks into the ledger and has due deliveries run.

The ledger is the queue and the truth; what runs a pass is behind the port `PassQueue`. A due
delivery without a worker is taken up, whatever a queue has recorded.
"""

from __future__ import annotations

import logging
import threading
import time

from ionport.core.clock import BootClock
from ionport.exports.engine.leases import LeaseWatch
from ionport.exports.engine.queues.port import EngineOptions, PassQueue
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.engine.schedule import Schedule

_logger = logging.getLogger(__name__)
# How many passes are tried at once while passes end with an error.
_PROBES = 4


class DeliveryEngine:
    """Runs deliveries in this process, beside others where the queue is shared."""

    def __init__(
        self,
        schedule: Schedule,
        queue: PassQueue,
        runner: DeliveryRunner,
        clock: BootClock,
        *,
        options: EngineOptions | None = None,
    ) -> None:
        self._options = options or EngineOptions()
        self._queue = queue
        self._runner = runner
        self._schedule = schedule
        self._leases = LeaseWatch(schedule, clock, runner.timing, lambda: runner.under_way)
        self._waking = threading.Event()
        self._thread: threading.Thread | None = None
        self._last: dict[str, float] = {}
        # Whether the last pass ended with an error, as all do while the database takes no write.
        self._broken = False
        self._swept_at: float | None = None

    @property
    def seconds_since_sweep(self) -> float | None:
        """How long ago a look into the ledger went through to its end; None before the first."""
        swept_at = self._swept_at
        return None if swept_at is None else time.monotonic() - swept_at

    def launch(self) -> None:
        """Begin to run deliveries: interrupted, waiting and new ones.

        Raises:
            Unavailable: on SQLite, another process runs deliveries on this data folder.
        """
        self._runner.stopping.clear()
        self._queue.launch(self._run)
        try:
            self._schedule.begin(is_alone=self._queue.is_alone)
        except BaseException:
            self._queue.stop()
            self._queue.close(finished=True)
            raise
        self._thread = threading.Thread(target=self._sweep_forever, name="deliveries", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look into the ledger soon; cheap, and safe from any thread."""
        self._waking.set()

    def close(self, grace_seconds: float = 30.0) -> None:
        """Finish the calls that are under way, for at most `grace_seconds`, and stop."""
        self._runner.stopping.set()
        self._waking.set()
        if self._thread is not None:
            self._thread.join()
        self._queue.stop()
        finished = self._wait_for_passes(grace_seconds)
        self._queue.close(finished=finished)
        if finished:
            self._schedule.end()
            self._runner.close()
        else:
            # A call is still under way: its lease stays until it lapses.
            _logger.warning("stopped while calls to Infor were under way")

    def wait_until_idle(self, timeout_seconds: float) -> bool:
        """Wait until no delivery is left to do; False when the time is up before."""
        deadline = time.monotonic() + timeout_seconds
        while not self._schedule.is_idle():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        return True

    def _run(self, delivery_id: str, pass_number: int) -> None:
        try:
            if not self._runner.stopping.is_set():
                self._runner.run_pass(delivery_id, pass_number)
        except Exception:
            # The ledger has its progress; the next look at the leases takes it back.
            _logger.exception("the pass of delivery %s broke off", delivery_id)
            self._broken = True
        else:
            self._broken = False
            if self._queue.is_short():
                self._waking.set()

    def _wait_for_passes(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self._runner.under_way:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        return True

    def _sweep_forever(self) -> None:
        while not self._runner.stopping.is_set():
            pause = self._options.sweep
            try:
                self._sweep()
                self._swept_at = time.monotonic()
                pause = self._schedule.seconds_to_next(pause)
            except Exception:
                # The next sweep tries again; the exception is logged.
                _logger.exception("the sweep of deliveries broke off")
            self._waking.wait(pause)
            self._waking.clear()
            self._runner.stopping.wait(self._options.shortest_sweep)

    def _sweep(self) -> None:
        if self._is_time("heartbeat", self._runner.timing.heartbeat):
            self._schedule.beat(sorted(self._runner.under_way))
            self._schedule.forget_silent()
        if self._is_time("leases", self._options.leases):
            self._schedule.mend_clock_step()
            self._leases.look()
        self._queue.upkeep()
        free_places = min(
            self._queue.free_places(), _PROBES if self._broken else self._options.batch
        )
        if free_places > 0:
            under_way = self._runner.under_way
            due = self._schedule.due(free_places + len(under_way), self._queue.busy())
            self._queue.offer(
                [each for each in due if each.delivery_id not in under_way][:free_places]
            )

    def _is_time(self, name: str, every: float) -> bool:
        now = time.monotonic()
        if now - self._last.get(name, float("-inf")) < every:
            return False
        self._last[name] = now
        return True
