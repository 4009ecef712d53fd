from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from ionport.core.errors import InvalidInput
from ionport.mappings.model import RenderSource
from ionport.mappings.rendering.m3 import parse_m3_mapping, render_m3
from ionport.mappings.rendering.m3_toml import parse_m3_toml
from ionport.mappings.rendering.model import M3Call
from tests.support.reference import needs_reference_data, reference_files
from tests.unit.mappings.sources import CORRELATION_ID, demo_source

_MAPPING = """\
StaticFields=DIVI,IBTP,CONO,CUCD
SF_DIVI=AAA
SF_IBTP=20
SF_CONO=001
SF_CUCD=SEK
HeaderFields=SUNO,IVDT,SINO,CUCD,CUAM,CORI,DIVI,PAIN
HF_SUNO=supplier_id
HF_IVDT=invoice_date
HF_SINO=invoice_id
HF_CUCD=currency
HF_CUAM=total_amount
HF_CORI=correlation_id
HF_DIVI=division
HF_PAIN=BT-83
InvoiceTaxFields=VTA1,VTP1
ITF_VTA1=TF_tax_amount
ITF_VTP1=TF_tax_rate
OrderHeaderExtraCharges=order_xtra_header_charges
OrderExtraChargeFields=NLAM,CHGT
OECF_NLAM=TF_amount
OECF_CHGT=TF_voucher_text
InvoiceReceipt=invoice_table
InvoiceReceiptStaticFields=RDTP,cono,RELP
IR_SF_RDTP=1
IR_SF_cono=002
IR_SF_RELP=1
InvoiceReceiptFields=IVQA,PUNO,PNLI,ITNO
IRF_IVQA = TF_quantity
IRF_PUNO=TF_PO_NUMBER
IRF_PNLI=TF_line_number
IRF_ITNO=TF_item_number
CNStaticFields=IBTP
CN_SF_IBTP=20
CNHeaderFields=SUNO,IVDT,SINO
CN_HF_SUNO=supplier_id
CN_HF_IVDT=invoice_date
CN_HF_SINO=invoice_id
CeeditNoteReceiptFields=NLAM
CNRF_NLAM=TF_amount
"""
_VENDOR = reference_files("mappings/M3-*")


def _source(**fields: str) -> RenderSource:
    source = demo_source()
    return dataclasses.replace(source, fields={**source.fields, "supplier_id": "20001", **fields})


def _calls(text: str, source: RenderSource | None = None) -> tuple[M3Call, ...]:
    return render_m3(parse_m3_mapping(text), source or _source())


def _of(calls: tuple[M3Call, ...], section: str) -> list[dict[str, str]]:
    return [call.values() for call in calls if call.section == section]


def test_a_document_becomes_a_head_and_a_line_for_each_row_of_each_section() -> None:
    calls = _calls(_MAPPING)
    head = calls[0]
    assert (head.program, head.transaction, head.row) == ("APS450MI", "AddHead", None)
    assert head.values() == {
        "SUNO": "20001",
        "IVDT": "20260302",
        "SINO": "RE-2026-0417",
        "CUCD": "EUR",
        "CUAM": "2808.81",
        "CORI": CORRELATION_ID,
        "DIVI": "AAA",
        "IBTP": "20",
    }
    assert _of(calls, "tax_lines") == [
        {"RDTP": "3", "VTA1": "356.21", "VTP1": "19"},
        {"RDTP": "3", "VTA1": "37.80", "VTP1": "7"},
    ]
    receipts = _of(calls, "receipt_lines")
    assert len(receipts) == 3
    assert receipts[1] == {
        "RDTP": "1",
        "RELP": "1",
        "IVQA": "12",
        "PUNO": "4500017",
        "PNLI": "20",
        "ITNO": "100771",
    }
    assert [call.row for call in calls if call.section == "receipt_lines"] == [1, 2, 3]


