"""The arithmetic of an e-invoice: every sum that EN 16931 demands, with exact figures.

A mismatch is a warning and never an error: the supplier's figures are kept as they are, and a
person decides (facts/docbits.md §2.4, Automatic checks).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ionport.core.i18n import _
from ionport.documents.amounts import EXACT, decimal_text, round_to_cents, total
from ionport.documents.einvoice import EInvoice, Line, Tax
from ionport.documents.model import DocumentWarning

AMOUNTS_MISMATCH = "amounts_mismatch"
_ZERO = Decimal(0)
_HUNDRED = Decimal(100)
_CENT = Decimal("0.01")


def check_amounts(invoice: EInvoice) -> tuple[DocumentWarning, ...]:
    """Return a warning for every figure that differs from what the others make it."""
    return (*_check_totals(invoice), *_check_taxes(invoice), *_check_lines(invoice))


def _check_totals(invoice: EInvoice) -> Iterator[DocumentWarning]:
    """EN 16931 rules BR-CO-10 to BR-CO-13, BR-CO-15 and BR-CO-16."""
    totals = invoice.totals
    allowances, charges = totals.allowances or _ZERO, totals.charges or _ZERO
    tax, prepaid, rounding = totals.tax or _ZERO, totals.prepaid or _ZERO, totals.rounding or _ZERO
    for label, stated, computed in (
        (_("Sum of the lines"), totals.lines, total(line.net for line in invoice.lines)),
        (_("Sum of the allowances"), allowances, totals.stated_allowances),
        (_("Sum of the charges"), charges, totals.stated_charges),
        (
            _("Total without VAT"),
            totals.net,
            total((totals.lines, allowances.copy_negate(), charges)),
        ),
        (_("Total with VAT"), totals.gross, total((totals.net, tax))),
        (_("Amount due"), totals.due, total((totals.gross, prepaid.copy_negate(), rounding))),
    ):
        if stated != computed:
            yield _mismatch(label, stated, computed)


def _check_taxes(invoice: EInvoice) -> Iterator[DocumentWarning]:
    """EN 16931 rules BR-CO-14 and BR-CO-17, and the sum of the taxable amounts."""
    taxes = invoice.taxes
    if invoice.totals.tax is not None or taxes:
        stated = invoice.totals.tax or _ZERO
        computed = total(tax.amount for tax in taxes)
        if stated != computed:
            yield _mismatch(_("Total VAT"), stated, computed)
    bases = total(tax.basis for tax in taxes)
    if taxes and bases != invoice.totals.net:
        yield _mismatch(_("Sum of the taxable amounts"), bases, invoice.totals.net)
    for tax in taxes:
        computed = _tax_amount(tax)
        if tax.amount != computed:
            label = _("VAT at {rate} % of {basis}").format(
                rate=decimal_text(tax.rate or _ZERO), basis=decimal_text(tax.basis)
            )
            yield _mismatch(label, tax.amount, computed)


def _check_lines(invoice: EInvoice) -> Iterator[DocumentWarning]:
    for index, line in enumerate(invoice.lines, start=1):
        computed = _line_amount(line)
        # Prices are often rounded themselves; a cent is not worth a person's time.
        if computed is not None and EXACT.subtract(line.net, computed).copy_abs() > _CENT:
            label = _("Net amount of line {index} ({number})").format(
                index=index, number=line.number[:60]
            )
            yield _mismatch(label, line.net, computed)


def _tax_amount(tax: Tax) -> Decimal:
    return round_to_cents(EXACT.divide(EXACT.multiply(tax.basis, tax.rate or _ZERO), _HUNDRED))


def _line_amount(line: Line) -> Decimal | None:
    """The goods at their price, less allowances, plus charges; None when no price is given."""
    per = line.price_quantity if line.price_quantity is not None else Decimal(1)
    if line.price is None or per.is_zero():
        return None
    goods = round_to_cents(EXACT.divide(EXACT.multiply(line.quantity, line.price), per))
    return total((goods, line.allowances.copy_negate(), line.charges))


def _mismatch(label: str, stated: Decimal, computed: Decimal) -> DocumentWarning:
    difference = EXACT.subtract(stated, computed)
    return DocumentWarning(
        AMOUNTS_MISMATCH,
        _(
            "Amounts Mismatch: {label} is {stated} in the document but {computed} by its other"
            " figures (difference {difference})."
        ).format(
            label=label,
            stated=decimal_text(stated),
            computed=decimal_text(computed),
            difference=decimal_text(difference),
        ),
    )
