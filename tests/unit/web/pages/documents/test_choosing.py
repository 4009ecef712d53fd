"""Which invoice of a PDF counts is chosen on a page."""

from __future__ import annotations

import re

from ionport.documents.samples import CII_INVOICE, UBL_INVOICE, read_sample
from tests.support.pdfs import pdf_with
from tests.support.web import said
from tests.support.whole import Site


def test_the_invoice_that_counts_is_chosen_and_read(site: Site) -> None:
    pdf = pdf_with(("a.xml", read_sample(UBL_INVOICE)), ("b.xml", read_sample(CII_INVOICE)))
    sent = site.browser.send("/documents/upload", files=[("files", ("two.pdf", pdf))]).text
    (document,) = set(re.findall(r"/documents/(doc_\w+)", sent))
    page = site.browser.get(f"/documents/{document}").text
    choose = f"/documents/{document}/choose"
    assert f'href="{choose}"' in page

    wrong = site.browser.send(choose, {"name": "c.xml"}, form_at=choose)
    assert (wrong.status_code, "It has: a.xml, b.xml" in said(wrong.text)) == (404, True)
    chosen = said(site.browser.send(choose, {"name": "b.xml"}, form_at=choose).text)
    assert "RE-2026-0418" in chosen
    assert "b.xml counts of the invoices in this PDF." in chosen
    assert "Choose the invoice" not in chosen

    # Somebody else had the page open before.
    late = site.browser.send(choose, {"name": "a.xml", "seen": ""}, form_at=choose)
    assert late.status_code == 409
    assert "changed" in said(late.text)
    assert "b.xml counts" in said(site.browser.get(f"/documents/{document}").text)


def test_too_many_files_at_once_are_refused_with_the_number(site: Site) -> None:
    files = [("files", (f"{number}.xml", b"<a/>")) for number in range(51)]
    answer = site.browser.send("/documents/upload", files=files)
    assert answer.status_code == 413
    assert "more than 50 files at once" in said(answer.text)
