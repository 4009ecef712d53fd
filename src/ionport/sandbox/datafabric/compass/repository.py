"""SQL of the jobs of Compass."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, insert, literal, select, tuple_, update

from ionport.sandbox.datafabric.compass.model import Columns, CompassJob, JobStatus
from ionport.sandbox.datafabric.tables import compass_jobs
from ionport.sandbox.kit.release_repository import ReleaseRepository
from ionport.store import TenantScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

_j = compass_jobs.c


class CompassRepository(Repository):
    """Jobs of a tenant."""

    def add(self, scope: TenantScope, job: CompassJob) -> None:
        """Store a new job."""
        values = columns_of(compass_jobs, job, tenant_id=scope.tenant_id)
        self._run(insert(compass_jobs).values(values))

    def get(self, scope: TenantScope, job_id: str) -> CompassJob | None:
        """Return a job, or None."""
        return self._get(compass_jobs, _job, scope, id=job_id)

    def end(
        self,
        scope: TenantScope,
        job_id: str,
        status: JobStatus,
        now: datetime,
        *,
        message: str = "",
        columns: Columns = (),
        row_count: int = 0,
        result_sha256: str | None = None,
    ) -> bool:
        """End a job that runs; False when it does not run any more."""
        running = in_scope(compass_jobs, scope, id=job_id, status=JobStatus.RUNNING.value)
        ended = update(compass_jobs).where(running)
        values = {
            "status": status.value,
            "message": message,
            "columns": [dict(each) for each in columns],
            "row_count": row_count,
            "result_sha256": result_sha256,
            "ended_at": now,
        }
        return self._run(ended.values(values)).rowcount > 0

    def forget(self, scope: TenantScope, before: datetime, most: int, now: datetime) -> None:
        """Delete the jobs that were submitted before a moment, and those beyond a number."""
        ours = in_scope(compass_jobs, scope)
        newest = select(_j.submitted_at, _j.id).where(ours)
        newest = newest.order_by(_j.submitted_at.desc(), _j.id.desc()).offset(most).limit(1)
        last = self._run(newest).first()
        self._remove(scope, _j.submitted_at < before, now)
        if last is not None:
            place = tuple_(_j.submitted_at, _j.id) <= tuple_(*last)
            self._remove(scope, place, now)

    def release(self, scope: TenantScope, name: str, now: datetime) -> None:
        """Release the file of a result that no job names."""
        ReleaseRepository(self._connection).release(scope, select(literal(name)), now)

    def _remove(self, scope: TenantScope, which: ColumnElement[bool], now: datetime) -> None:
        condition = and_(in_scope(compass_jobs, scope), which)
        releases = ReleaseRepository(self._connection)
        releases.release(scope, select(_j.result_sha256).where(condition), now)
        self._run(delete(compass_jobs).where(condition))


_job = reader(CompassJob)
