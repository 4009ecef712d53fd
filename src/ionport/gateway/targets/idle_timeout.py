"""How long a call may wait for a target, or for its client, before it is ended."""

from __future__ import annotations

import asyncio
import math
import time
import weakref
from types import TracebackType
from typing import ClassVar, Final
from weakref import WeakKeyDictionary

from starlette.requests import ClientDisconnect

from ionport.gateway.errors import ClientTimedOut, TargetTimedOut

LOOK_SECONDS: Final = 0.1


class IdleTimeout:
    """Ends a call soon after `seconds` without a byte from the side that is waited for.

    As `asyncio.timeout`, but all calls share one timer, which looks several times a second: each
    request and each chunk restarts the timer, so that must cost next to nothing.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._is_over = False
        self._waits_for_client = False
        self._is_left = False
        self.deadline = math.inf

    def __enter__(self) -> IdleTimeout:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("there is no task to end")
        self._watch = _Watch.of_loop(loop)
        self._task = task
        self._cancelling = task.cancelling()
        self.restart()
        self._watch.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._watch.calls.discard(self)
        if not self._is_over:
            return
        # Another cancellation of the task comes first, as in asyncio.timeout.
        is_ours = self._task.uncancel() <= self._cancelling
        if is_ours and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise self._reason() from error

    def restart(self, *, for_client: bool = False) -> None:
        """Restart the timer: something has been received."""
        self._waits_for_client = for_client
        self.deadline = time.monotonic() + self._seconds

    def rest(self) -> None:
        """Stop the timer: the delay is ours, or that of a client that reads slowly."""
        self.deadline = math.inf

    def end(self, *, client_left: bool = False) -> None:
        """End the call: the deadline has passed, or the client went away (ClientDisconnect)."""
        if self._is_over:
            return
        self.rest()
        self._is_over = True
        self._is_left = client_left
        self._task.cancel()

    def _reason(self) -> Exception:
        if self._is_left:
            return ClientDisconnect()
        if self._waits_for_client:
            return ClientTimedOut(
                f"The request's body stopped for {self._seconds:.0f} seconds. Send it again."
            )
        return TargetTimedOut(
            f"The target did not answer within {self._seconds:.0f} seconds. A targetTimeout policy"
            " extends this to 300 at most."
        )


class _Watch:
    """The calls under way of one event loop, and the timer that checks their deadlines."""

    _of_loops: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, _Watch]] = WeakKeyDictionary()

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = weakref.ref(loop)
        self._is_looking = False
        self.calls: set[IdleTimeout] = set()

    @classmethod
    def of_loop(cls, loop: asyncio.AbstractEventLoop) -> _Watch:
        """Return the loop's own."""
        found = cls._of_loops.get(loop)
        if found is None:
            found = cls._of_loops[loop] = cls(loop)
        return found

    def add(self, call: IdleTimeout) -> None:
        self.calls.add(call)
        if not self._is_looking:
            self._look()

    def _look(self) -> None:
        now = time.monotonic()
        for call in [call for call in self.calls if now >= call.deadline]:
            call.end()
        loop = self._loop()
        self._is_looking = bool(self.calls) and loop is not None
        if loop is not None and self._is_looking:
            loop.call_later(LOOK_SECONDS, self._look)
