"""The rules whose effect a document type may set, each with a text that names no value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ionport.core.i18n import _
from ionport.documents.invoice.rules.model import Effect
from ionport.documents.invoice.rules.table import rules
from ionport.documents.review.organization_rules import (
    FIELD_RULES,
    ORGANIZATION_RULES,
    default_effect,
)
from ionport.documents.type_settings.model import TypeSettings, effect_is_fixed
from ionport.documents.type_settings.rule_words import rule_title, rule_words


class RuleGroup(StrEnum):
    """What a rule is about, in the order of the list."""

    ORGANIZATION = "organization"
    FIELDS = "fields"
    OWN = "own"
    CONTENT = "content"
    SUMS = "sums"
    VAT = "vat"
    CODES = "codes"
    GERMANY = "xrechnung"
    PEPPOL = "peppol"
    EXTENDED = "extended"

    @property
    def label(self) -> str:
        """The group in the user's words."""
        return {
            RuleGroup.ORGANIZATION: _("What the organization knows"),
            RuleGroup.FIELDS: _("What this document type demands of fields"),
            RuleGroup.OWN: _("Checks of ionport"),
            RuleGroup.CONTENT: _("EN 16931: what an invoice has to say"),
            RuleGroup.SUMS: _("EN 16931: sums, conditions and decimals"),
            RuleGroup.VAT: _("EN 16931: VAT categories"),
            RuleGroup.CODES: _("EN 16931: code lists"),
            RuleGroup.GERMANY: _("XRechnung (Germany)"),
            RuleGroup.PEPPOL: _("Peppol"),
            RuleGroup.EXTENDED: _("Factur-X EXTENDED"),
        }[self]


# By the beginning of the code; the first that fits.
_GROUPS: Final = (
    ("BR-FXEXT", RuleGroup.EXTENDED),
    ("BR-DEC", RuleGroup.SUMS),
    ("BR-DE", RuleGroup.GERMANY),
    ("BR-CO", RuleGroup.SUMS),
    ("BR-CL", RuleGroup.CODES),
    ("PEPPOL", RuleGroup.PEPPOL),
    *((f"BR-{number}", RuleGroup.CONTENT) for number in range(10)),
    ("BR-", RuleGroup.VAT),
)


def rule_group(code: str) -> RuleGroup:
    """Return what the rule of this code is about."""
    if code in FIELD_RULES:
        return RuleGroup.FIELDS
    if code in ORGANIZATION_RULES:
        return RuleGroup.ORGANIZATION
    return next((group for start, group in _GROUPS if code.startswith(start)), RuleGroup.OWN)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as a list shows it; `effect` is what it does for the type, `default` as shipped.

    With `is_fixed` it always holds.
    """

    code: str
    title: str
    text: str
    default: Effect
    effect: Effect
    is_fixed: bool
    group: RuleGroup

    @property
    def is_changed(self) -> bool:
        return self.effect is not self.default


def rule_rows(settings: TypeSettings) -> Sequence[RuleRow]:
    """Return every rule that may find something, by groups, those of the organization first."""
    tested = (rule.id for rule in rules().values() if rule.check != "untestable")
    rows = []
    for code in (*ORGANIZATION_RULES, *tested):
        default = default_effect(code)
        effect = settings.effects.get(code, default)
        rows.append(
            RuleRow(
                code,
                rule_title(code),
                rule_words(code),
                default,
                effect,
                effect_is_fixed(code),
                rule_group(code),
            )
        )
    order = list(RuleGroup)
    return sorted(rows, key=lambda row: order.index(row.group))
