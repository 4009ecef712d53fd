"""Conditions about VAT: the breakdown, and what each category demands.

The artefacts of UBL and CII differ about rounding and about what they look at; each function says
how.
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
    has,
    whole,
)
from ionport.documents.invoice.rules.model import Rule, Violation
from ionport.documents.invoice.tree import Node

_BY_RATE = frozenset("SLM")
_WITH_REASON = frozenset({"E", "AE", "K", "G", "O"})
_NO_RATE_IN_CII = frozenset("LMO")
_WITH_SELLER_TAX_ID = frozenset({"S", "Z", "E", "AE", "K", "G", "L", "M"})
_COUNTRY_TERMS = ("BT-40", "BT-55", "BT-69", "BT-80", "BT-159")


def breakdown_has_rate(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-48: every row has a rate; category O may go without (CII: L, M and O are not tested)."""
    free = _NO_RATE_IN_CII if facts.is_cii else frozenset("O")
    for row in facts.tree.all("BG-23"):
        if row.value("BT-118") not in free and not row.value("BT-119"):
            yield Violation(row)


def breakdown_tax(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-CO-17: tax fits base x rate / 100, one currency unit allowed because lines are rounded.

    Absolute values; the product is rounded to cents and must differ by less than 1 (UBL) or by 1 at
    most (CII, not for L, M, O). A rate that rounds to 0 or is missing: the tax rounds to 0.
    """
    for row in facts.tree.all("BG-23"):
        base, tax, rate = (amount(row, term) for term in ("BT-116", "BT-117", "BT-119"))
        if base is None or tax is None or (facts.is_cii and row.value("BT-118") in _NO_RATE_IN_CII):
            continue
        if rate is None or whole(rate).is_zero():
            if not whole(abs(tax)).is_zero():
                yield _row_mismatch(row, tax, ZERO, rate or ZERO, base)
            continue
        computed = cents(EXACT.divide(EXACT.multiply(abs(base), abs(rate)), HUNDRED))
        difference = abs(EXACT.subtract(abs(tax), computed))
        if difference > 1 or (difference == 1 and not facts.is_cii):
            yield _row_mismatch(row, tax, computed, rate, base)


def category_has_row(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-x-01: a category that a line, allowance or charge has stands in the breakdown.

    S, L and M (UBL) and the others (CII) are tested the other way too; CII does not miss a row O.
    """
    (category,) = rule.arguments
    rows = [row for row in facts.tree.all("BG-23") if row.value("BT-118") == category]
    if category in facts.categories:
        if not rows and not (facts.is_cii and category == "O"):
            yield Violation(None, {"category": category})
        elif len(rows) > 1 and category not in _BY_RATE and not facts.is_extended:
            yield Violation(rows[1], {"category": category})
    elif rows and facts.lines and facts.is_cii == (category not in _BY_RATE) and category != "O":
        yield Violation(rows[0], {"category": category})


def category_needs_ids(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-x-02 to 04: a category on a line, allowance or charge needs tax identifiers.

    `seller`: VAT or tax registration of the seller, or the representative's VAT identifier;
    `buyer`: the buyer's VAT identifier or legal registration; `…_vat`: VAT identifiers alone.
    """
    category, term, *needed = rule.arguments
    node = next((node for node in facts.tree.all(term) if node.text == category), None)
    if node is None:
        return
    missing = {
        "seller": not facts.has("BT-31|BT-32|BT-63"),
        "seller_vat": not facts.has("BT-31|BT-63"),
        "buyer": not facts.has("BT-48|BT-47"),
        "buyer_vat": not facts.has("BT-48"),
    }
    who = [name for name in needed if missing[name]]
    if who:
        yield Violation(node, {"category": category, "missing": " ".join(who)})


def category_without_vat_ids(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-O-02 to 04: outside the scope of VAT nobody shows a VAT identifier."""
    node = next((node for node in facts.tree.all(rule.arguments[0]) if node.text == "O"), None)
    if node is not None and facts.has("BT-31|BT-63|BT-48"):
        yield Violation(node)


def category_rate(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-x-05 to 07: S above 0 (CII: L too), L and M not below 0, O none, the others 0."""
    category, group, category_term, rate_term = rule.arguments
    for node in facts.group(group):
        if node.value(category_term) != category:
            continue
        rate = amount(node, rate_term)
        if category == "O":
            is_right = not node.value(rate_term)
        elif category == "S" or (category == "L" and facts.is_cii):
            is_right = rate is not None and rate > 0
        elif category in _BY_RATE:
            is_right = rate is not None and rate >= 0
        else:
            is_right = rate is not None and rate.is_zero()
        if not is_right:
            given = {"category": category, "value": node.value(rate_term)}
            yield Violation(node.first(rate_term) or node, given)


def category_base(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-x-08: a row's base is lines + charges - allowances of its category (S, L, M: and rate).

    UBL: unrounded sums, S, L and M within less than 1, the others exactly. CII: three rounded sums,
    S and O exactly, the others within less than 1, L and M not at all. EXTENDED (`loose`): with
    logistics charges, a cent for each part allowed.
    """
    category, *mode = rule.arguments
    if not facts.lines or (facts.is_cii and not mode and category in ("L", "M")):
        return
    rows = [row for row in facts.tree.all("BG-23") if row.value("BT-118") == category]
    for row in rows:
        base, rate = amount(row, "BT-116"), amount(row, "BT-119")
        if base is None:
            continue
        parts = _parts_of(facts, row, category, rate if category in _BY_RATE else None)
        sums = [total(values) for values in parts]
        rounded = facts.is_cii or bool(mode)
        computed = total(cents(value) if rounded else value for value in sums)
        difference = abs(EXACT.subtract(base, computed))
        count = sum(len(values) for values in parts)
        if mode:
            fits = difference <= CENT * count
            # Rows that differ in their exemption reason may share what stands without one.
            fits = fits or len(rows) > 1
        elif facts.is_cii:
            fits = difference.is_zero() if category in ("S", "O") else difference < ONE
        else:
            fits = difference < ONE if category in _BY_RATE else difference.is_zero()
        if not fits:
            values = _values("BT-116", base, computed, category)
            yield Violation(row.first("BT-116"), values)


def _parts_of(
    facts: Facts, row: Node, category: str, rate: Decimal | None
) -> Sequence[Sequence[Decimal]]:
    """Return the signed amounts of lines, charges, allowances and logistics charges of a row."""
    parts: list[list[Decimal]] = []
    for group, category_term, rate_term, term, sign in facts.parts():
        if group == "BG-X-42" and not facts.is_extended:
            continue
        parts.append(
            [
                sign * (amount(node, term) or ZERO)
                for node in facts.group(group)
                if node.value(category_term) == category
                and (rate is None or (amount(node, rate_term) or ZERO) == rate)
            ]
        )
    return parts


def category_tax(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-x-09: S is base x rate / 100 within less than 1 (UBL: L and M too), the others are 0."""
    (category,) = rule.arguments
    for row in facts.tree.all("BG-23"):
        base, tax = amount(row, "BT-116"), amount(row, "BT-117")
        if row.value("BT-118") != category or tax is None or base is None:
            continue
        if category not in _BY_RATE:
            if not tax.is_zero():
                yield _row_mismatch(row, tax, ZERO, ZERO, base)
        elif category == "S" or not facts.is_cii:
            rate = amount(row, "BT-119") or ZERO
            computed = cents(EXACT.divide(EXACT.multiply(abs(base), abs(rate)), HUNDRED))
            if abs(EXACT.subtract(abs(tax), computed)) >= ONE:
                yield _row_mismatch(row, tax, computed, rate, base)


def category_tax_loose(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-FXEXT-S-09b: a row S is base x rate / 100, a cent for each part of that rate allowed."""
    for row in facts.tree.all("BG-23"):
        base, tax, rate = (amount(row, term) for term in ("BT-116", "BT-117", "BT-119"))
        if row.value("BT-118") != "S" or base is None or tax is None or rate is None:
            continue
        count = sum(len(values) for values in _parts_of(facts, row, "S", rate))
        computed = cents(EXACT.divide(EXACT.multiply(base, rate), HUNDRED))
        if abs(EXACT.subtract(tax, computed)) > CENT * count:
            yield _row_mismatch(row, tax, computed, rate, base)


def category_reason(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-x-10: E, AE, K, G and O give a reason for the exemption, S, Z, L and M none."""
    (category,) = rule.arguments
    for row in facts.tree.all("BG-23"):
        if row.value("BT-118") == category and (
            has(row, "BT-120|BT-121") != (category in _WITH_REASON)
        ):
            yield Violation(row, {"category": category})


def category_needs(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-IC-11, 12: with a row of the category one of the terms is there."""
    category, terms = rule.arguments
    row = next((row for row in facts.tree.all("BG-23") if row.value("BT-118") == category), None)
    if row is not None and not facts.has(terms):
        yield Violation(row, {"category": category})


def only_category_o(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-O-11 to 14: with a row O every row, line, allowance and charge has category O."""
    group, term = rule.arguments
    if any(row.value("BT-118") == "O" for row in facts.tree.all("BG-23")):
        other = next((node for node in facts.group(group) if node.value(term) != "O"), None)
        if other is not None:
            yield Violation(other.first(term) or other, {"category": other.value(term)})


def split_payment_in_italy(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-B-01: with category B every country of the invoice is IT."""
    if not _has_category(facts, "B"):
        return
    for term in _COUNTRY_TERMS:
        for node in facts.tree.all(term):
            if node.text != "IT":
                yield Violation(node, {"value": node.text})
                return


def split_payment_alone(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-B-02: categories B and S do not stand in one invoice."""
    if _has_category(facts, "B") and _has_category(facts, "S"):
        yield Violation()


def exemption(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """An exemption code goes with its category."""
    code, category = rule.arguments
    for row in facts.tree.all("BG-23"):
        if row.value("BT-121").upper() == code and row.value("BT-118") != category:
            given = {"value": code, "category": category, "given": row.value("BT-118")}
            yield Violation(row, given)


def accounting_total(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-53: with an accounting currency there is a VAT total in it."""
    currency = facts.tree.value("BT-6")
    if not currency:
        return
    totals = (*facts.tree.all("BT-111"), *facts.tree.all("BT-110"))
    if not any(node.currency == currency for node in totals):
        yield Violation(facts.tree.first("BT-6"), {"value": currency})


def one_accounting_total(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """With an accounting currency there is one VAT total in it, otherwise none."""
    wanted = 1 if facts.tree.value("BT-6") else 0
    found = facts.tree.all("BT-111")
    if len(found) != wanted:
        yield Violation(found[0] if found else None, {"count": str(len(found))})


def same_sign(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """The VAT totals of both currencies have the same sign; 0 fits either."""
    own, other = facts.amount("BT-110"), facts.amount("BT-111")
    if own is not None and other is not None and own * other < 0:
        yield Violation(facts.tree.first("BT-111"), {"value": decimal_text(other)})


def german_seller_tax_id(facts: Facts, rule: Rule) -> Iterator[Violation]:
    """BR-DE-16: with S, Z, E, AE, K, G, L or M the seller's tax is identified."""
    used = facts.categories & _WITH_SELLER_TAX_ID
    if used and not facts.has("BT-31|BT-32|BG-11"):
        yield Violation(None, {"category": ", ".join(sorted(used))})


def _has_category(facts: Facts, category: str) -> bool:
    return category in facts.categories or any(
        row.value("BT-118") == category for row in facts.tree.all("BG-23")
    )


def _row_mismatch(
    row: Node, stated: Decimal, computed: Decimal, rate: Decimal, base: Decimal
) -> Violation:
    values = _values("BT-117", stated, computed, row.value("BT-118"))
    more = {"rate": decimal_text(rate), "basis": decimal_text(base)}
    return Violation(row.first("BT-117"), {**values, **more})


def _values(term: str, stated: Decimal, computed: Decimal, category: str) -> dict[str, str]:
    return {
        "term": term,
        "category": category,
        "stated": decimal_text(stated),
        "computed": decimal_text(computed),
        "difference": decimal_text(EXACT.subtract(stated, computed)),
    }
