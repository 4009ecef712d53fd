"""The port of the queues that run passes in threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ionport.exports.model import DuePass

RunPass = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How the engine keeps time; all in seconds.

    `sweep` is the longest time between two looks into the ledger, `shortest_sweep` the shortest,
    `leases` between two looks at the leases of others. The rest is DBOS's: `poll` is how often it
    looks into its queue, `handed_for` how long a pass that was handed over is not asked about.
    """

    sweep: float = 1.0
    shortest_sweep: float = 0.05
    leases: float = 1.0
    poll: float = 0.25
    health: float = 2.0
    gone_after: float = 30.0
    tidy: float = 60.0
    handed_for: float = 30.0
    batch: int = 200


class PassQueue(Protocol):
    """Runs passes that are due, each in a thread, some at once. It may be lost at any time.

    Whatever it forgets is offered again, and a pass that it runs twice ends at once: the ledger
    decides. Every adapter passes `tests/contract/test_pass_queue.py`.
    """

    @property
    def is_alone(self) -> bool:
        """Whether no other process runs passes on this database."""
        ...

    def launch(self, run: RunPass) -> None:
        """Begin to run what is offered; `run` returns when a pass has ended, and never raises.

        Raises:
            Unavailable: another process runs deliveries where only one may.
        """
        ...

    def free_places(self) -> int:
        """Return how many more passes it takes now."""
        ...

    def is_short(self) -> bool:
        """Tell whether it may have nothing to begin when the passes under way have ended.

        While it is not, nobody has to look into the ledger at the end of each pass.
        """
        ...

    def busy(self) -> Sequence[str]:
        """Return the connections that have their share of the places."""
        ...

    def offer(self, due: Sequence[DuePass]) -> None:
        """Take passes that are due; those taken already stay as they are."""
        ...

    def upkeep(self) -> None:
        """Do the queue's own maintenance: called at each sweep."""
        ...

    def stop(self) -> None:
        """Begin no further pass."""
        ...

    def close(self, *, finished: bool) -> None:
        """Release everything; without `finished` a pass may still be under way."""
        ...
