from __future__ import annotations

import pytest

from ionport.mappings.lint.linter import lint
from ionport.mappings.model import (
    NO_CORRELATION_ID,
    Finding,
    MappingKind,
    Severity,
    blocking,
)
from tests.support import erp_mappings
from tests.support.manual_blocks import block
from tests.unit.mappings.sources import BOD_TEMPLATE, IDM_TEMPLATE


def _idm(*changes: tuple[str, str], extra: str = "") -> list[Finding]:
    return lint(MappingKind.IDM, _changed(IDM_TEMPLATE, *changes) + extra)


# What is lost behind ION whatever the file says: tests/unit/mappings/lint/test_receivers.py.
_OF_RECEIVER = {
    "filled_by_hand",
    "name_not_sent",
    "name_not_read",
    "vat_lines_read",
    "vat_lines",
    "tax_code_fixed",
}


def _bod(*changes: tuple[str, str], extra: str = "") -> list[Finding]:
    findings = lint(MappingKind.BOD, _changed(BOD_TEMPLATE, *changes) + extra)
    return [finding for finding in findings if finding.code not in _OF_RECEIVER]


def _changed(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def _only(findings: list[Finding], code: str) -> Finding:
    assert [finding.code for finding in findings] == [code]
    assert findings[0].identity.startswith(code)
    assert findings[0].text
    assert findings[0].remedy
    return findings[0]


def test_our_templates_have_no_findings_but_about_the_receiver() -> None:
    assert _idm() == []
    assert _bod() == []


def test_an_unknown_key_is_named_with_its_line_and_what_was_meant() -> None:
    finding = _only(_idm(extra="Static_Feilds=X\n"), "unknown_key")
    assert finding.severity is Severity.WARNING
    assert finding.line == IDM_TEMPLATE.count("\n") + 1
    assert "Static_Fields" in finding.remedy
    finding = _only(_bod(extra="Pages_COMON_PATH=X\n"), "unknown_key")
    assert "Pages_COMMON_PATH" in finding.remedy
    assert not finding.blocks_activation


def test_listed_but_undefined_is_allowed_and_told() -> None:
    finding = _only(_idm(("IF_purchase_order=", "#")), "listed_undefined")
    assert finding.severity is Severity.INFO
    assert "purchase_order" in finding.text
    finding = _only(_bod(("IF_due_date=DueDate", "#")), "listed_undefined")
    assert finding.severity is Severity.INFO
    assert not finding.blocks_activation


def test_defined_but_unlisted_is_a_warning() -> None:
    finding = _only(_idm((",supplier_id:STRING", "")), "defined_unlisted")
    assert (finding.severity, finding.key) == (Severity.WARNING, "IF_supplier_id")
    assert finding.line is not None
    finding = _only(_bod((",lastModifiedDateTime", "")), "defined_unlisted")
    assert finding.key == "Path_lastModifiedDateTime"
    findings = _bod(("_Static_Fields=nameLanguageID,name", "_Static_Fields=name"))
    assert {(f.code, f.key) for f in findings} == {
        ("defined_unlisted", "TNP_InvoiceTable_nameLanguageID"),
        ("defined_unlisted", "TNV_InvoiceTable_nameLanguageID"),
    }


def test_a_field_that_documents_do_not_have_is_told() -> None:
    finding = _only(_idm(("supplier_name", "suplier_name")), "unknown_field")
    assert "supplier_name" in finding.remedy


def test_a_column_that_the_table_does_not_have_is_told() -> None:
    finding = _only(_bod(("TC_QUANTITY=", "TC_QUANTTITY=")), "unknown_column")
    assert "QUANTITY" in finding.remedy


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("lid://", "placeholder_logical_id"),
        ("", "placeholder_logical_id"),
        ("infor.ims.x", "malformed_logical_id"),
        ("lid://infor", "malformed_logical_id"),
        ("lid://infor.ims. x", "malformed_logical_id"),
        ("lid://*Logical ID*", "malformed_logical_id"),
        ("lid://a." + "b" * 300, "malformed_logical_id"),
    ],
)
def test_a_logical_id_that_ion_will_not_know_blocks(value: str, code: str) -> None:
    findings = [f for f in _bod(("lid://infor.ims.ionport_export", value)) if f.severity == "error"]
    finding = _only(findings, code)
    assert finding.key == "SFV_LogicalID"
    assert blocking(findings, accept_at_least_once=True) == [finding]


