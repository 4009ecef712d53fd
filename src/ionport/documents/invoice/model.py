"""The invoice as it was read: its tree of terms, and the values that were not understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ionport.documents.invoice.table import Syntax
from ionport.documents.invoice.tree import Node, Place

_NOT_COUNTED = frozenset({"GROUP", "INFORMATION"})


class Kind(StrEnum):
    """What the document is."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    ORDER_CONFIRMATION = "order_confirmation"
    DELIVERY_NOTE = "delivery_note"

    @property
    def document_type(self) -> str:
        """The id of the document type."""
        return self.value.upper()

    @property
    def is_invoiced(self) -> bool:
        """Whether it is an invoice or a credit note, to which the rules of invoices apply."""
        return self in (Kind.INVOICE, Kind.CREDIT_NOTE)


class Concern(StrEnum):
    """What a value that no term has may change."""

    MONEY = "money"
    PAYEE = "payee"
    IDENTITY = "identity"
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A value that no row of the table reaches; `text` is cut for display."""

    place: Place
    text: str
    concern: Concern


@dataclass(frozen=True, slots=True)
class Invoice:
    """An e-invoice, or another document that is made of fields.

    `profile` is what it claims to follow (BT-24), as written.
    """

    syntax: Syntax
    kind: Kind
    profile: str
    tree: Node
    not_understood: tuple[NotUnderstood, ...] = ()

    @property
    def is_credit_note(self) -> bool:
        return self.kind is Kind.CREDIT_NOTE

    @property
    def currency(self) -> str:
        """The invoice's currency (BT-5), which every amount is in unless it says otherwise."""
        return self.tree.value("BT-5")

    @property
    def lines(self) -> Sequence[Node]:
        """The lines (BG-25) that count, without subtotals and information of sub lines."""
        return [line for line in self.tree.all("BG-25") if is_counted(line)]


def is_counted(line: Node) -> bool:
    """Tell whether a line (BG-25) is part of the sums: no subtotal, no information (BT-X-8)."""
    return line.value("BT-X-8").upper() not in _NOT_COUNTED
