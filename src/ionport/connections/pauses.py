"""A person pauses a connection: nothing is delivered over it until it is resumed.

Proofs run all the same. What waits is freed by the port that configurations fill.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ionport.connections.credential_ends import Tell
from ionport.connections.model import Connection, ConnectionAction
from ionport.connections.ports import ConnectionUse
from ionport.connections.repository import ConnectionRepository
from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput, existing
from ionport.core.i18n import _
from ionport.documents.webhooks.model import Event, EventType
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.groups.permissions import Permission
from ionport.store import Database, OrganizationScope, ScopedWork, SystemScope

REASON_LENGTH: Final = 500
TOLD_EVERY: Final = timedelta(days=1)
"""How often a pause that lasts is told."""

_SHOWN: Final = 20
_AT_ONCE: Final = 1_000
_SCOPE: Final = SystemScope("connections that are paused")


class PauseService:
    """Pauses connections, and lets them go on."""

    def __init__(self, clock: Clock, audit: AuditLog, uses: ConnectionUse | None) -> None:
        self._clock = clock
        self._audit = audit
        self._uses = uses

    def paused(
        self, access: Access[OrganizationScope], besides: Collection[str] = ()
    ) -> Sequence[Connection]:
        """Return the connections that a person has paused, and those of some ids; at most 20."""
        access.require_organization_member()
        return ConnectionRepository(access.connection).paused(access.scope, besides, _SHOWN)

    def pause(
        self, access: Access[OrganizationScope], connection_id: str, reason: str = ""
    ) -> None:
        """Let nothing be delivered over a connection; of one that is paused the reason changes.

        A call under way ends. Raises Forbidden, NotFound, and InvalidInput: the reason is longer
        than 500 characters.
        """
        access.require(Permission.MANAGE_CONNECTIONS)
        reason = " ".join(reason.split())
        if len(reason) > REASON_LENGTH:
            wrong = _("Write at most {n} characters.").format(n=REASON_LENGTH)
            raise InvalidInput(wrong, fields={"reason": wrong})
        repository, connection = self._get(access, connection_id)
        values = {
            "paused_at": connection.paused_at or self._clock.now(),
            "paused_by": access.actor.name,
            "pause_reason": reason,
        }
        repository.update(access.scope, connection.id, values)
        details = {"name": connection.name, "reason": reason}
        self._audit.record(access, ConnectionAction.PAUSED, connection.id, details)

    def resume(self, access: Access[OrganizationScope], connection_id: str) -> None:
        """Let deliveries go on over a connection, also where no server has answered lately.

        Nothing changes where it is not paused. Raises Forbidden and NotFound.
        """
        access.require(Permission.MANAGE_CONNECTIONS)
        repository, connection = self._get(access, connection_id)
        if connection.paused_at is not None:
            values = {
                "paused_at": None,
                "paused_by": "",
                "pause_reason": "",
                "pause_told_at": None,
            }
            repository.update(access.scope, connection.id, values)
            details = {"name": connection.name}
            self._audit.record(access, ConnectionAction.RESUMED, connection.id, details)
        self._go_on(access, connection.id)

    def try_now(self, access: Access[OrganizationScope], connection_id: str) -> None:
        """Let one delivery try at once where none does because no server has answered.

        Raises Forbidden and NotFound.
        """
        access.require(Permission.MANAGE_CONNECTIONS)
        _repository, connection = self._get(access, connection_id)
        self._go_on(access, connection.id)

    def look(self, database: Database, tell: Tell) -> int:
        """Tell each pause once more for each day that it lasts; returns how many were told."""
        now = self._clock.now()
        with database.read() as work:
            repository = ConnectionRepository(work.connection)
            due = repository.paused_untold(_SCOPE, now - TOLD_EVERY, _AT_ONCE)
        return sum(self._tell(database, tell, each, now) for each in due)

    def _tell(self, database: Database, tell: Tell, one: Connection, now: datetime) -> bool:
        scope = OrganizationScope(one.organization_id)
        with database.write() as work:
            access = work.within(scope)
            repository = ConnectionRepository(work.connection)
            # Another process may have told it at this moment.
            repository.lock(scope, one.id)
            found = repository.paused_untold(scope, now - TOLD_EVERY, 1, one.id)
            if not found:
                return False
            repository.update(scope, one.id, {"pause_told_at": now})
            tell(access, [_still_paused(found[0], now)])
        return True

    def _go_on(self, access: ScopedWork[OrganizationScope], connection_id: str) -> None:
        now = self._clock.now()
        ask_to_try(access, connection_id, now)
        if self._uses is not None:
            self._uses.goes_on(access, connection_id, now)

    def _get(
        self, access: ScopedWork[OrganizationScope], connection_id: str
    ) -> tuple[ConnectionRepository, Connection]:
        repository = ConnectionRepository(access.connection)
        # Locked: a delivery that is held at this moment is freed, or finds it resumed.
        repository.lock(access.scope, connection_id)
        found = repository.get(access.scope, connection_id)
        return repository, existing(found, _("There is no such connection."))


def _still_paused(connection: Connection, now: datetime) -> Event:
    since = connection.paused_at or now
    details = {
        "connection": connection.id,
        "connection_name": connection.name,
        "paused_at": since.isoformat(),
        "paused_by": connection.paused_by,
    }
    text = _("{connection}: {name} has paused it on {day}").format(
        connection=connection.name, name=connection.paused_by, day=since.date().isoformat()
    )
    return Event(EventType.CONNECTION_PAUSED, "", now, details=details, text=text)


def ask_to_try(access: ScopedWork[OrganizationScope], connection_id: str, now: datetime) -> None:
    """Let a call be tried at once where none is because no server has answered."""
    repository = ConnectionRepository(access.connection)
    repository.update(access.scope, connection_id, {"tried_at": now})


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a connection is paused; `reason` may be empty."""

    by: str
    reason: str


def pause_of(access: ScopedWork[OrganizationScope], connection_id: str) -> Pause | None:
    """Return the pause of a connection, None without one.

    It stays until the caller's transaction ends: whoever resumes waits for that, and frees what
    this transaction has held.
    """
    repository = ConnectionRepository(access.connection)
    if repository.pause(access.scope, connection_id) is None:
        return None
    repository.lock(access.scope, connection_id)
    found = repository.pause(access.scope, connection_id)
    return None if found is None else Pause(*found)


def pauses_of(
    access: ScopedWork[OrganizationScope], connection_ids: Collection[str]
) -> Mapping[str, Pause]:
    """Return the pauses of those connections that have one, by their ids."""
    if not connection_ids:
        return {}
    found = ConnectionRepository(access.connection).pauses(access.scope, connection_ids)
    return {connection: Pause(*told) for connection, told in found.items()}
