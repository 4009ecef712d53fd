"""Runs passes through DBOS beside PostgreSQL; the only module that imports it.

One workflow is one pass: its arguments are the delivery's id and the pass number, and it keeps
nothing. N workers on many machines share the queue. DBOS's own database can be lost at any time:
the ledger offers again what is due.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, EnqueueOptions
from sqlalchemy.exc import DBAPIError, OperationalError

from ionport.exports.engine.queues.port import EngineOptions, RunPass
from ionport.exports.engine.schedule import Schedule
from ionport.exports.model import DuePass
from ionport.store import with_limits

_NAME = "ionport"
_VERSION = "passes-1"
_QUEUE = "passes"
_WORKFLOW = "run_pass"
_LIVE = ("ENQUEUED", "PENDING", "DELAYED")
_ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_DAY = 86_400.0

_logger = logging.getLogger(__name__)


class _RepeatFilter(logging.Filter):
    """Lets a message pass once in some seconds: a lost database makes DBOS log without end."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._seen: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is logged."""
        key = str(record.msg)[:60]
        now = time.monotonic()
        if now - self._seen.get(key, float("-inf")) < self._seconds:
            return False
        if len(self._seen) > 1_000:
            self._seen.clear()
        self._seen[key] = now
        return True


# With a handler of our own DBOS adds none, and its records reach the root logger's redaction.
_dbos_logger = logging.getLogger("dbos")
_dbos_logger.addHandler(logging.NullHandler())
_dbos_logger.addFilter(_RepeatFilter(seconds=10))

_run: RunPass | None = None


@DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=1_000)
def _run_pass(delivery_id: str, pass_number: int) -> None:
    """Run one pass; its outcome is in the ledger."""
    if _run is not None:
        _run(delivery_id, pass_number)