def test_a_mapping_without_a_logical_id_blocks() -> None:
    findings = _bod(("Static_Fields=LogicalID,", "Static_Fields="))
    assert findings[0].code == "no_logical_id"
    assert findings[0].blocks_activation


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (MappingKind.IDM, IDM_TEMPLATE.replace(",correlation_id:STRING", "")),
        (MappingKind.IDM, IDM_TEMPLATE.replace("IF_correlation_id=", "#")),
        (
            MappingKind.BOD,
            BOD_TEMPLATE.replace("supplier_category,accounting_entity,correlation_id", "x"),
        ),
        (MappingKind.BOD, BOD_TEMPLATE.replace("IFP_correlation_id=", "#")),
        (
            MappingKind.BOD,
            BOD_TEMPLATE.replace("\\\\AlternateDocumentID\\\\ID\n", "\\\\DocumentID\\\\ID\n"),
        ),
    ],
    ids=["idm unlisted", "idm undefined", "bod unlisted", "bod undefined", "bod elsewhere"],
)
def test_no_correlation_id_blocks_unless_at_least_once_is_accepted(
    kind: MappingKind, text: str
) -> None:
    findings = lint(kind, text)
    blockers = blocking(findings, accept_at_least_once=False)
    assert [finding.code for finding in blockers] == [NO_CORRELATION_ID]
    assert blocking(findings, accept_at_least_once=True) == []


def test_an_unknown_path_is_told_and_a_wrong_place_for_all_fields_blocks() -> None:
    finding = _only(_bod(("\\\\CaptureDocument\\\\FileSize", "\\\\Filesize")), "unknown_path")
    assert finding.severity is Severity.ERROR
    assert "SyncCaptureDocumentType/DataArea/Filesize" in finding.text
    finding = _only(
        _bod(("IF_COMMON_PATH=SyncCaptureDocumentType", "IF_COMMON_PATH=Sync")), "unknown_path"
    )
    assert finding.blocks_activation


def test_fields_without_a_place_block() -> None:
    findings = _bod(("IF_COMMON_PATH=", "#"))
    assert _only(findings, "no_field_path").blocks_activation


def test_an_unresolved_reference_is_told() -> None:
    finding = _only(_idm(("+SV_FileNameSeparator+", "+SV_Separator+")), "unresolved_reference")
    assert finding.key == "Searchable_PDF_Name"
    findings = _idm(("Searchable_PDF_Name=IF_invoice_id", "Searchable_PDF_Name=invoice_id"))
    assert _only(findings, "unresolved_reference").line is not None


def test_lines_that_say_nothing_are_told() -> None:
    assert _only(_idm(extra="just words\n"), "broken_line").line is not None
    finding = _only(_idm(extra="ACL_Fields=SV_ACLString\n"), "duplicate_key")
    assert finding.key == "ACL_Fields"


def test_names_with_a_fixed_meaning_are_checked() -> None:
    finding = _only(_bod(("GFV_BODID=BODID", "GFV_BODID=UUID")), "unknown_name")
    assert "bodid" in finding.remedy
    codes = {f.code for f in _bod(("IF_Elements=name,value", "IF_Elements=name,value,colour"))}
    assert "unknown_name" in codes


def test_a_mapping_for_no_document_type_blocks() -> None:
    for finding in (
        _idm(("INVOICE=M3_SupplierInvoice\nCREDIT_NOTE=M3_SupplierInvoice", ""))[0],
        _bod(("\nINVOICE=M3_SupplierInvoice", ""))[0],
    ):
        assert finding.code == "no_document_type"
        assert finding.blocks_activation


