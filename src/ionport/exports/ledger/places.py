"""Places: how many deliveries may run at once over one connection, on all machines together.

A silent worker keeps its right to a `sent` delivery until the takeover, not its place: the other
workers go on meanwhile (docs/decisions/0004-the-ledger-is-the-queue-and-the-truth.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.ledger.place_repository import PlaceRepository
from ionport.exports.model import DuePass
from ionport.store import SystemScope, Work

_SCOPE = SystemScope("places of connections")
# How long a pass waits that was offered but found no place: another worker was faster.
_WITHOUT_A_PLACE = timedelta(seconds=1)
# How many connections without a free place one look skips.
_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class ConnectionPlaces:
    """The limit as one worker keeps it; 0 is none.

    A worker is silent once it has written no heartbeat for `silent_after` seconds.
    """

    worker_id: str
    silent_after: float
    limit: int = 0

    def take(self, work: Work, delivery_id: str, pass_number: int, now: datetime) -> bool:
        """Tell whether the pass has a place, which it keeps as long as it runs.

        To be called in the transaction that claims the pass. One without a place is due later.
        """
        if not self.limit:
            return True
        places = PlaceRepository(work.connection)
        connection_id = places.lock(_SCOPE, delivery_id, pass_number)
        if connection_id is None:
            return True
        taken = places.taken(_SCOPE, self.worker_id, self._seen_since(now))
        if taken[connection_id] < self.limit:
            return True
        places.postpone(_SCOPE, delivery_id, pass_number, now, now + _WITHOUT_A_PLACE)
        return False

    def due(
        self, work: Work, now: datetime, most: int, busy: Sequence[str] = ()
    ) -> Sequence[DuePass]:
        """Return the passes that may be taken up and have a place, longest due first."""
        passes = PassRepository(work.connection)
        if not self.limit:
            return passes.due(_SCOPE, now, most, busy)
        taken = PlaceRepository(work.connection).taken(
            _SCOPE, self.worker_id, self._seen_since(now)
        )
        left_out = [*busy, *(each for each, number in taken.items() if number >= self.limit)]
        found: dict[str, DuePass] = {}
        for _round in range(_ROUNDS):
            rows = passes.due(_SCOPE, now, most, left_out)
            for row in rows:
                if taken[row.connection_id] < self.limit and row.delivery_id not in found:
                    taken[row.connection_id] += 1
                    found[row.delivery_id] = row
            full = {row.connection_id for row in rows if taken[row.connection_id] >= self.limit}
            if len(rows) < most or len(found) >= most or not full:
                break
            # Their passes would hide those that wait after them.
            left_out += full
        return list(found.values())[:most]

    def _seen_since(self, now: datetime) -> datetime:
        return now - timedelta(seconds=self.silent_after)
