"""Values of alerts: which events are sent to whom, how often, and their state."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final

from ionport.core.i18n import N_, _
from ionport.core.mail.session import MailSecurity
from ionport.documents.webhooks.model import EventType
from ionport.identity.model import AuditAction

MAX_RECIPIENTS: Final = 20
MAX_ADDRESS: Final = 254
MAX_TEXT: Final = 500
MORNING: Final = 7
"""The hour of a daily digest, in the organization's time zone."""

KEPT: Final = timedelta(days=30)
"""How long what was told is kept."""

TRIED_FOR: Final = timedelta(days=3)
"""How long sending is tried again, from when it happened."""

PRESET: Final = frozenset(
    {
        EventType.EXPORT_ERROR,
        EventType.DELIVERY_HELD,
        EventType.CREDENTIALS_END,
        EventType.CONNECTION_PAUSED,
    }
)

SUBJECT: Final = "alerts"
"""What the audit log calls the settings."""


class Pace(StrEnum):
    """How often mail is sent: for each event, or gathered."""

    EACH = "each"
    HOURLY = "hourly"
    DAILY = "daily"

    @property
    def label(self) -> str:
        """In the user's words and language."""
        return {
            Pace.EACH: _("At once, each by itself"),
            Pace.HOURLY: _("Gathered, every full hour"),
            Pace.DAILY: _("Gathered, every day at {hour}:00").format(hour=MORNING),
        }[self]

    def last_before(self, now: datetime, zone: tzinfo) -> datetime:
        """Return the newest moment up to now at which what had happened was to be sent."""
        if self is Pace.EACH:
            return now
        local = now.astimezone(zone).replace(minute=0, second=0, microsecond=0)
        if self is Pace.HOURLY:
            return local.astimezone(now.tzinfo)
        # By the clock on the wall: a day may have 23 or 25 hours.
        morning = local.replace(hour=MORNING, fold=0)
        if morning.astimezone(now.tzinfo) > now:
            morning -= timedelta(days=1)
        return morning.astimezone(now.tzinfo)

    def next_after(self, now: datetime, zone: tzinfo) -> datetime:
        """Return the next moment at which what has happened is to be sent."""
        if self is Pace.EACH:
            # It was written by another computer whose clock is a little ahead.
            return now + timedelta(seconds=5)
        if self is Pace.DAILY:
            morning = self.last_before(now, zone).astimezone(zone) + timedelta(days=1)
            return morning.astimezone(now.tzinfo)
        return self.last_before(now, zone) + timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """An organization's settings of alerts, and the state of sending."""

    organization_id: str
    is_on: bool
    events: frozenset[EventType]
    recipients: tuple[str, ...]
    pace: Pace
    sender: str
    host: str
    port: int
    security: MailSecurity
    username: str
    sealed: str | None = field(repr=False)
    updated_at: datetime
    updated_by: str
    due_at: datetime | None = None
    claims: int = 0
    failures: int = 0
    failing_since: datetime | None = None
    error: str = ""
    answer: str = ""
    sent_at: datetime | None = None


class AlertState(StrEnum):
    """*Open*: handed over twice without an answer; it may have arrived, and is not sent again."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    OPEN = "open"

    @property
    def label(self) -> str:
        """In the user's words and language."""
        return {
            AlertState.WAITING: _("Waiting"),
            AlertState.SENT: _("Sent"),
            AlertState.FAILED: _("Given up"),
            AlertState.OPEN: _("May have arrived"),
        }[self]


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """One event that people are to be told of; `delivery_id` is empty for a document's."""

    id: str
    organization_id: str
    type: EventType
    document_id: str
    delivery_id: str
    text: str
    state: AlertState
    created_at: datetime
    mail_id: str | None = None
    open_tries: int = 0
    finished_at: datetime | None = None
    number: str = ""
    document_type: str = ""


class AlertAction(AuditAction):
    """What the audit log tells of alerts."""

    CHANGED = "alerts.changed", N_("Alerts changed")
    TESTED = "alerts.tested", N_("Test of alerts sent")
