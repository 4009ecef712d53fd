"""What still names the company that a published file was made for holds, with its place."""

from __future__ import annotations

import pytest

from ionport.mappings.grammars.files import TEMPLATES, own_template
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.lint.linter import lint
from ionport.mappings.model import MappingKind
from tests.support.erp_mappings import LN, M3, TOML
from tests.support.reference import needs_reference_data, reference_files

_OF = {MappingKind.M3: M3.decode(), MappingKind.TOML: TOML.decode(), MappingKind.LN: LN.decode()}
_OF |= {kind: own_template(kind)[1].decode() for kind in (MappingKind.IDM, MappingKind.BOD)}


def _told(kind: MappingKind, text: str) -> list[tuple[int | None, int | None, str, str]]:
    return [
        (each.line, each.column, each.key, each.parameters["name"])
        for each in lint(kind, text)
        if each.code == "example_value" and each.blocks_activation and each.acceptable
    ]


@pytest.mark.parametrize(
    ("kind", "old", "new", "told"),
    [
        (
            MappingKind.M3,
            "SF_DIVI=AAA",
            "  SF_DIVI=RFP",
            [(4, 1, "SF_CONO", "001"), (5, 3, "SF_DIVI", "RFP"), (18, 1, "IR_SF_CONO", "001")],
        ),
        (MappingKind.M3, "SF_DIVI=AAA", "SF_DIVI=PJA", [(5, 1, "SF_DIVI", "PJA")]),
        (MappingKind.TOML, '"AAA"', '"PJA"', [(6, 1, "header.DIVI", "PJA")]),
        (MappingKind.LN, "FinancialCompany=200", "FinancialCompany=0210", []),
        (MappingKind.LN, "=200", "=0200", [(2, 1, "SF_FinancialCompany", "0200")]),
    ],
)
def test_a_value_of_a_published_file_holds_in_its_line_and_column(
    kind: MappingKind, old: str, new: str, told: list[tuple[int, int, str, str]]
) -> None:
    assert old in _OF[kind]
    assert _told(kind, _OF[kind].replace(old, new)) == told


def test_an_accounting_entity_of_a_published_file_holds() -> None:
    text = _OF[MappingKind.BOD]
    line = next(line for line in text.splitlines() if line.startswith("SFV_AccountingEntityID="))
    assert not _told(MappingKind.BOD, text)
    ((_line, column, key, value),) = _told(
        MappingKind.BOD, text.replace(line, "SFV_AccountingEntityID=001_RFP")
    )
    assert (column, key, value) == (1, "SFV_AccountingEntityID", "001_RFP")


def test_our_own_templates_and_what_is_common_are_not_told() -> None:
    assert not _told(MappingKind.M3, _OF[MappingKind.M3])
    for template in TEMPLATES:
        for document_type in template.document_types:
            prepared = prepare_mapping(own_template(template.kind, document_type)[1])
            assert "example_value" not in {each.code for each in prepared.findings}


@needs_reference_data
@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("LN-Mapping", [7, 53, 76]),
        ("M3-Mapping_v2", [7, 41, 59, 88, 106]),
        ("M3-Mapping_AAA_sample_from_docs", [7, 9, 63, 67, 93, 94, 112, 113]),
        ("BOD-Mapping_OrderConfirmation", [50, 53, 56]),
        ("BOD-Mapping_DeliveryNote_LN", [50, 53, 59, 62]),
        ("BOD-Mapping_OrderConfirmation_LN", [49, 52, 55]),
        ("IDM-Mapping_from_docs", [19, 20]),
        ("M3-export-xrechnung", [7, 11, 38, 39, 50, 51, 61, 63, 83, 84]),
        ("IDM-Mapping_Invoice_M3", []),
        ("BOD-Mapping_Invoice_M3", []),
    ],
)
def test_the_vendors_files_are_told_line_by_line(name: str, lines: list[int]) -> None:
    (path,) = reference_files(f"mappings/{name}.[pt]*")
    prepared = prepare_mapping(path.read_bytes())
    told = [each.line for each in prepared.findings if each.code == "example_value"]
    assert sorted(each or 0 for each in told) == lines
