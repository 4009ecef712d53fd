"""Proves each used connection once a night; any process may do it.

The moments are spread over five hours by the connection's id: Infor counts sign-ons, and in the
morning a person sees what no longer works before an invoice is delivered.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from ionport.connections.check_repository import CheckRepository
from ionport.connections.credential_ends import Tell
from ionport.connections.repository import ConnectionRepository
from ionport.connections.service import ConnectionService
from ionport.core.clock import Clock
from ionport.core.repeating import Repeating
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.store import Database, OrganizationScope, SystemScope

NAME: Final = "nightly proof"
LOOK_SECONDS: Final = 300.0
NIGHT: Final = timedelta(hours=5)
"""From midnight UTC on: in Europe and America the hours of least work."""
LAST_HOUR: Final = 10
"""Proofs that were not possible at night are made until this hour, not during the day."""
_SCOPE: Final = SystemScope("connections that are proved at night")
_logger = logging.getLogger(__name__)


def moment_of(connection_id: str, day: datetime) -> datetime:
    """Return when a connection is proved in the night of a day, the same in every process."""
    midnight = day.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    share = int.from_bytes(hashlib.sha256(connection_id.encode()).digest()[:4]) / 2**32
    return midnight + NIGHT * share


class NightlyProofs:
    """Proves what is due, one connection after the other."""

    def __init__(
        self, database: Database, clock: Clock, service: ConnectionService, tell: Tell
    ) -> None:
        self._database = database
        self._clock = clock
        self._service = service
        self._tell = tell

    def repeating(self, every_seconds: float = LOOK_SECONDS) -> Repeating:
        """Return what looks again and again, until it is closed."""
        return Repeating("nightly-proofs", self._look_once, every_seconds)

    def _look_once(self) -> None:
        self.tell_of_ends()
        self._service.pauses.look(self._database, self._tell)
        self.look()

    def tell_of_ends(self) -> int:
        """Announce credentials that end soon, and return how many; by day, too."""
        return self._service.ends.look(self._database, self._tell)

    def look(self) -> int:
        """Prove what is due and return how many connections that were; nothing by day."""
        now = self._clock.now()
        if now.astimezone(UTC).hour >= LAST_HOUR:
            return 0
        with self._database.read() as work:
            known = ConnectionRepository(work.connection).to_infor(_SCOPE)
        due = [each for each in known if moment_of(each[0], now) <= now]
        return sum(self._prove(OrganizationScope(owner), each) for each, owner in due)

    def _prove(self, scope: OrganizationScope, connection_id: str) -> bool:
        """Prove a connection that was not begun to be since its moment; False otherwise."""
        with self._database.read() as work:
            if not self._is_due(Access(work, scope, Actor.operator(NAME)), connection_id):
                return False
        with self._database.write() as work:
            access = Access(work, scope, Actor.operator(NAME))
            # Another process may have begun at this moment.
            ConnectionRepository(work.connection).lock(scope, connection_id)
            if not self._is_due(access, connection_id):
                return False
            check = self._service.start_check(access, connection_id)
        try:
            self._service.run_check(self._database, scope, check.id)
        except Exception:
            # It is noted as interrupted; the others are proved all the same.
            _logger.exception("the nightly proof %s broke off", check.id)
        return True

    def _is_due(self, access: Access[OrganizationScope], connection_id: str) -> bool:
        latest = CheckRepository(access.connection).latest(access.scope, connection_id)
        if latest is not None and latest.started_at >= moment_of(connection_id, self._clock.now()):
            return False
        uses = self._service.uses
        return uses is not None and bool(uses.titles(access, connection_id))
