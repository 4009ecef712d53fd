"""Values of webhooks: events, endpoints, messages and attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ionport.core.i18n import N_, _
from ionport.documents.model import DocumentStatus, ErpStatus
from ionport.identity.model import AuditAction

MAX_ENDPOINTS: Final = 20
MAX_NAME: Final = 80
MAX_ADDRESS: Final = 2_000
OVERLAP: Final = timedelta(hours=24)
"""How long the secret before a rotation signs too."""

KEPT: Final = timedelta(days=30)
"""How long a message and its attempts are kept."""

_DOCUMENT: Final = "document."
_DELIVERY: Final = "delivery."


class EventType(StrEnum):
    """The type of an event: a document's receipt or new status, or a delivery's result.

    The ERP's status of a delivery has types of its own.
    """

    DOCUMENT_RECEIVED = "document.received"
    READY_FOR_VALIDATION = "document.ready_for_validation"
    PENDING_APPROVAL = "document.pending_approval"
    PENDING_SECOND_APPROVAL = "document.pending_second_approval"
    VALIDATED_PENDING_EXPORT = "document.validated_pending_export"
    EXPORTING = "document.exporting"
    EXPORTED = "document.exported"
    EXPORT_ERROR = "document.export_error"
    ON_HOLD = "document.on_hold"
    REJECTED = "document.rejected"
    DELETED = "document.deleted"
    STEP_DONE = "delivery.step_done"
    DELIVERED = "delivery.delivered"
    DELIVERY_FAILED = "delivery.failed"
    DELIVERY_HELD = "delivery.held"
    DELIVERY_CANCELLED = "delivery.cancelled"
    ERP_ACCEPTED = "delivery.accepted"
    ERP_POSTED = "delivery.posted"
    ERP_REJECTED = "delivery.rejected"
    ERP_NO_WORD = "delivery.no_word"
    CREDENTIALS_END = "connection.credentials_end"
    CONNECTION_PAUSED = "connection.paused"

    @classmethod
    def of_status(cls, status: DocumentStatus) -> EventType:
        """Return the type of the event that a document gets this status."""
        return cls(f"{_DOCUMENT}{status.value}")

    @classmethod
    def of_erp(cls, status: ErpStatus) -> EventType | None:
        """Return the type of the event that a delivery gets this ERP status; None without one."""
        return {
            ErpStatus.ACCEPTED: cls.ERP_ACCEPTED,
            ErpStatus.POSTED: cls.ERP_POSTED,
            ErpStatus.REJECTED: cls.ERP_REJECTED,
            ErpStatus.NO_WORD: cls.ERP_NO_WORD,
        }.get(status)

    @property
    def is_of_delivery(self) -> bool:
        return self.startswith(_DELIVERY)

    @property
    def label(self) -> str:
        """In the user's words and language."""
        named = {
            EventType.DOCUMENT_RECEIVED: _("A document was received"),
            EventType.STEP_DONE: _("A step of a delivery is done"),
            EventType.DELIVERED: _("A delivery is delivered"),
            EventType.DELIVERY_FAILED: _("A delivery has failed"),
            EventType.DELIVERY_HELD: _("A delivery waits for a person"),
            EventType.DELIVERY_CANCELLED: _("A delivery was cancelled"),
            EventType.ERP_ACCEPTED: _("The ERP has accepted a delivery"),
            EventType.ERP_POSTED: _("The ERP has posted a delivery"),
            EventType.ERP_REJECTED: _("The ERP has rejected a delivery"),
            EventType.ERP_NO_WORD: _("The ERP has said nothing of a delivery in time"),
            EventType.CREDENTIALS_END: _("The credentials of a connection end"),
            EventType.CONNECTION_PAUSED: _("A connection is still paused"),
        }
        return named.get(self) or DocumentStatus(self.removeprefix(_DOCUMENT)).label


def event_groups() -> Sequence[tuple[str, Sequence[EventType]]]:
    """Return all types by their subject, in the user's words, for a form."""
    kinds = {_DOCUMENT: _("Documents"), _DELIVERY: _("Deliveries"), "": _("Connections")}
    found: dict[str, list[EventType]] = {label: [] for label in kinds.values()}
    for each in EventType:
        found[next(label for start, label in kinds.items() if each.startswith(start))].append(each)
    return list(found.items())


