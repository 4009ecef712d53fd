"""Group commit: what several requests hand in at about the same time goes into one transaction.

A durable commit costs a flush of the disk, whoever shares it. Nobody is answered before the
commit that holds their own row (DESIGN.md, decision 2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_BATCH: Final = 64
# One batch computes while the other one waits for the disk.
MAX_RUNNING: Final = 2


class GroupCommit(Generic[Item, Result]):
    """Gathers items on an event loop and commits them in batches in worker threads.

    Args:
        commit: stores the items in one transaction and returns their results in order, or raises
            and has stored none. It runs in a worker thread, in two of them at once at most.
    """

    def __init__(self, commit: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        self._commit = commit
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._running = 0

    async def submit(self, item: Item) -> Result:
        """Return the item's result once it is committed; raises what its commit raised.

        A batch that fails is done again one by one, so that an item fails for itself alone.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, future))
        if len(self._waiting) == 1:
            # Not at once: requests that came in together shall go together.
            loop.call_soon(self._start)
        return await future

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting and self._running < MAX_RUNNING:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            self._running += 1
            done = loop.run_in_executor(None, self._run, [item for item, _future in batch])
            done.add_done_callback(partial(self._finish, [future for _item, future in batch]))

    def _run(self, items: Sequence[Item]) -> Sequence[Result | Exception]:
        try:
            return self._commit(items)
        except Exception as error:  # noqa: BLE001 (it reaches the request that it belongs to)
            if len(items) == 1:
                return [error]
        return [result for item in items for result in self._run([item])]

    def _finish(
        self,
        futures: Sequence[asyncio.Future[Result]],
        done: asyncio.Future[Sequence[Result | Exception]],
    ) -> None:
        self._running -= 1
        for future, result in zip(futures, done.result(), strict=True):
            if future.done():  # its request was given up
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
        self._start()