class DbosQueue:
    """DBOS's queue on PostgreSQL. One in a process, as DBOS is one.

    Not to be launched or closed in an event loop's thread.
    """

    is_alone = False

    def __init__(
        self,
        url: str,
        schedule: Schedule,
        *,
        concurrency: int,
        options: EngineOptions | None = None,
    ) -> None:
        self._url = url
        self._schedule = schedule
        self._concurrency = concurrency
        # More passes than may call at once: DBOS hands out new ones only at its next look.
        self._places = 4 * concurrency
        self._options = options or EngineOptions()
        # The passes that this process has handed to DBOS and when, so that not every sweep asks
        # about them.
        self._handed: dict[tuple[str, int], float] = {}
        self._filling: set[str] = set()
        self._last: dict[str, float] = {}
        self._away_since: float | None = None
        self._is_up = False

    def launch(self, run: RunPass) -> None:
        global _run

        def run_and_forget(delivery_id: str, pass_number: int) -> None:
            try:
                run(delivery_id, pass_number)
            finally:
                # If it is due again under the same number, DBOS is asked about it at once.
                self._handed.pop((delivery_id, pass_number), None)

        _run = run_and_forget
        try:
            self._start()
        except BaseException:
            DBOS.destroy(workflow_completion_timeout_sec=0)
            _run = None
            raise

    def free_places(self) -> int:
        return self._options.batch

    def is_short(self) -> bool:
        # What another worker has run counts until it is forgotten: then a sweep is late, not lost.
        return len(self._handed) < 2 * self._places

    def busy(self) -> Sequence[str]:
        # DBOS shares out the places by connection itself. But a connection with more passes due
        # than are looked at in one sweep must not hide the others.
        return tuple(self._filling)

    def offer(self, due: Sequence[DuePass]) -> None:
        fresh = [each for each in due if (each.delivery_id, each.pass_number) not in self._handed]
        is_full = len(due) >= self._options.batch
        self._filling = {each.connection_id for each in due} if is_full and not fresh else set()
        if not fresh:
            return
        known = {
            workflow.workflow_id: workflow
            for workflow in DBOS.list_workflows(
                workflow_ids=[_key(each) for each in fresh], load_input=False, load_output=False
            )
        }
        active = self._schedule.active_workers()
        for each in fresh:
            workflow = known.get(_key(each))
            if workflow is None:
                self._enqueue(each)
            elif workflow.status not in _LIVE:
                # DBOS has ended this pass, the ledger has not: the next number is new to both.
                self._schedule.skip_pass(each)
            elif workflow.status == "PENDING" and (
                workflow.executor_id not in active
                # It is not under way here, or it would not be offered.
                or workflow.executor_id == self._schedule.worker_id
            ):
                DBOS.cancel_workflow(workflow.workflow_id)
                self._schedule.skip_pass(each)
            else:
                self._handed[each.delivery_id, each.pass_number] = time.monotonic()

    def upkeep(self) -> None:
        if self._is_time("health", self._options.health) and self._is_gone():
            self._restart()
        long_ago = time.monotonic() - self._options.handed_for
        for each, at in list(self._handed.items()):
            if at < long_ago:
                self._handed.pop(each, None)
        if self._is_time("tidy", self._options.tidy):
            self._tidy()

    def stop(self) -> None:
        """Passes that DBOS still starts find the runner stopping."""

    def close(self, *, finished: bool) -> None:
        global _run
        # A pass that has ended may not be in DBOS's own tables yet.
        DBOS.destroy(workflow_completion_timeout_sec=5 if finished else 0)
        _run = None

    def _start(self) -> None:
        config = DBOSConfig(
            name=_NAME,
            application_version=_VERSION,
            executor_id=self._schedule.worker_id,
            serializer=DBOSPortableJSONSerializer(),
            log_level="WARNING",
            enable_otlp=False,
            sys_db_pool_size=max(10, self._concurrency + 4),
            system_database_url=with_limits(self._url),
        )
        DBOS(config=config)
        DBOS.launch()
        DBOS.register_queue(
            _QUEUE,
            worker_concurrency=self._places,
            # A partition for each connection. The last quarter is kept for other connections, so
            # that they get their turn when a slow one has all calls under way.
            partition_worker_concurrency=max(1, self._places * 3 // 4),
            polling_interval_sec=self._options.poll,
            on_conflict="always_update",
        )
        self._is_up = True

    def _enqueue(self, due: DuePass) -> None:
        self._handed[due.delivery_id, due.pass_number] = time.monotonic()
        options = EnqueueOptions(
            workflow_name=_WORKFLOW,
            queue_name=_QUEUE,
            workflow_id=_key(due),
            queue_partition_key=due.connection_id,
            application_name=_NAME,
        )
        DBOS.enqueue_workflow_with_options(options, due.delivery_id, due.pass_number)

    def _is_gone(self) -> bool:
        """Whether DBOS's schema was deleted meanwhile, or its database was lost for long."""
        if not self._is_up:
            return True
        try:
            gone = DBOS.retrieve_queue(_QUEUE) is None
        except OperationalError as error:
            # PostgreSQL cannot be reached, or the database was dropped: only time shows which.
            _logger.warning("the queue's database does not answer: %s", type(error).__name__)
            self._away_since = self._away_since or time.monotonic()
            return time.monotonic() - self._away_since > self._options.gone_after
        except DBAPIError:
            return True
        self._away_since = None
        return gone

    def _restart(self) -> None:
        _logger.warning("the queue's database is gone; starting with a new one")
        self._is_up = False
        DBOS.destroy(workflow_completion_timeout_sec=0)
        self._handed.clear()
        self._away_since = None
        self._start()

    def _tidy(self) -> None:
        """Cancel passes that the ledger no longer knows, and forget those that ended a day ago."""
        live = DBOS.list_workflows(
            status=list(_LIVE), limit=1_000, load_input=False, load_output=False
        )
        keys = [workflow.workflow_id for workflow in live]
        numbers = self._schedule.pass_numbers([key.partition(".")[0] for key in keys])
        for key in keys:
            delivery_id, _dot, number = key.partition(".")
            if number != str(numbers.get(delivery_id)):
                DBOS.cancel_workflow(key)
        ended = DBOS.list_workflows(
            status=list(_ENDED),
            completed_before=_utc(time.time() - _DAY),
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


def _key(due: DuePass) -> str:
    """The workflow's id: one for each pass of a delivery."""
    return f"{due.delivery_id}.{due.pass_number}"


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
