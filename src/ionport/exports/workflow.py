"""Schedules deliveries with DBOS; the only module that imports it (DESIGN.md, decision 4).

DBOS remembers which deliveries are under way; the ledger alone says what has been done. A sweep
compares the two and starts, resumes or rewinds what the ledger calls unfinished, so that a lost
DBOS database, a lost wake-up or a killed process costs time and nothing else.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, EnqueueOptions
from dbos import error as dbos_error
from sqlalchemy.exc import DBAPIError, OperationalError

from ionport.core.clock import Clock
from ionport.exports.destinations import steps_of
from ionport.exports.model import ExportMethod, OutcomeKind, StepKind
from ionport.exports.runner import DeliveryRunner
from ionport.exports.schedule import DueDelivery, Schedule
from ionport.exports.scheduler_database import RepeatFilter, SchedulerDatabase
from ionport.store import Database

_NAME = "ionport"
# Steps and their order are part of it: raise it when they change, and the sweep starts over.
_VERSION = "deliveries-1"
_QUEUE = "deliveries"
_WORKFLOW = "deliver"
_LIVE = frozenset({"ENQUEUED", "PENDING", "DELAYED"})

_logger = logging.getLogger(__name__)
# With a handler of our own DBOS adds none, and its records reach the root logger's redaction.
_dbos_logger = logging.getLogger("dbos")
_dbos_logger.addHandler(logging.NullHandler())
_dbos_logger.addFilter(RepeatFilter(seconds=10))


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How the engine keeps time; all in seconds.

    `poll` is how often DBOS looks into its queue. It hands out more deliveries than calls may be
    made at once, so that a call that ends makes room for the next one without a poll. `sweep` is
    the longest time between two looks into the ledger, `heartbeat` between two signs of life.
    """

    poll: float = 0.2
    sweep: float = 1.0
    shortest_sweep: float = 0.1
    heartbeat: float = 5.0
    silent_after: float = 20.0
    health: float = 2.0
    gone_after: float = 30.0
    tidy: float = 3_600.0
    handed_for: float = 30.0
    batch: int = 200


_engine: DeliveryEngine | None = None


def _run_step(delivery_id: str, kind: StepKind) -> str:
    engine = _engine
    return OutcomeKind.SETTLED if engine is None else engine.run_step(delivery_id, kind)


@DBOS.step(name=StepKind.RENDER.value)
def _render(delivery_id: str) -> str:
    return _run_step(delivery_id, StepKind.RENDER)


@DBOS.step(name=StepKind.IDM_LOOK_UP.value)
def _idm_look_up(delivery_id: str) -> str:
    return _run_step(delivery_id, StepKind.IDM_LOOK_UP)


@DBOS.step(name=StepKind.IDM_CREATE.value)
def _idm_create(delivery_id: str) -> str:
    return _run_step(delivery_id, StepKind.IDM_CREATE)


@DBOS.step(name=StepKind.ION_PUBLISH.value)
def _ion_publish(delivery_id: str) -> str:
    return _run_step(delivery_id, StepKind.ION_PUBLISH)


_STEPS = {
    StepKind.RENDER: _render,
    StepKind.IDM_LOOK_UP: _idm_look_up,
    StepKind.IDM_CREATE: _idm_create,
    StepKind.ION_PUBLISH: _ion_publish,
}


@DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=100)
def _deliver(delivery_id: str, method: str) -> str:
    """Run the steps until one has to wait or fails; the ledger holds why, and until when."""
    outcome = OutcomeKind.DONE.value
    try:
        for kind in steps_of(ExportMethod(method)):
            outcome = _STEPS[kind](delivery_id)
            if outcome != OutcomeKind.DONE:
                break
    finally:
        if _engine is not None:
            _engine.ended(delivery_id)
    return outcome


