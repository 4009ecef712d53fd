"""Runs passes in threads of this process: the queue beside SQLite, where one process does all."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue

from ionport.exports.engine.queues.lock import FolderLock
from ionport.exports.engine.queues.port import RunPass
from ionport.exports.model import DuePass


class ThreadQueue:
    """A pool of threads. It takes more passes than may call at once: calls end, passes go on."""

    is_alone = True

    def __init__(self, folder: Path, *, concurrency: int) -> None:
        self._size = 2 * concurrency
        # The last quarter is kept for other connections, so that they get their turn when a slow
        # one has all calls under way.
        self._share = max(1, self._size * 3 // 4)
        self._lock_of_folder = FolderLock(folder)
        self._waiting: SimpleQueue[DuePass | None] = SimpleQueue()
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()
        self._stopped = False

    def launch(self, run: RunPass) -> None:
        self._lock_of_folder.acquire()
        self._stopped = False
        for number in range(self._size):
            # Daemon threads: a call that hangs must not keep the process from ending.
            threading.Thread(
                target=self._work, args=(run,), name=f"delivery-{number}", daemon=True
            ).start()

    def free_places(self) -> int:
        with self._lock:
            return 2 * self._size - len(self._known)

    def is_short(self) -> bool:
        # It takes hardly more of one connection than may call at once.
        return True

    def busy(self) -> Sequence[str]:
        with self._lock:
            places = Counter(self._known.values())
        return [connection for connection, count in places.items() if count >= self._share]

    def offer(self, due: Sequence[DuePass]) -> None:
        for wanted in due:
            with self._lock:
                places = sum(1 for c in self._known.values() if c == wanted.connection_id)
                if wanted.delivery_id in self._known or places >= self._share:
                    continue
                self._known[wanted.delivery_id] = wanted.connection_id
            self._waiting.put(wanted)

    def upkeep(self) -> None:
        """Do nothing: this queue needs no maintenance."""

    def stop(self) -> None:
        self._stopped = True
        for _number in range(self._size):
            self._waiting.put(None)

    def close(self, *, finished: bool) -> None:
        if finished:
            self._lock_of_folder.release()

    def _work(self, run: RunPass) -> None:
        while (due := self._waiting.get()) is not None:
            try:
                if not self._stopped:
                    run(due.delivery_id, due.pass_number)
            finally:
                with self._lock:
                    self._known.pop(due.delivery_id, None)
