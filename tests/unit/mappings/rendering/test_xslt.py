from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from ionport.core.errors import InvalidInput
from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind
from ionport.mappings.rendering.xslt import render_xslt
from tests.unit.mappings.sources import demo_source

_TEXT = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="text"/><xsl:template match="/">{body}</xsl:template>
{more}
</xsl:stylesheet>"""


def _stylesheet(body: str, more: str = "") -> str:
    return _TEXT.format(body=body, more=more)


def test_our_stylesheet_makes_a_file_of_the_document() -> None:
    fields = {**demo_source().fields, "supplier_name": "A & B <c>"}
    source = demo_source(fields=fields)
    root = ElementTree.fromstring(render_xslt(own_template(MappingKind.XSLT)[1].decode(), source))
    assert root.attrib == {"type": "INVOICE"}
    assert root.findtext("invoice_id") == "RE-2026-0417"
    assert root.findtext("supplier_name") == "A & B <c>"
    assert [line.findtext("QUANTITY") for line in root.iter("Line")] == ["200", "12", "25"]
    assert len(root.findall("Taxes/Tax")) == 2


def test_a_stylesheet_may_make_text() -> None:
    body = '<xsl:value-of select="document/fields_compact/invoice_id"/>'
    assert render_xslt(_stylesheet(body), demo_source()) == b"RE-2026-0417"


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
            "cannot be applied",
        ),
        ("</xsl:if>", "", "cannot be applied"),
    ],
)
def test_what_a_stylesheet_may_not_or_cannot_do_is_told(body: str, more: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told) as error:
        render_xslt(_stylesheet(body, more), demo_source())
    assert error.value.code == "xslt_failed"


def test_later_versions_are_told() -> None:
    text = _stylesheet("x").replace('version="1.0"', 'version="2.0"')
    with pytest.raises(InvalidInput, match=r"version 2\.0 is not supported"):
        render_xslt(text, demo_source())
