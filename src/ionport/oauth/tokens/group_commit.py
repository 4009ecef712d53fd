"""Group commit: the rows of several requests at about the same time are stored in one transaction.

A durable commit costs one flush of the disk for any number of requests. No request is
answered before the commit that holds its own row
(docs/decisions/0002-our-own-code-for-the-grants.md).
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")
Result = TypeVar("Result")

MAX_BATCH: Final = 64
# Two of them prepare on a core each while the third waits for the disk.
MAX_WORKERS: Final = 3


class GroupCommit(Generic[Item, Prepared, Result]):
    """Prepares items one by one in worker threads, and commits together what is prepared.

    Whichever worker finds something prepared and nobody committing becomes the committer, until
    nothing is left; the others go on preparing meanwhile, and what they finish is the next batch.

    Args:
        prepare: computes what of an item can be computed outside of a transaction.
        commit: stores the prepared items in one transaction and returns their results in order,
            an error in the place of an item that fails for itself, or raises and has stored
            none. Never called twice at once.
    """

    def __init__(
        self,
        prepare: Callable[[Item], Prepared],
        commit: Callable[[Sequence[Prepared]], Sequence[Result | Exception]],
    ) -> None:
        self._prepare = prepare
        self._commit = commit
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._ready: list[tuple[Prepared, asyncio.Future[Result]]] = []
        self._workers = 0
        # Not the loop's own executor: it would tell the loop of each end of a worker, which is not
        # needed.
        self._threads = ThreadPoolExecutor(MAX_WORKERS, "group-commit")
        self._is_committing = False

    async def submit(self, item: Item) -> Result:
        """Return the item's result once it is committed; raises what its own work raised.

        A batch that fails is done again one by one, so that each item fails or succeeds alone.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        with self._lock:
            self._waiting.append((item, future))
            needs_worker = self._workers < MAX_WORKERS
            self._workers += needs_worker
        if needs_worker:
            self._threads.submit(self._work, loop)
        return await future

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """Prepare items until none waits."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._workers -= 1
                    return
                item, future = self._waiting.popleft()
            try:
                prepared = self._prepare(item)
            except Exception as error:  # noqa: BLE001 (it reaches the request that it belongs to)
                _tell(loop, [future], [error])
            else:
                self._hand_in(loop, prepared, future)

    def _hand_in(
        self, loop: asyncio.AbstractEventLoop, prepared: Prepared, future: asyncio.Future[Result]
    ) -> None:
        """Add what is prepared to the next batch, and commit batches if nobody else does."""
        with self._lock:
            self._ready.append((prepared, future))
            if self._is_committing:
                return
            self._is_committing = True
        while True:
            with self._lock:
                batch, self._ready = self._ready[:MAX_BATCH], self._ready[MAX_BATCH:]
                if not batch:
                    self._is_committing = False
                    return
            results = self._results([prepared for prepared, _future in batch])
            _tell(loop, [future for _prepared, future in batch], results)

    def _results(self, batch: Sequence[Prepared]) -> Sequence[Result | Exception]:
        try:
            return self._commit(batch)
        except Exception as error:  # noqa: BLE001 (it reaches the request that it belongs to)
            if len(batch) == 1:
                return [error]
        return [result for one in batch for result in self._results([one])]


def _tell(
    loop: asyncio.AbstractEventLoop,
    futures: Sequence[asyncio.Future[Result]],
    results: Sequence[Result | Exception],
) -> None:
    """Set the results of the waiting futures, on their event loop."""

    def deliver() -> None:
        for future, result in zip(futures, results, strict=True):
            if future.done():  # its request was cancelled
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

    loop.call_soon_threadsafe(deliver)
