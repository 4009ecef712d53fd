"""The document's page shows the invoice as people know it, its PDF and the files inside."""

from __future__ import annotations

import base64
import re

import pytest

from ionport.core.unpacking.pdf import attachments
from ionport.documents.samples import UBL_INVOICE, read_sample
from ionport.web.pages.documents.invoice import MAX_ROWS
from tests.support.web import said
from tests.support.whole import Site

SAMPLE = read_sample(UBL_INVOICE)
_FILE = (
    '<cac:AdditionalDocumentReference><cbc:ID>"&lt;i&gt;</cbc:ID><cac:Attachment>'
    '<cbc:EmbeddedDocumentBinaryObject mimeCode="text/csv" filename="&lt;b&gt;.csv">'
    f"{base64.b64encode(b'a,b').decode()}</cbc:EmbeddedDocumentBinaryObject>"
    "</cac:Attachment></cac:AdditionalDocumentReference>"
)


def _add(site: Site, name: str, content: bytes) -> str:
    page = site.browser.send("/documents/upload", files=[("files", (name, content))]).text
    found = re.search(r'href="(/documents/doc_\w+)"', page)
    assert found is not None, said(page)
    return found[1]


def test_the_page_shows_the_invoice_in_the_language_that_is_asked_for(site: Site) -> None:
    address = f"/documents/{site.document_id()}"
    for query, words in (
        ("", ("Seller", "Amount due", "2,808.81 EUR")),
        ("?language=de", ("Verkäufer", "Zahlbetrag", "2.808,81 EUR")),
        ("?language=evil", ("Seller", "Amount due")),
    ):
        page = site.browser.get(address + query).text
        assert all(word in said(page) for word in words), query
    style = re.search(r'<link rel="stylesheet" href="(/documents/[^"]+)"', page)
    assert style is not None
    assert ".invoice" in site.browser.get(style[1]).text


def test_the_pdf_opens_in_the_page_and_holds_the_xml(site: Site) -> None:
    address = f"/documents/{site.document_id()}/page.pdf"
    shown, saved = site.browser.get(address), site.browser.get(address + "?download=1")
    assert shown.headers["content-type"] == "application/pdf"
    assert "frame-ancestors 'self'" in shown.headers["content-security-policy"]
    assert saved.headers["content-disposition"].startswith('attachment; filename="demo-invoice')
    assert shown.content == saved.content
    assert attachments(shown.content)[0].content == SAMPLE


def test_a_received_pdf_is_shown_as_it_is_with_the_invoice_inside(site: Site) -> None:
    made = site.browser.get(f"/documents/{site.document_id()}/page.pdf").content
    other = _add(site, "received.pdf", made)
    page = site.browser.get(other).text
    assert f'src="{other}/pages/1.webp"' in page
    assert "The invoice inside the PDF" in said(page)
    assert site.browser.get(f"{other}/page.pdf").content == made


def test_pages_of_a_received_pdf_are_pictures(site: Site) -> None:
    xml = f"/documents/{site.document_id()}"
    pdf = _add(site, "received.pdf", site.browser.get(f"{xml}/page.pdf").content)
    picture = site.browser.get(f"{pdf}/pages/1.webp")
    assert picture.headers["content-type"] == "image/webp"
    assert picture.headers["cache-control"] == "private, max-age=86400, immutable"
    assert picture.content[8:12] == b"WEBP"
    for path in (f"{pdf}/pages/0.webp", f"{pdf}/pages/9999.webp", f"{xml}/pages/1.webp"):
        assert site.browser.get(path).status_code == 404


def test_files_inside_are_saved_and_never_opened(site: Site) -> None:
    content = SAMPLE.replace(
        b"<cac:AccountingSupplierParty>", _FILE.encode() + b"<cac:AccountingSupplierParty>", 1
    )
    address = _add(site, "with-file.xml", content)
    assert "<b>.csv" not in site.browser.get(address).text
    answer = site.browser.get(f"{address}/attachments/1")
    assert (answer.content, answer.headers["content-type"]) == (b"a,b", "application/octet-stream")
    assert site.browser.get(f"{address}/attachments/2").status_code == 404
    assert site.browser.get(f"{address}/attachments/0").status_code == 404


@pytest.mark.parametrize("path", ["page.pdf", "attachments/1"])
def test_a_document_that_is_not_there_is_not_found(site: Site, path: str) -> None:
    assert site.browser.get(f"/documents/doc_0/{path}").status_code == 404


def test_long_tables_are_cut_and_say_so(site: Site) -> None:
    text = SAMPLE.decode()
    line = re.search(r"<cac:InvoiceLine>.*?</cac:InvoiceLine>\s*", text, re.DOTALL)
    assert line is not None
    count = MAX_ROWS + 10
    address = _add(site, "long.xml", text.replace(line[0], line[0] * count).encode())
    page = said(site.browser.get(address).text)
    assert f"The first {MAX_ROWS} of {count + 2} rows" in page
