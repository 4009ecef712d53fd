from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime

import pytest

from ionport.core.errors import InvalidInput
from ionport.core.xslt import running
from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind, MappingVersion, RenderSource
from ionport.mappings.rendering.default import default_json, default_xml
from ionport.mappings.rendering.files import FileForm, RenderedFile, render_file
from tests.unit.mappings.sources import demo_source

_TEXT = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="text"/><xsl:template match="/">{body}</xsl:template>
{more}
</xsl:stylesheet>"""


def _stylesheet(body: str, more: str = "") -> str:
    return _TEXT.format(body=body, more=more)


def _version(text: str, kind: MappingKind = MappingKind.XSLT) -> MappingVersion:
    now = datetime(2026, 3, 5, tzinfo=UTC)
    return MappingVersion("v", "m", "receiver.xslt", kind, 1, "", text, (), now, "anna")


def _render(text: str, source: RenderSource | None = None) -> RenderedFile:
    return render_file(source or demo_source(), _version(text), FileForm.JSON)


def test_a_document_without_a_stylesheet_becomes_xml_or_json() -> None:
    made = render_file(demo_source(), None, FileForm.XML)
    assert made == RenderedFile(default_xml(demo_source()), "application/xml", ".xml")
    made = render_file(demo_source(), None, FileForm.JSON)
    assert made == RenderedFile(default_json(demo_source()), "application/json", ".json")


@pytest.mark.parametrize(
    ("output", "media_type", "suffix"),
    [
        ('method="xml"', "application/xml", ".xml"),
        ('method="text"', "text/plain", ".txt"),
        ('method="text" media-type="text/csv"', "text/csv", ".csv"),
        ('method="text" media-type="application/x-own"', "application/x-own", ".txt"),
        ('method="text" media-type="a/b\nc"', "text/plain", ".txt"),
        ("", "text/html", ".html"),
    ],
)
def test_the_stylesheet_says_what_kind_of_file_it_makes(
    output: str, media_type: str, suffix: str
) -> None:
    text = _stylesheet("<html><body>a</body></html>").replace('method="text"', output)
    made = _render(text)
    assert (made.media_type, made.suffix) == (media_type, suffix)


def test_a_mapping_of_another_kind_makes_no_file() -> None:
    with pytest.raises(InvalidInput, match=r"receiver\.xslt is no XSLT.*IDM mapping") as error:
        render_file(demo_source(), _version("", MappingKind.IDM), FileForm.XML)
    assert error.value.code == "no_stylesheet"


def test_our_stylesheet_makes_a_file_of_the_document() -> None:
    fields = {**demo_source().fields, "supplier_name": "A & B <c>"}
    source = demo_source(fields=fields)
    root = ElementTree.fromstring(
        _render(own_template(MappingKind.XSLT)[1].decode(), source).content
    )
    assert root.attrib == {"type": "INVOICE"}
    assert root.findtext("invoice_id") == "RE-2026-0417"
    assert root.findtext("supplier_name") == "A & B <c>"
    assert [line.findtext("QUANTITY") for line in root.iter("Line")] == ["200", "12", "25"]
    assert len(root.findall("Taxes/Tax")) == 2


def test_a_stylesheet_may_make_text() -> None:
    body = '<xsl:value-of select="document/fields_compact/invoice_id"/>'
    assert _render(_stylesheet(body)).content == b"RE-2026-0417"


@pytest.mark.parametrize(
    ("body", "more", "told"),
    [
        ("<xsl:value-of select=\"document('/etc/passwd')\"/>", "", "reaches outside .document"),
        ("", "", "makes nothing"),
        ('<xsl:call-template name="gone"/>', "", "line|gone"),
        ("<xsl:message terminate='yes'>No total</xsl:message>", "", "No total"),
        (
            '<xsl:call-template name="again"/>',
            '<xsl:template name="again"><xsl:call-template name="again"/></xsl:template>',
            "line 3: endless recursion",
        ),
        ('<xsl:apply-templates select="."/>', "", "line 2: endless recursion"),
        (
            '<xsl:value-of select="$one"/>',
            '<xsl:variable name="one" select="$other"/><xsl:variable name="other" select="$one"/>',
            "line 3: endless recursion",
        ),
        ("</xsl:if>", "", "cannot be applied"),
    ],
)
def test_what_a_stylesheet_may_not_or_cannot_do_is_told(body: str, more: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told) as error:
        _render(_stylesheet(body, more))
    assert error.value.code == "xslt_failed"


_SAXON = _TEXT.replace('version="1.0"', 'version="3.0" expand-text="yes"').replace(
    "<xsl:output", '<xsl:param name="d" static="yes" select="\'do\' || \'c\'"/><xsl:output'
)


def test_xslt_3_is_run_too() -> None:
    made = _render(_SAXON.format(body="{sum(//VAT ! number())} {//invoice_id}", more=""))
    assert made.content.decode() == "45 RE-2026-0417"


@pytest.mark.parametrize(
    ("output", "content"),
    [
        ('encoding="ISO-8859-1"', '<?xml version="1.0" encoding="ISO-8859-1"?><b>&#xe9;</b>'),
        ('encoding="ISO-8859-1" method="text"', "é"),
        ('encoding="no-such"', '<?xml version="1.0" encoding="UTF-8"?><b>é</b>'),
        ('encoding="rot13"', '<?xml version="1.0" encoding="UTF-8"?><b>é</b>'),
        ('encoding="idna"', '<?xml version="1.0" encoding="UTF-8"?><b>é</b>'),
    ],
)
def test_the_encoding_that_a_stylesheet_asks_for_is_used(output: str, content: str) -> None:
    text = _SAXON.format(body="<b>é</b>", more="").replace('method="text"', output)
    encoding = "latin-1" if "8859" in output else "utf-8"
    assert _render(text).content == content.encode(encoding)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        # Put together where a look at the text does not see it.
        ("<xsl:copy-of _select=\"{$d}('file:///etc/hostname')\"/>", "line 2: .*prohibited"),
        ("<xsl:message terminate='yes'>No total</xsl:message>", "line 2: No total$"),
        ("<xsl:message terminate='yes'>Error: no total</xsl:message>", "line 2: Error: no total$"),
        # Texts before it are told as well.
        (
            "<xsl:message>One</xsl:message><xsl:message terminate='yes'>Error 5</xsl:message>",
            "line 2: One Error 5$",
        ),
        ("{1 idiv 0}", "line 2: Integer division by zero"),
        (
            "<b><xsl:apply-templates select='/'/></b>",
            "line 2: endless recursion",
        ),
        ("<b>{codepoints-to-string(8364)}</b>", "ISO-8859-1 has no sign for '€'"),
        ("", "makes nothing"),
    ],
)
def test_what_fails_in_xslt_3_is_told_with_its_place(body: str, told: str) -> None:
    text = _SAXON.format(body=body, more="").replace('"text"', '"text" encoding="iso-8859-1"')
    with pytest.raises(InvalidInput, match=told) as error:
        _render(text)
    assert error.value.code == "xslt_failed"
    assert "file:///work" not in error.value.text


def test_without_the_extra_the_text_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_installed(*_job: object) -> bytes:
        raise running.NoProcessor

    monkeypatch.setattr(running, "_run", not_installed)
    with pytest.raises(InvalidInput, match=r"install ionport\[xslt\]"):
        _render(_SAXON)
