"""The manual's table of rules says what the rules do."""

from __future__ import annotations

from tools.rules_page import PAGE, rules_page


def test_the_page_is_that_of_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == rules_page(), "run python -m tools.rules_page"


def test_every_rule_has_a_sentence_of_its_own() -> None:
    assert "breaks the rule" not in rules_page()
