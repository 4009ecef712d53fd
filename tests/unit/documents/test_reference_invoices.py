"""Every invoice of the reference data, read a second time by plain paths of our own."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from decimal import Decimal
from pathlib import Path

import pytest

from ionport.documents.intake.reading import Intake, read_file
from tests.support.reference import needs_reference_data, reference_files

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:Common"
_CAC, _CBC = f"{{{_UBL}AggregateComponents-2}}", f"{{{_UBL}BasicComponents-2}}"
_RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"
_UBL_TOTALS = {
    "total_amount": "TaxInclusiveAmount",
    "total_net_amount": "TaxExclusiveAmount",
    "amount_due": "PayableAmount",
    "prepaid_amount": "PrepaidAmount",
    "charges": "ChargeTotalAmount",
    "discount": "AllowanceTotalAmount",
}
_CII_TOTALS = {
    "total_amount": "GrandTotalAmount",
    "total_net_amount": "TaxBasisTotalAmount",
    "total_tax_amount": "TaxTotalAmount",
    "amount_due": "DuePayableAmount",
    "prepaid_amount": "TotalPrepaidAmount",
    "charges": "ChargeTotalAmount",
    "discount": "AllowanceTotalAmount",
}
_INVOICES = reference_files("invoices/*.xml")


def _read(path: Path) -> tuple[Intake, ElementTree.Element]:
    content = path.read_bytes()
    return read_file(content), ElementTree.fromstring(content)


def _same(intake: Intake, field: str, text: str | None) -> None:
    """The field holds the invoice's figure, digit for digit, or is absent in both."""
    stated = (text or "").strip()
    assert intake.fields.get(field, "") == stated or (
        Decimal(intake.fields[field]) == Decimal(stated)
        and len(intake.fields[field]) >= len(stated)
    ), field


@needs_reference_data
@pytest.mark.parametrize("path", [p for p in _INVOICES if "ubl" in p.name], ids=lambda p: p.name)
def test_the_totals_of_a_ubl_invoice_are_those_of_its_xml(path: Path) -> None:
    intake, root = _read(path)
    total = root.find(f"{_CAC}LegalMonetaryTotal")
    assert total is not None
    for field, name in _UBL_TOTALS.items():
        _same(intake, field, total.findtext(_CBC + name))
    _same(intake, "total_tax_amount", root.findtext(f"{_CAC}TaxTotal/{_CBC}TaxAmount"))
    lines = root.findall(f"{_CAC}InvoiceLine/{_CBC}LineExtensionAmount")
    assert [row["NET_AMOUNT"] for row in intake.tables["INVOICE_TABLE"]] == [
        (line.text or "").strip() for line in lines
    ]
    taxes = root.findall(f"{_CAC}TaxTotal/{_CAC}TaxSubtotal/{_CBC}TaxAmount")
    assert [row["tax_amount"] for row in intake.tables["tax_lines"]] == [
        (tax.text or "").strip() for tax in taxes
    ]


@needs_reference_data
@pytest.mark.parametrize("path", [p for p in _INVOICES if "cefact" in p.name], ids=lambda p: p.name)
def test_the_totals_of_a_cii_invoice_are_those_of_its_xml(path: Path) -> None:
    intake, root = _read(path)
    total = next(root.iter(f"{_RAM}SpecifiedTradeSettlementHeaderMonetarySummation"))
    for field, name in _CII_TOTALS.items():
        _same(intake, field, total.findtext(_RAM + name))
    lines = [
        (line.text or "").strip()
        for summation in root.iter(f"{_RAM}SpecifiedTradeSettlementLineMonetarySummation")
        for line in summation.findall(f"{_RAM}LineTotalAmount")
    ]
    assert [row["NET_AMOUNT"] for row in intake.tables["INVOICE_TABLE"]] == lines


@needs_reference_data
@pytest.mark.parametrize("path", [p for p in _INVOICES if "ubl" in p.name], ids=lambda p: p.name)
def test_an_invoice_in_both_syntaxes_gives_the_same_document(path: Path) -> None:
    twin = path.with_name(path.name.replace("ubl", "uncefact"))
    ubl, cii = read_file(path.read_bytes()), read_file(twin.read_bytes())
    assert ubl.document_type == cii.document_type == "INVOICE"
    # UBL has to fill in an order number where only the seller's is known; CII has not.
    if ubl.fields.get("purchase_order") != "Dummywert":
        assert ubl.fields.get("purchase_order") == cii.fields.get("purchase_order")
    for field in ("invoice_id", "invoice_date", "due_date", "currency", "supplier_name"):
        assert ubl.fields.get(field) == cii.fields.get(field), field
    for field in ("total_amount", "total_net_amount", "total_tax_amount"):
        assert Decimal(ubl.fields[field]) == Decimal(cii.fields[field]), field
    for column in ("DESCRIPTION", "UNIT", "SUPPLIER_ITEM_NUMBER"):
        assert [row.get(column) for row in ubl.tables["INVOICE_TABLE"]] == [
            row.get(column) for row in cii.tables["INVOICE_TABLE"]
        ]
