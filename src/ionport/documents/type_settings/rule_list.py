"""The rules whose effect a document type may set, each in words that name no value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ionport.documents.invoice.rules.model import Effect, Rule
from ionport.documents.invoice.rules.sentences import rule_text
from ionport.documents.invoice.rules.table import rules
from ionport.documents.review.organization_rules import ORGANIZATION_RULES, default_effect
from ionport.documents.review.sentences import finding_text
from ionport.documents.type_settings.model import TypeSettings, effect_is_fixed

_VALUES = """
end start codes value stated computed difference list other count given unit limit currency others
total due issued number signs length amount payee seller first name type path line replaced
"""
_VALUES_OF_ORGANIZATION = "supplier number filename account buyer company field value limit title"


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as a list shows it; `effect` is what it does for the type, `default` as shipped.

    With `is_fixed` it holds whatever an administrator says.
    """

    code: str
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
        rows.append(RuleRow(code, rule_words(code), default, effect, effect_is_fixed(code)))
    return rows


def rule_words(code: str) -> str:
    """Return what a rule says, with an ellipsis in the place of each value."""
    rule = rules().get(code)
    if rule is None:
        return finding_text(code, dict.fromkeys(_VALUES_OF_ORGANIZATION.split(), "…"))
    return rule_text(code, _shown_values(rule)) or code


def _shown_values(rule: Rule) -> dict[str, str]:
    values = dict.fromkeys(_VALUES.split(), "…")
    has_category = rule.check.startswith("category_") and rule.arguments
    values["category"] = rule.arguments[0] if has_category else "…"
    values |= {"term": rule.terms[0] if rule.terms else "…", "problem": "other_type"}
    values |= {"missing": " ".join(rule.arguments[2:]), "concern": "money"}
    if rule.check == "means":
        values["term"] = rule.arguments[2]
    if rule.check == "not_understood":
        values["concern"] = rule.arguments[0]
    return values
