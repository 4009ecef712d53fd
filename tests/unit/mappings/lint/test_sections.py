"""Findings about M3, LN and TOML mappings."""

from __future__ import annotations

import pytest

from ionport.mappings.grammars.edits import apply_edits
from ionport.mappings.lint.linter import lint
from ionport.mappings.model import Finding, MappingKind

M3 = """\
StaticFields=DIVI,IBTP,CONO
SF_DIVI=AAA
SF_IBTP=20
SF_CONO=001
HeaderFields=SUNO,IVDT,SINO,CORI
HF_SUNO=supplier_id
HF_IVDT=invoice_date
HF_SINO=invoice_id
HF_CORI=correlation_id
InvoiceReceipt=invoice_table
InvoiceReceiptStaticFields=RDTP
IR_SF_RDTP=1
InvoiceReceiptFields=IVQA,ITNO
IRF_IVQA=TF_quantity
IRF_ITNO=TF_item_number
"""
LN = """\
StaticFields=FinancialCompany,TaxCountry
SF_FinancialCompany=200
SF_TaxCountry=DE
HeaderFields=SupplierCode,InvoiceNumberSupplier,DocumentIDExternalPackage
HF_SupplierCode=supplier_id
HF_InvoiceNumberSupplier=invoice_id
HF_DocumentIDExternalPackage=correlation_id
"""
TOML = """\
[export_configuration.header.fields]
CONO = "001"
DIVI = "AAA"
SUNO = "[supplier_id]"
IVDT = "[invoice_date]"
SINO = "[invoice_id]"
CORI = "[correlation_id]"

[export_configuration.receipt_lines.fields]
RDTP = "1"
IVQA = "[[quantity]]"
"""
_OF = {MappingKind.M3: M3, MappingKind.LN: LN, MappingKind.TOML: TOML}


def _only(kind: MappingKind, old: str, new: str) -> Finding:
    text = _OF[kind]
    assert old in text
    (finding,) = lint(kind, text.replace(old, new))
    assert finding.text
    assert finding.remedy
    return finding


@pytest.mark.parametrize("kind", list(_OF))
def test_a_file_in_order_has_no_finding(kind: MappingKind) -> None:
    assert lint(kind, _OF[kind]) == []