class DeliveryEngine:
    """Runs deliveries in this process. One at a time in a process, as DBOS is one.

    Not to be launched or closed in an event loop's thread.
    """

    def __init__(
        self,
        database: Database,
        system_database_url: str,
        runner: DeliveryRunner,
        clock: Clock,
        *,
        concurrency: int = 8,
        options: EngineOptions | None = None,
    ) -> None:
        self._options = options or EngineOptions()
        self._runner = runner
        self._concurrency = concurrency
        runner.limit_calls(concurrency)
        self._system = SchedulerDatabase(system_database_url)
        self._schedule = Schedule(database, clock, runner.worker_id, self._options.silent_after)
        self._waking = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        # What this process has handed to DBOS and when: spares asking about it at every sweep.
        self._handed: dict[str, float] = {}
        self._running = 0
        self._idle = threading.Condition()
        self._last: dict[str, float] = {}
        self._away_since: float | None = None
        self._is_up = False

    def launch(self) -> None:
        """Take up the work: what was interrupted, what waits, and what comes.

        Raises:
            Unavailable: on SQLite, another process runs deliveries on this data folder.
        """
        global _engine
        self._system.acquire()
        try:
            self._schedule.begin(alone=self._system.is_sqlite)
            _engine = self
            self._start_dbos()
        except BaseException:
            DBOS.destroy(workflow_completion_timeout_sec=0)
            _engine = None
            self._system.release()
            raise
        self._stopping.clear()
        self._thread = threading.Thread(target=self._sweep_forever, name="deliveries", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look into the ledger soon; cheap, and safe from any thread."""
        self._waking.set()

    def close(self, grace_seconds: float = 30.0) -> None:
        """Finish the calls that are under way, for at most `grace_seconds`, and stop."""
        global _engine
        self._stopping.set()
        self._waking.set()
        if self._thread is not None:
            self._thread.join()
        with self._idle:
            finished = self._idle.wait_for(lambda: self._running == 0, timeout=grace_seconds)
        DBOS.destroy(workflow_completion_timeout_sec=0)
        _engine = None
        self._schedule.end(free=finished)
        if finished:
            self._system.release()
            self._runner.close()
        else:
            # A call is still under way: nobody may take its delivery before this process is gone.
            _logger.warning("stopped while calls to Infor were under way")

    def wait_until_idle(self, timeout_seconds: float) -> bool:
        """Wait until no delivery is left to do; False when the time is up before."""
        deadline = time.monotonic() + timeout_seconds
        while self._schedule.next_due() is not None:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        return True

    def run_step(self, delivery_id: str, kind: StepKind) -> str:
        """Run a step; nothing once the engine stops."""
        with self._idle:
            if self._stopping.is_set():
                return OutcomeKind.SETTLED.value
            self._running += 1
        try:
            return self._runner.run_step(delivery_id, kind).kind.value
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def ended(self, delivery_id: str) -> None:
        """Note that this process no longer works on a delivery."""
        self._handed.pop(delivery_id, None)

    def _start_dbos(self) -> None:
        config = DBOSConfig(
            name=_NAME,
            application_version=_VERSION,
            executor_id=self._runner.worker_id,
            serializer=DBOSPortableJSONSerializer(),
            log_level="WARNING",
            enable_otlp=False,
            sys_db_pool_size=max(10, self._concurrency + 4),
        )
        engine = self._system.open_engine()
        if engine is not None:
            config["system_database_engine"] = engine
        else:
            config["system_database_url"] = self._system.url
        DBOS(config=config)
        DBOS.launch()
        DBOS.register_queue(
            _QUEUE,
            worker_concurrency=2 * self._concurrency,
            # A partition for each connection. The last quarter is kept for other connections, so
            # that they get their turn when a slow one has all calls under way.
            partition_worker_concurrency=max(1, 2 * self._concurrency * 3 // 4),
            polling_interval_sec=self._options.poll,
            on_conflict="always_update",
        )
        self._system.remember()
        self._is_up = True

    def _sweep_forever(self) -> None:
        while not self._stopping.is_set():
            pause = self._options.sweep
            try:
                self._sweep()
                pause = self._schedule.seconds_to_next(pause)
            except Exception:
                # The next sweep tries again; whatever broke is told by its own exception.
                _logger.exception("the sweep of deliveries broke off")
            self._waking.wait(pause)
            self._waking.clear()
            self._stopping.wait(self._options.shortest_sweep)

    def _sweep(self) -> None:
        if self._is_time("heartbeat", self._options.heartbeat):
            self._schedule.beat()
            for worker in self._schedule.bury_silent():
                _logger.warning("worker %s is silent; its deliveries go on elsewhere", worker)
        if self._is_time("health", self._options.health) and self._is_gone():
            self._restart_dbos()
        if self._is_time("tidy", self._options.tidy):
            self._tidy()
        long_ago = time.monotonic() - self._options.handed_for
        for delivery_id, at in list(self._handed.items()):
            if at < long_ago:
                self._handed.pop(delivery_id, None)
        due = self._schedule.due(self._options.batch)
        fresh = [delivery for delivery in due if delivery.id not in self._handed]
        if fresh:
            self._hand_over(fresh)

    def _hand_over(self, due: list[DueDelivery]) -> None:
        known = {
            workflow.workflow_id: workflow
            for workflow in DBOS.list_workflows(
                workflow_ids=[delivery.id for delivery in due],
                load_input=False,
                load_output=False,
            )
        }
        alive = self._schedule.alive()
        orphans = []
        for delivery in due:
            workflow = known.get(delivery.id)
            if workflow is None:
                self._enqueue(delivery)
            elif workflow.status not in _LIVE:
                self._rewind(delivery)
            elif workflow.status == "PENDING" and workflow.executor_id not in alive:
                orphans.append(delivery.id)
        if orphans:
            DBOS.resume_workflows(orphans, queue_name=_QUEUE)

    def _enqueue(self, delivery: DueDelivery) -> None:
        self._handed[delivery.id] = time.monotonic()
        options = EnqueueOptions(
            workflow_name=_WORKFLOW,
            queue_name=_QUEUE,
            workflow_id=delivery.id,
            queue_partition_key=delivery.connection_id,
            application_name=_NAME,
        )
        DBOS.enqueue_workflow_with_options(options, delivery.id, delivery.method)

    def _rewind(self, delivery: DueDelivery) -> None:
        """Run an ended workflow again from the first step that is not over."""
        left = self._runner.steps_left(delivery.id)
        if not left:
            return
        steps = steps_of(ExportMethod(delivery.method))
        self._handed[delivery.id] = time.monotonic()
        try:
            DBOS.rewind_workflow(
                delivery.id,
                start_step=steps.index(left[0]) + 1,
                queue_name=_QUEUE,
                queue_partition_key=delivery.connection_id,
            )
        except dbos_error.DBOSException:
            # Another worker was first; the next sweep sees how it stands.
            self._handed.pop(delivery.id, None)

    def _is_gone(self) -> bool:
        """Whether DBOS's database was deleted or emptied under us."""
        if not self._is_up or self._system.was_replaced():
            return True
        try:
            gone = DBOS.retrieve_queue(_QUEUE) is None
        except OperationalError as error:
            if self._system.is_sqlite:
                return True
            # PostgreSQL is away, or the database was dropped: only time tells.
            _logger.warning("the scheduler's database does not answer: %s", type(error).__name__)
            self._away_since = self._away_since or time.monotonic()
            return time.monotonic() - self._away_since > self._options.gone_after
        except DBAPIError:
            return True
        self._away_since = None
        return gone

    def _restart_dbos(self) -> None:
        _logger.warning("the scheduler's database is gone; starting with a new one")
        self._is_up = False
        DBOS.destroy(workflow_completion_timeout_sec=0)
        self._system.discard()
        self._handed.clear()
        self._away_since = None
        self._start_dbos()

    def _tidy(self) -> None:
        """Forget ended workflows: the ledger keeps what happened."""
        day_ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86_400))
        ended = DBOS.list_workflows(
            status=["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
            completed_before=day_ago,
            limit=1_000,
            load_input=False,
            load_output=False,
        )
        if ended:
            DBOS.delete_workflows([workflow.workflow_id for workflow in ended])

    def _is_time(self, name: str, every: float) -> bool:
        now = time.monotonic()
        if now - self._last.get(name, float("-inf")) < every:
            return False
        self._last[name] = now
        return True


def sqlite_system_url(data: Path) -> str:
    """Return the URL of DBOS's own SQLite file in the data folder."""
    return f"sqlite:///{data / 'dbos.sqlite'}"
