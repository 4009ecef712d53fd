"""Values of list files: the request, its progress, and the columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from ionport.core.i18n import N_, _
from ionport.documents.model import DocumentSummary
from ionport.documents.types import DOCUMENT_TYPES, FieldType
from ionport.documents.views.model import FIELD_COLUMNS, ListColumn
from ionport.identity.model import AuditAction

MAX_ROWS: Final = 100_000
"""How many documents a file lists at most."""

AT_ONCE: Final = 2_000
"""So many documents are listed before the answer; more in the background."""

KEPT_FOR: Final = timedelta(hours=24)
"""How long a file that was made in the background is kept."""

MAX_KEPT: Final = 5
"""How many files of one person are kept; older ones go."""


class FileFormat(StrEnum):
    """How a file is written; the value is the ending of its name."""

    CSV = "csv"
    XLSX = "xlsx"

    @property
    def label(self) -> str:
        """The format in the user's words."""
        return {
            FileFormat.CSV: _("CSV"),
            FileFormat.XLSX: _("Excel (XLSX)"),
        }[self]


class FileState(StrEnum):
    """The state of a file."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        """The state in the user's words."""
        return {
            FileState.RUNNING: _("Running"),
            FileState.DONE: _("Done"),
            FileState.FAILED: _("Failed"),
            FileState.CANCELLED: _("Cancelled"),
        }[self]

    @property
    def is_over(self) -> bool:
        """Whether its making has ended."""
        return self is not FileState.RUNNING


class ListFileAction(AuditAction):
    """What the audit log tells of list files."""

    ASKED = "documents.list_file", N_("List of documents saved as a file")


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file that is made in the background; only who asked for it sees it."""

    id: str
    organization_id: str
    person_id: str
    format: FileFormat
    state: FileState
    selection: Mapping[str, str]
    """The filter and the order, as the list's address says them."""
    total: int
    done: int
    size_bytes: int
    asked_at: datetime
    """When it was asked for: days of the filter count back from then."""
    updated_at: datetime
    ended_at: datetime | None = None
    document_types: frozenset[str] | None = None
    """The types that its person saw when it was made; None for every type."""

    def is_within(self, seen: frozenset[str] | None) -> bool:
        """Tell whether a person who sees these types (None: all) may see all that it lists."""
        return seen is None or (self.document_types is not None and self.document_types <= seen)

    @property
    def name(self) -> str:
        """The name under which it is saved."""
        return f"documents.{self.format.value}"


class Kind(StrEnum):
    """The kind of a column's values, by which a spreadsheet formats them."""

    TEXT = "text"
    COUNT = "count"
    AMOUNT = "amount"
    """In the row's currency."""
    DAY = "day"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, and its value for a document, as plain text."""

    heading: str
    value: Callable[[DocumentSummary], str]
    kind: Kind = Kind.TEXT
    width: int = 16
    """In letters."""
    of: Collection[ListColumn] | None = None
    """It is written where one of these columns of the list is; none: only where all are; None:
    always."""


class Writer(Protocol):
    """Writes a file row by row; `close` returns all of it."""

    def add(self, items: Sequence[DocumentSummary]) -> None:
        """Write the next documents."""
        ...

    def close(self) -> bytes:
        """End the file and return its content."""
        ...

    def discard(self) -> None:
        """Give up what was written."""
        ...


def columns(chosen: Collection[str] | None = None) -> list[Column]:
    """Return the columns of a file in the order of the list's own.

    `chosen` are columns of the list, beside which it always shows name and findings; None for
    every column that there is.
    """
    return [
        column
        for column in _every_column()
        if chosen is None or column.of is None or any(one in chosen for one in column.of)
    ]


def _every_column() -> list[Column]:
    of = ListColumn
    return [
        Column(_("Document Name"), lambda item: item.filename, width=34),
        Column(_("Id"), lambda item: item.id, width=38, of=()),
        Column(_("Status"), lambda item: item.status.label, width=20, of=[of.STATUS]),
        Column(
            _("ERP Status"),
            lambda item: item.erp_status.label if item.erp_status else "",
            width=14,
            of=[of.ERP_STATUS],
        ),
        Column(
            _("ERP reference"),
            lambda item: item.erp_reference or "",
            width=18,
            of=[of.ERP_STATUS],
        ),
        Column(_("Type"), lambda item: _type_label(item.document_type), of=[of.DOCUMENT_TYPE]),
        Column(_("Invoice Number"), lambda item: item.number, width=20, of=[of.NUMBER]),
        Column(
            _("Supplier Name"), lambda item: item.supplier_name, width=34, of=[of.SUPPLIER_NAME]
        ),
        Column(
            _("Invoice Date"), lambda item: item.invoice_date, Kind.DAY, 13, of=[of.INVOICE_DATE]
        ),
        Column(
            _("Total Amount"), lambda item: item.total_amount, Kind.AMOUNT, of=[of.TOTAL_AMOUNT]
        ),
        Column(
            _("Currency"),
            lambda item: item.currency,
            width=10,
            of=[of.TOTAL_AMOUNT, of.TOTAL_NET_AMOUNT],
        ),
        *map(_field_column, FIELD_COLUMNS),
        Column(_("Findings that hold"), lambda item: str(item.open_findings), Kind.COUNT, 18),
        Column(
            _("Imported On"),
            lambda item: _moment(item.created_at),
            Kind.MOMENT,
            20,
            of=[of.CREATED_AT],
        ),
        Column(_("Created By"), lambda item: item.created_by, width=18, of=[of.CREATED_BY]),
        Column(
            _("Updated"), lambda item: _moment(item.updated_at), Kind.MOMENT, 20, of=[of.UPDATED_AT]
        ),
    ]


def _field_column(column: ListColumn) -> Column:
    kinds = {FieldType.DATE: Kind.DAY, FieldType.AMOUNT: Kind.AMOUNT}
    return Column(
        column.label,
        lambda item: item.chosen_fields.get(column.value, ""),
        kinds.get(column.field.type, Kind.TEXT) if column.field else Kind.TEXT,
        of=[column],
    )


def _type_label(kind: str) -> str:
    return DOCUMENT_TYPES[kind].label if kind in DOCUMENT_TYPES else kind


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
