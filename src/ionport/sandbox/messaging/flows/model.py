"""Document flows that answer an invoice with Acknowledge.SupplierInvoice.

Source: docs/reference/ion-messaging.md#document-flows.

As the vendor's flow does: a document comes through a connection point, the ERP accepts or rejects
it, and its acknowledgement is posted to a registered API. The ERP is the sandbox's M3 or LN, or a
rule of the flow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ionport.core.errors import refuse_wrong
from ionport.core.i18n import N_, _
from ionport.gateway.suites.model import wrong_context
from ionport.gateway.targets.addresses import has_dot_segments
from ionport.identity.model import AuditAction

ACKNOWLEDGEMENT: Final = "Acknowledge.SupplierInvoice"
STARTERS: Final = (
    "Sync.CaptureDocument",
    "Process.SupplierInvoice",
    "Load.SupplierInvoice",
    "Sync.SupplierInvoice",
)
MAX_FLOWS: Final = 50
MAX_PARAMETERS: Final = 30

# How often ION repeats is not published: waits after the first, second, … failed attempt.
WAITS: Final = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600))
MAX_ATTEMPTS: Final = len(WAITS) + 1
LEASE: Final = timedelta(minutes=6)

_MAX_TEXT: Final = 500
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
# The vendor's flow contains a credential file; here an endpoint's security keeps the secrets.
_SECRETS = ("ionapi_json", "password", "secret", "api_key", "apikey", "token")


class Erp(StrEnum):
    """Which ERP takes the documents of a flow: a rule in place of one, or one of the sandbox's."""

    RULE = "rule"
    M3 = "m3"
    LN = "ln"


class Rejects(StrEnum):
    """When a rule in place of an ERP rejects a document."""

    NEVER = "never"
    ALWAYS = "always"
    WHEN = "when"


class Comparison(StrEnum):
    """How a rule compares a value of the document."""

    EQUALS = "equals"
    CONTAINS = "contains"
    IS_MISSING = "is missing"


@dataclass(frozen=True, slots=True)
class Booked:
    """The booking of an invoice in an ERP.

    Attributes:
        number: M3's batch number (INBN) with its company, `1-1001`; LN's company and number.
        voucher: of the ledger; empty while the invoice is not posted, and for LN.
        text: why it is not posted yet.
    """

    number: str
    voucher: str = ""
    is_posted: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Who takes the documents, and which of them a rule rejects, and why.

    `field` is the name of a DocumentField, or of the first element that is called so.
    """

    rejects: Rejects = Rejects.NEVER
    field: str = ""
    comparison: Comparison = Comparison.EQUALS
    value: str = ""
    reason_code: str = ""
    reason: str = ""
    erp: Erp = Erp.RULE

    @property
    def words(self) -> str:
        """The reason that a rejection gives."""
        return self.reason or "Rejected by the rule of the document flow."

    def rejected(self, found: str | None) -> bool:
        """Tell whether a document is rejected; `found` is its value of `field`, None without."""
        if self.rejects is not Rejects.WHEN:
            return self.rejects is Rejects.ALWAYS
        if self.comparison is Comparison.IS_MISSING:
            return not found
        if found is None:
            return False
        if self.comparison is Comparison.EQUALS:
            return found == self.value
        return self.value in found


@dataclass(frozen=True, slots=True)
class FlowTarget:
    """The registered API that gets the acknowledgement, as a file of a form with parameters.

    Without contexts there is none, and the acknowledgement is kept.
    """

    api_context: str = ""
    proxy_context: str = ""
    path: str = ""
    file_field: str = "file"
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_named(self) -> bool:
        return bool(self.api_context or self.proxy_context)


@dataclass(frozen=True, slots=True)
class FlowDraft:
    """What the form of a document flow holds, before it is checked.

    `document_type` narrows CaptureDocument to those with that DocumentType; empty takes all.
    """

    name: str
    document_name: str
    rule: Rule
    target: FlowTarget
    description: str = ""
    document_type: str = ""

    def check(self) -> None:
        """Raise InvalidInput, with a text for each wrong field."""
        rule, target = self.rule, self.target
        needs_field = rule.rejects is Rejects.WHEN and not rule.field
        # A flow into M3 or LN needs no target: its bookings are shown on their own pages.
        needs_api = target.is_named or rule.erp is Erp.RULE
        fields = {
            "name": _wrong_text(self.name, needed=True),
            "description": _wrong_text(self.description),
            "document_name": None if self.document_name in STARTERS else _("Choose one of these."),
            "document_type": _wrong_text(self.document_type),
            "condition_field": _wrong_text(rule.field, needed=needs_field),
            "condition_value": _wrong_text(rule.value),
            "reason_code": _wrong_text(rule.reason_code),
            "reason": _wrong_text(rule.reason),
            "api_context": wrong_context(target.api_context) if needs_api else None,
            "proxy_context": wrong_context(target.proxy_context) if needs_api else None,
            "path": _wrong_path(target.path),
            "file_field": _wrong_parameter(target.file_field),
            "parameters": _wrong_parameters(target.parameters),
        }
        refuse_wrong(fields, _("The document flow cannot be saved. Correct the marked fields."))


@dataclass(frozen=True, slots=True)
class DocumentFlow:
    """A document flow of a tenant; only an active one takes documents."""

    id: str
    tenant_id: str
    name: str
    description: str
    document_name: str
    document_type: str
    rule: Rule
    target: FlowTarget
    is_active: bool
    created_at: datetime
    created_by: str


class AckState(StrEnum):
    """The state of an acknowledgement. *Kept*: its flow names no API to post it to."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    PASSED_OVER = "passed over"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """An answer to one message: made by the flow, then posted until the target takes it.

    `outcome` is empty until the document has been read, then Accepted, Rejected or ConfirmBOD;
    `bod_sha256` is None as long. `booked` is what M3 or LN made of it. While it waits, `next_at`
    is when it is tried next; the attempt with the number `last_attempt` is the last one.
    """

    id: str
    tenant_id: str
    flow_id: str
    message_row_id: str
    outcome: str
    reason: str
    bod_sha256: str | None
    state: AckState
    attempts: int
    last_attempt: int
    next_at: datetime
    created_at: datetime
    booked: Booked | None = None

    def wait_after(self, number: int) -> timedelta:
        """Return how long to wait after the failed attempt with this number."""
        tries = number - (self.last_attempt - MAX_ATTEMPTS)
        return WAITS[min(tries, len(WAITS)) - 1]


@dataclass(frozen=True, slots=True)
class AckFilter:
    """Which acknowledgements to list: of one flow, to one message, in one state, or all."""

    flow_id: str = ""
    message_row_id: str = ""
    state: AckState | None = None


class AckResult(StrEnum):
    """The result of an attempt to post an acknowledgement."""

    ANSWERED = "answered"
    NOT_SENT = "not sent"
    UNREADABLE = "unreadable"
    OTHER_TYPE = "other type"
    NO_TARGET = "no target"
    FAILED = "failed"

    def sentence(self, text: str) -> str:
        """Return it in the reader's language; `text` is the words of the target or of a check."""
        return {
            AckResult.ANSWERED: text,
            AckResult.NOT_SENT: text,
            AckResult.UNREADABLE: _(
                "The document cannot be read, so nothing is sent: {reason}"
            ).format(reason=text),
            AckResult.OTHER_TYPE: _("The document has another type."),
            AckResult.NO_TARGET: _("The flow names no registered API to post it to."),
            AckResult.FAILED: _("The sandbox failed; the log says why."),
        }[self]


