"""Values of deliveries, and the rules between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from ionport.core.i18n import N_, _
from ionport.documents.model import ErpStatus
from ionport.documents.step_names import step_name
from ionport.identity.model import AuditAction
from ionport.mappings.model import MappingKind

# Error codes of deliveries that wait, without a time, for a decision or a proof: findings hold
# the document, or Infor has refused the connection when it was proved.
DOCUMENT_HELD: Final = "document_held"
PROOF_REFUSED: Final = "proof_refused"
PAUSED_BY_PERSON: Final = "paused_by_person"
"""Error code of a delivery that waits because a person has paused its connection."""
NO_SERVER_ANSWERS: Final = "connection_paused"
"""Error code of a delivery that waits because several calls over its connection had no answer."""
QUOTA_USED_UP: Final = "quota_used_up"
"""Error code of a delivery that waits until its connection may make calls again."""
WAITS_TO_BE_FETCHED: Final = "waits_to_be_fetched"
"""Error code of a delivery that a program fetches and has not confirmed yet."""
GONE_FROM_ERP: Final = N_("It is no longer in the ERP: somebody has deleted it there.")
"""The reason in place of the ERP's where it no longer has an invoice that it had accepted."""


class ExportMethod(StrEnum):
    """How a configuration delivers; the value is its slug, the rest is its `Destination`'s.

    Source: docs/reference/document-system.md#export-methods.
    """

    INFOR_IDM = "infor-idm"
    INFOR_ION_BOD = "infor-ion-bod"
    INFOR_IDM_BOD = "infor-idm-bod"
    INFOR_IDM_M3 = "infor-idm-m3"
    INFOR_IDM_M3_TOML = "infor-idm-m3-toml"
    INFOR_IDM_LN = "infor-idm-ln"
    WEBHOOK = "webhook"
    INFOR_SFTP = "infor-sftp"
    SFTP = "sftp"
    SMB = "smb"
    FOLDER = "folder"
    ON_PREMISE = "on-premise"


class DeliveryStatus(StrEnum):
    """The status of a delivery. *Waiting*: a transient error, tried again at `next_attempt_at`."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        return self in _OVER

    @property
    def label(self) -> str:
        return {
            DeliveryStatus.PENDING: _("Pending"),
            DeliveryStatus.RUNNING: _("Running"),
            DeliveryStatus.WAITING: _("Waiting to try again"),
            DeliveryStatus.DELIVERED: _("Delivered"),
            DeliveryStatus.FAILED: _("Failed"),
            DeliveryStatus.CANCELLED: _("Cancelled"),
        }[self]


_OVER = frozenset({DeliveryStatus.DELIVERED, DeliveryStatus.FAILED, DeliveryStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """The state of one delivery, from which the document's status is derived."""

    configuration_id: str
    generation: int
    status: DeliveryStatus
    erp_status: ErpStatus | None = None
    erp_name: str = ""


class StepKind(StrEnum):
    """The steps of a delivery; all but the first are calls to the target."""

    RENDER = "render"
    IDM_LOOK_UP = "idm_look_up"
    IDM_CREATE = "idm_create"
    ION_PUBLISH = "ion_publish"
    IDM_UPDATE = "idm_update"
    IDM_REMOVE = "idm_remove"
    M3_LOOK_UP = "m3_look_up"
    M3_HEAD = "m3_head"
    M3_LINES_LOOK_UP = "m3_lines_look_up"
    M3_LINES = "m3_lines"
    M3_VALIDATE = "m3_validate"
    M3_READ_BACK = "m3_read_back"
    LN_LOOK_UP = "ln_look_up"
    LN_CREATE = "ln_create"
    FILES_WRITE = "files_write"
    FILES_LOOK_UP = "files_look_up"
    FILES_PLACE = "files_place"
    WEBHOOK_POST = "webhook_post"
    FETCH = "fetch"

    @property
    def label(self) -> str:
        return step_name(self.value)


class StepStatus(StrEnum):
    """The status of a step. *Skipped*: an earlier step made it unnecessary or impossible.

    *Not reached* is never stored: a pending step of a delivery that is over is shown so.
    """

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_REACHED = "not_reached"

    @property
    def is_over(self) -> bool:
        return self in (StepStatus.DONE, StepStatus.SKIPPED)

    @property
    def label(self) -> str:
        """In the user's words and language."""
        return {
            StepStatus.PENDING: _("Pending"),
            StepStatus.RUNNING: _("Running"),
            StepStatus.WAITING: _("Waiting to try again"),
            StepStatus.DONE: _("Done"),
            StepStatus.FAILED: _("Failed"),
            StepStatus.SKIPPED: _("Skipped"),
            StepStatus.NOT_REACHED: _("Not reached"),
        }[self]

    def within(self, delivery: DeliveryStatus) -> StepStatus:
        """Return the status as shown: pending steps of a delivery that is over are not reached."""
        is_left = self is StepStatus.PENDING and delivery.is_over
        return StepStatus.NOT_REACHED if is_left else self


class AttemptState(StrEnum):
    """The state of one remote call.

    `part` has done a part of its step, which goes on with another. `sent` is committed before the
    call. A `sent` whose pass has ended becomes `unknown`; a look-up turns that into `succeeded` or
    `failed` (docs/decisions/0005-once-never-lose-a-delivery-never-post-one-twice.md).
    """

    SENT = "sent"
    SUCCEEDED = "succeeded"
    PART = "part"
    FAILED = "failed"
    UNKNOWN = "unknown"