def test_company_and_division_are_parameters_of_the_call_and_a_sections_own_counts() -> None:
    calls = _calls(_MAPPING, _source(division="BBB"))
    companies = {(call.section, call.company, call.division) for call in calls}
    assert companies == {
        ("header", "001", "BBB"),
        ("tax_lines", "001", "BBB"),
        ("receipt_lines", "002", "BBB"),
    }
    assert not any("CONO" in call.values() for call in calls)
    (company,) = calls[0].parameters
    assert (company.target, company.value, company.key) == ("cono", "001", "SF_CONO")


def test_every_value_says_which_line_and_which_field_it_came_from() -> None:
    calls = _calls(_MAPPING)
    traced = {value.target: value for call in calls for value in call.record}
    number = traced["AddHead SINO"]
    assert (number.line, number.key, number.sources) == (9, "HF_SINO", ("invoice_id",))
    assert traced["AddHead IBTP"].sources == ()
    assert traced["AddLine IVQA"].sources == ("INVOICE_TABLE.QUANTITY",)
    assert (traced["AddLine RDTP"].key, traced["AddLine RDTP"].line) == ("IR_SF_RDTP", 24)


def test_charges_of_the_invoice_become_header_charges_and_an_allowance_is_negative() -> None:
    charges = (
        {"TYPE": "charge", "AMOUNT": "12.50", "REASON": "Freight"},
        {"TYPE": "allowance", "AMOUNT": "3.00"},
        {"TYPE": "charge", "POSITION": "1", "AMOUNT": "1.00"},
    )
    source = dataclasses.replace(_source(), tables={"ALLOWANCES_CHARGES": charges})
    assert _of(_calls(_MAPPING, source), "order_header_charges") == [
        {"RDTP": "2", "NLAM": "12.50", "CHGT": "Freight"},
        {"RDTP": "2", "NLAM": "-3.00"},
    ]


def test_a_credit_note_takes_its_own_sections_and_the_tax_lines() -> None:
    source = dataclasses.replace(_source(), document_type="CREDIT_NOTE")
    calls = _calls(_MAPPING, source)
    lines = [*["tax_lines"] * 2, *["credit_note_receipt_lines"] * 3]
    assert [call.section for call in calls] == ["credit_note_header", *lines]
    assert _of(calls, "credit_note_receipt_lines")[0] == {"RDTP": "1", "NLAM": "76.00"}
    debit = dataclasses.replace(_source(), document_type="DEBIT_NOTE")
    with pytest.raises(InvalidInput, match="no section for documents of type DEBIT_NOTE") as error:
        _calls(_MAPPING, debit)
    assert error.value.code == "document_type_not_mapped"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("invoice_id", "9" * 10_000, r"Line 9 .*HF_SINO.*24 characters, these are 10000"),
        ("invoice_id", "\N{ROCKET}" * 13, r"HF_SINO.*24 characters, these are 26"),
        ("invoice_id", "12\x0034", r"HF_SINO.*control character \(U\+0000\)"),
        ("invoice_date", "soon", r"HF_IVDT.*takes a date"),
        ("total_amount", "1,5", r"HF_CUAM.*takes a number"),
        ("supplier_id", "", r"HF_SUNO.*M3 demands SUNO"),
    ],
)
def test_what_m3_would_refuse_is_told_with_line_and_value(
    field: str, value: str, told: str
) -> None:
    with pytest.raises(InvalidInput) as error:
        _calls(_MAPPING, _source(**{field: value}))
    assert re.search(told, error.value.text), error.value.text
    assert len(error.value.text) < 400


def test_empty_tables_make_no_line_and_thousands_of_rows_each_their_own() -> None:
    empty = dataclasses.replace(_source(), tables={})
    assert [call.section for call in _calls(_MAPPING, empty)] == ["header"]
    rows = [{"QUANTITY": str(number)} for number in range(5_000)]
    many = dataclasses.replace(_source(), tables={"INVOICE_TABLE": rows})
    assert len(_calls(_MAPPING, many)) == 5_001


