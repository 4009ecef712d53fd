"""A mapping against the tenant's data model, and against the type of a configuration."""

from __future__ import annotations

import pytest

from ionport.mappings.grammars.edits import apply_edits
from ionport.mappings.lint.activation import missing_type
from ionport.mappings.lint.targets import EntityModel, lint_against
from ionport.mappings.model import MappingKind
from tests.unit.mappings.lint.test_sections import LN, M3, TOML
from tests.unit.mappings.sources import BOD_TEMPLATE, IDM_TEMPLATE

IDM = """\
INVOICE=M3_SupplierInvoice
Static_Fields=M3_Company:STRING
SF_M3_Company=001
Index_Fields=INVOICE_ID:STRING,CORRELATION_ID:STRING
IF_INVOICE_ID=BOD_SupplierInvoiceID
IF_CORRELATION_ID=BOD_AlternateDocumentID_1
"""
MODEL = {
    "M3_SupplierInvoice": EntityModel(
        frozenset({"M3_Company", "BOD_SupplierInvoiceID", "BOD_AlternateDocumentID_1", "Export"})
    )
}


def test_a_mapping_that_fits_the_data_model_has_no_finding() -> None:
    assert lint_against(IDM, MODEL) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "says"),
    [
        ("=M3_SupplierInvoice", "=M3_SuplierInvoice", "idm_unknown_type", 1, "M3_SupplierInvoice"),
        ("=BOD_SupplierInvoiceID", "=Number", "idm_unknown_attribute", 5, "no attribute Number"),
        ("=BOD_SupplierInvoiceID", "=Exprt", "idm_unknown_attribute", 5, "Export"),
        ("Static_Fields=M3_Company", "Static_Fields=M3_X", "idm_unknown_attribute", 3, "M3_X"),
    ],
)
def test_what_the_tenant_does_not_have_is_told(
    old: str, new: str, code: str, line: int, says: str
) -> None:
    text = IDM.replace(old, new)
    if "M3_X" in new:
        text = text.replace("SF_M3_Company", "SF_M3_X")
    (finding,) = lint_against(text, MODEL)
    assert (finding.code, finding.line) == (code, line)
    assert says in f"{finding.text} {finding.remedy}"


def test_a_required_attribute_that_is_not_sent_is_told() -> None:
    model = {
        "M3_SupplierInvoice": EntityModel(
            MODEL["M3_SupplierInvoice"].attributes, frozenset({"Export"})
        )
    }
    (finding,) = lint_against(IDM, model)
    assert (finding.code, finding.parameters["name"]) == ("idm_required_attribute", "Export")


def test_another_letter_case_is_mended_by_its_quick_fix() -> None:
    text = IDM.replace("=BOD_SupplierInvoiceID", "=bod_supplierinvoiceid")
    (finding,) = lint_against(text, MODEL)
    assert apply_edits(text, finding.fix) == IDM


@pytest.mark.parametrize(
    ("kind", "text", "has_credit_notes"),
    [
        (MappingKind.IDM, IDM_TEMPLATE, True),
        (MappingKind.IDM, IDM, False),
        (MappingKind.BOD, BOD_TEMPLATE, False),
        (MappingKind.M3, M3, False),
        (MappingKind.M3, M3 + "CNHeaderFields=SUNO\nCN_HF_SUNO=supplier_id\n", True),
        (MappingKind.TOML, TOML, False),
        (MappingKind.LN, LN, True),
    ],
)
def test_a_type_of_document_without_a_line_is_told(
    kind: MappingKind, text: str, has_credit_notes: bool
) -> None:
    assert missing_type(kind, text, "INVOICE") is None
    assert (missing_type(kind, text, "CREDIT_NOTE") is None) is has_credit_notes
