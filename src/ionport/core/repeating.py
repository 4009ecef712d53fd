"""What a process does again and again beside its requests, in a thread of its own."""

from __future__ import annotations

import logging
import threading

_logger = logging.getLogger(__name__)


class Repeating:
    """Looks for work every so many seconds until it is closed; after a failed look it looks again.

    Subclasses define what a look does, and how one that is under way is interrupted.
    """

    def __init__(self, name: str, every_seconds: float, *, at_once: bool = False) -> None:
        self._every = every_seconds
        self._at_once = at_once
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def launch(self) -> None:
        """Start looking: now when it is to be `at_once`, else after the first pause."""
        self._thread.start()

    def close(self) -> None:
        """Let what is under way end, and stop."""
        self._stopping.set()
        self._interrupt()
        self._thread.join()

    def _look(self) -> bool:
        """Do what is due; returns whether there is more to do now."""
        raise NotImplementedError

    def _interrupt(self) -> None:
        """Tell a look that is under way, or a pause, that it is to end."""

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _run(self) -> None:
        has_more = self._at_once
        while not self._stopping.is_set():
            if not has_more:
                self._pause(self._every)
                if self._stopping.is_set():
                    return
            try:
                has_more = self._look()
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

    def _run_next(self) -> bool:
        """Do what is next; False when there is nothing."""
        raise NotImplementedError
