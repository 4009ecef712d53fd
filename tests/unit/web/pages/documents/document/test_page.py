"""The page of one document: formatted to be read, raw to be corrected, all of it without script."""

from __future__ import annotations

import re

import pytest

from ionport.web.pages.documents.document.values import ROWS
from tests.support.pdfs import pdf_with
from tests.support.web import said
from tests.support.whole import Site
from tests.unit.web.pages.documents.test_export import AGAIN, MISMATCH, SAMPLE, _upload


def _section(page: str, name: str) -> str:
    """Return a part of the page, from its id to the next part."""
    part = rf'<section class="part[^"]*" id="{name}".*?(?=<section class="part|\Z)'
    found = re.search(part, page, re.S)
    assert found is not None, name
    return found[0]


def test_amounts_dates_and_codes_are_written_as_people_read_them(site: Site) -> None:
    (document,) = _upload(site, SAMPLE)
    values = said(_section(site.browser.get(f"/documents/{document}").text, "values"))
    for text in (
        "Invoice Date 02.03.2026",
        "Invoice Type 380 Commercial invoice",
        "Payment Method 58 SEPA credit transfer",
        "IBAN DE89 3704 0044 0532 0130 00",
        "Total Net Amount 2,414.80",
        "1 19 % S Standard rate 1,874.80 356.21",
        "Currency EUR Euro",
        "Supplier Country DE Germany",
        "12 one 149.90 1,798.80",
        "S Standard rate",
        "Lines 2,414.80 Net 2,414.80 VAT 394.01 Gross 2,808.81 Difference 0.00",
    ):
        assert text in values, text


@pytest.mark.parametrize(
    ("language", "names"),
    [("de", ["Bestellung", "Nachlass"]), ("fr", ["Bon de commande", "Remise"])],
)
def test_what_a_reference_or_an_allowance_is_stands_in_the_readers_language(
    site: Site, language: str, names: list[str]
) -> None:
    allowance = (
        b"<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>"
        b'<cbc:Amount currencyID="EUR">1.00</cbc:Amount></cac:AllowanceCharge><cac:TaxTotal>'
    )
    (document,) = _upload(site, SAMPLE.replace(b"<cac:TaxTotal>", allowance, 1))
    site.browser.http.headers["accept-language"] = language
    cells = re.findall(
        r"<td[^>]*>\s*([^<]*?)\s*</td>", site.browser.get(f"/documents/{document}").text
    )
    assert [name for name in names if name not in cells] == []
    assert not {"order", "allowance"} & set(cells)


def test_amounts_have_the_digits_of_their_currency(site: Site) -> None:
    (document,) = _upload(site, SAMPLE.replace(b'"EUR"', b'"JPY"').replace(b">EUR<", b">JPY<"))
    (dinar,) = _upload(site, AGAIN.replace(b'"EUR"', b'"KWD"').replace(b">EUR<", b">KWD<"))
    assert "7 % S Standard rate 540 " in said(site.browser.get(f"/documents/{document}").text)
    assert "2,808.810 KWD" in said(site.browser.get(f"/documents/{dinar}").text)


def test_what_does_not_add_up_is_told_by_how_much(site: Site) -> None:
    (document,) = _upload(site, SAMPLE.replace(b"2414.80</cbc:TaxEx", b"2414.70</cbc:TaxEx"))
    page = site.browser.get(f"/documents/{document}").text
    assert re.search(r'class="is-wrong" data-difference>.*?<dd>0.10</dd>', page, re.S)


def test_an_amount_due_that_is_not_what_is_left_is_told_by_how_much(site: Site) -> None:
    paid = b'<cbc:PrepaidAmount currencyID="EUR">100.00</cbc:PrepaidAmount><cbc:Payable'
    wrong, right = _upload(
        site,
        SAMPLE.replace(b"2808.81</cbc:Payable", b"2808.87</cbc:Payable"),
        SAMPLE.replace(b"RE-2026-0417", b"RE-7")
        .replace(b"<cbc:Payable", paid)
        .replace(b"2808.81</cbc:Payable", b"2708.81</cbc:Payable"),
    )
    page = site.browser.get(f"/documents/{wrong}").text
    assert "is 2,808.87 EUR in the document but 2,808.81 EUR by its other figures" in said(page)
    assert "Amount Due 2,808.87 Due \N{MINUS SIGN} Payable 0.06 Currency EUR" in said(page)
    assert 'class="is-wrong" data-difference' in page
    page = site.browser.get(f"/documents/{right}").text
    assert "Paid 100.00 Amount Due 2,708.81 Difference 0.00 Currency EUR" in said(page)
    assert 'class="is-right" data-difference' in page


