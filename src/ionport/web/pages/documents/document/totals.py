"""The sums of a document's amounts, and their differences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from ionport.core.i18n import _, language
from ionport.documents.amounts import EXACT, total
from ionport.documents.invoice.codes import decimals_of
from ionport.documents.invoice.rendering.model import Language
from ionport.documents.invoice.rendering.words import Words
from ionport.documents.model import Document, Row
from ionport.documents.review.model import Finding
from ionport.documents.types import INVOICE_TABLE, document_type

_ZERO = Decimal(0)
_OF_AMOUNT_DUE = frozenset({"BR-CO-16", "BR-FXEXT-CO-16", "BR-DEX-09"})


@dataclass(frozen=True, slots=True)
class Total:
    """An amount of the sum; `field` is the header field it is, ``""`` for a computed one."""

    field: str
    label: str
    text: str
    value: str
    """The amount, plain; ``""`` when it is missing."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums and their differences: net less lines, and gross less net and VAT."""

    currency: str
    decimals: int
    amounts: tuple[Total, ...]
    difference: str
    """The difference, formatted; ``""`` when an amount is missing."""
    difference_of: str
    """Where it is: `gross` (less net and VAT), `lines` (net less lines) or `due`."""
    adds_up: bool
    lines: str
    """The sum of the lines with allowances and charges, plain; ``""`` without lines."""
    others: str
    """The further amount due by values that no field has, plain."""


def has_amounts(type_id: str) -> bool:
    """Tell whether documents of a type have amounts at all."""
    return any(field.id == "total_amount" for field in document_type(type_id).fields)


def totals_of(document: Document, findings: Iterable[Finding] = ()) -> Totals:
    """Return the totals of a document's present values.

    An amount due that the rules take for right may be of payments or withholdings that no field
    has: they are an amount of their own. `findings` are those of the document.
    """
    fields, currency = document.fields, document.fields.get("currency", "")
    decimals = decimals_of(currency)
    net, vat = _amount(fields, "total_net_amount"), _amount(fields, "total_tax_amount")
    gross = _amount(fields, "total_amount")
    lines = _lines(document)
    due, paid = _amount(fields, "amount_due"), _amount(fields, "prepaid_amount")
    rounding = _amount(fields, "rounding_amount")
    difference = _difference(net, vat, gross)
    off_lines = None if lines is None or net is None else EXACT.subtract(net, lines)
    off_due = others = None
    if due is not None and gross is not None:
        off_due = EXACT.subtract(due, total((gross, -(paid or _ZERO), rounding or _ZERO)))
        if not any(each.code in _OF_AMOUNT_DUE and each.resolved_at is None for each in findings):
            off_due, others = None, off_due
    shown = [
        ("", _("Lines"), lines),
        ("total_net_amount", _("Net"), net),
        ("total_tax_amount", _("VAT"), vat),
        ("total_amount", _("Gross"), gross),
    ]
    if paid or rounding or others or off_due:
        more = [
            ("prepaid_amount", _("Paid"), paid),
            ("rounding_amount", _("Rounding"), rounding),
            ("", _("Other"), others or None),
            ("amount_due", _("Amount Due"), due),
        ]
        shown += [each for each in more if each[2] is not None]
    told = [(difference, "gross"), (off_lines, "lines"), (off_due, "due")]
    off = next((each for each in told if each[0]), told[0])
    return Totals(
        currency=currency,
        decimals=decimals,
        amounts=tuple(
            Total(field, label, _text(value, decimals), _plain(value))
            for field, label, value in shown
            if field or value is not None
        ),
        difference=_text(off[0], decimals),
        difference_of=off[1],
        adds_up=difference is not None and not off[0],
        lines=_plain(lines),
        others=f"{others:f}" if others else "",
    )


def _difference(net: Decimal | None, vat: Decimal | None, gross: Decimal | None) -> Decimal | None:
    if net is None or gross is None:
        return None
    return EXACT.subtract(gross, EXACT.add(net, vat or Decimal(0)))


def _lines(document: Document) -> Decimal | None:
    rows = document.tables.get(INVOICE_TABLE, ())
    amounts = [each for each in _amounts(rows) if each is not None]
    if not rows or len(amounts) != len(rows):
        return None
    less = _amount(document.fields, "discount") or Decimal(0)
    more = _amount(document.fields, "charges") or Decimal(0)
    return EXACT.add(EXACT.subtract(total(amounts), less), more)


def _amounts(rows: Iterable[Row]) -> Iterable[Decimal | None]:
    return (_amount(row, "NET_AMOUNT") for row in rows)


def _amount(values: Row, name: str) -> Decimal | None:
    try:
        number = Decimal(values.get(name, ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _text(value: Decimal | None, decimals: int) -> str:
    return "" if value is None else Words(Language(language())).number(value, decimals)


def _plain(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"
