"""The operations of Compass: v2 below DATAFABRIC, and v1 as callers still send it.

Source: docs/reference/data-fabric.md#compass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ionport.sandbox.datafabric.compass.model import (
    MAX_PAGE_ROWS,
    MAX_RESULT_BYTES,
    MAX_RESULT_ROWS,
    MAX_SECONDS,
    MAX_WAIT,
    CompassJob,
    JobStatus,
    ResultFormat,
)
from ionport.sandbox.datafabric.compass.results import accepted_format, page
from ionport.sandbox.datafabric.compass.service import CompassService
from ionport.sandbox.datafabric.wire import json_answer, number, wrong
from ionport.sandbox.kit.operations import (
    Answer,
    Call,
    Operation,
    Step,
    Wire,
    from_clients,
    inferred,
    verified,
)
from ionport.sandbox.kit.texts import quoted
from ionport.store import Work

_V2: Final = "/compass/v2"
_V1: Final = "/datalakeapi/v1/compass"
_SECTION = "docs/reference/data-fabric.md#compass"
_SUBMIT = verified(_SECTION, left_out="quotas; queries over 20 s (Infor: 60 min)")
_STATUS = from_clients(_SECTION, left_out="the form of columns is inferred")
_RESULT = from_clients(_SECTION)
_CANCEL = inferred(_SECTION)
_SQL = Wire(
    query=("records", "queryExecutor"),
    takes=("text/plain",),
    schema={"type": "string"},
    example="SELECT 1 AS one",
)
_SQL_V1 = Wire(
    query=("resultFormat",),
    takes=("text/plain",),
    schema={"type": "string"},
    example="SELECT 1 AS one",
)
# Long enough for every query: what fetches a result without asking for the status waits.
_TO_ITS_END = MAX_SECONDS + 5


class CompassRoutes:
    """The handlers."""

    def __init__(self, service: CompassService) -> None:
        self._service = service

    def operations(self) -> list[Operation]:
        """Return the operations of v2 in the order in which they are tried."""
        job = f"{_V2}/jobs/{{id}}"
        return [
            Operation("compass ping", "GET", f"{_V2}/ping", self.ping, _RESULT),
            Operation("submit query", "POST", f"{_V2}/jobs", self.submit, _SUBMIT, wire=_SQL),
            Operation(
                "query status",
                "GET",
                f"{job}/status",
                self.status,
                _STATUS,
                wire=Wire(query=("timeout", "queryExecutor")),
            ),
            Operation(
                "query result",
                "GET",
                f"{job}/result",
                self.result,
                _RESULT,
                wire=Wire(query=("offset", "limit", "queryExecutor")),
            ),
            Operation("cancel query", "PUT", f"{job}/cancel", self.cancel, _CANCEL),
        ]

    def operations_of_v1(self) -> list[Operation]:
        """Return the operations of v1, which callers still send."""
        job = f"{_V1}/jobs/{{id}}"
        return [
            Operation(
                "submit query v1", "POST", f"{_V1}/jobs", self.submit_v1, _SUBMIT, wire=_SQL_V1
            ),
            Operation(
                "query status v1",
                "GET",
                f"{job}/status",
                self.status_v1,
                _STATUS,
                wire=Wire(query=("timeout",)),
            ),
            Operation("query result v1", "GET", f"{job}/result", self.result_v1, _RESULT),
            Operation("cancel query v1", "PUT", f"{job}/cancel", self.cancel_v1, _CANCEL),
        ]

    def ping(self, call: Call) -> Step:
        """Answers OK."""
        return lambda _work: Answer(200, b"OK", "text/plain;charset=utf-8")

    def submit(self, call: Call) -> Step:
        """Takes the SQL as it is, which Infor wants as text/plain, and answers 202 with its id."""
        kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "text/plain":
            text = f"The body is the SQL itself, as text/plain and not as {quoted(kind)}."
            refusal = {"code": "unsupported_media_type", "message": text}
            return lambda _work: json_answer(415, refusal)
        return self._submit(call, "", _location)

    def submit_v1(self, call: Call) -> Step:
        """Takes the SQL, and with it the format of the result."""
        chosen = call.query.get("resultFormat", "") or ResultFormat.CSV.value
        if chosen not in tuple(ResultFormat):
            known = ", ".join(ResultFormat)
            raise wrong(f"resultFormat is one of {known}, not {quoted(chosen)}.")
        return self._submit(call, chosen, _location_v1)

    def _submit(self, call: Call, chosen: str, location: Location) -> Step:
        try:
            statement = call.body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise wrong("The SQL is not UTF-8.") from error
        limit = number(call, "records", 0, least=0, most=99_999_999)

        def step(work: Work) -> Answer:
            job = self._service.submit(
                work.within(call.scope), statement, row_limit=limit, result_format=chosen
            )
            return json_answer(202, _shown(job, location), effects=(job.id,))

        return step

    def status(self, call: Call) -> Step:
        """Answers 202 while a query runs, 201 when it has ended; waits up to `timeout` seconds."""
        return self._status(call, _location, ended=201)

    def status_v1(self, call: Call) -> Step:
        """As in v2, but a query that was cancelled is told by 200."""
        return self._status(call, _location_v1, ended=200)

    def _status(self, call: Call, location: Location, *, ended: int) -> Step:
        seconds = number(call, "timeout", 0, least=0, most=int(MAX_WAIT))
        job = self._service.wait(call.database, call.scope, call.path_params["id"], seconds)
        status = {JobStatus.RUNNING: 202, JobStatus.CANCELED: ended}.get(job.status, 201)
        return lambda _work: json_answer(status, _shown(job, location))

    def result(self, call: Call) -> Step:
        """Sends rows in the format that Accept names, CSV when it names none."""
        kind = accepted_format(call.headers.get("accept", ""))
        if kind is None:
            text = f"Accept names none of {', '.join(ResultFormat)}."
            return lambda _work: json_answer(406, {"code": "not_acceptable", "message": text})
        offset = number(call, "offset", 0, least=0, most=99_999_999)
        limit = number(call, "limit", MAX_PAGE_ROWS, most=MAX_PAGE_ROWS)
        job = self._ended(call)
        answer = Answer(200, page(job.columns, self._service.lines(job, offset, limit), kind), kind)
        return lambda _work: answer

    def result_v1(self, call: Call) -> Step:
        """Sends all rows at once, in the format that the query was submitted with."""
        job = self._ended(call)
        kind = ResultFormat(job.result_format or ResultFormat.CSV)
        lines = self._service.lines(job, 0, MAX_RESULT_ROWS)
        answer = Answer(200, page(job.columns, lines, kind, 4 * MAX_RESULT_BYTES), kind)
        return lambda _work: answer

    def _ended(self, call: Call) -> CompassJob:
        return self._service.wait(call.database, call.scope, call.path_params["id"], _TO_ITS_END)

    def cancel(self, call: Call) -> Step:
        """Cancels a query that runs."""
        return self._cancel(call, _location)

    def cancel_v1(self, call: Call) -> Step:
        """Cancels a query that runs."""
        return self._cancel(call, _location_v1)

    def _cancel(self, call: Call, location: Location) -> Step:
        def step(work: Work) -> Answer:
            job = self._service.cancel(work.within(call.scope), call.path_params["id"])
            return json_answer(200, _shown(job, location))

        return step


Location = Callable[[CompassJob, str], str]


def _location(job: CompassJob, what: str) -> str:
    """Return an address as v2 tells it: from the service's own on."""
    return f"jobs/{job.id}/{what}"


def _location_v1(job: CompassJob, what: str) -> str:
    """Return an address as v1 tells it: from the gateway's on."""
    return f"/{job.tenant_id}/IONSERVICES{_V1}/jobs/{job.id}/{what}"


def _shown(job: CompassJob, location: Location) -> dict[str, object]:
    is_finished = job.status is JobStatus.FINISHED
    content: dict[str, object] = {
        "queryId": job.id,
        "status": job.status.value,
        "location": location(job, "result" if is_finished else "status"),
    }
    if is_finished:
        return {**content, "columns": job.columns, "rowCount": job.row_count}
    return {**content, "message": job.message} if job.message else content
