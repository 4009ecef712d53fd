"""Each rule has a title and a sentence that make sense without any document."""

from __future__ import annotations

from ionport.documents.type_settings.model import TypeSettings
from ionport.documents.type_settings.rule_list import rule_rows


def test_no_rule_is_told_by_its_code_or_with_holes() -> None:
    rows = rule_rows(TypeSettings("INVOICE"))
    assert len(rows) > 200
    wrong = [
        row.code
        for row in rows
        if row.code in (row.title, row.text)
        or any(sign in f"{row.title} {row.text}" for sign in "…{}“”")
        or "breaks the rule" in row.text
        or not row.text.endswith(".")
    ]
    assert wrong == []
