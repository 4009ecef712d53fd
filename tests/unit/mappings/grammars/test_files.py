from __future__ import annotations

import json

import pytest

from ionport.core.errors import InvalidInput, TooLarge
from ionport.mappings.grammars.files import (
    MAX_BYTES,
    MAX_LINES,
    XSLT_NAMESPACE,
    filled_template,
    own_template,
    read_mapping,
    recognise_kind,
    template_values,
)
from ionport.mappings.model import MappingKind

_CREDENTIAL = json.dumps({"ti": "ACME_TST", "cn": "x", "ci": "ACME_TST~" + "A" * 43})


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", "mapping_empty", "empty"),
        (b" \r\n\t", "mapping_empty", "empty"),
        (_CREDENTIAL.encode(), "not_a_mapping_file", "ION API file (.ionapi)"),
        (b"\xef\xbb\xbf" + _CREDENTIAL.encode(), "not_a_mapping_file", "ION API file (.ionapi)"),
        (b'[{"program": "CRS620MI"}]', "not_a_mapping_file", "JSON"),
        (b"<?xml version='1.0'?><Invoice/>", "not_a_mapping_file", "XML"),
        (b"%PDF-1.7", "not_a_mapping_file", "a PDF"),
        (b"PK\x03\x04", "not_a_mapping_file", "ZIP"),
        (b"\x89PNG", "not_a_mapping_file", "picture"),
        (b"a=1\nb=\x8f\xff", "mapping_not_text", "line 2"),
        (b"\xff\xfea\x00=\x00\xd8", "mapping_not_text", "UTF-8"),
        (b"a=1\n\x01\n", "mapping_control_character", "line 2"),
        (b"a=1\nb=\x00\n", "mapping_control_character", "line 2"),
    ],
    ids=[
        "empty",
        "blank",
        "ionapi",
        "ionapi with BOM",
        "JSON",
        "XML",
        "PDF",
        "ZIP",
        "PNG",
        "binary",
        "half of a UTF-16 sign",
        "control sign at the start of a line",
        "NUL",
    ],
)
def test_what_is_no_mapping_file_is_named_as_what_it_is(
    content: bytes, code: str, says: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_mapping(content)
    assert caught.value.code == code
    assert says in caught.value.text
    assert "A" * 43 not in caught.value.text


def test_a_mapping_file_has_a_size_limit() -> None:
    read_mapping(b"a=" + b"x" * (MAX_BYTES - 2))
    with pytest.raises(TooLarge):
        read_mapping(b"a=" + b"x" * (MAX_BYTES - 1))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Index_Fields=a\nIF_a=B\n", MappingKind.IDM),
        ("DT_Path=x\nIndex_Fields=a\n", MappingKind.BOD),
        ("StaticFields=DIVI\nSF_DIVI=AAA\n", MappingKind.M3),
        ("HeaderFields=FinancialCompany\nHF_FinancialCompany=x\n", MappingKind.LN),
        ("[export_configuration.header]\n", MappingKind.TOML),
        ("[[conflict_resolution.rule]]\n", MappingKind.TOML),
        (
            "<?xml version='1.0'?>\n<!-- a -->\n<t:transform xmlns:t='" + XSLT_NAMESPACE + "'/>",
            MappingKind.XSLT,
        ),
        ("a=b\n", None),
        ("", None),
    ],
)
def test_kinds_are_recognised_by_content(text: str, kind: MappingKind | None) -> None:
    assert recognise_kind(text) is kind


@pytest.mark.parametrize("kind", [MappingKind.IDM, MappingKind.BOD])
def test_the_project_ships_own_templates(kind: MappingKind) -> None:
    name, content = own_template(kind)
    assert name.startswith(kind.value)
    assert recognise_kind(read_mapping(content)[0]) is kind


def test_every_kind_has_a_label() -> None:
    assert all(kind.label for kind in MappingKind)


def test_a_mapping_file_has_a_limit_of_lines() -> None:
    read_mapping(b"a=1\r\n" * MAX_LINES)
    with pytest.raises(TooLarge):
        read_mapping(b"a=1\n" * (MAX_LINES + 1))


def test_a_template_gets_values_of_its_own_and_stays_as_it_is_otherwise() -> None:
    shipped = template_values(MappingKind.BOD)
    assert set(shipped) == {"logical_id", "accounting_entity"}
    given = {"logical_id": "lid://infor.ims.acme", "accounting_entity": r"\\1_AAA"}
    name, content = filled_template(MappingKind.BOD, given)
    before = own_template(MappingKind.BOD)[1].decode().splitlines()
    changed = [
        new for old, new in zip(before, content.decode().splitlines(), strict=True) if old != new
    ]
    assert changed == [
        "SFV_LogicalID=lid://infor.ims.acme",
        r"SFV_AccountingEntityID=\\1_AAA",
    ]
    assert name == own_template(MappingKind.BOD)[0]
    assert filled_template(MappingKind.IDM, {})[1] == own_template(MappingKind.IDM)[1]


def test_every_missing_value_of_a_template_is_named() -> None:
    with pytest.raises(InvalidInput) as refused:
        filled_template(MappingKind.BOD, {"logical_id": "lid://two words"})
    assert set(refused.value.fields) == {"logical_id", "accounting_entity"}
