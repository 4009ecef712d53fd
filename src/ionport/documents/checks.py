"""The arithmetic of an e-invoice: every sum that EN 16931 demands, with exact figures.

A mismatch is a finding and never an error: the supplier's figures are kept as they are, and a
person decides. A sum is only compared where the invoice states it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice

from ionport.documents.amounts import EXACT, decimal_text, round_to_cents, total
from ionport.documents.invoice.model import Invoice
from ionport.documents.invoice.rows import base_quantity, decimal_of, sum_of
from ionport.documents.invoice.table import Syntax
from ionport.documents.invoice.tree import Node
from ionport.documents.review.model import NewFinding

AMOUNTS_MISMATCH = "amounts_mismatch"
_ZERO = Decimal(0)
_HUNDRED = Decimal(100)
_HALF = Decimal("0.5")
_CENT = Decimal("0.01")
_MAX_LINE_FINDINGS = 50
_MAX_CURRENCIES = 10
_MAX_CODE = 20
# The only amounts that are in the currency of the accounts.
_IN_ACCOUNTING_CURRENCY = frozenset({"BT-111", "BT-X-590"})


def check_amounts(invoice: Invoice) -> tuple[NewFinding, ...]:
    """Return a finding for every figure that differs from what the others make it."""
    lines = list(islice(_check_lines(invoice), _MAX_LINE_FINDINGS + 1))
    if len(lines) > _MAX_LINE_FINDINGS:
        lines[-1] = NewFinding("more_mismatches", {"shown": str(_MAX_LINE_FINDINGS)})
    taxes = list(islice(_check_taxes(invoice), _MAX_LINE_FINDINGS))
    currencies = _check_currencies(invoice)
    return (*currencies, *_check_sign(invoice), *_check_totals(invoice), *taxes, *lines)


def _check_currencies(invoice: Invoice) -> Iterator[NewFinding]:
    currency = invoice.currency
    codes = _different(node.text for node in invoice.tree.all("BT-5"))
    others = _different(
        node.currency
        for node in _counted(invoice.tree)
        if node.currency not in ("", currency) and node.term not in _IN_ACCOUNTING_CURRENCY
    )
    total_tax = invoice.tree.first("BT-110")
    if total_tax is None and not others and len(invoice.tree.all("BT-111")) == 1:
        # The only VAT total is in another currency, though the invoice names none for accounting.
        only = invoice.tree.all("BT-111")[0]
        if not invoice.tree.value("BT-6"):
            others = (only.currency[:_MAX_CODE],)
    if len(codes) > 1:
        yield NewFinding("two_currency_codes", {"codes": ", ".join(codes)})
    elif others:
        yield NewFinding("other_currency", {"currency": currency, "others": ", ".join(others)})
    if total_tax is not None and invoice.syntax is not Syntax.FATTURAPA and not total_tax.currency:
        yield NewFinding("tax_total_without_currency", {"currency": currency})


def _counted(node: Node) -> Iterator[Node]:
    """Yield what is below `node`, without the VAT breakdown of the accounting currency."""
    for child in node.children:
        if child.term != "OWN-G1":
            yield child
            yield from _counted(child)


def _different(texts: Iterable[str]) -> tuple[str, ...]:
    found = dict.fromkeys(text[:_MAX_CODE] for text in texts)
    return tuple(text for text in found if text)[:_MAX_CURRENCIES]


def _check_sign(invoice: Invoice) -> Iterator[NewFinding]:
    gross = decimal_of(invoice.tree, "BT-112")
    if gross is not None and gross < 0:
        code = "negative_credit_note" if invoice.is_credit_note else "negative_invoice"
        yield NewFinding(code, {"total": decimal_text(gross), "currency": invoice.currency})


def _check_totals(invoice: Invoice) -> Iterator[NewFinding]:
    """EN 16931 rules BR-CO-10 to BR-CO-13, BR-CO-15 and BR-CO-16, with the extensions' sums."""
    tree = invoice.tree
    lines, net, gross, due = (
        decimal_of(tree, term) for term in ("BT-106", "BT-109", "BT-112", "BT-115")
    )
    allowances, charges, tax, prepaid, rounding = (
        decimal_of(tree, term) or _ZERO
        for term in ("BT-107", "BT-108", "BT-110", "BT-113", "BT-114")
    )
    sums: list[tuple[str, Decimal | None, Decimal | None]] = [
        ("lines", lines, total(_net(line) for line in invoice.lines) if invoice.lines else None),
        ("allowances", allowances, sum_of(tree, "BT-92")),
        ("charges", charges, total((sum_of(tree, "BT-99"), sum_of(tree, "BT-X-272")))),
        ("net", net, _sum(lines, allowances.copy_negate(), charges)),
        ("gross", gross, _sum(net, tax)),
        ("due", due, _sum(gross, prepaid.copy_negate(), rounding, *_third_parties(tree))),
    ]
    if invoice.syntax is Syntax.FATTURAPA:
        # It states no such sums, and its total has stamp duty and social funds in it.
        sums = []
    if not tree.all("BG-23") and not invoice.lines:
        # MINIMUM and BASIC WL state totals alone.
        sums = [row for row in sums if row[0] not in ("allowances", "charges")]
    for figure, stated, computed in sums:
        if stated is not None and computed is not None and stated != computed:
            yield _mismatch(figure, stated, computed)