TEST: Final = "webhook.test"
"""The type of the message that *Send a test* sends."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a document, to one of its deliveries or to a connection.

    `document_id` is empty for a connection's. `details` are more short texts for the payload, by
    name: ids, words, no amounts, no secrets. `text` is what the timeline says of it, for people; no
    webhook tells it.
    """

    type: EventType
    document_id: str
    at: datetime
    previous_status: str | None = None
    status: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


class EndpointState(StrEnum):
    """*Off*: the receiver answered 410 Gone; nothing is kept for it until somebody resumes it."""

    ACTIVE = "active"
    PAUSED = "paused"
    OFF = "off"

    @property
    def label(self) -> str:
        """In the user's words and language."""
        return {
            EndpointState.ACTIVE: _("active"),
            EndpointState.PAUSED: _("paused"),
            EndpointState.OFF: _("switched off by its receiver"),
        }[self]


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """Where webhooks are sent. `failing_since`: a message was given up, and none arrived since.

    The secrets are sealed; `sealed_previous` signs too until `previous_until`.
    """

    id: str
    organization_id: str
    name: str
    url: str
    events: frozenset[EventType]
    state: EndpointState
    sealed: str = field(repr=False)
    sealed_previous: str = field(repr=False)
    previous_until: datetime | None
    failing_since: datetime | None
    created_at: datetime
    created_by: str


class MessageState(StrEnum):
    """*Waiting*: for its first or next try, or for its endpoint to be resumed."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"

    @property
    def label(self) -> str:
        """In the user's words and language."""
        return {
            MessageState.WAITING: _("Waiting"),
            MessageState.DELIVERED: _("Delivered"),
            MessageState.FAILED: _("Given up"),
        }[self]


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """One event for one endpoint; its id is the `webhook-id`, `body` the bytes of every try.

    `tries` counts all of them, `series` those since the last *Resend*. `due_at` is None where
    nothing is tried before somebody resumes the endpoint or sends it again.
    """

    id: str
    organization_id: str
    endpoint_id: str
    type: str
    document_id: str | None
    body: str
    state: MessageState
    created_at: datetime
    due_at: datetime | None
    tries: int = 0
    series: int = 0
    finished_at: datetime | None = None

    @property
    def is_test(self) -> bool:
        """Whether *Send a test* made it: tried once, and no sign of a failing endpoint."""
        return self.type == TEST


@dataclass(frozen=True, slots=True)
class WebhookAttempt:
    """One try. `status` is None where no answer came; `error` is a code, empty where it arrived."""

    id: str
    message_id: str
    endpoint_id: str
    number: int
    at: datetime
    milliseconds: int
    status: int | None
    error: str
    answer: str

    @property
    def arrived(self) -> bool:
        return not self.error

    @property
    def text(self) -> str:
        """Its result, in the user's words and language."""
        known = {
            "": _("It was taken."),
            "status": _("The receiver refused it with this status."),
            "gone": _("The receiver says that it is gone for good."),
            "redirect": _("The answer is a redirect, which is not followed."),
            "too_large": _("The answer is larger than is read."),
            "timeout": _("No answer came in time."),
            "refused": _("The connection was refused."),
            "unreachable": _("The host cannot be reached."),
            "dns": _("The name of the host was not found."),
            "certificate": _("The certificate of the host is not trusted."),
            "tls": _("No encrypted connection could be made."),
            "lost": _("The connection was closed without a complete answer."),
            "private_address": _("The host is at an address that may not be reached."),
            "loopback_address": _("The host is this computer, which may not be reached."),
            "bad_address": _("The address is none that may be reached."),
        }
        return known.get(self.error) or _("It could not be sent: {code}.").format(code=self.error)


class WebhookAction(AuditAction):
    """What the audit log tells of webhook endpoints."""

    ADDED = "webhook.added", N_("Webhook added")
    CHANGED = "webhook.changed", N_("Webhook changed")
    ROTATED = "webhook.secret_rotated", N_("Secret of a webhook rotated")
    PAUSED = "webhook.paused", N_("Webhook paused")
    RESUMED = "webhook.resumed", N_("Webhook resumed")
    SWITCHED_OFF = "webhook.switched_off", N_("Webhook switched off by its receiver")
    RESENT = "webhook.resent", N_("Webhook message sent again")
    DELETED = "webhook.deleted", N_("Webhook deleted")
