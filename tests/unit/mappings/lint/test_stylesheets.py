from __future__ import annotations

import pytest

from ionport.core.xslt import running
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


def test_a_later_version_is_compiled_in_full() -> None:
    text = f"{_HEAD.replace('1.0', '3.0')}>\n<xsl:template match='/'><a>{{}}</a></xsl:template>\n"
    assert lint(MappingKind.XSLT, text + "</xsl:stylesheet>") == []
    broken = text.replace("match='/'", "match='//['")
    findings = lint(MappingKind.XSLT, broken + "</xsl:stylesheet>")
    assert [(each.code, each.line) for each in findings] == [("xslt_broken", 2)]


def test_a_later_version_needs_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_installed(*_job: object) -> bytes:
        raise running.NoProcessor

    monkeypatch.setattr(running, "_run", not_installed)
    (finding,) = lint(MappingKind.XSLT, f"{_HEAD.replace('1.0', '2.0')}/>")
    assert (finding.code, finding.blocks_activation) == ("xslt_version", True)
    assert "ionport[xslt]" in finding.remedy


@pytest.mark.parametrize("version", ["", "two", "1e9", "-1", "\u0663"])
def test_a_version_that_is_none_is_told(version: str) -> None:
    (finding,) = lint(MappingKind.XSLT, f"{_HEAD.replace('1.0', version)}/>")
    assert finding.code == "xslt_broken"
    assert "none of 1.0, 2.0 and 3.0" in finding.text


@pytest.mark.parametrize(
    ("body", "attributes"),
    [
        ("<xsl:template match='/'><a>{ doc('x') }</a></xsl:template>", " expand-text='yes'"),
        ("<xsl:template match='/'><a>{fn:doc#1}</a></xsl:template>", " expand-text='yes'"),
        ("<xsl:template match='/'><a b=\"{function-lookup(1, 1)}\"/></xsl:template>", ""),
        ("<xsl:template match='/'><a b=\"{'x' => unparsed-text()}\"/></xsl:template>", ""),
    ],
)
def test_what_later_versions_could_reach_is_refused(body: str, attributes: str) -> None:
    assert set(_lint(body, attributes)) == {("xslt_forbidden", 3)}


def test_names_and_texts_that_only_look_like_it_are_not_refused() -> None:
    body = "<xsl:template match='/'><a b='document'>see doc (1)</a></xsl:template>"
    assert _lint(body) == []


def test_a_template_that_never_ends_is_told() -> None:
    def template(name: str, body: str) -> str:
        return f"<xsl:template name='{name}'>{body}</xsl:template>"

    def call(name: str, inside: str = "") -> str:
        return f"<xsl:call-template name='{name}'>{inside}</xsl:call-template>"

    assert _lint(template("a", f"<b>{call('a')}</b>")) == [("xslt_endless", 3)]
    two = template("a", call("b")) + "\n" + template("b", call("a"))
    assert _lint(two) == [("xslt_endless", 3), ("xslt_endless", 4)]
    maybe = "<xsl:if test='1'>{}</xsl:if>".format(call("a"))
    assert _lint(template("a", maybe) + template("b", call("a"))) == []
