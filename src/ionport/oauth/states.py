"""What this process remembers for two seconds at most: active and ended tokens, logins that passed.

A revocation anywhere is seen here within that time; one in this process at once, because
what revokes, disables or deletes calls `forget` after its commit
(docs/decisions/0010-refresh-tokens-as-infor-s-clients-need-them.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from ionport.core.caching.memory import ShortMemory

LIFETIME_SECONDS: Final = 2.0
MAX_REMEMBERED: Final = 20_000


class TokenStates:
    """The memories of one process that are emptied together."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._memories: list[ShortMemory[Any]] = []
        self._tokens: ShortMemory[bool] = self.new_memory()

    def new_memory(self) -> ShortMemory[Any]:
        """Return a further memory, which `forget` empties with the others."""
        memory: ShortMemory[Any] = ShortMemory(
            self._monotonic, seconds=LIFETIME_SECONDS, most=MAX_REMEMBERED
        )
        self._memories.append(memory)
        return memory

    def is_active(self, token_id: str, load: Callable[[], bool]) -> bool:
        """Tell whether the token is active, from memory or by calling `load`."""
        return self._tokens.get(token_id, load)

    def is_known_active(self, token_id: str) -> bool:
        """Tell whether the token is remembered as active; False may mean unknown."""
        return self._tokens.recall(token_id) is True

    def forget(self) -> None:
        """Empty the memories: something has been revoked, disabled, deleted or enabled."""
        for memory in self._memories:
            memory.forget()
