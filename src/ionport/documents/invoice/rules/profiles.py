"""Which rules run on an invoice: those whose terms its profile, or its syntax, has.

What an invoice claims (BT-24) decides. A reduced profile (MINIMUM, BASIC WL) lacks terms by design,
and so do ZUGFeRD 1.0 and FatturaPA; a rule that reads such a term does not run there. Who claims
nothing is judged by EN 16931 and by our own rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from ionport.documents.invoice.model import Invoice
from ionport.documents.invoice.rules.model import Rule, RuleSet
from ionport.documents.invoice.rules.table import rules
from ionport.documents.invoice.table import Syntax, terms

_MINIMUM = """
BT-1 BT-2 BT-3 BT-5 BT-10 BT-13 BT-23 BT-24 BT-27 BT-30 BT-30-1 BT-31 BT-40 BT-44 BT-47 BT-47-1
BT-109 BT-110 BT-112 BT-115 BG-5
"""
_TERMS_OF_MINIMUM = frozenset(_MINIMUM.split())
_PEPPOL = "urn:fdc:peppol.eu:2017:poacc:billing:3"


def rules_for(invoice: Invoice) -> Sequence[Rule]:
    """Return the rules that run on `invoice`, in the table's order."""
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
    claim = profile.lower().replace(":", "").replace("-", "")
    if claim.endswith("minimum"):
        return "minimum"
    return "lines" if claim.endswith("basicwl") else ""


@cache
def _rules_for(syntax: Syntax, sets: frozenset[RuleSet], missing: str) -> tuple[Rule, ...]:
    chosen = [rule for rule in rules().values() if rule.sets & sets]
    replaced = {rule.replaces for rule in chosen}
    return tuple(
        rule
        for rule in chosen
        if rule.id not in replaced
        and rule.check != "untestable"
        and (RuleSet.OWN in rule.sets or all(_has(term, syntax, missing) for term in rule.terms))
    )


def _has(term: str, syntax: Syntax, missing: str) -> bool:
    """Tell whether a profile without `missing` has `term` in `syntax`."""
    if missing == "minimum" and term not in _TERMS_OF_MINIMUM:
        return False
    if missing == "lines" and _is_below_line(term):
        return False
    if syntax in (Syntax.ZUGFERD_1, Syntax.FATTURAPA):
        row = terms().get(term)
        return row is not None and bool(row.path(syntax))
    return True


def _is_below_line(term: str) -> bool:
    while term:
        if term in ("BG-25", "BT-106"):
            return term == "BG-25"
        row = terms().get(term)
        term = row.parent if row is not None else ""
    return False
