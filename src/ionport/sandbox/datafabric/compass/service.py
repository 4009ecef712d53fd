"""What a client does with Compass: submit a query, ask for its status, fetch its rows, cancel it.

A job is run when somebody first asks for it: in a thread beside the calls, which a call waits for
as long as its client says. What has ended stands in the job's row, so that any process answers.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import dataclass, field

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, IonportError, Unavailable, existing
from ionport.core.ids import new_ordered_uuid
from ionport.sandbox.datafabric.compass.content import Row, read_rows, schema_columns
from ionport.sandbox.datafabric.compass.dialect import (
    INFORMATION,
    MAX_STATEMENT,
    Translated,
    table_of,
    translate,
)
from ionport.sandbox.datafabric.compass.execution import Bounds, Content, Source, execute
from ionport.sandbox.datafabric.compass.functions import moment_text
from ionport.sandbox.datafabric.compass.information import described
from ionport.sandbox.datafabric.compass.model import (
    KEPT_FOR,
    MAX_BYTES_READ,
    MAX_JOBS,
    MAX_OBJECTS_READ,
    CompassJob,
    JobStatus,
    QueryFailed,
)
from ionport.sandbox.datafabric.compass.repository import CompassRepository
from ionport.sandbox.datafabric.compass.variations import READINGS, Reading, select
from ionport.sandbox.datafabric.model import CatalogObject, LakeObject
from ionport.sandbox.datafabric.repository import CatalogRepository, LakeRepository
from ionport.sandbox.kit.texts import check_text, quoted
from ionport.store import Database, ScopedWork, TenantScope

_THREADS = 2
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Run:
    """A job under way in this process."""

    ended: Future[None]
    bounds: Bounds


@dataclass(slots=True)
class _Runs:
    """The jobs under way, by id; the threads are made with the first of them."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    by_id: dict[str, _Run] = field(default_factory=dict)
    pool: ThreadPoolExecutor | None = None
    are_stopped: bool = False


