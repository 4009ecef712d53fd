"""Two documents are the same invoice whatever differs in their bytes."""

from __future__ import annotations

from datetime import date

import pytest

from ionport.documents.intake.reading import read_file
from ionport.documents.invoice.model import Kind
from ionport.documents.review.identity import InvoiceIdentity, invoice_identity
from tests.support.reference import needs_reference_data, reference_files


def _identity(
    number: str = "RE-17",
    *,
    year: int | None = 2026,
    name: str = "Nordwerk GmbH",
    ids: tuple[str, ...] = ("DE123456789",),
    is_credit_note: bool = False,
) -> InvoiceIdentity:
    return invoice_identity(
        Kind.CREDIT_NOTE if is_credit_note else Kind.INVOICE,
        number=number,
        issue_date=date(year, 3, 2) if year else None,
        supplier_name=name,
        supplier_ids=ids,
    )


@pytest.mark.parametrize(
    "number",
    [
        " re-17\u00a0",
        "RE- 17",
        "\u200bRE\u200d-17\ufeff",
        "\u202eRE-17\u202c",
        "\uff32\uff25-17",
        "00RE-17",
        "RE\u00ad-17",
    ],
    ids=["blanks", "blank", "zero-width", "right-to-left", "full-width", "zeros", "soft-hyphen"],
)
def test_a_number_is_the_same_whatever_cannot_be_seen_in_it(number: str) -> None:
    assert _identity(number).is_same_invoice(_identity())


def test_leading_zeros_do_not_count_but_zeros_alone_are_a_number() -> None:
    assert _identity("000471").is_same_invoice(_identity("471"))
    assert _identity("000").is_same_invoice(_identity("0"))
    assert not _identity("4710").is_same_invoice(_identity("471"))


def test_a_credit_note_with_the_same_number_is_no_duplicate() -> None:
    assert not _identity(is_credit_note=True).is_same_invoice(_identity())


def test_another_year_is_another_invoice_and_an_unknown_one_may_be_any() -> None:
    assert not _identity(year=2025).is_same_invoice(_identity())
    assert _identity(year=None).is_same_invoice(_identity())


def test_any_identity_of_the_supplier_is_enough() -> None:
    other = {"name": "Another Ltd"}
    assert _identity(ids=("DE 123 456 789",), **other).is_same_invoice(_identity())
    # What one sender writes as a tax number another writes as a VAT id; a GLN, a supplier number.
    assert _identity(ids=("4012345000009", "de123456789"), **other).is_same_invoice(_identity())
    assert _identity(name="  NORDWERK G.m.b.H. ", ids=()).is_same_invoice(_identity(ids=()))
    assert not _identity(ids=("DE000000001",), **other).is_same_invoice(_identity())
    assert not _identity(ids=(), name="").is_same_invoice(_identity(ids=(), name=""))


@needs_reference_data
def test_the_copies_of_one_invoice_are_recognised() -> None:
    copies = reference_files("cases/invoices/30-same-invoice-twice/*.xml")
    first, second = (read_file(path.read_bytes()).identity for path in copies)
    assert first.is_same_invoice(second)