def test_a_long_table_is_shown_in_pages(site: Site) -> None:
    text = SAMPLE.decode()
    line = re.search(r"<cac:InvoiceLine>.*?</cac:InvoiceLine>\s*", text, re.S)
    assert line is not None
    (document,) = _upload(site, text.replace(line[0], line[0] * 120).encode())
    path = f"/documents/{document}"
    page = site.browser.get(path).text
    rows = re.compile(r"row=(\d+)#values")
    assert f"Rows 1 to {ROWS} of 122" in said(page)
    shown = [int(n) for n in rows.findall(_section(page, "values"))]
    assert set(range(1, ROWS + 1)) <= set(shown)
    assert ROWS + 1 not in shown
    assert f'href="{path}?INVOICE_TABLE={ROWS + 1}#INVOICE_TABLE"' in page
    last = site.browser.get(f"{path}?INVOICE_TABLE=110").text
    assert "Rows 101 to 122 of 122" in said(last)
    for strange in ("0", "-1", "x", "9" * 30, "²"):
        assert site.browser.get(f"{path}?INVOICE_TABLE={strange}").status_code == 200


def test_a_corrected_value_is_marked_on_the_invoice_and_can_be_undone_beside_it(site: Site) -> None:
    (document,) = _upload(site, MISMATCH)
    path, cell = f"/documents/{document}", "INVOICE_TABLE/2/DESCRIPTION"
    fields = {
        "seen amount_due": "2808.80",
        "value amount_due": "2808.81",
        f"seen {cell}": "Akku-Bohrschrauber 18 V",
        f"value {cell}": "Akku-Bohrschrauber 20 V",
        "seen sales_order": "",
        "value sales_order": "A-7",
    }
    page = site.browser.send(f"{path}/correct", fields).text
    invoice = _section(page, "invoice")
    assert "<ins>2,808.81 EUR</ins> <del>2,808.80 EUR</del>" in invoice
    assert "<ins><bdi>Akku-Bohrschrauber 20 V\nMit" in invoice
    assert "<ins>A-7</ins></dd>" in invoice
    assert "The PDF shows the invoice as it was received" in said(invoice)
    values = _section(page, "values")
    decisions = re.findall(r'name="decision" value="([^"]+)"', values)
    undone = site.browser.send(f"{path}/undo", {"decision": decisions[-1]}, form_at=path).text
    assert undone.count("<del>") == 1


def test_the_pdf_of_a_corrected_invoice_is_that_of_the_received_one(site: Site) -> None:
    (document,) = _upload(site, MISMATCH)
    path = f"/documents/{document}"
    before = site.browser.get(f"{path}/page.pdf").content
    site.browser.send(
        f"{path}/correct", {"seen amount_due": "2808.80", "value amount_due": "2808.81"}
    )
    assert site.browser.get(f"{path}/page.pdf").content == before


def test_every_wrong_value_is_told_beside_its_field_at_once(site: Site) -> None:
    (document,) = _upload(site, SAMPLE)
    path = f"/documents/{document}/correct"
    wrong = {
        "seen invoice_date": "2026-03-02",
        "value invoice_date": "2nd of March",
        "seen currency": "EUR",
        "value currency": "euros",
        "seen supplier_iban": "DE89370400440532013000",
        "value supplier_iban": "DE89370400440532013001",
        "seen invoice_id": "RE-2026-0417",
        "value invoice_id": "RE-2026-0418",
    }
    answer = site.browser.send(path, wrong)
    assert answer.status_code == 422
    assert "3 values cannot be kept" in said(answer.text)
    for name in ("invoice_date", "currency", "supplier_iban"):
        assert f'id="{name}-error"' in answer.text
        assert f'aria-describedby="{name}' in answer.text
    # What is typed stays typed, and a date field of the browser could not hold this one.
    assert 'value="2nd of March"' in answer.text
    assert 'value="RE-2026-0418"' in answer.text
    assert "corrected" not in said(_section(site.browser.get(path[:-8]).text, "values"))


def test_editors_fit_the_type_of_their_values(site: Site) -> None:
    (document,) = _upload(site, SAMPLE)
    page = site.browser.get(f"/documents/{document}/correct").text
    for name, attribute in (
        ("invoice_date", 'type="date"'),
        ("total_amount", 'inputmode="decimal"'),
        ("currency", 'list="codes-iso-4217"'),
        ("payment_method", 'list="codes-untdid-4461"'),
    ):
        field = re.search(rf'<input [^>]*name="value {name}"[^>]*>', page)
        assert field is not None
        assert attribute in field[0]
    assert '<option value="EUR">Euro</option>' in page
    row = site.browser.get(f"/documents/{document}/correct?table=INVOICE_TABLE&row=1").text
    assert 'name="value INVOICE_TABLE/1/QUANTITY"' in row
    assert 'name="value invoice_id"' not in row
    # Of two thousand units the usual ones are offered; any other can be typed.
    assert row.count("<option ") < 200