class CompassService:
    """Queries of a tenant over the objects of its Data Lake."""

    def __init__(self, clock: Clock, blobs: Blobs) -> None:
        self._clock = clock
        self._blobs = blobs
        self._runs = _Runs()

    def submit(
        self,
        access: ScopedWork[TenantScope],
        statement: str,
        *,
        row_limit: int,
        result_format: str = "",
    ) -> CompassJob:
        """Keep a query as a job that runs; jobs of more than 20 hours ago are forgotten.

        Raises:
            InvalidInput: there is no query, or it is too long.
        """
        if not statement.strip():
            raise InvalidInput("The body is empty; it is the SQL itself.", code="no_query")
        if len(statement) > MAX_STATEMENT:
            raise QueryFailed(f"A query has at most {MAX_STATEMENT} characters.")
        now = self._clock.now()
        job = CompassJob(
            id=new_ordered_uuid(),
            tenant_id=access.scope.tenant_id,
            statement=check_text(statement),
            result_format=result_format,
            row_limit=row_limit,
            status=JobStatus.RUNNING,
            message="",
            columns=[],
            row_count=0,
            result_sha256=None,
            submitted_at=now,
            ended_at=None,
        )
        jobs = CompassRepository(access.connection)
        jobs.forget(access.scope, now - KEPT_FOR, MAX_JOBS - 1, now)
        jobs.add(access.scope, job)
        return job

    def job(self, access: ScopedWork[TenantScope], job_id: str) -> CompassJob:
        """Return a job; raises NotFound."""
        found = CompassRepository(access.connection).get(access.scope, job_id)
        return existing(
            found, f"There is no query {quoted(job_id)}, or no more.", code="query_not_found"
        )

    def wait(
        self, database: Database, scope: TenantScope, job_id: str, seconds: float
    ) -> CompassJob:
        """Start a job unless it runs, wait for its end, at most `seconds`, and return it.

        A caller that does not wait gets it as running, at least once: as at Infor, where no query
        has ended when it is first asked about.

        Raises:
            NotFound: there is no such job.
        """
        with database.read() as work:
            job = self.job(work.within(scope), job_id)
        if job.status is not JobStatus.RUNNING:
            return job
        run = self._started(database, scope, job)
        if seconds <= 0:
            return job
        with suppress(FutureTimeout, CancelledError):
            run.ended.result(seconds)
        with database.read() as work:
            return self.job(work.within(scope), job_id)

    def cancel(self, access: ScopedWork[TenantScope], job_id: str) -> CompassJob:
        """Cancel a job that runs; one that has ended stays as it is. Raises NotFound."""
        jobs = CompassRepository(access.connection)
        if jobs.end(access.scope, job_id, JobStatus.CANCELED, self._clock.now()):
            with self._runs.lock:
                run = self._runs.by_id.get(job_id)
            if run is not None:
                run.bounds.stop.set()
        return self.job(access, job_id)

    def stop(self) -> None:
        """Stop what runs here, as the process ends; whoever asks for a job then runs it anew."""
        with self._runs.lock:
            self._runs.are_stopped = True
            for run in self._runs.by_id.values():
                run.bounds.stop.set()
            if self._runs.pool is not None:
                self._runs.pool.shutdown(wait=False, cancel_futures=True)

    def lines(self, job: CompassJob, offset: int, limit: int) -> Sequence[bytes]:
        """Return rows of a job's result, each a JSON list.

        Raises:
            Conflict: the job runs still, failed or was cancelled; the text says which.
        """
        if job.status is JobStatus.FAILED:
            raise Conflict(f"The query failed: {job.message}", code="query_failed")
        if job.status is not JobStatus.FINISHED:
            text = f"The query has no result: its status is {job.status}."
            raise Conflict(text, code="query_not_finished")
        if job.result_sha256 is None:
            return []
        return self._blobs.get(job.result_sha256).split(b"\n")[offset : offset + limit]

    def _started(self, database: Database, scope: TenantScope, job: CompassJob) -> _Run:
        with self._runs.lock:
            run = self._runs.by_id.get(job.id)
            if run is not None:
                return run
            if self._runs.are_stopped:
                raise Unavailable("The sandbox is being stopped.")
            if self._runs.pool is None:
                self._runs.pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="compass")
            bounds = Bounds()
            ended = self._runs.pool.submit(self._run, database, scope, job, bounds)
            run = self._runs.by_id[job.id] = _Run(ended, bounds)
            return run

    def _run(self, database: Database, scope: TenantScope, job: CompassJob, bounds: Bounds) -> None:
        try:
            self._run_to_its_end(database, scope, job, bounds)
        finally:
            with self._runs.lock:
                del self._runs.by_id[job.id]

    def _run_to_its_end(
        self, database: Database, scope: TenantScope, job: CompassJob, bounds: Bounds
    ) -> None:
        try:
            query = translate(job.statement)
            sources = self._sources(database, scope, job, query)
            result = execute(query, sources, bounds, row_limit=job.row_limit)
        except IonportError as error:
            if not self._runs.are_stopped:
                self._fail(database, scope, job, error.text)
            return
        except Exception:  # noqa: BLE001 the client polls for an end, whatever came between
            self._fail(database, scope, job, "The sandbox could not run the query; see its log.")
            _log.exception("a query of Compass failed")
            return
        kept = self._blobs.put(result.lines) if result.row_count else None
        with database.write() as work:
            jobs, now = CompassRepository(work.connection), self._clock.now()
            has_ended = jobs.end(
                scope,
                job.id,
                JobStatus.FINISHED,
                now,
                columns=result.columns,
                row_count=result.row_count,
                result_sha256=kept,
            )
            if kept is not None and not has_ended:
                # It was cancelled meanwhile, or ended by another process.
                jobs.release(scope, kept, now)

    def _fail(self, database: Database, scope: TenantScope, job: CompassJob, text: str) -> None:
        with database.write() as work:
            jobs, now = CompassRepository(work.connection), self._clock.now()
            jobs.end(scope, job.id, JobStatus.FAILED, now, message=text)

    def _sources(
        self, database: Database, scope: TenantScope, job: CompassJob, query: Translated
    ) -> list[Source]:
        """Return the objects that a query names, with what was in the lake when it came."""
        with database.read() as work:
            catalog = CatalogRepository(work.connection).list(scope)
            named = [each for each in catalog if each.name.lower() in query.names]
            entries = [each for each in named if each.type.is_queried]
            items = LakeRepository(work.connection).named(
                scope, [each.name for each in entries], job.submitted_at, MAX_OBJECTS_READ + 1
            )
        if len(items) > MAX_OBJECTS_READ or sum(item.size for item in items) > MAX_BYTES_READ:
            raise QueryFailed(
                f"The sandbox queries at most {MAX_OBJECTS_READ:,} data objects and"
                f" {MAX_BYTES_READ // 1_000_000} MB at once: purge some."
            )
        sources = [self._source(entry, entry.name, items, Reading.LATEST) for entry in entries]
        sources += [
            self._source(entry, table_of(function, entry.name), items, READINGS[function])
            for entry in entries
            for function, name in sorted(query.readings)
            if name == entry.name.lower()
        ]
        return [*sources, *(described(catalog) if INFORMATION in query.names else ())]

    def _source(
        self, entry: CatalogObject, table: str, items: Sequence[LakeObject], reading: Reading
    ) -> Source:
        own = [
            item
            for item in items
            if item.document_name == entry.name and (reading.has_archived or not item.is_archived)
        ]
        contents = [Content(self._rows(entry, each), moment_text(each.stored_at)) for each in own]
        return Source(table, schema_columns(entry), select(entry, contents, reading))

    def _rows(self, entry: CatalogObject, item: LakeObject) -> Iterator[Row]:
        yield from read_rows(entry, self._blobs.get(item.sha256), item.id)
