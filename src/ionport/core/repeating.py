"""What a process does again and again beside its requests, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

_logger = logging.getLogger(__name__)


class Repeating:
    """Looks for work every so many seconds until it is closed; after a failed look it looks again.

    Args:
        look: does what is due.
        at_once: the first look is made at the launch, not after a pause.
        goes_on: what `look` returns says whether there is more to do now.
        interrupt: tells a look that is under way, or a pause, that it is to end.
        pause: waits for so many seconds, or until there is something to do.
        at_end: gives back what looks need, after the last one.
    """

    def __init__(
        self,
        name: str,
        look: Callable[[], object],
        every_seconds: float,
        *,
        at_once: bool = False,
        goes_on: bool = False,
        interrupt: Callable[[], None] | None = None,
        pause: Callable[[float], object] | None = None,
        at_end: Callable[[], None] | None = None,
    ) -> None:
        self._look = look
        self._every = every_seconds
        self._at_once = at_once
        self._goes_on = goes_on
        self._stopping = threading.Event()
        self._interrupt = interrupt
        self._pause = pause or self._stopping.wait
        self._at_end = at_end
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def launch(self) -> None:
        """Start looking: now when it is to be `at_once`, else after the first pause."""
        self._thread.start()

    def close(self) -> None:
        """Let what is under way end, and stop."""
        self._stopping.set()
        if self._interrupt is not None:
            self._interrupt()
        self._thread.join()
        if self._at_end is not None:
            self._at_end()

    def _run(self) -> None:
        has_more = self._at_once
        while not self._stopping.is_set():
            if not has_more:
                self._pause(self._every)
                if self._stopping.is_set():
                    return
            try:
                has_more = bool(self._look()) and self._goes_on
            except Exception:
                # Such as a database that is away for a while: the next look tries again.
                has_more = False
                _logger.exception("a look of %s failed", self._thread.name)


class Runner:
    """Does tasks one after the other; several processes may share them."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._wanted = threading.Event()

    def wake(self) -> None:
        """Announce a task, so that it is begun before the next look is due."""
        self._wanted.set()

    def wait(self, seconds: float) -> None:
        """Wait until a task is announced, at most `seconds`."""
        self._wanted.wait(seconds)
        self._wanted.clear()

    def stop(self) -> None:
        """Begin nothing more; what is half done is left to another process."""
        self._stopping.set()
        self._wanted.set()

    def run_all(self) -> None:
        """Do what there is to do, until nothing is left or `stop`."""
        while not self._stopping.is_set() and self._run_next():
            pass

    def repeating(self, name: str, every_seconds: float = 2.0) -> Repeating:
        """Return what does it in a thread of its own until it is closed."""
        return Repeating(
            name, self.run_all, every_seconds, at_once=True, interrupt=self.stop, pause=self.wait
        )

    def _run_next(self) -> bool:
        """Do what is next; False when there is nothing."""
        raise NotImplementedError
