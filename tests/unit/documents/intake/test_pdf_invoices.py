"""A PDF with an invoice attached is that invoice; any other PDF is kept and held."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ionport.cli.documents.check import document_check
from ionport.core.errors import InvalidInput
from ionport.documents.intake.reading import Intake, read_file
from ionport.documents.invoice.rules.model import Effect
from ionport.documents.samples import CII_INVOICE, UBL_INVOICE, read_sample
from tests.support.pdfs import pdf_with
from tests.support.reference import needs_reference_data, reference_files

CII, UBL = read_sample(CII_INVOICE), read_sample(UBL_INVOICE)


def _held(content: bytes) -> tuple[str, str]:
    intake = read_file(content)
    (finding,) = intake.findings
    assert finding.effect is Effect.HOLDS
    assert intake.fields == {}
    return finding.code, finding.text


def test_the_invoice_in_a_pdf_is_found_by_its_content_among_other_files() -> None:
    other = ("terms.xml", b"<terms/>"), ("logo.png", b"\x89PNG")
    intake = read_file(b"\n" + pdf_with(*other, ("anything.bin", CII)))
    plain = read_file(CII)
    assert intake.mime_type == "application/pdf"
    assert (intake.fields, intake.tables, intake.identity) == (
        plain.fields,
        plain.tables,
        plain.identity,
    )


@pytest.mark.parametrize(("files", "status"), [([CII], 0), ([], 2), ([CII, UBL], 2)])
def test_the_validator_reads_the_one_invoice_in_a_pdf(
    files: list[bytes], status: int, tmp_path: Path
) -> None:
    file = tmp_path / "invoice.pdf"
    file.write_bytes(pdf_with(*((f"{n}.xml", content) for n, content in enumerate(files))))
    result = CliRunner().invoke(document_check, [str(file)])
    assert result.exit_code == status
    if not files:
        assert "no invoice attached" in result.output
    elif status:
        assert "2 invoices attached, not one: 0.xml, 1.xml." in result.output


def test_a_pdf_without_an_invoice_is_kept_and_held() -> None:
    assert _held(pdf_with())[0] == "no_invoice_in_pdf"
    assert _held(pdf_with(("terms.xml", b"<terms/>")))[0] == "no_invoice_in_pdf"


def test_a_pdf_with_two_invoices_is_held_and_names_them() -> None:
    code, text = _held(pdf_with(("factur-x.xml", CII), ("xrechnung.xml", UBL)))
    assert code == "invoices_in_pdf"
    assert "factur-x.xml, xrechnung.xml" in text


def test_an_invoice_in_a_pdf_that_cannot_be_read_refuses_the_pdf() -> None:
    nested = CII.replace(b"<ram:ID>RE-2026-0418", b"<ram:ID><x/>RE-2026-0418")
    with pytest.raises(InvalidInput, match="text with elements inside"):
        read_file(pdf_with(("factur-x.xml", nested)))


def _case(name: str) -> Intake:
    (path,) = reference_files(f"cases/invoices/{name}")
    return read_file(path.read_bytes())


@needs_reference_data
def test_pdfs_that_failed_once_give_their_result() -> None:
    for name in ("23-facturx.pdf", "25-pdf-with-blank-line-first.pdf"):
        assert _case(name).fields["invoice_id"]
    assert [one.code for one in _case("h91-pdf-two-xml.pdf").findings] == ["invoices_in_pdf"]
    assert [one.code for one in _case("h94-pdf-no-attachment.pdf").findings] == [
        "no_invoice_in_pdf"
    ]
    for name, code in (
        ("h92-pdf-encrypted.pdf", "pdf_encrypted"),
        ("h93-pdf-truncated.pdf", "pdf_damaged"),
        ("h98-html.html", "not_an_einvoice"),
    ):
        with pytest.raises(InvalidInput) as raised:
            _case(name)
        assert raised.value.code == code
