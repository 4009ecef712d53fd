"""The manual's table of rules says what the rules do."""

from __future__ import annotations

import re

from ionport.documents.invoice.rules.table import rules
from ionport.documents.review.organization_rules import ORGANIZATION_RULES, OTHER_FINDINGS
from ionport.documents.review.sentences import SENTENCES
from tools.rules_page import PAGE, rules_page


def test_the_page_is_that_of_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == rules_page(), "run python -m tools.rules_page"


def test_every_rule_has_a_sentence_of_its_own() -> None:
    assert "breaks the rule" not in rules_page()


def test_whatever_a_document_is_told_has_a_row() -> None:
    tested = {rule.id for rule in rules().values() if rule.check != "untestable"}
    rows = set(re.findall(r"(?m)^\| ([A-Za-z]\S*)(?: \(replaces \S+\))? \|", rules_page()))
    assert rows - {"rule"} == tested | set(ORGANIZATION_RULES) | set(OTHER_FINDINGS)
    assert set(SENTENCES) <= rows
