"""The manual's page of terms is the table that invoices are read by."""

from __future__ import annotations

from ionport.documents.invoice.table import terms
from tools.terms_page import PAGE, terms_page


def test_the_page_of_terms_is_made_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == terms_page(), "run python -m tools.terms_page"


def test_every_term_has_one_row() -> None:
    page = terms_page().partition("## Where a term stands")[0]
    assert [term for term in terms() if page.count(f"\n| {term} |") != 1] == []


def test_a_place_is_told_from_the_root_of_the_file() -> None:
    cii = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeAgreement/ram:BuyerReference"
    page = terms_page()
    assert f"\n| BT-10 | Buyer reference | `cbc:BuyerReference` | `{cii}` |\n" in page
    assert "| `cbc:InvoiceTypeCode`; credit note: `cbc:CreditNoteTypeCode` |" in page
