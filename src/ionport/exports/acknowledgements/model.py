"""Values of acknowledgements, and the rule by which one changes a delivery.

Source: docs/reference/ion-messaging.md#confirm-and-acknowledge.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ionport.core.i18n import N_, _
from ionport.documents.model import ErpStatus
from ionport.identity.model import AuditAction

MAX_BYTES: Final = 1_048_576
"""The largest acknowledgement that is taken, 1 MB."""

PREFIX: Final = "/api/erp/"
"""What the addresses of all endpoints begin with."""

MAX_UNMATCHED: Final = 1_000
"""How many documents without a delivery are kept for a connection; the oldest are deleted first."""


def address_of(origin: str, connection_id: str) -> str:
    """Return the address of a connection's endpoint."""
    return f"{origin}{PREFIX}{connection_id}/acknowledgements"


class Kind(StrEnum):
    """Which document it is."""

    ACKNOWLEDGE = "acknowledge"
    CONFIRM = "confirm"
    ASKED = "asked"
    """No document: the ERP was asked, or its status is overdue."""

    @property
    def label(self) -> str:
        """Its name at Infor, the same in every language."""
        return {
            Kind.ACKNOWLEDGE: "Acknowledge.SupplierInvoice",
            Kind.CONFIRM: "ConfirmBOD",
            Kind.ASKED: "APS450MI",
        }[self]


@dataclass(frozen=True, slots=True)
class Told:
    """The content of a received document, not checked against a delivery yet.

    Attributes:
        status: the ERP's status of the invoice.
        ids: what may be the correlation id of a delivery, the likeliest first.
        bod_names: the BODIDs up to their query that may be a delivery's, the likeliest first.
        number: the ERP's number of the invoice: M3's batch number, LN's company and number.
        voucher: its number in the ledger.
        reason: why it was rejected, with the code before it where there is one.
        digest: SHA-256 of the bytes, by which a replay is known.
    """

    kind: Kind
    status: ErpStatus
    ids: tuple[str, ...]
    bod_id: str
    number: str
    voucher: str
    reason: str
    digest: str
    bod_names: tuple[str, ...] = ()


class Result(StrEnum):
    """The effect of a received document.

    *Applied*: the delivery has its status now. All others change nothing: *known*, the delivery had
    that status already; *late*, the ERP had given another status that is final; *superseded*, the
    document was exported again since; *unknown*, it names no delivery over this connection.
    """

    APPLIED = "applied"
    KNOWN = "known"
    LATE = "late"
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        return {
            Result.APPLIED: _("taken"),
            Result.KNOWN: _("known already"),
            Result.LATE: _("contradicts what was said before"),
            Result.SUPERSEDED: _("the document was exported again since"),
            Result.UNKNOWN: _("names no delivery"),
        }[self]


_SAID: Final = frozenset((ErpStatus.ACCEPTED, ErpStatus.POSTED, ErpStatus.REJECTED))
# Which status may follow which; a rejection that was corrected in the ERP ends as accepted or
# posted.
_NEXT: Final = {
    None: _SAID | {ErpStatus.HANDED_OVER},
    ErpStatus.HANDED_OVER: _SAID | {ErpStatus.NO_WORD},
    ErpStatus.NO_WORD: _SAID,
    ErpStatus.ACCEPTED: frozenset((ErpStatus.POSTED, ErpStatus.REJECTED)),
    ErpStatus.REJECTED: frozenset((ErpStatus.ACCEPTED, ErpStatus.POSTED)),
    ErpStatus.POSTED: frozenset[ErpStatus](),
}


def result_of(before: ErpStatus | None, told: ErpStatus, *, is_newest: bool) -> Result:
    """Return the effect of a document on a delivery whose ERP status is `before`."""
    if before is told or (before is ErpStatus.POSTED and told is ErpStatus.ACCEPTED):
        return Result.KNOWN
    if told not in _NEXT[before]:
        return Result.LATE
    return Result.APPLIED if is_newest else Result.SUPERSEDED


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The endpoint that a connection's ERP sends acknowledgements to; its token is not stored.

    `hint` is how it begins.
    """

    connection_id: str
    organization_id: str
    hint: str
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """A document that an endpoint took, once however often it came."""

    id: str
    connection_id: str
    delivery_id: str | None
    kind: Kind
    status: ErpStatus
    result: Result
    correlation_id: str
    bod_id: str
    number: str
    voucher: str
    reason: str
    content_digest: str
    times: int
    received_at: datetime
    last_received_at: datetime


class AcknowledgementEndpointAction(AuditAction):
    """What the audit log tells of an endpoint for acknowledgements."""

    TOKEN_MADE = "acknowledgement_endpoint.token_made", N_("Token for acknowledgements made")
    REMOVED = "acknowledgement_endpoint.removed", N_("Endpoint for acknowledgements removed")