class CallEnd(StrEnum):
    """What is known of the end of a call whose attempt is unknown.

    Source: docs/decisions/0019-who-may-send-and-when-another-may.md.

    It says how long a look-up that finds nothing proves nothing. *Open*: the call may be under
    way; *ended*: it no longer is; *settled*: nor can anything that it caused act any more.
    """

    OPEN = ""
    ENDED = "ended"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class StateChange:
    """One entry of an attempt's history."""

    state: AttemptState
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call to Infor in the ledger. Request, response and exchanges are redacted."""

    id: str
    delivery_id: str
    step: StepKind
    number: int
    state: AttemptState
    history: tuple[StateChange, ...]
    worker_id: str
    sent_at: datetime
    answered_at: datetime | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    response: Mapping[str, Any] | None = None
    exchanges: tuple[Mapping[str, Any], ...] = ()
    http_status: int | None = None
    milliseconds: int | None = None
    error_code: str = ""
    error_text: str = ""
    remedy: str = ""
    transient: bool | None = None
    call_end: CallEnd = CallEnd.OPEN


@dataclass(frozen=True, slots=True)
class DeliveryStep:
    """One step of a delivery.

    `tries` counts failed calls in this series, `attempts` all calls ever made for it.
    """

    kind: StepKind
    position: int
    status: StepStatus
    tries: int = 0
    remote_id: str = ""
    summary: str = ""
    attempts: int = 0
    payload_digest: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One document through one configuration; (configuration, document, generation) is its key."""

    id: str
    organization_id: str
    document_id: str
    document_name: str
    configuration_id: str
    configuration_title: str
    connection_id: str
    method: ExportMethod
    generation: int
    correlation_id: str
    status: DeliveryStatus
    reason: str
    created_by: str
    created_at: datetime
    updated_at: datetime
    message_id: str
    due_at: datetime | None = None
    error_code: str = ""
    error_text: str = ""
    remedy: str = ""
    idm_pid: str | None = None
    erp_reference: str | None = None
    mapping_versions: Mapping[MappingKind, str] = field(default_factory=dict, hash=False)
    started_at: datetime | None = None
    finished_at: datetime | None = None
    tries_since: datetime | None = None
    runs: int = 0
    pass_number: int = 1
    worker_id: str | None = None
    renewal: int = 0
    sent_attempt_id: str | None = None
    erp_status: ErpStatus | None = None
    erp_text: str = ""
    erp_voucher: str | None = None
    erp_changed_at: datetime | None = None
    bod_name: str | None = None
    erp_ask_at: datetime | None = None
    erp_missed_at: datetime | None = None

    @property
    def erp_name(self) -> str:
        """The ERP's number of the invoice: its voucher, else the number of the batch."""
        return self.erp_voucher or self.erp_reference or ""

    @property
    def erp_reason(self) -> str:
        """Why the ERP has rejected it: its own words, ours in the user's language."""
        return _(GONE_FROM_ERP) if self.erp_text == GONE_FROM_ERP else self.erp_text

    @property
    def is_held(self) -> bool:
        """Whether it waits for a decision or a proof, and not for a time."""
        return self.status is DeliveryStatus.WAITING and self.due_at is None

    @property
    def status_label(self) -> str:
        """Its status, in the user's words and language."""
        if self.waits_to_be_fetched:
            return _("Waits to be fetched")
        return _("Held") if self.is_held else self.status.label

    @property
    def waits_to_be_fetched(self) -> bool:
        """Whether a program is to fetch it."""
        return self.is_held and self.error_code == WAITS_TO_BE_FETCHED

    @property
    def lease(self) -> Lease:
        """The lease of its pass as it was read."""
        return Lease(self.id, self.pass_number, self.renewal, self.worker_id, self.sent_attempt_id)

    @property
    def next_attempt_at(self) -> datetime | None:
        """When a waiting delivery is tried again."""
        return self.due_at if self.status is DeliveryStatus.WAITING else None


@dataclass(frozen=True, slots=True)
class DeliveryDetail:
    """A delivery with everything that the ledger holds about it, and its document's type."""

    delivery: Delivery
    document_type: str
    steps: tuple[DeliveryStep, ...]
    attempts: tuple[Attempt, ...]
    purged_at: datetime | None
    """Since when retention has removed the document's content: nothing more is sent of it."""

    def without_payloads(self) -> DeliveryDetail:
        """Return it without requests and answers, for a person who may not see payloads."""
        return replace(
            self,
            steps=tuple(replace(each, payload_digest=None) for each in self.steps),
            attempts=tuple(
                replace(each, request={}, response=None, exchanges=()) for each in self.attempts
            ),
        )


@dataclass(frozen=True, slots=True)
class DuePass:
    """A pass that may be taken up."""

    delivery_id: str
    pass_number: int
    connection_id: str


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run a pass. Each renewal changes `renewal`, and nothing else does."""

    delivery_id: str
    pass_number: int
    renewal: int
    worker_id: str | None
    sent_attempt_id: str | None


class OutcomeKind(StrEnum):
    """How a pass ended, for the queue. The ledger has the reason.

    *Done*: the delivery is delivered. *Settled*: nothing to do here now: the delivery is over, not
    due, or run by another worker.
    """

    DONE = "done"
    WAIT = "wait"
    FAILED = "failed"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a pass ended; `seconds` is the wait."""

    kind: OutcomeKind
    seconds: float = 0.0


class DeliveryAction(AuditAction):
    """What the audit log tells of a delivery."""

    CREATED = "delivery.created", N_("Delivery made")
    RE_EXPORTED = "delivery.re_exported", N_("Document exported once more")
    RETRIED = "delivery.retried", N_("Delivery tried again")
    CANCELLED = "delivery.cancelled", N_("Delivery cancelled")
    FOUND_THERE = "delivery.found_there", N_("Lost call of a delivery decided: it has arrived")
    NOT_THERE = "delivery.not_there", N_("Lost call of a delivery decided: it has not arrived")
