"""The page as PDF/A-3: readable, with the XML inside, byte for byte."""

from __future__ import annotations

import io
import json
import re
from dataclasses import asdict

import pikepdf
import pytest

from ionport.core.unpacking.pdf import attachments
from ionport.documents.intake.reading import read_any, read_file
from ionport.documents.invoice.reading.reader import read_invoice
from ionport.documents.invoice.rendering.model import Language
from ionport.documents.invoice.rendering.pdf import XML_NAME, _Bounds, pdf_page
from ionport.documents.invoice.rendering.sheet import make_sheet
from ionport.documents.samples import CII_INVOICE, UBL_INVOICE, read_sample

UBL = read_sample(UBL_INVOICE)


def _pdf(content: bytes, language: Language = Language.ENGLISH) -> bytes:
    return pdf_page(make_sheet(read_invoice(content), language), content, XML_NAME)


@pytest.mark.parametrize(
    "content",
    [UBL, read_sample(CII_INVOICE), UBL.decode().replace("UTF-8", "ISO-8859-1").encode("latin-1")],
    ids=["ubl", "cii", "latin-1"],
)
def test_the_xml_is_inside_byte_for_byte_and_read_again_as_the_same_invoice(
    content: bytes,
) -> None:
    made = _pdf(content)
    (attached,) = attachments(made)
    assert (attached.name, attached.content) == (XML_NAME, content)
    assert read_file(made).fields == read_file(content).fields


def test_it_says_that_it_is_pdf_a_3b_and_what_the_file_inside_is_to_it() -> None:
    with pikepdf.open(io.BytesIO(_pdf(UBL))) as pdf:
        with pdf.open_metadata() as metadata:
            claimed = metadata["pdfaid:part"], metadata["pdfaid:conformance"]
        (spec,) = pdf.Root.AF
        assert claimed == ("3", "B")
        assert (spec.AFRelationship, spec.EF.F.Subtype) == ("/Alternative", "/text/xml")


def test_a_document_that_came_as_json_has_that_file_inside() -> None:
    content = b'{"fields": {"invoice_id": "J-1", "supplier_name": "N\xc3\xb6rdwerk"}}'
    made = pdf_page(make_sheet(read_any(content), Language.ENGLISH), content, "invoice.json")
    (attached,) = attachments(made)
    assert (attached.name, attached.content) == ("invoice.json", content)
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert pdf.Root.AF[0].EF.F.Subtype == "/application/json"


def test_many_lines_are_paginated_and_the_same_invoice_is_the_same_file() -> None:
    text = UBL.decode()
    line = re.search(r"<cac:InvoiceLine>.*?</cac:InvoiceLine>\s*", text, re.S)
    assert line is not None
    many = text.replace(line[0], line[0] * 120).encode()
    one = _pdf(many)
    with pikepdf.open(io.BytesIO(one)) as pdf:
        assert len(pdf.pages) > 3
    assert one == _pdf(many)


@pytest.mark.parametrize(
    ("note", "end"),
    [
        ("\n".join(["."] * 40_000), "last"),
        ("a" + "\N{COMBINING ACUTE ACCENT}" * 90_000, "U+0301 (89984) last"),
    ],
    ids=["lines", "accents"],
)
def test_a_text_that_typst_cannot_cope_with_is_set_within_bounds_and_to_its_end(
    note: str, end: str
) -> None:
    found = UBL.replace(b"30 Tage netto", f"{note} last".encode())
    assert found != UBL
    with pikepdf.open(io.BytesIO(_pdf(found))) as pdf:
        assert len(pdf.pages) < 60
    sheet = asdict(make_sheet(read_invoice(found), Language.ENGLISH))
    kept = json.dumps(_Bounds().kept(sheet), ensure_ascii=False)
    assert kept.count("\\n") < 1_200
    assert end in " ".join(kept.split())


def test_texts_of_the_supplier_are_no_markup_and_may_hold_any_sign() -> None:
    evil = (
        '#panic("a") *b* _c_ $d$ ] } &lt;e&gt; @f \\ 中文 \N{GRINNING FACE} \N{ZERO WIDTH SPACE}"'
    )
    text = re.sub(r"(<cbc:RegistrationName>)[^<]*", lambda m: m[1] + evil, UBL.decode())
    text = re.sub(r"(<cac:Item>.*?<cbc:Name>)[^<]*", lambda m: m[1] + evil, text, flags=re.S)
    assert attachments(_pdf(text.encode()))[0].content == text.encode()
