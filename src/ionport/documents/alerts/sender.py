"""Sends alerts: a mail is claimed, handed over without a transaction, and written down."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final, TypeAlias

from ionport.core.clock import Clock
from ionport.core.errors import Unavailable
from ionport.core.i18n import Speech
from ionport.core.ids import new_id
from ionport.core.mail.session import MailAccount, Mailer, MailOutcome
from ionport.core.repeating import Runner
from ionport.core.sealing import KeyRing, SealedFor
from ionport.core.secrets import Secret
from ionport.core.telemetry import COUNTERS, bound
from ionport.documents.alerts.mail import alert_mail, check_mail
from ionport.documents.alerts.model import (
    KEPT,
    TRIED_FOR,
    AlertMessage,
    AlertSettings,
    AlertState,
    Pace,
)
from ionport.documents.alerts.repository import AlertRepository, SettingsRepository
from ionport.identity.repository import OrganizationRepository, UserRepository
from ionport.store import Database, OrganizationScope, SystemScope, Work

SpeechOf: TypeAlias = Callable[[str], Speech | None]
"""Returns the texts of a language by its code; None for English."""

_SENDING: Final = SystemScope("alerts are sent")
_LEASE: Final = timedelta(minutes=3)
UNDER_WAY: Final = timedelta(minutes=1)
"""Longer than a session with a mail server lasts."""

_WAITS: Final = (60, 300, 900, 1800, 3600)
_PRUNED_AT_ONCE: Final = 1_000
_ALONE: Final = 5
"""Up to so many are sent each by itself; more than these are one mail."""

_TOGETHER: Final = 200
_GATHERED_EVERY: Final = timedelta(minutes=1)
"""Many that come one after the other, as after an outage or an upgrade, are few mails."""

_OPEN_TRIES: Final = 2
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Mail:
    """What is handed over by one claim."""

    settings: AlertSettings
    messages: Sequence[AlertMessage]
    id: str
    zone: tzinfo
    languages: Sequence[str]

    @property
    def ids(self) -> Sequence[str]:
        return [message.id for message in self.messages]


class AlertSender(Runner):
    """Sends what is due, one mail after the other; any number of processes may do so at once.

    An organization's next mail is claimed by one of them. What a process that ends has handed
    over without writing it down is sent once more, under the same Message-ID, and never again.
    A mail is in the languages that its receivers have chosen for the pages.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        keys: KeyRing,
        mailer: Mailer,
        origin: str,
        speech_of: SpeechOf = lambda _language: None,
    ) -> None:
        super().__init__()
        self._speech_of = speech_of
        self._database = database
        self._clock = clock
        self._keys = keys
        self._mailer = mailer
        self._origin = origin.rstrip("/")

    def send_test(self, settings: AlertSettings) -> MailOutcome:
        """Send a mail that tells of nothing, once; called without a transaction."""
        mail = check_mail(settings, new_id("mail"), self._clock.now(), origin=self._origin)
        return self._mailer.send(
            self._account(settings), settings.sender, settings.recipients, mail
        )

    def tidy(self, database: Database) -> int:
        """Delete some of what is older than it is kept; returns how much."""
        with database.write() as work:
            before = self._clock.now() - KEPT
            return AlertRepository(work.connection).prune(_SENDING, before, _PRUNED_AT_ONCE)

    def _run_next(self) -> bool:
        now = self._clock.now()
        with self._database.read() as work:
            if SettingsRepository(work.connection).due(_SENDING, now) is None:
                return False
        with self._database.write() as work:
            claimed = self._claim(work, now)
        if claimed is not None:
            with bound(organization=claimed.settings.organization_id, mail=claimed.id):
                self._send(claimed)
        return True

    def _claim(self, work: Work, now: datetime) -> _Mail | None:
        """Take the next mail of the organization that waits longest, if it has one that is due."""
        repository = SettingsRepository(work.connection)
        settings = repository.due(_SENDING, now)
        if settings is None:
            return None
        scope = OrganizationScope(settings.organization_id)
        organization = OrganizationRepository(work.connection).find(scope)
        zone = (organization.zone if organization else None) or UTC
        alerts = AlertRepository(work.connection)
        messages = alerts.next(scope, settings.pace.last_before(now, zone), _TOGETHER)
        until = now + _LEASE if messages else settings.pace.next_after(now, zone)
        if messages and messages[0].mail_id is None and settings.pace is Pace.EACH:
            if len(messages) <= _ALONE:
                messages = messages[:1]
            elif settings.sent_at and now < (later := settings.sent_at + _GATHERED_EVERY):
                messages, until = [], later
        if not repository.claim(_SENDING, settings, until) or not messages:
            return None
        languages = UserRepository(work.connection).languages(scope, settings.recipients)
        mail_id = messages[0].mail_id or new_id("mail")
        mail = _Mail(settings, messages, mail_id, zone, languages)
        state = self._ended(messages, now)
        if state is not None:
            alerts.end(scope, mail.ids, state, now)
            repository.settle(_SENDING, settings, {"due_at": None})
            return None
        alerts.begin(scope, mail.ids, mail.id)
        return mail

    @staticmethod
    def _ended(messages: Sequence[AlertMessage], now: datetime) -> AlertState | None:
        """Return the final state of a mail that is not sent any more; None while it is."""
        if messages[0].open_tries >= _OPEN_TRIES:
            return AlertState.OPEN
        return AlertState.FAILED if messages[-1].created_at < now - TRIED_FOR else None

    def _send(self, mail: _Mail) -> None:
        settings, now = mail.settings, self._clock.now()
        content = alert_mail(
            settings,
            mail.messages,
            mail.id,
            now,
            zone=mail.zone,
            origin=self._origin,
            speeches=[self._speech_of(language) for language in mail.languages],
        )
        try:
            account = self._account(settings)
        except Unavailable as error:
            outcome = MailOutcome("password", error.text)
        else:
            outcome = self._mailer.send(account, settings.sender, settings.recipients, content)
        with self._database.write() as work:
            self._settle(work, mail, outcome)
        COUNTERS.add("alerts", outcome=outcome.error or "sent")
        _logger.info("alert mail with %d events: %s", len(mail.messages), outcome.error or "sent")

    def _settle(self, work: Work, mail: _Mail, outcome: MailOutcome) -> None:
        """Store the result of a mail, and when the next one may be sent."""
        now, settings = self._clock.now(), mail.settings
        scope = OrganizationScope(settings.organization_id)
        alerts = AlertRepository(work.connection)
        values: dict[str, Any] = {"error": outcome.error, "answer": outcome.answer}
        if not outcome.error:
            alerts.end(scope, mail.ids, AlertState.SENT, now)
            values |= {"due_at": None, "failures": 0, "failing_since": None, "sent_at": now}
        else:
            if not outcome.is_open:
                alerts.not_taken(scope, mail.ids)
            wait = _WAITS[min(settings.failures, len(_WAITS) - 1)]
            values |= {
                "due_at": now + timedelta(seconds=wait),
                "failures": settings.failures + 1,
                "failing_since": settings.failing_since or now,
            }
        SettingsRepository(work.connection).settle(_SENDING, settings, values)

    def _account(self, settings: AlertSettings) -> MailAccount:
        password = Secret("")
        if settings.sealed is not None:
            password = self._keys.open_secret(settings.sealed, sealed_for(settings.organization_id))
        return MailAccount(
            settings.host, settings.port, settings.security, settings.username, password
        )


def sealed_for(organization_id: str) -> SealedFor:
    """Return what the password of a mail server belongs to."""
    return SealedFor("alert_settings", organization_id, organization_id)
