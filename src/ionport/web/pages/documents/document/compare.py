"""Two documents that may be the same invoice, value beside value."""

from __future__ import annotations

from dataclasses import dataclass

from ionport.core.i18n import _
from ionport.documents.model import Document
from ionport.documents.types import INVOICE_TABLE, Field, document_type
from ionport.web.pages.documents.document.values import shown_value

# Always shown; of the others those that differ.
_FIRST = (
    *("invoice_id", "invoice_date", "supplier_name", "supplier_tax_id", "total_amount"),
    *("currency", "supplier_iban", "purchase_order"),
    *("order_confirmation_id", "delivery_note_id", "document_date"),
)
_MOST = 12


@dataclass(frozen=True, slots=True)
class Compared:
    """A value of both documents."""

    label: str
    this: str
    other: str
    is_number: bool = False

    @property
    def differs(self) -> bool:
        return self.this != self.other


@dataclass(frozen=True, slots=True)
class Comparison:
    """Values of both documents; `same` further values are equal, `more` further ones differ."""

    other: Document
    rows: tuple[Compared, ...]
    same: int
    more: int


def compare(document: Document, other: Document) -> Comparison:
    """Return both documents' header values, and how many lines each has."""
    fields = {one.id: one for one in document_type(document.document_type).fields}
    first = [_row(fields[name], document, other) for name in _FIRST if name in fields]
    rest = [_row(one, document, other) for one in fields.values() if one.id not in _FIRST]
    rest = [each for each in rest if each.this or each.other]
    differing = [each for each in rest if each.differs]
    counts = [len(one.tables.get(INVOICE_TABLE, ())) for one in (document, other)]
    lines = Compared(_("Lines"), str(counts[0]), str(counts[1]), is_number=True)
    shown = [each for each in first if each.this or each.other]
    return Comparison(
        other=other,
        rows=(*shown, lines, *differing[:_MOST]),
        same=len(rest) - len(differing),
        more=max(len(differing) - _MOST, 0),
    )


def _row(one: Field, document: Document, other: Document) -> Compared:
    this, that = (
        shown_value(one, each.fields.get(one.id, ""), each.fields.get("currency", ""))
        for each in (document, other)
    )
    return Compared(one.label, this, that)
