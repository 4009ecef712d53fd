"""Sends rows to M3 in bulk calls, several at once, and writes the result of each.

A call that surely did nothing is made again after a wait; a call whose answer was lost is not: its
rows are *unknown* (`journal`). Rows are independent of each other: where their order matters, load
with one call at a time.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from ..client import IonApiClient
from ..errors import IonApiError, RequestRefused
from ..m3 import MAX_BULK, M3Request, M3Result, chunks
from .journal import Journal, RowResult, RowState

CONCURRENCY: Final = 8
_ATTEMPTS: Final = 6
_LONGEST_WAIT: Final = 60.0
# Rows that are cut into calls at a time: the file may be longer than the memory.
_WINDOW: Final = 2_000


@dataclass(frozen=True, slots=True)
class Row:
    """One transaction's input: `number` names it, as a spreadsheet counts (the titles are 1)."""

    number: int
    record: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Load:
    """What is loaded, and how: a transaction of a program, `concurrency` calls at once."""

    program: str
    transaction: str
    company: str = ""
    division: str = ""
    return_columns: tuple[str, ...] = ()
    concurrency: int = CONCURRENCY
    batch: int = MAX_BULK
    pause: Callable[[float], None] = field(default=time.sleep, repr=False)

    def run(
        self,
        client: IonApiClient,
        rows: Iterable[Row],
        journal: Journal,
        *,
        retry: frozenset[RowState] = frozenset(),
        on_results: Callable[[Sequence[RowResult]], None] = lambda _results: None,
    ) -> None:
        """Send the rows whose end the journal does not know, and those to `retry`.

        `on_results` gets each call's results, in this thread. When a call fails for good, the
        calls under way are waited for, and its error is raised: a new run goes on from there.

        Raises:
            IonApiError: M3, the gateway or the authorization server take no calls.
        """
        calls = self._calls(self._open(rows, journal, retry))
        failure: IonApiError | None = None
        ended_early = threading.Event()
        with ThreadPoolExecutor(self.concurrency, "m3-load") as pool:
            running: set[Future[list[RowResult]]] = set()
            while True:
                # As many calls again are prepared, so that no thread waits for this one to cut the
                # next.
                room = 0 if failure else 2 * self.concurrency - len(running)
                for call in islice(calls, room):
                    running.add(pool.submit(self._send, client, call, journal, ended_early))
                if not running:
                    break
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    try:
                        on_results(future.result())
                    except IonApiError as error:
                        failure = failure or error
                        ended_early.set()
        if failure is not None:
            raise failure

    @staticmethod
    def _open(rows: Iterable[Row], journal: Journal, retry: frozenset[RowState]) -> Iterator[Row]:
        """Yield the rows that are to be sent."""
        unknown = set(journal.unknown())
        for row in rows:
            result = journal.results.get(row.number)
            state = RowState.UNKNOWN if row.number in unknown else result and result.state
            if state is None or state in retry:
                yield row

    def _calls(self, rows: Iterator[Row]) -> Iterator[Sequence[Row]]:
        """Cut rows into calls that M3 takes."""
        while window := list(islice(rows, _WINDOW)):
            requests = [self._request(row) for row in window]
            start = 0
            for chunk in chunks(requests, most=self.batch):
                yield window[start : start + len(chunk)]
                start += len(chunk)

    def _request(self, row: Row) -> M3Request:
        return M3Request(self.transaction, row.record, self.return_columns)

    def _send(
        self,
        client: IonApiClient,
        call: Sequence[Row],
        journal: Journal,
        ended_early: threading.Event,
    ) -> list[RowResult]:
        """Send rows until each has an end; returns the ends. None once the load has ended early."""
        results: list[RowResult] = []
        left, attempt = [] if ended_early.is_set() else list(call), 1
        while left:
            numbers = [row.number for row in left]
            journal.sending(numbers)
            try:
                answers = client.m3.bulk(
                    self.program,
                    [self._request(row) for row in left],
                    company=self.company,
                    division=self.division,
                )
            except IonApiError as error:
                if error.sent:
                    lost = [_unknown(number, error) for number in numbers]
                    journal.ended(lost)
                    return [*results, *lost]
                journal.ended((), numbers)
                if not error.transient or attempt == _ATTEMPTS:
                    raise
                self.pause(_seconds_to_wait(error, attempt))
                attempt += 1
                continue
            # M3 may end a call before its last transactions: those go again.
            ended = [_result(row.number, answer) for row, answer in zip(left, answers, strict=True)]
            told = [result for result in ended if result is not None]
            left = [row for row, result in zip(left, ended, strict=True) if result is None]
            journal.ended(told, [row.number for row in left])
            results += told
            if not told:
                raise RequestRefused(f"M3 ended the call before row {numbers[0]}, its first.")
        return results


def _unknown(number: int, error: IonApiError) -> RowResult:
    return RowResult(number, RowState.UNKNOWN, code=error.code, message=error.message)


def _result(number: int, answer: M3Result) -> RowResult | None:
    """Return a row's end; None when M3 ended the call before it."""
    if not answer.processed:
        return None
    if answer.error is None:
        return RowResult(number, RowState.DONE, dict(answer.records[0]) if answer.records else {})
    error = answer.error
    return RowResult(
        number,
        RowState.REFUSED,
        code=error.remote_code,
        field=error.field,
        message=error.remote_message or error.message,
    )


def _seconds_to_wait(error: IonApiError, attempt: int) -> float:
    """Return what the server asked for, else longer each time; never over a minute."""
    wanted = error.retry_after if error.retry_after is not None else 2.0**attempt
    return min(wanted, _LONGEST_WAIT) * random.uniform(1.0, 1.25)  # noqa: S311 - no secret
