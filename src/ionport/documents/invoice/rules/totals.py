"""Conditions about the document's totals and the amounts of a line.

Tolerances are those of the official artefacts. "To the cent" is a side rounded to two decimals
with halves up, then compared exactly. In EXTENDED (`loose`) a cent for each line, allowance and
charge is allowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from ionport.documents.amounts import EXACT, decimal_text, total
from ionport.documents.invoice.rules.facts import (
    CENT,
    HUNDRED,
    ONE,
    ZERO,
    Facts,
    amount,
    cents,
)
from ionport.documents.invoice.rules.model import Rule, Violation
from ionport.documents.invoice.tree import Node

_SLACK = Decimal("0.02")
_SLACK_HUF = Decimal("0.5")


def sum_of_lines(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-CO-10: the sum of the line net amounts is the lines', to the cent."""
    slack = CENT * len(facts.lines) if "loose" in rule.arguments else ZERO
    stated = facts.amount("BT-106")
    if stated is not None and facts.lines:
        yield from _compare(facts, "BT-106", stated, facts.sum_of(facts.lines, "BT-131"), slack)


def sum_of(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-CO-11, 12: a sum is that of its parts, to the cent; without parts it may be missing."""
    stated_term, *parts = rule.arguments
    computed = total(node.decimal or ZERO for part in parts for node in facts.tree.all(part))
    stated = facts.amount(stated_term) or ZERO
    yield from _compare(facts, stated_term, stated, computed)


def sum_of_loose(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-FXEXT-CO-11, 12: the same, a cent for each part allowed."""
    stated_term, *parts = rule.arguments
    amounts = [node.decimal or ZERO for part in parts for node in facts.tree.all(part)]
    stated = facts.amount(stated_term) or ZERO
    yield from _compare(facts, stated_term, stated, total(amounts), CENT * len(amounts))


def total_without_vat(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-CO-13: lines - allowances + charges, missing ones as 0, to the cent.

    A document of fields has no sum of its lines (BT-106): they are summed where all have amounts.
    """
    stated, lines = facts.amount("BT-109"), facts.amount("BT-106")
    if lines is None and facts.is_by_hand and _all_have(facts.lines, "BT-131"):
        lines = facts.sum_of(facts.lines, "BT-131")
    if stated is None or lines is None:
        return
    allowances, charges = facts.amount("BT-107") or ZERO, facts.amount("BT-108") or ZERO
    yield from _compare(facts, "BT-109", stated, total((lines, -allowances, charges)))


def total_from_parts(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-FXEXT-CO-13: the total without VAT from all parts, a cent for each part allowed."""
    stated = facts.amount("BT-109")
    if stated is None or not facts.lines:
        return
    sums = (
        sign * cents(facts.sum_of(facts.group(group), term))
        for group, _category, _rate, term, sign in facts.parts()
    )
    yield from _compare(facts, "BT-109", stated, total(sums), CENT * facts.part_count)


def vat_total(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-CO-14: the VAT total is the sum of the breakdown's tax amounts, to the cent.

    A document of fields may name a rate without its amounts; then there is no sum.
    """
    stated = facts.amount("BT-110")
    rows = facts.tree.all("BG-23")
    if facts.is_by_hand and not _all_have(rows, "BT-117"):
        return
    if stated is not None and rows:
        yield from _compare(facts, "BT-110", stated, facts.sum_of(rows, "BT-117"))


def total_with_vat(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-CO-15: the total without VAT and the VAT total, to the cent; the latter stands once."""
    stated, net = facts.amount("BT-112"), facts.amount("BT-109")
    taxes = [node for node in facts.tree.all("BT-110") if node.text]
    if len(taxes) > 1:
        yield Violation(taxes[1], {"term": "BT-110", "stated": taxes[1].text})
    if stated is None or net is None:
        return
    slack = CENT * facts.part_count if "loose" in rule.arguments else ZERO
    tax = taxes[0].decimal if taxes else ZERO
    if tax is not None:
        yield from _compare(facts, "BT-112", stated, EXACT.add(net, tax), slack if taxes else ZERO)


def amount_due(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-CO-16: total with VAT - paid + rounding; UBL rounds a side with paid or rounding."""
    due, gross = facts.amount("BT-115"), facts.amount("BT-112")
    if due is None or gross is None:
        return
    paid, rounding = facts.amount("BT-113"), facts.amount("BT-114")
    if facts.is_cii:
        adjustments = facts.tree.all("BT-179") if facts.is_extended else ()
        more = total(node.decimal or ZERO for node in adjustments)
        computed = total((gross, -(paid or ZERO), rounding or ZERO, more))
        if due != computed:
            yield _mismatch(facts, "BT-115", due, computed)
        return
    left = due if rounding is None else EXACT.subtract(due, rounding)
    right = gross if paid is None else EXACT.subtract(gross, paid)
    if rounding is not None:
        left = cents(left)
    if paid is not None:
        right = cents(right)
    if left != right:
        yield _mismatch(facts, "BT-115", due, total((gross, -(paid or ZERO), rounding or ZERO)))


def amount_due_with_third_parties(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-DEX-09: as BR-CO-16, with the third parties' payments added, to the cent."""
    due, gross = facts.amount("BT-115"), facts.amount("BT-112")
    if due is None or gross is None:
        return
    others = total(node.decimal or ZERO for node in facts.tree.all("BT-DEX-002"))
    paid, rounding = facts.amount("BT-113") or ZERO, facts.amount("BT-114") or ZERO
    if cents(EXACT.subtract(due, rounding)) != cents(total((gross, -paid, others))):
        computed = total((gross, -paid, rounding, others))
        yield _mismatch(facts, "BT-115", due, computed)


def line_amount(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """Line net = quantity x price / base quantity + charges - allowances, within 0.02.

    The artefact takes a missing quantity and a missing or zero base quantity as 1, a missing price
    as 0, and allows 0.5 in HUF.
    """
    slack = _SLACK_HUF if facts.invoice.currency == "HUF" else _SLACK
    for line in facts.lines:
        net = amount(line, "BT-131")
        if net is None or line.all("BG-DEX-01") or not line.value("BT-146"):
            continue
        computed = _line_amount(line)
        if abs(EXACT.subtract(net, computed)) > slack:
            yield _mismatch(facts, "BT-131", net, computed, line.first("BT-131"))


def _line_amount(line: Node) -> Decimal:
    quantity, price = amount(line, "BT-129"), amount(line, "BT-146") or ZERO
    base = amount(line, "BT-149") or amount(line, "BT-149-1") or ONE
    goods = EXACT.multiply(
        ONE if quantity is None else quantity, EXACT.divide(price, ONE if base.is_zero() else base)
    )
    charges, allowances = line.all("BT-141"), line.all("BT-136")
    if charges:
        goods = EXACT.add(goods, cents(total(node.decimal or ZERO for node in charges)))
    if allowances:
        goods = EXACT.subtract(goods, cents(total(node.decimal or ZERO for node in allowances)))
    return goods


def net_price(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """The net price is the gross price less the discount, exactly, where a gross price is given."""
    for line in facts.lines:
        gross, net = amount(line, "BT-148"), amount(line, "BT-146")
        if gross is None or net is None:
            continue
        computed = EXACT.subtract(gross, amount(line, "BT-147") or ZERO)
        if net != computed:
            yield _mismatch(facts, "BT-146", net, computed, line.first("BT-146"))


_WITH_PERCENTAGE = (
    ("BG-20", "BT-92", "BT-93", "BT-94"),
    ("BG-21", "BT-99", "BT-100", "BT-101"),
    ("BG-27", "BT-136", "BT-137", "BT-138"),
    ("BG-28", "BT-141", "BT-142", "BT-143"),
)


def percentage_amount(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """With base and percentage, an amount is base x percentage / 100, within 0.02 (HUF: 0.5)."""
    slack = _SLACK_HUF if facts.invoice.currency == "HUF" else _SLACK
    for group, term, base_term, percentage_term in _WITH_PERCENTAGE:
        for node in facts.tree.all(group):
            stated, base = amount(node, term), amount(node, base_term)
            percentage = amount(node, percentage_term)
            if stated is None or base is None or percentage is None:
                continue
            computed = EXACT.divide(EXACT.multiply(base, percentage), HUNDRED)
            if abs(EXACT.subtract(stated, computed)) > slack:
                yield _mismatch(facts, term, stated, computed, node.first(term))


def percentage_pair(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """A percentage comes with a base (`base`), a base with a percentage (`percentage`)."""
    for group, _term, base, percentage in _WITH_PERCENTAGE:
        missing, given = (base, percentage) if "base" in rule.arguments else (percentage, base)
        for node in facts.tree.all(group):
            if node.value(given) and not node.value(missing):
                yield Violation(node, {"term": missing, "other": given})


def sub_lines_sum(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-DEX-02: a line with sub lines is the sum of those one level below, exactly."""
    nodes: list[Node] = list(facts.tree.all("BG-25"))
    while nodes:
        node = nodes.pop()
        below = [child for child in node if child.term == "BG-DEX-01"]
        nodes.extend(below)
        stated = next((child.decimal for child in node if child.term == "BT-131"), None)
        computed = total(
            next((child.decimal for child in line if child.term == "BT-131"), None) or ZERO
            for line in below
        )
        if below and stated is not None and stated != computed:
            yield _mismatch(facts, "BT-131", stated, computed, node.first("BT-131"))


def group_line_sum(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-FXEXT-08: a GROUP line with an amount is the sum of the lines below it, to the cent."""
    lines = facts.tree.all("BG-25")
    for line in lines:
        stated, number = amount(line, "BT-131"), line.value("BT-126")
        if line.value("BT-X-8") != "GROUP" or stated is None:
            continue
        below = [
            other
            for other in lines
            if other.value("BT-X-304") == number and other.value("BT-X-8") != "INFORMATION"
        ]
        computed = cents(facts.sum_of(below, "BT-131"))
        if stated != computed:
            yield _mismatch(facts, "BT-131", stated, computed, line.first("BT-131"))


def group_line_amounts(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-FXEXT-12: below a GROUP line with an amount every GROUP line has one."""
    groups = {
        line.value("BT-126"): line
        for line in facts.tree.all("BG-25")
        if line.value("BT-X-8") == "GROUP"
    }
    for line in groups.values():
        above = groups.get(line.value("BT-X-304"))
        if above is not None and above.value("BT-131") and not line.value("BT-131"):
            yield Violation(line, {"term": "BT-131"})


def _all_have(nodes: Sequence[Node], term: str) -> bool:
    """Tell whether there are nodes, and the number of `term` below each."""
    return bool(nodes) and all(amount(node, term) is not None for node in nodes)


def _compare(
    facts: Facts, term: str, stated: Decimal, computed: Decimal, slack: Decimal = ZERO
) -> Iterator[Violation]:
    """Yield a violation where `stated` differs from `computed`, rounded, by more than `slack`."""
    if abs(EXACT.subtract(stated, cents(computed))) > slack:
        yield _mismatch(facts, term, stated, computed)


def _mismatch(
    facts: Facts, term: str, stated: Decimal, computed: Decimal, node: Node | None = None
) -> Violation:
    return Violation(
        node or facts.tree.first(term),
        {
            "term": term,
            "stated": decimal_text(stated),
            "computed": decimal_text(_shown(computed)),
            "difference": decimal_text(EXACT.subtract(stated, _shown(computed))),
        },
    )


def _shown(value: Decimal) -> Decimal:
    exponent = value.as_tuple().exponent
    return cents(value) if isinstance(exponent, int) and exponent < -4 else value
