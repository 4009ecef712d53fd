"""Values of the rules: a row of the table, and what one noticed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ionport.documents.invoice.tree import Node


class Effect(StrEnum):
    """The effect of a finding on its document: *holds* keeps it from every delivery."""

    HOLDS = "holds"
    NOTES = "notes"


class RuleSet(StrEnum):
    """Where a rule comes from, which decides on what invoices it runs."""

    EN_16931 = "EN 16931"
    XRECHNUNG = "XRechnung"
    XRECHNUNG_EXTENSION = "XRechnung extension"
    PEPPOL = "Peppol"
    EXTENDED = "EXTENDED"
    OWN = "ionport"


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of `rules.tsv`.

    `sets` are the standards that have it, `check` names the function of the condition and
    `arguments` what it is given; `replaces` is the rule that does not run where this one does.
    """

    id: str
    effect: Effect
    sets: frozenset[RuleSet]
    replaces: str
    terms: tuple[str, ...]
    check: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Violation:
    """One place where a condition does not hold; `values` fill the sentence of the check."""

    node: Node | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """What a rule noticed; `where` is the path of the value, ``""`` when there is none."""

    rule: Rule
    values: Mapping[str, str]
    where: str = ""
    line: int = 0
