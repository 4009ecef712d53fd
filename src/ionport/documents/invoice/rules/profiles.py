"""Which rules run on an invoice: those whose terms its profile, or its syntax, has.

What an invoice claims (BT-24) decides. A reduced profile (MINIMUM, BASIC WL) lacks terms by design,
and a rule that reads such a term does not run there. On ZUGFeRD 1.0 and FatturaPA only the rules
run that every invoice must meet, on a document made of fields those that fields can meet. An
invoice without a claim is checked by EN 16931 and by our own rules. On an order confirmation or a
delivery note few rules run: the numbers by which the ERP finds its own document, and values that
can be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from ionport.documents.invoice.corrections import BY_HAND
from ionport.documents.invoice.model import Invoice
from ionport.documents.invoice.rules.model import Effect, Rule, RuleSet
from ionport.documents.invoice.rules.table import rules
from ionport.documents.invoice.table import Syntax, terms

_MINIMUM = """
BT-1 BT-2 BT-3 BT-5 BT-10 BT-13 BT-23 BT-24 BT-27 BT-30 BT-30-1 BT-31 BT-40 BT-44 BT-47 BT-47-1
BT-109 BT-110 BT-112 BT-115 BG-5
"""
_TERMS_OF_MINIMUM = frozenset(_MINIMUM.split())
# These syntaxes have codes, categories and totals of their own.
_HEADER = "BR-02 BR-03 BR-04 BR-05 BR-06 BR-07 BR-14 BR-24 BR-25 BR-45 BR-46 BR-CL-04 BR-CO-17"
_TOTALS = "BR-12 BR-13 BR-15 BR-16 BR-CO-10 BR-CO-11 BR-CO-12 BR-CO-13 BR-CO-14 BR-CO-15 BR-CO-16"
_OF_OTHER_SYNTAX = {
    Syntax.FATTURAPA: frozenset(_HEADER.split()),
    Syntax.ZUGFERD_1: frozenset(f"{_HEADER} {_TOTALS}".split()),
}
# Rules about what fields and columns can hold: sums, VAT by rate, periods, decimals.
_FIELD_RULES = """
BR-27 BR-29 BR-30 BR-53 BR-CL-05 BR-CO-13 BR-CO-14 BR-CO-16 BR-CO-17 BR-DEC-10 BR-DEC-11 BR-DEC-15
BR-DEC-16 BR-DEC-17 BR-DEC-19 BR-DEC-20 BR-DEC-23
BR-S-05 BR-Z-05 BR-E-05 BR-AE-05 BR-IC-05 BR-G-05 BR-O-05 BR-AF-05 BR-AG-05
BR-S-09 BR-Z-09 BR-E-09 BR-AE-09 BR-IC-09 BR-G-09 BR-O-09 BR-AF-09 BR-AG-09
"""
_OF_FIELDS = frozenset(_FIELD_RULES.split())
# Rules for documents that are no invoices, which do not run on invoices.
_ORDERS_ALONE = frozenset({"no_order", "no_delivery_note_number"})
_OF_ORDERS = _ORDERS_ALONE | {
    *("BR-06", "two_currency_codes", "other_currency", "issue_date_out_of_range", "early_date"),
    *("line_number_twice", "unreadable_value", "invisible_signs", "long_number", "date_with_time"),
    "not_understood_money",
}
_PEPPOL = "urn:fdc:peppol.eu:2017:poacc:billing:3"


def rules_for(invoice: Invoice) -> Sequence[Rule]:
    """Return the rules that run on `invoice`, in the table's order."""
    if not invoice.kind.is_invoiced:
        return _rules_for_orders()
    return _rules_for(invoice.syntax, _sets_of(invoice.profile), _terms_missing(invoice.profile))


def _sets_of(profile: str) -> frozenset[RuleSet]:
    claim, sets = profile.lower(), {RuleSet.EN_16931, RuleSet.OWN}
    if "xrechnung" in claim:
        sets.add(RuleSet.XRECHNUNG)
        if "extension" in claim:
            sets.add(RuleSet.XRECHNUNG_EXTENSION)
    if _PEPPOL in claim:
        sets.add(RuleSet.PEPPOL)
    if claim.endswith("extended"):
        sets.add(RuleSet.EXTENDED)
    return frozenset(sets)


def _terms_missing(profile: str) -> str:
    if profile == BY_HAND:
        return BY_HAND
    claim = profile.lower().replace(":", "").replace("-", "")
    if claim.endswith("minimum"):
        return "minimum"
    return "lines" if claim.endswith("basicwl") else ""


@cache
def _rules_for_orders() -> tuple[Rule, ...]:
    return tuple(rule for rule in rules().values() if rule.id in _OF_ORDERS)


@cache
def _rules_for(syntax: Syntax, sets: frozenset[RuleSet], missing: str) -> tuple[Rule, ...]:
    chosen = [rule for rule in rules().values() if rule.sets & sets]
    replaced = {rule.replaces for rule in chosen}
    return tuple(
        rule
        for rule in chosen
        if rule.id not in replaced | _ORDERS_ALONE
        and rule.check != "untestable"
        and (RuleSet.OWN in rule.sets or _runs(rule, syntax, missing))
    )


def _runs(rule: Rule, syntax: Syntax, missing: str) -> bool:
    """Tell whether a rule of a standard runs on a profile without `missing` in `syntax`."""
    if rule.id not in _OF_OTHER_SYNTAX.get(syntax, {rule.id}):
        return False
    if missing == BY_HAND:
        if rule.id in _OF_FIELDS:
            return True
        return rule.effect is Effect.HOLDS and _TERMS_OF_MINIMUM.issuperset(rule.terms)
    if missing == "minimum":
        return _TERMS_OF_MINIMUM.issuperset(rule.terms)
    return not (missing and any(map(_is_below_line, rule.terms)))


def _is_below_line(term: str) -> bool:
    while term:
        if term in ("BG-25", "BT-106"):
            return term == "BG-25"
        row = terms().get(term)
        term = row.parent if row is not None else ""
    return False
