"""Check an invoice by every rule that its profile has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

from ionport.documents.invoice.model import Invoice
from ionport.documents.invoice.rules import own, parties, presence, totals, vat
from ionport.documents.invoice.rules.facts import Facts
from ionport.documents.invoice.rules.model import Rule, RuleFinding, RuleSet, Violation
from ionport.documents.invoice.rules.plans import plan
from ionport.documents.invoice.rules.profiles import rules_for
from ionport.documents.invoice.rules.table import rules

Check = Callable[[Facts, Rule], Iterator[Violation]]

MAX_PLACES = 20
"""How many places of one rule are told."""

_MAX_VALUE = 200
_NAMES = {"sum_of": totals.sum_of, "decimals": presence.decimals_of_term}


def _checks() -> Mapping[str, Check]:
    found: dict[str, Check] = {}
    for name in {rule.check for rule in rules().values()}:
        modules = (presence, totals, vat, parties, own)
        found[name] = _NAMES.get(name) or next(
            getattr(module, name) for module in modules if hasattr(module, name)
        )
    return found


_CHECKS = _checks()


def check_invoice(invoice: Invoice, today: date) -> tuple[RuleFinding, ...]:
    """Return what the rules notice, in the table's order, `MAX_PLACES` places of each at most.

    `today` is the day by which an issue date is too far ahead.
    """
    facts = Facts(invoice, today)
    return findings_by(plan(rules_for(invoice), facts.shape), facts)


def findings_by(rules: Sequence[Rule], facts: Facts) -> tuple[RuleFinding, ...]:
    """Return what these rules notice, `MAX_PLACES` places of each at most."""
    found: list[RuleFinding] = []
    for rule in rules:
        for number, violation in enumerate(_CHECKS[rule.check](facts, rule)):
            if number == MAX_PLACES:
                break
            found.append(_finding(rule, violation, facts.invoice.currency[:_MAX_VALUE]))
    return tuple(found)


def _finding(rule: Rule, violation: Violation, currency: str) -> RuleFinding:
    place = violation.node.place if violation.node is not None else None
    values = {name: value[:_MAX_VALUE] for name, value in violation.values.items()}
    if "computed" in values:
        values["amount_currency"] = currency
    if place is None:
        line = values.pop("line", "0") if RuleSet.OWN in rule.sets else "0"
        return RuleFinding(rule, values, values.get("path", ""), int(line))
    return RuleFinding(rule, values, place.path, place.line)
