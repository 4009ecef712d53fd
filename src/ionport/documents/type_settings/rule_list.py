"""The rules whose effect a document type may set, each in words that name no value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ionport.documents.invoice.rules.model import Effect
from ionport.documents.invoice.rules.table import rules
from ionport.documents.review.organization_rules import ORGANIZATION_RULES, default_effect
from ionport.documents.type_settings.model import TypeSettings, effect_is_fixed
from ionport.documents.type_settings.rule_words import rule_title, rule_words


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as a list shows it; `effect` is what it does for the type, `default` as shipped.

    With `is_fixed` it holds whatever an administrator says.
    """

    code: str
    title: str
    text: str
    default: Effect
    effect: Effect
    is_fixed: bool

    @property
    def is_changed(self) -> bool:
        return self.effect is not self.default


def rule_rows(settings: TypeSettings) -> Sequence[RuleRow]:
    """Return every rule that may find something, those of the organization first."""
    tested = (rule.id for rule in rules().values() if rule.check != "untestable")
    rows = []
    for code in (*ORGANIZATION_RULES, *tested):
        default = default_effect(code)
        effect = settings.effects.get(code, default)
        rows.append(
            RuleRow(
                code, rule_title(code), rule_words(code), default, effect, effect_is_fixed(code)
            )
        )
    return rows
