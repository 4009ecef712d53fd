"""The readable page of an invoice: complete, in three languages, and harmless."""

from __future__ import annotations

import base64
import re
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pytest
from lxml import etree, html

from ionport.documents.invoice.reading.reader import read_invoice
from ionport.documents.invoice.rendering.html import html_article, html_page
from ionport.documents.invoice.rendering.model import Language
from ionport.documents.invoice.rendering.sheet import make_sheet
from ionport.documents.invoice.rendering.words import Words, labels, term_name
from ionport.documents.invoice.table import terms
from ionport.documents.samples import CII_INVOICE, UBL_INVOICE, read_sample
from tests.support.reference import needs_reference_data, reference_files

_FILES = reference_files("invoices/*.xml") + reference_files("cases/invoices/**/*.xml")
_CORE = re.compile(r"B[GT]-[0-9]+(-[0-9]+)*")
_NUMBER = re.compile(r"-?[0-9][0-9,]*(?:\.[0-9]+)?")
_ISO = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})(?:[TZ+0-9:.-]*)")
_NOT_VALUES = re.compile(r"currencyID|format|\{http://www\.w3\.org/2001/XMLSchema-instance\}.*")
# Said by the place on the page: that a tax is VAT, and that money is added or taken off.
_SAID = frozenset({"VAT", "VA", "true", "false", "0", "1"})


def _leaves(content: bytes) -> set[str]:
    leaves = set()
    for element in etree.fromstring(content.lstrip()).iter("*"):
        if len(element) == 0:
            leaves.add((element.text or "").strip())
        leaves.update(
            value.strip() for name, value in element.attrib.items() if not _NOT_VALUES.match(name)
        )
    return leaves - {""} - _SAID


def _page(text: str, language: Language = Language.ENGLISH) -> str:
    return html_page(make_sheet(read_invoice(text.encode()), language))


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _shows(page: str, numbers: set[Decimal], leaf: str) -> bool:
    """Look for a value as it is written, as a number, as a date, as a note with its subject."""
    if _squeezed(leaf) in page:
        return True
    if leaf.startswith("JVBERi0"):
        size = len(base64.b64decode(leaf))
        return f"{size:,}bytes" in page
    if found := _ISO.fullmatch(leaf):
        year, month, day = found.groups()
        try:
            if f"{int(day)}{date(int(year), int(month), 1):%b}{year}" in page:
                return True
        except ValueError:
            pass  # An amount of eight digits.
    if noted := re.fullmatch(r"#([A-Z0-9]{2,3})#(.*)", leaf, re.DOTALL):
        return all(_squeezed(part) in page for part in noted.groups())
    try:
        return Decimal(leaf) in numbers
    except InvalidOperation:
        return False


@needs_reference_data
@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.name)
def test_every_leaf_of_the_reference_invoices_is_in_the_page(path: Path) -> None:
    content = path.read_bytes()
    if path.name == "h21-nested-markup-in-number.xml":
        pytest.skip("is refused")
    article = html.fromstring(
        html_article(make_sheet(read_invoice(content), Language.ENGLISH)).encode(),
        parser=html.HTMLParser(encoding="utf-8"),
    )
    text = " ".join(article.itertext())
    numbers = {Decimal(one.replace(",", "")) for one in _NUMBER.findall(text)}
    page = _squeezed(text)
    assert [leaf for leaf in _leaves(content) if not _shows(page, numbers, leaf)] == []


def test_every_term_of_the_core_model_has_a_label_in_each_language() -> None:
    core = {term for term in terms() if _CORE.fullmatch(term)}
    assert core <= labels().keys()
    for term, named in labels().items():
        assert set(named) == {"en", "de", "fr"}, term
        assert all(named.values()), term


def test_every_term_of_the_table_has_a_name_in_german_and_french() -> None:
    same = {
        (term, language)
        for term in terms()
        for language in ("de", "fr")
        if term_name(term, language) == terms()[term].name
    }
    assert {terms()[term].name for term, _language in same} <= {"Name", "Description"}


@pytest.mark.parametrize(
    ("language", "amount", "date", "words"),
    [
        (Language.ENGLISH, "1,234,567.50", "9\xa0Mar\xa02026", ("Seller", "Amount due")),
        (Language.GERMAN, "1.234.567,50", "09.03.2026", ("Verkäufer", "Zahlbetrag")),
        (Language.FRENCH, "1\xa0234\xa0567,50", "09/03/2026", ("Vendeur", "Net à payer")),
    ],
)
def test_numbers_dates_and_labels_follow_the_language(
    language: Language, amount: str, date: str, words: tuple[str, str]
) -> None:
    text = read_sample(UBL_INVOICE).decode()
    text = re.sub(r"(<cbc:PayableAmount[^>]*>)[^<]*", r"\g<1>1234567.5", text)
    text = re.sub(r"(<cbc:IssueDate>)[^<]*", r"\g<1>2026-03-09", text)
    page = _page(text, language)
    for expected in (amount, date, *words, f'lang="{language}"'):
        assert expected in page


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        ("1234.5", 2, "1,234.50"),
        ("-0.125", 2, "-0.125"),
        ("1000.000", 0, "1,000"),
        ("-1234567", 3, "-1,234,567.000"),
        ("0.00", 2, "0.00"),
    ],
)
def test_no_digit_of_an_amount_is_rounded_away(value: str, decimals: int, shown: str) -> None:
    assert Words(Language.ENGLISH).number(Decimal(value), decimals) == shown


def test_an_amount_has_the_digits_of_its_currency() -> None:
    text = read_sample(UBL_INVOICE).decode()
    text = re.sub(r"(<cbc:PayableAmount[^>]*>)[^<]*", r"\g<1>1500", text.replace("EUR", "JPY"))
    assert "<dd>1,500 JPY</dd>" in html_page(
        make_sheet(read_invoice(text.encode()), Language.ENGLISH)
    )


def test_what_the_supplier_wrote_is_text_and_no_markup() -> None:
    text = read_sample(CII_INVOICE).decode()
    evil = "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=y&gt;"
    text = re.sub(r"(<ram:SellerTradeParty>.*?<ram:Name>)[^<]*", rf"\g<1>{evil}", text, flags=re.S)
    page = _page(text)
    assert evil in page
    root = html.fromstring(page)
    assert root.xpath("//script | //img | //@onerror | //a | //link") == []


def test_sub_lines_that_do_not_count_say_so() -> None:
    text = read_sample(UBL_INVOICE).decode()
    line = re.search(r"<cac:InvoiceLine>.*?</cac:InvoiceLine>", text, re.S)
    assert line is not None
    sub = (
        line[0]
        .replace("InvoiceLine", "SubInvoiceLine")
        .replace(re.search(r"<cac:Item>.*?<cbc:Name>([^<]*)", line[0], re.S)[1], "A part of it")
    )
    whole = line[0].replace("</cac:InvoiceLine>", sub + "</cac:InvoiceLine>")
    article = html_article(
        make_sheet(read_invoice(text.replace(line[0], whole).encode()), Language.ENGLISH)
    )
    row = html.fromstring(article).xpath("//tr[contains(@class,'invoice-level-1')]")[0]
    assert "A part of it" in row.text_content()
