"""Which of its rules can notice something in an invoice, by the terms and VAT categories it has.

Most rules are about what most invoices do not have: a payee, a direct debit, the category O. The
terms that each check needs are listed here; invoices of one shape share their plan.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from ionport.documents.invoice.rules.model import Rule
from ionport.documents.invoice.tree import Node

_PLANS = 256
_CODED = ("BT-3", "BT-81")
_CORRECTED = "BT-3 384"
_CATEGORY_TERMS = ("BT-118", "BT-151", "BT-102", "BT-95", "BT-X-273")
_PERCENTAGES = ("BT-94", "BT-101", "BT-138", "BT-143")
_BASES = ("BT-93", "BT-100", "BT-137", "BT-142")
_INDICATORS = ("BG-20-1", "BG-21-1", "BG-27-1", "BG-28-1")

Needs = Sequence[Collection[str]]
"""Of each collection one must be in the invoice, else the check notices nothing."""


class Shape:
    """The terms of an invoice: those that stand in it, and those that have a value.

    `there` has each VAT category besides, as `VAT S`, and the codes of the invoice's type and of
    its means of payment, as `BT-3 380`. Groups have a value when something stands in them.
    """

    def __init__(self, tree: Node) -> None:
        index = tree.index()
        self.there = frozenset(index).union(
            [f"VAT {node.text}" for term in _CATEGORY_TERMS for node in index.get(term, ())],
            [f"{term} {node.text}" for term in _CODED for node in index.get(term, ())],
        )
        self.filled = frozenset(term for term, nodes in index.items() if _is_filled(term, nodes))


def _is_filled(term: str, nodes: Sequence[Node]) -> bool:
    is_group = term.startswith("BG-")
    for node in nodes:  # noqa: SIM110 - a generator for each term takes three times as long
        if node.text or (is_group and node.children):
            return True
    return False


def _arguments(rule: Rule) -> Needs:
    return [[one for one in rule.arguments if not one.startswith("+")]]


def _first(rule: Rule) -> Needs:
    return [rule.arguments[:1]]


def _every(rule: Rule) -> Needs:
    return [[one] for one in rule.arguments]


def _codes(rule: Rule) -> Needs:
    return [[one for one in rule.arguments[1:] if not one.startswith("+")]]


def _of_category(rule: Rule) -> Needs:
    return [[f"VAT {rule.arguments[0]}"]]


def _of_category_in(rule: Rule) -> Needs:
    return [[f"VAT {rule.arguments[0]}"], rule.arguments[1:2]]


def _means(rule: Rule) -> Needs:
    codes, mode, *groups = rule.arguments
    wanted = [f"BT-81 {code}" for code in codes.split(",")]
    return [wanted] if mode == "with" else [wanted, groups]


def _percentage_pair(rule: Rule) -> Needs:
    return [_PERCENTAGES if "base" in rule.arguments else _BASES]


def _always(*needs: Iterable[str]) -> Callable[[Rule], Needs]:
    wanted = [tuple(one) for one in needs]
    return lambda _rule: wanted


_NEEDS: Mapping[str, Callable[[Rule], Needs]] = {
    "account_has_number": _always(["BG-16"], ["BG-17"]),
    "accounting_total": _always(["BT-6"]),
    "at_most_one": _first,
    "at_most_one_each": _every,
    "attachment_problem": _always(["BG-24"]),
    "base_quantity_unit": _always(["BT-150"]),
    "breakdown_has_rate": _always(["BG-23"]),
    "breakdown_tax": _always(["BG-23"]),
    "card_number_cut": _always(["BT-87"]),
    "category_base": _of_category,
    "category_has_row": _of_category,
    "category_needs": _of_category,
    "category_needs_ids": _of_category_in,
    "category_rate": _of_category_in,
    "category_reason": _of_category,
    "category_tax": _of_category,
    "category_tax_loose": _always(["VAT S"]),
    "category_without_vat_ids": lambda rule: [["VAT O"], rule.arguments[:1]],
    "corrected_invoice": _always([_CORRECTED]),
    "corrected_names_original": _always([_CORRECTED]),
    "decimals": _arguments,
    "differ": _every,
    "different": _first,
    "direct_debit": _always(["BG-19"]),
    "discount_lines": _always(["BT-20"]),
    "due_before_issue": _always(["BT-2"], ["BT-9"]),
    "each": _first,
    "each_with_parent": _always(["BT-X-304"]),
    "exemption": _always(["BT-121"]),
    "group_line_amounts": _always(["BT-X-8"], ["BT-X-304"]),
    "group_line_sum": _always(["BT-X-8"]),
    "iban": lambda rule: [[f"BT-81 {rule.arguments[2]}"], rule.arguments[1:2]],
    "indicator_word": _always(_INDICATORS),
    "invoice_currency": _first,
    "line_amount": _always(["BT-131"], ["BT-146"]),
    "line_period_ends_inside": _always(["BT-135"], ["BT-74"]),
    "line_period_starts_inside": _always(["BT-134"], ["BT-73"]),
    "listed": _codes,
    "mandate": _always(["BT-81 49", "BT-81 59"]),
    "matches": _first,
    "means": _means,
    "net_price": _always(["BT-148"], ["BT-146"]),
    "no_parent_line": _always(["BT-X-304"]),
    "no_price_charge": _always(["BT-X-302"]),
    "not_both": _every,
    "not_negative": _first,
    "one_note": _always(["BG-1"]),
    "one_of": _first,
    "only_category_o": lambda rule: [["VAT O"], rule.arguments[:1]],
    "other_payee": _always(["BT-59"]),
    "parent_line_exists": _always(["BT-X-304"]),
    "payee_is_another": _always(["BG-10"]),
    "percentage_amount": _always(_PERCENTAGES),
    "percentage_pair": _percentage_pair,
    "period": _every,
    "positive": _first,
    "same_sign": _always(["BT-110"], ["BT-111"]),
    "several_accounts": _always(["BT-84"]),
    "split_payment_alone": _always(["VAT B"]),
    "split_payment_in_italy": _always(["VAT B"]),
    "sub_line_category": _always(["BG-DEX-01"]),
    "sub_lines_sum": _always(["BG-DEX-01"]),
    "tax_point_code": _always(["BT-8"]),
    "tax_total_without_currency": _always(["BT-110"]),
    "transfer_has_account": _always(["BT-81 30", "BT-81 58"]),
    "two_currency_codes": _always(["BT-5"]),
    "unknown_direction": _always(["OWN-G2", "OWN-G3", "BG-DEX-01"]),
    "vat_id_country": _arguments,
}
"""By check; what is not here is always made."""


def plan(rules: Sequence[Rule], shape: Shape) -> Sequence[Rule]:
    """Return the rules that can notice something in an invoice of this shape, in their order."""
    return _plan(_Rules(rules), shape.there, shape.filled)


class _Rules:
    """Rules as one key: their table is the same object for every invoice of a profile."""

    __slots__ = ("rules",)

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules

    def __hash__(self) -> int:
        return id(self.rules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rules) and self.rules is other.rules


@lru_cache(_PLANS)
def _plan(of: _Rules, there: frozenset[str], filled: frozenset[str]) -> Sequence[Rule]:
    return tuple(rule for rule in of.rules if _can_notice(rule, there, filled))


def _can_notice(rule: Rule, there: frozenset[str], filled: frozenset[str]) -> bool:
    if rule.check == "present":
        return filled.isdisjoint(rule.arguments[0].split("|"))
    if rule.check == "seller_identified":
        return filled.isdisjoint(("BT-29", "BT-30", "BT-31"))
    needs = _NEEDS.get(rule.check)
    return needs is None or all(not there.isdisjoint(one) for one in needs(rule))
