"""What this process remembers for two seconds at most: tokens alive or dead, logins that passed.

A revocation anywhere is seen here within that time; one in this process at once, because
what revokes, disables or deletes calls `forget` after its commit
(docs/decisions/0010-refresh-tokens-as-infor-s-clients-need-them.md).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, Final, Generic, TypeVar

LIFETIME_SECONDS: Final = 2.0
MAX_REMEMBERED: Final = 20_000

Value = TypeVar("Value")


class ShortMemory(Generic[Value]):
    """A bounded memory of what the database said; thread safe."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._values: dict[Hashable, tuple[float, Value]] = {}
        self._epoch = 0

    def recall(self, key: Hashable) -> Value | None:
        """Return what is remembered under `key`."""
        until, value = self._values.get(key, (0.0, None))
        return value if self._monotonic() < until else None

    def now(self) -> tuple[int, float]:
        """Return a mark of this moment, to be taken before the database is asked."""
        return self._epoch, self._monotonic()

    def keep(self, key: Hashable, value: Value, asked: tuple[int, float]) -> None:
        """Remember what the database said when it was asked, unless something was closed since."""
        epoch, moment = asked
        with self._lock:
            if epoch == self._epoch:
                if len(self._values) >= MAX_REMEMBERED:
                    self._values.clear()
                self._values[key] = (moment + LIFETIME_SECONDS, value)

    def forget(self) -> None:
        with self._lock:
            self._epoch += 1
            self._values.clear()


class TokenStates:
    """The memories of one process that are emptied together."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._memories: list[ShortMemory[Any]] = []
        self._tokens: ShortMemory[bool] = self.new_memory()

    def new_memory(self) -> ShortMemory[Any]:
        """Return a further memory, which `forget` empties with the others."""
        memory: ShortMemory[Any] = ShortMemory(self._monotonic)
        self._memories.append(memory)
        return memory

    def is_alive(self, token_id: str, load: Callable[[], bool]) -> bool:
        """Return the token's state, from memory or by calling `load`."""
        alive = self._tokens.recall(token_id)
        if alive is None:
            asked = self._tokens.now()
            alive = load()
            self._tokens.keep(token_id, alive, asked)
        return alive

    def is_known_alive(self, token_id: str) -> bool:
        """Tell whether the token is alive as far as is remembered; False may mean unknown."""
        return self._tokens.recall(token_id) is True

    def forget(self) -> None:
        """Ask the database again for everything: something has been closed or opened."""
        for memory in self._memories:
            memory.forget()
