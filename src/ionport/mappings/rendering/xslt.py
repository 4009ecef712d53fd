"""XSLT mappings: a stylesheet of a user makes a file of the document's default XML.

Source: docs/reference/document-system.md#default-output.
"""

from __future__ import annotations

from ionport.core.xslt.running import transform
from ionport.mappings.model import RenderSource
from ionport.mappings.rendering.default import default_xml


def render_xslt(text: str, source: RenderSource) -> bytes:
    """Return what the stylesheet makes of the document.

    It gets the XML of `default_xml`. Which value comes from which line no program can tell of a
    stylesheet: there is no explanation.

    Raises:
        InvalidInput: the stylesheet cannot be used, fails, or takes too long; see `transform`.
    """
    return transform(text, default_xml(source))