def _sum(first: Decimal | None, *others: Decimal) -> Decimal | None:
    return None if first is None else total((first, *others))


def _third_parties(tree: Node) -> tuple[Decimal, Decimal]:
    """What is collected for others is part of the amount due, in both extensions."""
    return sum_of(tree, "BT-DEX-002"), sum_of(tree, "BT-179")


def _net(line: Node) -> Decimal:
    return decimal_of(line, "BT-131") or _ZERO


def _check_taxes(invoice: Invoice) -> Iterator[NewFinding]:
    """EN 16931 rules BR-CO-14 and BR-CO-17, and the sum of the taxable amounts."""
    tree = invoice.tree
    rows = [
        (basis, amount, decimal_of(row, "BT-119"))
        for row in tree.all("BG-23")
        if (basis := decimal_of(row, "BT-116")) is not None
        and (amount := decimal_of(row, "BT-117")) is not None
    ]
    if len(rows) < len(tree.all("BG-23")):
        # A row without its figures is a finding of its own.
        return
    stated = decimal_of(tree, "BT-110")
    net = decimal_of(tree, "BT-109")
    if rows and invoice.syntax is not Syntax.FATTURAPA:
        computed = total(amount for _basis, amount, _rate in rows)
        if (stated or _ZERO) != computed:
            yield _mismatch("tax_total", stated or _ZERO, computed)
        bases = total(basis for basis, _amount, _rate in rows)
        if net is not None and bases != net:
            yield _mismatch("bases", bases, net)
    for basis, amount, rate in rows:
        computed = _tax_amount(basis, rate)
        if not _fits_rate(amount, rate, computed, invoice.syntax):
            shown = decimal_text(rate or _ZERO)
            yield _mismatch("tax", amount, computed, rate=shown, basis=decimal_text(basis))


def _check_lines(invoice: Invoice) -> Iterator[NewFinding]:
    for index, line in enumerate(invoice.lines, start=1):
        stated, computed = decimal_of(line, "BT-131"), _line_amount(line)
        # Prices are often rounded themselves; a cent is not worth a person's time.
        if (
            stated is not None
            and computed is not None
            and EXACT.subtract(stated, computed).copy_abs() > _CENT
        ):
            number = line.value("BT-126")[:60]
            yield _mismatch("line", stated, computed, index=str(index), number=number)


def _tax_amount(basis: Decimal, rate: Decimal | None) -> Decimal:
    return round_to_cents(EXACT.divide(EXACT.multiply(basis, rate or _ZERO), _HUNDRED))


def _fits_rate(amount: Decimal, rate: Decimal | None, computed: Decimal, syntax: Syntax) -> bool:
    """BR-CO-17: one unit of slack in any currency, because VAT may be rounded line by line."""
    if round_to_cents(rate or _ZERO).is_zero():
        return amount.copy_abs() < _HALF
    difference = EXACT.subtract(amount.copy_abs(), computed.copy_abs()).copy_abs()
    # The standard's own artefacts differ about the limit itself.
    return difference < 1 or (syntax is not Syntax.UBL and difference == 1)


def _line_amount(line: Node) -> Decimal | None:
    """The goods at their price, less allowances, plus charges; None when no price is given."""
    per, price, quantity = (
        base_quantity(line),
        decimal_of(line, "BT-146"),
        decimal_of(line, "BT-129"),
    )
    if price is None or quantity is None or per.is_zero():
        return None
    goods = round_to_cents(EXACT.divide(EXACT.multiply(quantity, price), per))
    return total((goods, sum_of(line, "BT-136").copy_negate(), sum_of(line, "BT-141")))


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