_TOML = """
[export_configuration.header.fields]
SUNO = "[supplier_id]"
IVDT = "[invoice_date]"
SINO = "[invoice_id]"
CONO = 1
[export_configuration.receipt_lines.fields]
IVQA = "[[quantity]]"
[export_configuration.cost_lines.fields]
NLAM = "[[amount]]"
"AO01" = "[[account]]"

[[conflict_resolution.rule]]
name = "Expensive"
section = "receipt line"
active = true
[conflict_resolution.rule.match_criteria]
column = "unit_price"
comparison_operator = "greater than"
comparison_type = "100"
approved = "any"
[conflict_resolution.rule.actions]
type = "cost line"
mapping = {amount = "[quantity] * ([unit_price] - 100)", account = "4711"}
"""


def test_toml_makes_the_same_calls_and_its_rules_add_lines() -> None:
    calls = render_m3(parse_m3_toml(_TOML), _source())
    assert calls[0].values() == {"SUNO": "20001", "IVDT": "20260302", "SINO": "RE-2026-0417"}
    assert (calls[0].company, calls[0].record[0].line) == ("1", 3)
    assert _of(calls, "cost_lines") == [{"RDTP": "8", "NLAM": "598.80", "AO01": "4711"}]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"[quantity] * ([unit_price] - 100)"', '"[quantity] *"', "cannot be calculated"),
        ('"[quantity] * ([unit_price] - 100)"', '"[quantity] / (1 - 1)"', "cannot be calculated"),
        ('"[quantity] * ([unit_price] - 100)"', '"[approved] * 2"', "no value in \\[approved\\]"),
        ('"[quantity] * ([unit_price] - 100)"', '"[item_number] [unit]"', "cannot be calculated"),
        ('"[quantity] * ([unit_price] - 100)"', '"[description] * 2"', "is no number"),
        ('account = "4711"', 'account = "[amount] + [account]"', "refers to itself"),
        ('"greater than"', '"roughly"', "compares by “roughly”"),
        ('"cost line"', '"debit note cost line"', "debit_note_cost_lines.*not sent with"),
        ('"[supplier_id]"', "[1, 2]", "wrong type"),
        ("[export_configuration.header.fields]", "[export_configuration.header", "Not|not a TOML"),
    ],
)
def test_a_rule_that_cannot_be_applied_is_told(old: str, new: str, told: str) -> None:
    assert old in _TOML
    with pytest.raises(InvalidInput, match=told):
        render_m3(parse_m3_toml(_TOML.replace(old, new)), _source())


def test_a_rule_compares_within_a_tolerance_and_asks_for_approval() -> None:
    rule = _TOML.replace('"greater than"', '"within tolerance"\ntolerance = "50"')
    assert len(_of(render_m3(parse_m3_toml(rule), _source()), "cost_lines")) == 1
    approved = _TOML.replace('"any"', '"approved"')
    assert not _of(render_m3(parse_m3_toml(approved), _source()), "cost_lines")


@needs_reference_data
@pytest.mark.parametrize("path", _VENDOR, ids=lambda path: path.name)
def test_every_shipped_file_renders_for_a_matching_document(path: Path) -> None:
    parse = parse_m3_toml if path.suffix == ".toml" else parse_m3_mapping
    mapping = parse(path.read_text(encoding="utf-8"))
    codes = {"payment_terms": "N30", "payment_method": "BT", "bank_id": "01", "buyer_id": "AP1"}
    for document_type in ("INVOICE", "CREDIT_NOTE", "DEBIT_NOTE"):
        head = "header" if document_type == "INVOICE" else f"{document_type.lower()}_header"
        if head not in mapping.sections:
            continue
        source = dataclasses.replace(_source(**codes), document_type=document_type)
        calls = render_m3(mapping, source)
        assert calls[0].values()["SINO"] == "RE-2026-0417"
        assert calls[0].values()["IVDT"] == "20260302"
        quantities = [call.values()["IVQA"] for call in calls if "IVQA" in call.values()]
        assert quantities == ["200", "12", "25"]
