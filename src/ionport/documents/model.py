"""Values of documents: the document, its statuses, its timeline, and the rows of lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from ionport.core.i18n import _
from ionport.documents.timeline_sentences import entry_text

Row = Mapping[str, str]


class DocumentStatus(StrEnum):
    """Where a document is in its life cycle (docs/reference/document-system.md#life-cycle)."""

    NEW = "new"
    """Received and not judged; the transaction that receives a document judges it."""
    READY_FOR_VALIDATION = "ready_for_validation"
    PENDING_APPROVAL = "pending_approval"
    PENDING_SECOND_APPROVAL = "pending_second_approval"
    VALIDATED_PENDING_EXPORT = "validated_pending_export"
    EXPORTING = "exporting"
    EXPORTED = "exported"
    EXPORT_ERROR = "export_error"
    ON_HOLD = "on_hold"
    REJECTED = "rejected"
    DELETED = "deleted"

    @property
    def label(self) -> str:
        """The status in the user's words and language."""
        return {
            DocumentStatus.NEW: _("New"),
            DocumentStatus.READY_FOR_VALIDATION: _("Ready for validation"),
            DocumentStatus.PENDING_APPROVAL: _("Pending approval"),
            DocumentStatus.PENDING_SECOND_APPROVAL: _("Pending second approval"),
            DocumentStatus.VALIDATED_PENDING_EXPORT: _("Validated, pending export"),
            DocumentStatus.EXPORTING: _("Exporting"),
            DocumentStatus.EXPORTED: _("Exported"),
            DocumentStatus.EXPORT_ERROR: _("Export Error"),
            DocumentStatus.ON_HOLD: _("On hold"),
            DocumentStatus.REJECTED: _("Rejected"),
            DocumentStatus.DELETED: _("Deleted"),
        }[self]


EXPORT_STATUSES = frozenset(
    {
        DocumentStatus.VALIDATED_PENDING_EXPORT,
        DocumentStatus.EXPORTING,
        DocumentStatus.EXPORTED,
        DocumentStatus.EXPORT_ERROR,
    }
)
"""The statuses that follow from a document's deliveries.

Source: docs/decisions/0013-a-document-s-export-status-is-derived.md.
"""


class TimelineKind(StrEnum):
    """What a timeline entry is about."""

    RECEIVED = "received"
    WARNING = "warning"
    STATUS_CHANGE = "status_change"
    NOTE = "note"
    DECISION = "decision"


class ErpStatus(StrEnum):
    """The ERP's status of a delivered document, as the ERP has reported or been asked.

    *No word*: it was handed over, and the ERP has not answered within the configured time.
    """

    HANDED_OVER = "handed_over"
    NO_WORD = "no_word"
    ACCEPTED = "accepted"
    POSTED = "posted"
    REJECTED = "rejected"

    @property
    def label(self) -> str:
        """In the user's words and language."""
        return {
            ErpStatus.HANDED_OVER: _("Handed over"),
            ErpStatus.NO_WORD: _("No word"),
            ErpStatus.ACCEPTED: _("Accepted"),
            ErpStatus.POSTED: _("Posted"),
            ErpStatus.REJECTED: _("Rejected"),
        }[self]

    @property
    def needs_person(self) -> bool:
        """Whether the delivery needs a person, because the ERP has not accepted it."""
        return self in (ErpStatus.REJECTED, ErpStatus.NO_WORD)


@dataclass(frozen=True, slots=True)
class Document:
    """A document. Decimals in `fields` and `tables` are plain text, dates are ISO 8601."""

    id: str
    organization_id: str
    sub_organization_id: str | None
    document_type: str
    filename: str
    mime_type: str
    size_bytes: int
    content_sha256: str
    status: DocumentStatus
    fields: Row
    tables: Mapping[str, tuple[Row, ...]]
    duplicate_of: str | None
    open_findings: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    purged_at: datetime | None = None
    """Since when its content is removed; what is left is number, supplier, amounts and history."""
    erp_status: ErpStatus | None = None
    erp_reference: str | None = None
    """Its number in the ERP: of the voucher or of the batch."""

    @property
    def is_held(self) -> bool:
        """Whether it takes part in no delivery until a person decides."""
        return self.status not in EXPORT_STATUSES or self.open_findings > 0


@dataclass(frozen=True, slots=True)
class LockedDocument:
    """What exports read of a document that they have locked until their transaction ends."""

    status: DocumentStatus
    document_type: str
    sub_organization_id: str | None
    open_findings: int
    purged_at: datetime | None = None
    erp_status: ErpStatus | None = None
    erp_reference: str = ""


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """What the document list shows of a document."""

    id: str
    sub_organization_id: str | None
    document_type: str
    filename: str
    status: DocumentStatus
    number: str
    supplier_name: str
    invoice_date: str
    due_date: str
    purchase_order: str
    supplier_id: str
    total_amount: str
    total_net_amount: str
    currency: str
    open_findings: int
    duplicate_of: str | None
    created_at: datetime
    created_by: str
    updated_at: datetime
    erp_status: ErpStatus | None = None
    erp_reference: str | None = None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened to a document; both statuses only for a change of status."""

    id: str
    at: datetime
    kind: TimelineKind
    stored_text: str
    previous_status: DocumentStatus | None
    status: DocumentStatus | None
    actor_name: str
    code: str = ""
    parameters: Row = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What happened, in the reader's language where it is stored as a code."""
        return entry_text(self.code, self.parameters) if self.code else self.stored_text


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents a list shows; empty means all. `text` searches name, number, supplier, id.

    Days are ISO 8601, both included; supplier id and order are meant as they are written.
    """

    statuses: frozenset[DocumentStatus] = field(default_factory=frozenset)
    document_types: frozenset[str] = field(default_factory=frozenset)
    text: str = ""
    received_since: datetime | None = None
    received_until: datetime | None = None
    due_since: str = ""
    due_until: str = ""
    supplier_id: str = ""
    purchase_order: str = ""

    @property
    def is_counted(self) -> bool:
        """Whether the counts by status and type tell how many documents it finds."""
        known = DocumentFilter(self.statuses, self.document_types)
        return replace(self, text=self.text.strip()) == known


class DocumentSort(StrEnum):
    """What a list of documents is sorted by."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    FILENAME = "filename"
    STATUS = "status"
    DOCUMENT_TYPE = "document_type"
    NUMBER = "number"
    SUPPLIER_NAME = "supplier_name"
    INVOICE_DATE = "invoice_date"
    DUE_DATE = "due_date"
    PURCHASE_ORDER = "purchase_order"
    SUPPLIER_ID = "supplier_id"
    TOTAL_AMOUNT = "total_amount"
    TOTAL_NET_AMOUNT = "total_net_amount"
