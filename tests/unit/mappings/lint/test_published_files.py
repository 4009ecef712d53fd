"""What the linter says about the vendor's own files: rule, line and the name that it is about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ionport.mappings.grammars.edits import apply_edits
from ionport.mappings.grammars.files import read_mapping, recognise_kind
from ionport.mappings.lint.linter import lint
from ionport.mappings.model import Finding
from tests.support.reference import FOLDER, needs_reference_data

pytestmark = needs_reference_data

_LOST = (
    "BankReference SupplierCountry SupplierVATCountry VatPercent2 VATAmount2 NetAmount2 VatPercent3"
    " VATAmount3 NetAmount3 TaxCode TaxCode2 TaxCode3 DueDate OrganisationNo SupplierCat Position"
)
_LOST_BY_LN = (
    "BankReference SupplierCountry SupplierVATCountry TaxCode TaxCode2 TaxCode3 DueDate"
    " OrganisationNo SupplierCat"
)
EXPECTED = {
    "LN-Mapping": (
        "54 defined_unlisted OrderSequence",
        "61 defined_unlisted OrderSequence",
        "96 defined_unlisted Quantity1",
        "97 defined_unlisted Quantity2",
        "19 default_tax_country tax_country_1",
    ),
    "IDM-Mapping_OrderConfirmation_LN": (
        "27 placeholder_value",
        "39 no_correlation_id",
        "46 defined_unlisted VENDOR_ID",
        "47 defined_unlisted VENDOR_NAME",
        "48 defined_unlisted IBAN_EXTRACTED",
        "49 defined_unlisted VAT_NO_EXTRACTED",
        "50 looks_swapped",
        "39 listed_undefined PAYMENT_TERMS",
    ),
    "M3-Mapping_full_with_DN_CN_RFP_from_docs": (
        "246 misspelt_key DebitNoteInvoiceCost",
        "372 misspelt_key CreditNoteReceiptFields",
        "33 m3_unknown_field TCHG",
        "68 m3_unknown_field GEOC",
        "185 m3_unknown_field AIT1",
        "32 unfilled_field sqr_field_esr_reference",
        "173 unfilled_table cost_lines",
    ),
    "M3-Mapping_full_lowercase_cono_2024_from_docs_history": ("91 unknown_column AMOUN",),
    "M3-export-xrechnung": ("22 m3_unknown_field TCHG", "40 m3_unknown_field TAXT"),
    "BOD-Mapping_Invoice_M3": (
        "40 placeholder_logical_id",
        "74 name_not_read InvoiceType",
        "82 name_not_read DeliveryDate",
        "98 name_not_read BOD_SupplierPartyID",
        "100 name_not_read AccountNumber",
        "72 listed_twice VENDOR_NAME",
        "72 tax_code_fixed",
        "72 vat_lines",
        *(f"72 name_not_sent {name}" for name in _LOST.split()[:-1]),
        "152 name_not_sent Position",
    ),
    "BOD-Mapping_Invoice_LN": (
        "111 name_not_read AccountNumber",
        *(f"71 name_not_sent {name}" for name in _LOST_BY_LN.split()),
    ),
    "BOD-Mapping_OrderConfirmation": (
        "103 unknown_field Firma",
        "151 name_not_read ConfirmedQuantity",
        "165 name_not_read ConfirmedUnitPrice",
        "83 name_not_sent Currency",
    ),
    "IDM-Mapping_from_docs": ("19 constant_and_field SF_M3_Company",),
}


def _text(name: str) -> str:
    (path,) = FOLDER.glob(f"mappings/{name}.[pt]*")
    return read_mapping(path.read_bytes())[0]


def _lint(text: str) -> list[Finding]:
    kind = recognise_kind(text)
    assert kind is not None
    return lint(kind, text)


def _said(name: str) -> Iterator[str]:
    for finding in _lint(_text(name)):
        about = finding.parameters.get("name", "")
        yield f"{finding.line} {finding.code} {about}".strip()


@pytest.mark.parametrize("name", EXPECTED)
def test_each_known_mistake_is_told_in_its_line(name: str) -> None:
    assert set(EXPECTED[name]) - set(_said(name)) == set()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_quick_fix_mends_its_finding_and_makes_no_error(name: str) -> None:
    text = _text(name)
    before = _lint(text)
    errors = {finding.identity for finding in before if finding.blocks_activation}
    for finding in before:
        if finding.fix:
            after = _lint(apply_edits(text, finding.fix))
            assert finding.identity not in {each.identity for each in after}, finding
            assert {each.identity for each in after if each.blocks_activation} <= errors, finding


def test_what_an_account_number_should_be_called_is_said() -> None:
    (finding,) = [
        each
        for each in _lint(_text("BOD-Mapping_Invoice_M3"))
        if each.parameters.get("name") == "AccountNumber"
    ]
    assert "BankAccount" in finding.remedy