@dataclass(frozen=True, slots=True)
class AckAttempt:
    """One time that an acknowledgement was posted.

    Without `ended_at` the process ended before the answer came: the target may have it. `text` is
    what the target or a check said; `result` is None while it is under way.
    """

    number: int
    started_at: datetime
    ended_at: datetime | None
    status: int | None
    text: str
    result: AckResult | None

    @property
    def sentence(self) -> str:
        """Its result, in the reader's language."""
        return self.text if self.result is None else self.result.sentence(self.text)


@dataclass(frozen=True, slots=True)
class Decision:
    """The ERP's decision on a document, and the BOD with it."""

    outcome: str
    reason: str
    bod_sha256: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended, and the state that follows; `status` is None without an answer."""

    state: AckState
    result: AckResult
    text: str = ""
    status: int | None = None


def state_after(status: int) -> AckState:
    """Return what an HTTP status means: taken, worth another try, or refused for good."""
    if 200 <= status < 300:
        return AckState.SENT
    if status >= 500 or status in (408, 425, 429):
        return AckState.WAITING
    return AckState.FAILED


def _wrong_text(text: str, *, needed: bool = False) -> str | None:
    if needed and not text:
        return _("Fill this in.")
    if len(text) > _MAX_TEXT or not text.isprintable():
        return _("Use at most {limit} characters on one line.").format(limit=_MAX_TEXT)
    return None


def _wrong_path(path: str) -> str | None:
    if len(path) > _MAX_TEXT or not _PATH.fullmatch(path) or has_dot_segments(path):
        return _("Enter a path such as /infor/idm/handle_ack_bod.")
    return None


def _wrong_parameter(name: str) -> str | None:
    if not _PARAMETER.fullmatch(name):
        return _("{name} cannot be the name of a form field.").format(name=name[:80] or "''")
    return None


def _wrong_parameters(parameters: Mapping[str, str]) -> str | None:
    if len(parameters) > MAX_PARAMETERS:
        return _("A form has at most {limit} parameters.").format(limit=MAX_PARAMETERS)
    for name, value in parameters.items():
        if wrong := _wrong_parameter(name) or _wrong_text(value):
            return wrong
        if any(word in name.lower() for word in _SECRETS):
            return _(
                "Leave {name} out: what proves who calls belongs into the Target Endpoint Security"
                " of the registered API, which seals it."
            ).format(name=name)
    return None


class DocumentFlowAction(AuditAction):
    """What the audit log tells of a document flow."""

    CREATED = "document_flow.created", N_("Document flow added")
    CHANGED = "document_flow.changed", N_("Document flow changed")
    ACTIVATED = "document_flow.activated", N_("Document flow activated")
    DEACTIVATED = "document_flow.deactivated", N_("Document flow deactivated")
    DELETED = "document_flow.deleted", N_("Document flow deleted")


class AcknowledgementAction(AuditAction):
    """What the audit log tells of an acknowledgement."""

    SENT_AGAIN = "acknowledgement.sent_again", N_("Acknowledgement sent again")
