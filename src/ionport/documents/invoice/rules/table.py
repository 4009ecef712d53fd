"""The table of rules, `rules.tsv`: those of EN 16931, XRechnung, Peppol, EXTENDED, and ours.

Columns: id, effect, sets, the rule that it replaces, the terms that it reads, and the check with
its arguments. What each check demands, with the tolerance of the official artefacts (CEN 1.3.16,
KoSIT of July 2026, Peppol BIS 3 of May 2025, Factur-X 1.09), stands at its function.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ionport.documents.invoice.rules.model import Effect, Rule, RuleSet


@cache
def rules() -> Mapping[str, Rule]:
    """Return the table by id, in its order."""
    text = Path(__file__).with_name("rules.tsv").read_text(encoding="utf-8")
    return {rule.id: rule for rule in map(_rule, text.splitlines()[1:])}


def _rule(row: str) -> Rule:
    identifier, effect, of, replaces, terms, check = row.split("\t")
    name, *arguments = check.split()
    return Rule(
        identifier,
        Effect(effect),
        frozenset(map(RuleSet, of.split(", "))),
        replaces,
        tuple(terms.split()),
        name,
        tuple(arguments),
    )