@pytest.mark.parametrize(
    ("typed", "language", "kept"),
    [
        ("1,119.00", "de", "1119.00"),
        ("1.119,00", "en", "1119.00"),
        ("1119,5", "en", "1119.5"),
        ("1 119.50", "fr", "1119.50"),
        ("1\u202f119,50", "fr", "1119.50"),
        ("1'119.50", "de-CH", "1119.50"),
        ("1,234,567", "de", "1234567"),
        ("1,119", "en-GB,en;q=0.9", "1119"),
        ("1.119", "en-GB,en;q=0.9", "1.119"),
        ("-5,00", "de", "-5.00"),
    ],
)
def test_an_amount_is_read_as_the_person_writes_it(
    site: Site, typed: str, language: str, kept: str
) -> None:
    (document,) = _upload(site, SAMPLE)
    path = f"/documents/{document}/correct"
    fields = {"seen prepaid_amount": "", "value prepaid_amount": typed}
    site.browser.send(path, fields, headers={"accept-language": language})
    page = site.browser.get(path).text
    assert f'name="seen prepaid_amount" value="{kept}"' in page


@pytest.mark.parametrize("typed", ["1,119", "1.119"])
def test_an_amount_that_can_be_read_in_two_ways_is_refused_with_both(
    site: Site, typed: str
) -> None:
    (document,) = _upload(site, SAMPLE)
    path = f"/documents/{document}/correct"
    fields = {"seen prepaid_amount": "", "value prepaid_amount": typed}
    answer = site.browser.send(path, fields, headers={"accept-language": "de-DE,de;q=0.9"})
    assert answer.status_code == 422
    told = f"{typed} kann auf zwei Arten gelesen werden: Schreiben Sie 1119 oder 1.1190."
    assert told in said(answer.text)
    assert f'value="{typed}"' in answer.text


def test_an_editor_has_an_amount_with_the_digits_of_its_currency(site: Site) -> None:
    (document,) = _upload(site, SAMPLE.replace(b">394.01<", b">394.1<"))
    path = f"/documents/{document}/correct"
    page = site.browser.get(path).text
    assert 'name="seen total_tax_amount" value="394.1"' in page
    assert re.search(r'name="value total_tax_amount" value="394.10"', page)
    # What is sent as it was shown is no change.
    fields = {"seen total_tax_amount": "394.1", "value total_tax_amount": "394.10"}
    assert "Nothing was changed." in said(site.browser.send(path, fields).text)


def test_a_row_of_vat_is_shown_once(site: Site) -> None:
    (document,) = _upload(site, SAMPLE)
    values = _section(site.browser.get(f"/documents/{document}").text, "values")
    assert said(values).count("1,874.80") == 1


def test_a_pdf_without_an_invoice_opens_with_its_form(site: Site) -> None:
    (document,) = _upload(site, pdf_with(("notes.txt", b"nothing")))
    path = f"/documents/{document}"
    page = site.browser.get(path).text
    assert "Enter the values of the invoice" in said(page)
    assert 'href="/manual/rules#no_invoice_in_pdf"' in page
    assert ">no_invoice_in_pdf</a>" not in page
    assert f'src="{path}/pages/1.webp"' in page
    assert f'action="{path}/correct"' in page
    done = site.browser.send(
        f"{path}/correct", {"seen invoice_id": "", "value invoice_id": "H-1"}, form_at=path
    )
    assert "Invoice Number H-1 entered by hand" in said(done.text)


def test_what_differs_from_the_other_document_is_marked(site: Site) -> None:
    _first, second = _upload(site, SAMPLE, AGAIN.replace(b"EINKAUF-12", b"EINKAUF-13"))
    findings = _section(site.browser.get(f"/documents/{second}").text, "findings")
    assert re.findall(r"<mark>(.*?)</mark>", findings) == ["EINKAUF-13", "EINKAUF-12"]
    assert re.search(r"\d+ further values are the same", said(findings))


@pytest.mark.parametrize("query", ["", "?language=de"])
def test_every_part_is_reached_without_script(site: Site, query: str) -> None:
    (document,) = _upload(site, MISMATCH)
    page = site.browser.get(f"/documents/{document}{query}").text
    for part in ("findings", "invoice", "values", "history"):
        assert f'<a href="#{part}">' in page
        assert len(re.findall(rf'id="{part}"', page)) == 1
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids)), "an id stands twice"