@pytest.mark.parametrize(
    ("kind", "old", "new", "code", "line", "says"),
    [
        (MappingKind.M3, "HF_CORI=correlation_id\n", "", "listed_undefined", 5, "CORI"),
        (MappingKind.M3, "SF_IBTP=20", "SF_IBTP=200", "m3_too_long", 3, "2 characters"),
        (MappingKind.M3, "SF_CONO=001", "SF_CONO=A1", "m3_not_a_company", 4, "A1"),
        (MappingKind.M3, ",CONO\n", "\n", "m3_default_company", None, "user"),
        (MappingKind.M3, "IR_SF_RDTP=1", "IR_SF_RDTP=8", "m3_line_type", 12, "8"),
        (MappingKind.M3, "IR_SF_RDTP=1", "IR_SF_RDTP=x", "m3_line_type", 12, "x"),
        (MappingKind.M3, "=invoice_date", "=invoice_id", "m3_not_a_date", 7, "invoice_id"),
        (MappingKind.M3, "=invoice_date", "=invoice_dat", "unknown_field", 7, "invoice_date"),
        (MappingKind.M3, "=invoice_date", "=2026-01-01", "unknown_field", 7, "StaticFields"),
        (MappingKind.M3, "TF_quantity", "TF_quantiti", "unknown_column", 14, "QUANTITY"),
        (MappingKind.M3, "TF_quantity", "TF_packing_slip", "unfilled_column", 14, "PACKING_SLIP"),
        (MappingKind.M3, "=supplier_id", "=tax_code", "filled_by_hand", 6, "tax_code"),
        (MappingKind.M3, "=AAA", "=<division>", "placeholder_value", 2, "<division>"),
        (MappingKind.LN, "TaxCountry=DE", "TaxCountry=", "empty_value", 3, "value"),
        (MappingKind.LN, "SupplierCode", "SuplierCode", "ln_unknown_attribute", 5, "SupplierCode"),
        (MappingKind.LN, "=correlation_id", "=reference", "erp_without_correlation_id", 4, "Docu"),
        (MappingKind.TOML, '"[invoice_id]"', "7", "toml_wrong_type", 6, "int"),
        (MappingKind.TOML, '"[invoice_id]"', "[", "toml_broken", 7, "TOML"),
        (MappingKind.TOML, "receipt_lines", "reciept_lines", "toml_unknown_section", 9, "receipt_"),
        (MappingKind.TOML, "[invoice_date]", "[invoice_dat]", "unknown_field", 5, "invoice_date"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    kind: MappingKind, old: str, new: str, code: str, line: int | None, says: str
) -> None:
    findings = lint(kind, _OF[kind].replace(old, new))
    (finding,) = [each for each in findings if each.code == code]
    assert finding.line == line
    assert says in f"{finding.text} {finding.remedy}"


def test_a_field_of_another_transaction_is_told_where_it_belongs() -> None:
    finding = _only(MappingKind.M3, "ITNO\nIRF_IVQA", "ITNO,CDC1\nIRF_CDC1=TF_discount\nIRF_IVQA")
    assert finding.code == "m3_unknown_field"
    assert "AddHead has it" in finding.remedy


def test_a_misspelt_key_of_published_files_is_understood_and_can_be_corrected() -> None:
    text = M3 + "CNHeaderFields=SUNO,IVDT,SINO,CORI\nCN_HF_SUNO=supplier_id\n"
    text += "CN_HF_IVDT=invoice_date\nCN_HF_SINO=invoice_id\nCN_HF_CORI=correlation_id\n"
    text += "CreditNoteReceiptStaticFields=RDTP\nCNR_SF_RDTP=1\n"
    text += "CreditNoteReceipt=invoice_table\nCeeditNoteReceiptFields=IVQA\nCNRF_IVQA=TF_quantity\n"
    (finding,) = lint(MappingKind.M3, text)
    assert finding.code == "misspelt_key"
    assert lint(MappingKind.M3, apply_edits(text, finding.fix)) == []


def test_a_misspelt_field_is_put_right_by_its_quick_fix() -> None:
    text = M3.replace("HF_SINO=invoice_id", "HF_SINO=invoice_idx", 1)
    finding = next(each for each in lint(MappingKind.M3, text) if each.code == "unknown_field")
    assert apply_edits(text, finding.fix) == M3


def test_a_line_that_is_never_sent_is_mended_by_its_quick_fix() -> None:
    text = LN + "InvoiceReceiptFields=Order \nIRF_Order=TF_purchase_order\n"
    text += "IRF_OrderSequence=TF_position\nInvoiceReceipt=invoice_table\n"
    (finding,) = lint(MappingKind.LN, text)
    assert (finding.code, finding.key) == ("defined_unlisted", "IRF_OrderSequence")
    mended = apply_edits(text, finding.fix)
    assert lint(MappingKind.LN, mended) == []
    assert mended == text.replace("Fields=Order ", "Fields=Order,OrderSequence ")


def test_a_constant_beside_a_field_and_a_table_that_no_document_has_are_told() -> None:
    text = M3.replace("IBTP,CONO", "IBTP,CONO,SUNO\nSF_SUNO=10")
    text += "InvoiceCost=cost_lines\nInvoiceCostFields=NLAM\nICF_NLAM=TF_amount\n"
    found = {finding.code: finding for finding in lint(MappingKind.M3, text)}
    assert found["constant_and_field"].parameters["target"] == "SUNO"
    assert found["unfilled_table"].line == text[: text.index("InvoiceCost=")].count("\n") + 1


@pytest.mark.parametrize("kind", [MappingKind.M3, MappingKind.LN])
def test_a_file_without_a_head_cannot_be_accepted(kind: MappingKind) -> None:
    lines = [line for line in _OF[kind].splitlines(keepends=True) if not line.startswith("HF_")]
    lines = [line for line in lines if not line.startswith("SF_")]
    (finding,) = [each for each in lint(kind, "".join(lines)) if each.blocks_activation]
    assert finding.code == "no_document_type"
    assert not finding.acceptable


@pytest.mark.parametrize("active", ['"no"', "1", "[]"])
def test_a_rule_is_switched_off_by_false_alone(active: str) -> None:
    text = _OF[MappingKind.TOML] + f"\n[[conflict_resolution.rule]]\nactive = {active}\n"
    (finding,) = [each for each in lint(MappingKind.TOML, text) if each.code == "toml_rule"]
    assert finding.blocks_activation
    assert "true or false is expected" in finding.text
