"""The manual's page of terms is the table that invoices are read by."""

from __future__ import annotations

from ionport.documents.invoice.table import terms
from tools.terms_page import PAGE, terms_page


def test_the_page_of_terms_is_made_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == terms_page(), "run python -m tools.terms_page"


def test_every_term_has_one_row() -> None:
    page = terms_page()
    assert [term for term in terms() if page.count(f"\n| {term} |") != 1] == []
