"""Whatever a file says, the linter answers with findings."""

from __future__ import annotations

from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionport.core.errors import IonportError
from ionport.mappings.grammars.edits import apply_edits
from ionport.mappings.grammars.encodings import TextEncoding, encode
from ionport.mappings.grammars.files import recognise_kind
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.lint.linter import MAX_FINDINGS, lint
from ionport.mappings.model import MappingKind
from tests.unit.mappings.lint.test_sections import LN, M3, TOML
from tests.unit.mappings.sources import BOD_TEMPLATE, IDM_TEMPLATE

_TEXTS = (IDM_TEMPLATE, BOD_TEMPLATE, M3, LN, TOML)
_PIECES = st.sampled_from(
    [
        "{",
        "}",
        "{name}",
        "%s",
        "=",
        ",",
        "\n",
        "\r\n",
        "\u202e",
        "\U0001f4a5",
        "TF_",
        "[[",
        "\\\\",
        "#",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(_TEXTS), st.lists(st.tuples(st.integers(0, 4000), _PIECES), max_size=8))
def test_a_spoilt_file_has_findings_with_sentences_and_fixes_that_fit(
    text: str, changes: list[tuple[int, str]]
) -> None:
    for place, piece in changes:
        text = text[:place] + piece + text[place + 3 :]
    kind = recognise_kind(text) or MappingKind.IDM
    findings = lint(kind, text)
    assert len(findings) <= MAX_FINDINGS
    for finding in findings:
        assert finding.text
        assert finding.severity
        assert finding.remedy is not None
        if finding.fix:
            apply_edits(text, finding.fix)


@given(st.binary(max_size=200))
def test_any_bytes_are_kept_or_refused(content: bytes) -> None:
    try:
        prepared = prepare_mapping(b"Index_Fields=a\n" + content)
    except IonportError:
        return
    assert encode(prepared.text, prepared.encoding) == b"Index_Fields=a\n" + content


def test_a_file_that_is_not_utf_8_says_so() -> None:
    content = encode(M3 + "# M\u00e4rz\n", TextEncoding.WINDOWS)
    assert [each.code for each in prepare_mapping(content).findings] == ["not_utf8"]


@pytest.mark.parametrize("kind", [MappingKind.IDM, MappingKind.BOD, MappingKind.M3, MappingKind.LN])
def test_a_key_and_a_list_of_a_megabyte_are_told_shortly(kind: MappingKind) -> None:
    text = {MappingKind.IDM: IDM_TEMPLATE, MappingKind.BOD: BOD_TEMPLATE}.get(kind)
    text = text or {MappingKind.M3: M3, MappingKind.LN: LN}[kind]
    long = "SF_" * 100_000
    findings = lint(kind, f"{text}\n{long}=1\nNonsense={'a,' * 300_000}\n{long}Fields=1\n")
    assert findings
    assert all(len(finding.text) < 1_000 for finding in findings)


@pytest.mark.parametrize(
    "text",
    [
        '# a\u2028b\u2028c\x85d\n[export_configuration.header.fields]\nSUNO = "x"\n',
        "[export_configuration.header.fields]\nSUNO = " + "1" * 5_000 + "\n",
        "[export_configuration.header.fields]\n" + ".".join(["a"] * 20_000) + " = 1\n",
        "[export_configuration" + ".a" * 50_000,
        "[export_configuration.header.fields]\nSUNO = " + "[" * 5_000 + "]" * 5_000 + "\n",
        '<?xml version="1.0"?><xsl:stylesheet version="1.0"'
        ' xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><?xml-a'
        + " " * 50_000
        + "?></xsl:stylesheet>",
    ],
    ids=["line separators", "digits", "parts of a key", "parts of a name", "depth", "spaces"],
)
def test_hostile_toml_and_stylesheets_have_findings_too(text: str) -> None:
    kind = recognise_kind(text)
    assert kind in (MappingKind.TOML, MappingKind.XSLT)
    for finding in lint(kind, text):
        assert finding.text
        assert finding.line is None or finding.line <= text.count("\n") + 1


def test_the_time_of_a_check_grows_with_the_lines_of_a_file_and_no_faster() -> None:
    head = '[export_configuration.header.fields]\nSUNO = "[supplier_id]"\n'

    def seconds(sections: int) -> float:
        names = (f'[export_configuration.own_{n}.fields]\nA = "b"\n' for n in range(sections))
        text, begun = head + "".join(names), perf_counter()
        findings = lint(MappingKind.TOML, text)
        assert "toml_unknown_section" in {finding.code for finding in findings}
        return perf_counter() - begun

    seconds(10)
    # By the square it would be a hundred times as long.
    assert seconds(3_000) < 40 * seconds(300)
