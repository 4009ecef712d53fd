"""The columns of the list of documents: what its page, its chooser and its files show.

The list's page shows a column by its id and kind, its files by its text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ionport.core.i18n import N_, _
from ionport.documents.invoice.codes import plain_amount
from ionport.documents.model import DocumentSort, DocumentSummary
from ionport.documents.types import DOCUMENT_TYPES


class Kind(StrEnum):
    """The kind of a column's values."""

    TEXT = "text"
    COUNT = "count"
    AMOUNT = "amount"
    """In the document's currency."""
    DAY = "day"
    MOMENT = "moment"


class Place(StrEnum):
    """Where a column stands."""

    ALWAYS = "always"
    SHIPPED = "shipped"
    """In the list until a person chooses others."""
    OFFERED = "offered"
    """In the list when a person chooses it."""
    FILE = "file"
    """In files alone."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, and its value for a document, as plain text."""

    id: str
    message: str
    text: Callable[[DocumentSummary], str]
    kind: Kind = Kind.TEXT
    width: int = 16
    """In a spreadsheet, in letters."""
    place: Place = Place.SHIPPED
    beside: Collection[str] = ()
    """A column of files stands beside these; without any only where all columns are written."""

    @property
    def label(self) -> str:
        """The heading in the user's words."""
        return _(self.message)

    @property
    def sort(self) -> DocumentSort | None:
        """The order by this column; None where no index has it."""
        return DocumentSort(self.id) if self.id in list(DocumentSort) else None

    @property
    def is_amount(self) -> bool:
        """Whether its values are amounts of money."""
        return self.kind is Kind.AMOUNT

    def is_written(self, shown: Collection[str]) -> bool:
        """Tell whether a file has it beside the columns that a list shows."""
        if self.place is Place.FILE:
            return any(each in shown for each in self.beside)
        return self.place is Place.ALWAYS or self.id in shown


def _type_label(item: DocumentSummary) -> str:
    kind = DOCUMENT_TYPES.get(item.document_type)
    return kind.label if kind else item.document_type


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _erp_status(item: DocumentSummary) -> str:
    return item.erp_status.label if item.erp_status else ""


_T, _A, _D, _M = Kind.TEXT, Kind.AMOUNT, Kind.DAY, Kind.MOMENT
_SHIPPED, _OFFERED, _FILE, _ALWAYS = Place.SHIPPED, Place.OFFERED, Place.FILE, Place.ALWAYS
COLUMNS: Final[Sequence[Column]] = (
    Column("filename", N_("Document Name"), lambda one: one.filename, _T, 34, _ALWAYS),
    Column("id", N_("Id"), lambda one: one.id, _T, 38, _FILE),
    Column("status", N_("Status"), lambda one: one.status.label, _T, 20),
    Column("erp_status", N_("ERP Status"), _erp_status, _T, 14),
    Column(
        "erp_reference",
        N_("ERP reference"),
        lambda one: one.erp_reference or "",
        _T,
        18,
        _FILE,
        ["erp_status"],
    ),
    Column("document_type", N_("Type"), _type_label),
    Column("number", N_("Invoice Number"), lambda one: one.number, _T, 20),
    Column("supplier_name", N_("Supplier Name"), lambda one: one.supplier_name, _T, 34),
    Column("invoice_date", N_("Invoice Date"), lambda one: one.invoice_date, _D, 13),
    Column(
        "total_amount",
        N_("Total Amount"),
        lambda one: plain_amount(one.total_amount, one.currency),
        _A,
    ),
    Column(
        "currency",
        N_("Currency"),
        lambda one: one.currency,
        _T,
        10,
        _FILE,
        ["total_amount", "total_net_amount"],
    ),
    Column("due_date", N_("Due Date"), lambda one: one.due_date, _D, 13, _OFFERED),
    Column(
        "purchase_order", N_("Purchase Order"), lambda one: one.purchase_order, _T, 16, _OFFERED
    ),
    Column("supplier_id", N_("Supplier ID"), lambda one: one.supplier_id, _T, 16, _OFFERED),
    Column(
        "total_net_amount",
        N_("Total Net Amount"),
        lambda one: plain_amount(one.total_net_amount, one.currency),
        _A,
        16,
        _OFFERED,
    ),
    Column(
        "open_findings",
        N_("Findings that hold"),
        lambda one: str(one.open_findings),
        Kind.COUNT,
        18,
        _FILE,
        ["filename"],
    ),
    Column("created_at", N_("Imported On"), lambda one: _moment(one.created_at), _M, 20),
    Column("updated_at", N_("Updated"), lambda one: _moment(one.updated_at), _M, 20, _OFFERED),
    Column("created_by", N_("Created By"), lambda one: one.created_by, _T, 18, _OFFERED),
)
"""Every column, in the order of the list."""

OFFERED: Final = tuple(one for one in COLUMNS if one.place in (_SHIPPED, _OFFERED))
"""Those that a person chooses from."""

SHIPPED: Final = tuple(one for one in OFFERED if one.place is _SHIPPED)
"""Those that are shown until a person chooses others."""


def shown_columns(chosen: Collection[str]) -> list[Column]:
    """Return the columns of a list, beside those that it always has."""
    return [one for one in COLUMNS if one.place is _ALWAYS or (one in OFFERED and one.id in chosen)]


def file_columns(chosen: Collection[str] | None = None) -> list[Column]:
    """Return the columns of a file beside those that a list shows; None: every column."""
    if chosen is None:
        return list(COLUMNS)
    shown = [one.id for one in shown_columns(chosen)]
    return [one for one in COLUMNS if one.is_written(shown)]
