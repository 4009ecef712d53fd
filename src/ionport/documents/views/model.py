"""Values of a person's list: the columns that are shown, and named views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ionport.core.i18n import _
from ionport.documents.types import DOCUMENT_TYPES, Field

MAX_VIEWS = 30
MAX_NAME = 60


class ListColumn(StrEnum):
    """A column that may be left out; the document's name is always there."""

    STATUS = "status"
    ERP_STATUS = "erp_status"
    DOCUMENT_TYPE = "document_type"
    NUMBER = "number"
    SUPPLIER_NAME = "supplier_name"
    INVOICE_DATE = "invoice_date"
    TOTAL_AMOUNT = "total_amount"
    # By the ids of their fields.
    DUE_DATE = "due_date"
    PURCHASE_ORDER = "purchase_order"
    SUPPLIER_ID = "supplier_id"
    TOTAL_NET_AMOUNT = "total_net_amount"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    CREATED_BY = "created_by"

    @property
    def label(self) -> str:
        """The heading in the user's words."""
        if self.field is not None:
            return self.field.label
        return {
            ListColumn.STATUS: _("Status"),
            ListColumn.ERP_STATUS: _("ERP Status"),
            ListColumn.DOCUMENT_TYPE: _("Type"),
            ListColumn.NUMBER: _("Invoice Number"),
            ListColumn.SUPPLIER_NAME: _("Supplier Name"),
            ListColumn.INVOICE_DATE: _("Invoice Date"),
            ListColumn.TOTAL_AMOUNT: _("Total Amount"),
            ListColumn.CREATED_AT: _("Imported On"),
            ListColumn.UPDATED_AT: _("Updated"),
            ListColumn.CREATED_BY: _("Created By"),
        }[self]

    @property
    def field(self) -> Field | None:
        """The document field that is shown; None for what the list itself keeps of a document."""
        return _FIELDS.get(self.value)


_FIELDS = {
    field.id: field
    for field in DOCUMENT_TYPES["INVOICE"].fields
    if field.id in ("due_date", "purchase_order", "supplier_id", "total_net_amount")
}
FIELD_COLUMNS = tuple(each for each in ListColumn if each.field is not None)
"""The columns that show a document field; no index has these, so no list is sorted by them."""

SHIPPED = tuple(
    each
    for each in ListColumn
    if each not in (*FIELD_COLUMNS, ListColumn.UPDATED_AT, ListColumn.CREATED_BY)
)
"""The columns that are shown until a person chooses others."""


@dataclass(frozen=True, slots=True)
class View:
    """A named filter and order: the parameters of the list's address."""

    name: str
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ListSettings:
    """What a person has chosen; `default_view` is the name of one, or empty."""

    columns: Sequence[ListColumn] = SHIPPED
    views: Sequence[View] = field(default_factory=tuple)
    default_view: str = ""

    @property
    def default(self) -> View | None:
        """The view that is shown first."""
        return next((view for view in self.views if view.name == self.default_view), None)
