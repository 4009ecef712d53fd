"""An M3 mapping and its other form make the same calls of a document; what is lost is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from ionport.core.errors import InvalidInput
from ionport.mappings.lint.linter import lint
from ionport.mappings.model import MappingKind, RenderSource
from ionport.mappings.rendering.m3 import parse_m3_mapping, render_m3
from ionport.mappings.rendering.m3_toml import parse_m3_toml
from ionport.mappings.versions.conversion import convert, converted_name
from tests.support.reference import reference_files

PROPERTIES = """\
# the head
StaticFields=CONO,IBTP,SDA1
SF_CONO=100
SF_IBTP=20
SF_SDA1=say "hi" \\ and [go]
HeaderFields=SUNO,IVDT,SINO,CUAM
HF_SUNO=supplier_id
HF_IVDT=BT-2
HF_SINO=INVOICE_NUMBER
HF_CUAM=total_amount
InvoiceReceiptStaticFields=RDTP
IR_SF_RDTP=1
InvoiceReceiptFields=NLAM,ITNO
IRF_NLAM=TF_NET_AMOUNT
IRF_ITNO=TF_BT-155
"""
SOURCE = RenderSource(
    document_type="INVOICE",
    fields={
        "supplier_id": "70012",
        "BT-2": "2026-03-02",
        "invoice_date": "2026-03-02",
        "invoice_id": "RE-1",
        "total_amount": "119.00",
    },
    tables={
        "INVOICE_TABLE": [
            {"NET_AMOUNT": "60.00", "BT-155": "A-1"},
            {"NET_AMOUNT": "40.00", "BT-155": "A-2"},
        ]
    },
    file_name="x.xml",
    mime_type="application/xml",
    size_bytes=1,
)


def _calls(kind: MappingKind, text: str) -> list[object]:
    parse = parse_m3_toml if kind is MappingKind.TOML else parse_m3_mapping
    return [
        (call.transaction, call.section, call.company, call.division, call.row, call.values())
        for call in render_m3(parse(text), SOURCE)
    ]


def test_both_forms_make_the_same_calls() -> None:
    there = convert(MappingKind.M3, PROPERTIES)
    assert there.kind is MappingKind.TOML
    assert there.losses == ()
    assert _calls(MappingKind.TOML, there.text) == _calls(MappingKind.M3, PROPERTIES)
    back = convert(MappingKind.TOML, there.text)
    assert back.losses == ()
    assert _calls(MappingKind.M3, back.text) == _calls(MappingKind.M3, PROPERTIES)
    assert not [one for one in lint(MappingKind.TOML, there.text) if one.code == "other_kind"]


def test_what_the_other_form_cannot_say_is_told_with_its_line() -> None:
    text = PROPERTIES + "IRF_PNLI=auto\nSF_CUAM=0\n"
    text = text.replace("NLAM,ITNO", "NLAM,ITNO,PNLI").replace("IBTP,SDA1", "IBTP,SDA1,CUAM")
    lines = [loss.line for loss in convert(MappingKind.M3, text).losses]
    assert sorted(filter(None, lines)) == [16, 17]
    rule = """
[[conflict_resolution.rule]]
name = "freight"
invoice_column = "NET_AMOUNT"
[conflict_resolution.rule.match_criteria]
comparison_operator = "equal"
"""
    with_rule = convert(MappingKind.M3, PROPERTIES).text + rule
    assert ["freight" in loss.text for loss in convert(MappingKind.TOML, with_rule).losses] == [
        True
    ]


@pytest.mark.parametrize("kind", [MappingKind.IDM, MappingKind.BOD, MappingKind.LN])
def test_other_kinds_have_one_form(kind: MappingKind) -> None:
    with pytest.raises(InvalidInput):
        convert(kind, "Index_Fields=x\n")


def test_the_name_ends_as_the_form_does() -> None:
    assert converted_name("M3-Mapping_v2.properties", MappingKind.TOML) == "M3-Mapping_v2.toml"


@pytest.mark.parametrize("file", reference_files("mappings/M3*"), ids=lambda file: file.name)
def test_published_files_survive_there_and_back(file: Path) -> None:
    kind = MappingKind.TOML if file.suffix == ".toml" else MappingKind.M3
    there = convert(kind, file.read_text(encoding="utf-8"))
    if there.losses:
        assert all(loss.text for loss in there.losses)
        return
    back = convert(there.kind, there.text)
    assert back.losses == ()
    assert _calls(kind, back.text) == _calls(there.kind, there.text)
