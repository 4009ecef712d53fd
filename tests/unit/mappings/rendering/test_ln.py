from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ionport.core.errors import InvalidInput
from ionport.mappings.model import RenderSource
from ionport.mappings.rendering.ln import parse_ln_mapping, render_ln
from ionport.mappings.rendering.model import LnPayload
from tests.support.reference import needs_reference_data, reference_files
from tests.unit.mappings.sources import CORRELATION_ID, demo_source

_MAPPING = """\
StaticFields=FinancialCompany
SF_FinancialCompany=0200
HeaderFields=SupplierCode,InvoiceNumberSupplier,InvoiceDate,DocumentIDExternalPackage
HF_SupplierCode=supplier_id
HF_InvoiceNumberSupplier=invoice_id
HF_InvoiceDate=invoice_date
HF_DocumentIDExternalPackage=correlation_id
InvoiceReceipt=invoice_table
InvoiceReceiptFields=Order,InvoicedQuantity
IRF_Order=TF_purchase_order
IRF_InvoicedQuantity=TF_quantity
InvoiceCost=cost_lines
InvoiceCostFields=LineNumber,Amount,DebitCredit
ICF_LineNumber=auto
ICF_Amount=TF_amount
ICF_DebitCredit=invoice_type
"""


def _source(**fields: str) -> RenderSource:
    source = demo_source()
    return dataclasses.replace(source, fields={**source.fields, "supplier_id": "SUP1", **fields})


def _payload(text: str = _MAPPING, source: RenderSource | None = None) -> LnPayload:
    return render_ln(parse_ln_mapping(text), source or _source())


def _lines(payload: LnPayload, section: str) -> list[dict[str, str]]:
    return [{value.target: value.value for value in line} for line in payload.lines[section]]


def test_a_document_becomes_a_header_with_lines_under_the_mappings_own_names() -> None:
    payload = _payload()
    assert payload.company == "0200"
    assert {value.target: value.value for value in payload.header} == {
        "SupplierCode": "SUP1",
        "InvoiceNumberSupplier": "RE-2026-0417",
        "InvoiceDate": "2026-03-02",
        "DocumentIDExternalPackage": CORRELATION_ID,
        "FinancialCompany": "0200",
    }
    assert _lines(payload, "receipt_lines")[1] == {"Order": "4500017", "InvoicedQuantity": "12"}
    assert "cost_lines" not in payload.lines


def test_auto_numbers_the_lines_that_are_sent_and_a_header_field_stands_on_each() -> None:
    rows = ({"amount": "1"}, {"unused": "x"}, {"amount": "3"})
    payload = _payload(source=dataclasses.replace(_source(), tables={"cost_lines": rows}))
    assert _lines(payload, "cost_lines") == [
        {"LineNumber": "1", "Amount": "1", "DebitCredit": "380"},
        {"LineNumber": "2", "Amount": "3", "DebitCredit": "380"},
    ]
    amount = payload.lines["cost_lines"][1][1]
    assert (amount.line, amount.key, amount.sources) == (15, "ICF_Amount", ("cost_lines.amount",))


@pytest.mark.parametrize(
    ("old", "new", "fields", "told"),
    [
        ("", "", {"invoice_id": "9" * 10_000}, "HF_InvoiceNumberSupplier.*these are 10000"),
        ("", "", {"invoice_id": "a\x01b"}, "control character"),
        ("=0200", "=ACME", {}, "SF_FinancialCompany.*up to five digits"),
        ("SupplierCode", "Code><x", {}, "no name in XML"),
        ("Fields=", "Nothing=", {}, "The LN mapping has no header"),
    ],
)
def test_what_ln_cannot_take_is_told_with_line_and_value(
    old: str, new: str, fields: dict[str, str], told: str
) -> None:
    text = _MAPPING.replace(old, new) if old else _MAPPING
    with pytest.raises(InvalidInput, match=told):
        _payload(text, _source(**fields))


@needs_reference_data
@pytest.mark.parametrize("path", reference_files("mappings/LN-*"), ids=lambda path: path.name)
def test_every_shipped_file_renders_for_a_matching_document(path: Path) -> None:
    payload = _payload(path.read_text(encoding="utf-8"))
    values = {value.target: value.value for value in payload.header}
    assert values["InvoiceNumberSupplier"] == "RE-2026-0417"
    assert values["InvoiceAmount"] == "2808.81"
    assert [line["TaxAmount"] for line in _lines(payload, "tax_lines")] == ["356.21", "37.80"]
    assert [line["InvoicedAmount"] for line in _lines(payload, "receipt_lines")] == [
        "76.00",
        "1798.80",
        "540.00",
    ]