def test_a_type_that_is_defined_but_not_listed_is_told() -> None:
    finding = _only(_bod(extra="CREDIT_NOTE=M3_SupplierInvoice\n"), "type_unlisted")
    assert finding.key == "CREDIT_NOTE"


def test_another_kind_of_mapping_is_named_as_what_it_is() -> None:
    finding = _only(lint(MappingKind.IDM, BOD_TEMPLATE), "other_kind")
    assert "BOD mapping" in finding.text
    assert finding.blocks_activation
    assert "no mapping file" in _only(lint(MappingKind.BOD, "a=b"), "other_kind").text


def test_embedded_files_are_checked_and_told() -> None:
    extra = "EMBEDDED_FILES_EXPORT=XML\nEFE_XML_SOURCE_NAME=a.xml\nEFE_XML_EXPORT_DOC_TYPE=Y\n"
    findings = _idm(extra=extra + "EFE_XML_EXPORT_FILENAM=IF_invoice_id\n")
    assert {finding.code for finding in findings} == {
        "embedded_files",
        "empty_value",
        "unknown_key",
    }


def test_the_lines_for_embedded_files_that_the_manual_shows_are_right() -> None:
    findings = _idm(extra=block("readable-invoice", "EMBEDDED_FILES_EXPORT"))
    # Nothing but what is left out, and that ionport reads it so.
    assert {finding.code for finding in findings} == {"embedded_files", "empty_value"}


def test_errors_come_first_and_each_severity_by_line() -> None:
    findings = _bod(
        ("lid://infor.ims.ionport_export", "lid://"),
        ("IF_due_date=DueDate", "#"),
        extra="nonsense\nOther=1\n",
    )
    assert [finding.severity.value for finding in findings] == [
        "error",
        "warning",
        "warning",
        "info",
    ]


def test_lines_of_each_kind_are_checked() -> None:
    text = "HeaderFields=SUNO,IVDT\nHF_SUNO=supplier_id\nHF_IVDT=invoice_date\nwhat\n"
    (broken,) = [each for each in lint(MappingKind.M3, text) if each.code == "broken_line"]
    assert broken.line == 4


def test_findings_are_limited_but_what_blocks_is_always_among_them() -> None:
    noise = "".join(f"Index_Feilds{number}=1\n" for number in range(1900))
    findings = _bod(("lid://infor.ims.ionport_export", "lid://"), extra=noise)
    assert len(findings) == 200
    assert findings[0].code == "placeholder_logical_id"
    findings = _idm(("IF_correlation_id=", "#"), extra=noise)
    assert findings[0].code == NO_CORRELATION_ID


def test_too_many_tables_are_told() -> None:
    names = ",".join(f"T{number}" for number in range(21))
    codes = {finding.code for finding in _bod(("\nTables=InvoiceTable", f"\nTables={names}"))}
    assert "too_many_tables" in codes


def test_what_is_sent_before_there_is_an_item_cannot_have_its_id() -> None:
    finding = _only(_idm(("purchase_order", "idm_reference")), "unfilled_field")
    assert (finding.key, finding.severity) == ("IF_idm_reference", Severity.WARNING)
    text = erp_mappings.M3.decode().replace("HF_CUCD=currency", "HF_CUCD=idm_reference")
    (finding,) = [each for each in lint(MappingKind.M3, text) if each.code == "unfilled_field"]
    assert (finding.key, "idm_reference" in finding.text) == ("HF_CUCD", True)
    in_toml = erp_mappings.TOML.decode().replace("[currency]", "[idm_reference]")
    assert "unfilled_field" in {each.code for each in lint(MappingKind.TOML, in_toml)}
    of_ln = lint(MappingKind.LN, erp_mappings.LN.decode())
    assert "unfilled_field" not in {each.code for each in of_ln}


def test_a_bod_that_names_the_item_is_refused_because_nothing_would_be_sent_for_it() -> None:
    finding = _only(_bod(("purchase_order", "idm_reference")), "item_not_known")
    assert (finding.key, finding.severity) == ("IF_idm_reference", Severity.ERROR)
    assert finding.blocks_activation
    assert "idm_reference" in finding.text
