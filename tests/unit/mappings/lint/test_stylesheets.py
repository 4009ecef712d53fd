from __future__ import annotations

import pytest

from ionport.mappings.lint.linter import lint
from ionport.mappings.model import MappingKind

_HEAD = "<xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'"


def _lint(body: str, attributes: str = "") -> list[tuple[str, int | None]]:
    text = f"<?xml version='1.0' encoding='latin-1'?>\n{_HEAD}{attributes}>\n{body}\n"
    findings = lint(MappingKind.XSLT, text + "</xsl:stylesheet>")
    assert all(finding.text for finding in findings)
    return [(finding.code, finding.line) for finding in findings]


def test_a_stylesheet_that_compiles_has_no_finding() -> None:
    assert (
        _lint("<xsl:template match='/'><n><xsl:value-of select='//invoice_id'/></n></xsl:template>")
        == []
    )


@pytest.mark.parametrize(
    "body",
    [
        "<xsl:import href='http://example.org/a.xsl'/>",
        "<xsl:include href='/etc/passwd'/>",
        "<xsl:template match='/'><xsl:copy-of select=\"document('/etc/passwd')\"/></xsl:template>",
        "<xsl:template match='/'><a b='{ unparsed-text( 1 ) }'/></xsl:template>",
        "<xsl:template match='/'><e:document xmlns:e='http://exslt.org/common'/></xsl:template>",
    ],
)
def test_a_stylesheet_that_reaches_outside_is_refused(body: str) -> None:
    assert set(_lint(body)) == {("xslt_forbidden", 3)}


def test_what_does_not_compile_is_told() -> None:
    assert _lint("<xsl:template match='//['/>") == [("xslt_broken", 3)]
    assert _lint("<xsl:template>") == [("xslt_broken", None)]
    doctype = "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>"
    # What begins with a DOCTYPE is no stylesheet that is recognised.
    assert [each.code for each in lint(MappingKind.XSLT, doctype + _HEAD + "/>")] == ["other_kind"]


def test_a_newer_version_is_told() -> None:
    text = f"{_HEAD.replace('1.0', '3.0')}/>"
    assert [each.code for each in lint(MappingKind.XSLT, text)] == ["xslt_version"]
