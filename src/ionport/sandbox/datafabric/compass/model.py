"""Jobs of Compass and their results (docs/reference/data-fabric.md#compass)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ionport.core.errors import InvalidInput

# Results are kept "about 20 hours"; jobs of a tenant beyond this number are forgotten earlier.
KEPT_FOR: Final = timedelta(hours=20)
MAX_JOBS: Final = 1_000
MAX_PAGE_ROWS: Final = 100_000
MAX_PAGE_BYTES: Final = 10_000_000
# The sandbox's own bounds, so that one query does not use up the machine.
MAX_RESULT_ROWS: Final = 500_000
MAX_RESULT_BYTES: Final = 64_000_000
MAX_OBJECTS_READ: Final = 5_000
MAX_BYTES_READ: Final = 200_000_000
MAX_SECONDS: Final = 20.0
MAX_WAIT: Final = 25.0


class JobStatus(StrEnum):
    """The status of a job."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


class ResultFormat(StrEnum):
    """How rows are written."""

    NDJSON = "application/x-ndjson"
    JSON = "application/json"
    CSV = "text/csv"


Columns = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class CompassJob:
    """One query of a tenant.

    Attributes:
        result_format: chosen when the job was submitted (v1), or empty.
        row_limit: the most rows of the result; 0 for all.
        message: why it failed.
        columns: name and datatype of each column of the result.
        result_sha256: the rows, a JSON list a line, lie in the blobs under this name.
    """

    id: str
    tenant_id: str
    statement: str
    result_format: str
    row_limit: int
    status: JobStatus
    message: str
    columns: Columns
    row_count: int
    result_sha256: str | None
    submitted_at: datetime
    ended_at: datetime | None


READS_ONLY: Final = "A query only reads objects of the Data Catalog: it begins with SELECT or WITH."


class QueryFailed(InvalidInput):
    """Compass cannot run a query; the text says why, and becomes the job's message."""

    def __init__(self, text: str) -> None:
        super().__init__(text, code="query_failed")
