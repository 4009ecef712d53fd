"""When the credentials of connections end: noted by a person, announced, holding nothing.

No source names an end of a service account's keys at Infor, and an `.ionapi` file has none
(docs/reference/credentials.md): a person who knows one by the organization's own rules enters it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Final

from ionport.connections.model import Connection, ConnectionAction
from ionport.connections.repository import ConnectionRepository
from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput, existing
from ionport.core.i18n import _
from ionport.core.paging import Page, PageRequest
from ionport.documents.webhooks.model import Event, EventType
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.groups.permissions import Permission
from ionport.store import Database, OrganizationScope, ScopedWork, SystemScope

WARN_DAYS: Final = (1, 7, 30)
"""How many days before the end it is announced; and once more when it is over."""
SHOWN: Final = PageRequest(per_page=20)
_AT_ONCE: Final = 1_000
_SCOPE: Final = SystemScope("connections whose credentials end")
Tell = Callable[[ScopedWork[OrganizationScope], Sequence[Event]], None]


@dataclass(frozen=True, slots=True)
class CredentialEnds:
    """Notes when credentials end, and announces it in time."""

    _clock: Clock
    _audit: AuditLog

    def note(self, access: Access[OrganizationScope], connection_id: str, day: str) -> Connection:
        """Write down the last day of a connection's credentials; empty for one that is not known.

        Raises Forbidden, NotFound, and InvalidInput for what is no day.
        """
        access.require(Permission.MANAGE_CONNECTIONS)
        repository = ConnectionRepository(access.connection)
        before = existing(
            repository.get(access.scope, connection_id), _("There is no such connection.")
        )
        wanted = _day(day)
        if wanted == before.credentials_end_on:
            return before
        values = {"credentials_end_on": wanted, "credentials_told": None}
        repository.update(access.scope, connection_id, values)
        details = {"name": before.name, "old": before.credentials_end_on or "", "new": wanted or ""}
        self._audit.record(access, ConnectionAction.END_NOTED, connection_id, details)
        return repository.get(access.scope, connection_id) or before

    def ending(
        self, access: Access[OrganizationScope], page: PageRequest = SHOWN, text: str = ""
    ) -> Page[Connection]:
        """Return connections whose credentials end within 30 days or have ended, the first first.

        `text` as in the list of all. How many days are left say `Connection.days_left` and `today`.
        """
        access.require_organization_member()
        repository, last = ConnectionRepository(access.connection), _last(self.today())
        return repository.list(access.scope, page, text, ends_by=last)

    def today(self) -> date:
        """Return the day by which ends are counted, that of UTC."""
        return self._clock.now().astimezone(UTC).date()

    def look(self, database: Database, tell: Tell) -> int:
        """Announce each near end once for each of `WARN_DAYS`; returns how many."""
        today = self.today()
        with database.read() as work:
            repository = ConnectionRepository(work.connection)
            due = repository.to_be_told(_SCOPE, _steps(today), _AT_ONCE)
        return sum(self._tell(database, tell, each, today) for each in due)

    def _tell(self, database: Database, tell: Tell, one: Connection, today: date) -> bool:
        scope = OrganizationScope(one.organization_id)
        with database.write() as work:
            access = work.within(scope)
            repository = ConnectionRepository(work.connection)
            # Another process may have announced it at this moment.
            repository.lock(scope, one.id)
            found = repository.to_be_told(scope, _steps(today), 1, one.id)
            if not found:
                return False
            (connection,) = found
            left = connection.days_left(today) or 0
            repository.update(scope, one.id, {"credentials_told": _step(left)})
            ends_on = connection.credentials_end_on or ""
            details = {
                "connection": connection.id,
                "connection_name": connection.name,
                "credentials_end_on": ends_on,
                "days_left": str(left),
            }
            at, text = self._clock.now(), f"{connection.name}: {ends_on}"
            tell(access, [Event(EventType.CREDENTIALS_END, "", at, details=details, text=text)])
        return True


def _day(text: str) -> str | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError as error:
        wrong = _("Enter a day such as 2027-01-31.")
        raise InvalidInput(wrong, fields={"credentials_end_on": wrong}) from error


def _last(today: date) -> date:
    return today + timedelta(days=max(WARN_DAYS))


def _step(left: int) -> int:
    """Return which of `WARN_DAYS` applies when so many days are left; 0 when over."""
    return 0 if left < 0 else next(days for days in WARN_DAYS if left <= days)


def _steps(today: date) -> Mapping[int, date]:
    """Return by the days before, as `_step` counts them, the last day that an end has for it."""
    near = {days: today + timedelta(days=days) for days in WARN_DAYS}
    return {0: today - timedelta(days=1), **near}
