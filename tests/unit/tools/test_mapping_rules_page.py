"""The manual's table of the rules of mapping files says what the rules do."""

from __future__ import annotations

import pytest

from ionport.manual import read_page
from ionport.mappings.lint.rules.model import Rule
from ionport.mappings.lint.rules.table import GROUPS, RULES
from ionport.mappings.model import Finding
from ionport.web.rendering.markdown import page_html
from tools.mapping_rules_page import PAGE, mapping_rules_page


def test_the_page_is_that_of_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == mapping_rules_page(), "run python -m tools.mapping_rules_page"
    html = page_html(read_page("mapping-rules"))
    assert all(f'id="{rule}"' in html for rule in RULES)


def test_each_rule_has_one_id() -> None:
    assert len(RULES) == sum(len(rules) for rules in GROUPS.values())


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_each_rule_has_a_sentence_and_a_remedy(rule: Rule) -> None:
    for case in ("", *rule.remedies):
        finding = Finding(rule.severity, rule.id, 1, "SF_x", {"case": case} if case else {})
        assert finding.text
        assert finding.remedy or (rule.remedies and not case)
