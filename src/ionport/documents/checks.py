"""The arithmetic of an e-invoice: every sum that EN 16931 demands, with exact figures.

A mismatch is a finding and never an error: the supplier's figures are kept as they are, and a
person decides (facts/docbits.md §2.4, Automatic checks).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice

from ionport.documents.amounts import EXACT, decimal_text, round_to_cents, total
from ionport.documents.einvoice import EInvoice, Line, Tax
from ionport.documents.review.model import NewFinding

AMOUNTS_MISMATCH = "amounts_mismatch"
_ZERO = Decimal(0)
_HUNDRED = Decimal(100)
_HALF = Decimal("0.5")
_CENT = Decimal("0.01")
_MAX_LINE_FINDINGS = 50


def check_amounts(invoice: EInvoice) -> tuple[NewFinding, ...]:
    """Return a finding for every figure that differs from what the others make it."""
    lines = list(islice(_check_lines(invoice), _MAX_LINE_FINDINGS + 1))
    if len(lines) > _MAX_LINE_FINDINGS:
        lines[-1] = NewFinding("more_mismatches", {"shown": str(_MAX_LINE_FINDINGS)})
    taxes = list(islice(_check_taxes(invoice), _MAX_LINE_FINDINGS))
    currencies = _check_currencies(invoice)
    return (*currencies, *_check_sign(invoice), *_check_totals(invoice), *taxes, *lines)


def _check_currencies(invoice: EInvoice) -> Iterator[NewFinding]:
    codes, others = invoice.currency_codes, invoice.other_currencies
    if len(codes) > 1:
        yield NewFinding("two_currency_codes", {"codes": ", ".join(codes)})
    elif others:
        given = {"currency": invoice.header.currency, "others": ", ".join(others)}
        yield NewFinding("other_currency", given)
    if invoice.totals.tax is not None and not invoice.totals.tax_currency:
        yield NewFinding("tax_total_without_currency", {"currency": invoice.header.currency})


def _check_sign(invoice: EInvoice) -> Iterator[NewFinding]:
    if not invoice.is_credit_note and invoice.totals.gross < 0:
        gross = decimal_text(invoice.totals.gross)
        yield NewFinding("negative_invoice", {"total": gross, "currency": invoice.header.currency})


def _check_totals(invoice: EInvoice) -> Iterator[NewFinding]:
    """EN 16931 rules BR-CO-10 to BR-CO-13, BR-CO-15 and BR-CO-16."""
    totals = invoice.totals
    allowances, charges = totals.allowances or _ZERO, totals.charges or _ZERO
    tax, prepaid, rounding = totals.tax or _ZERO, totals.prepaid or _ZERO, totals.rounding or _ZERO
    for figure, stated, computed in (
        ("lines", totals.lines, total(line.net for line in invoice.lines)),
        ("allowances", allowances, totals.stated_allowances),
        ("charges", charges, totals.stated_charges),
        (
            "net",
            totals.net,
            total((totals.lines, allowances.copy_negate(), charges)),
        ),
        ("gross", totals.gross, total((totals.net, tax))),
        ("due", totals.due, total((totals.gross, prepaid.copy_negate(), rounding))),
    ):
        if stated != computed:
            yield _mismatch(figure, stated, computed)


def _check_taxes(invoice: EInvoice) -> Iterator[NewFinding]:
    """EN 16931 rules BR-CO-14 and BR-CO-17, and the sum of the taxable amounts."""
    taxes = invoice.taxes
    if invoice.totals.tax is not None or taxes:
        stated = invoice.totals.tax or _ZERO
        computed = total(tax.amount for tax in taxes)
        if stated != computed:
            yield _mismatch("tax_total", stated, computed)
    bases = total(tax.basis for tax in taxes)
    if taxes and bases != invoice.totals.net:
        yield _mismatch("bases", bases, invoice.totals.net)
    for tax in taxes:
        computed = _tax_amount(tax)
        if not _fits_rate(tax, computed, invoice.syntax):
            rate, basis = decimal_text(tax.rate or _ZERO), decimal_text(tax.basis)
            yield _mismatch("tax", tax.amount, computed, rate=rate, basis=basis)


def _check_lines(invoice: EInvoice) -> Iterator[NewFinding]:
    for index, line in enumerate(invoice.lines, start=1):
        computed = _line_amount(line)
        # Prices are often rounded themselves; a cent is not worth a person's time.
        if computed is not None and EXACT.subtract(line.net, computed).copy_abs() > _CENT:
            number = line.number[:60]
            yield _mismatch("line", line.net, computed, index=str(index), number=number)


def _tax_amount(tax: Tax) -> Decimal:
    return round_to_cents(EXACT.divide(EXACT.multiply(tax.basis, tax.rate or _ZERO), _HUNDRED))


def _fits_rate(tax: Tax, computed: Decimal, syntax: str) -> bool:
    """BR-CO-17: one unit of slack in any currency, because VAT may be rounded line by line."""
    if round_to_cents(tax.rate or _ZERO).is_zero():
        return tax.amount.copy_abs() < _HALF
    difference = EXACT.subtract(tax.amount.copy_abs(), computed.copy_abs()).copy_abs()
    # The standard's own artefacts differ about the limit itself.
    return difference < 1 or (syntax == "CII" and difference == 1)


def _line_amount(line: Line) -> Decimal | None:
    """The goods at their price, less allowances, plus charges; None when no price is given."""
    per = line.price_quantity if line.price_quantity is not None else Decimal(1)
    if line.price is None or per.is_zero():
        return None
    goods = round_to_cents(EXACT.divide(EXACT.multiply(line.quantity, line.price), per))
    return total((goods, line.allowances.copy_negate(), line.charges))


def _mismatch(figure: str, stated: Decimal, computed: Decimal, **which: str) -> NewFinding:
    return NewFinding(
        AMOUNTS_MISMATCH,
        {
            "figure": figure,
            "stated": decimal_text(stated),
            "computed": decimal_text(computed),
            "difference": decimal_text(EXACT.subtract(stated, computed)),
            **which,
        },
    )
