"""The manual's tables of keys are those of the grammars."""

from __future__ import annotations

from ionport.mappings.grammars.sections import M3_SECTIONS
from tools.mapping_keys_page import PAGE, mapping_keys_page


def test_the_page_is_up_to_date() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == mapping_keys_page() + "\n", "run python -m tools.mapping_keys_page"


def test_each_section_has_its_row() -> None:
    page = mapping_keys_page()
    assert all(f"| {name} |" in page for name in M3_SECTIONS)
