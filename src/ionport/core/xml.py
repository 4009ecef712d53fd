"""The one place that parses XML with lxml: hardened, capped, with clear errors.

No DTD, no entities, no network, bounded depth and size (DESIGN.md, decision 8). The client
library has its own expat parser for the answers of foreign servers.
"""

from __future__ import annotations

from lxml import etree

from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.i18n import _

MAX_BYTES = 20_000_000


def parse(content: bytes, *, max_bytes: int = MAX_BYTES) -> etree._Element:
    """Parse `content` into a tree and return its root element.

    Comments and processing instructions are dropped. libxml2 without `huge_tree` refuses
    nesting beyond a few hundred levels and single texts beyond 10 MB by itself.

    Raises:
        TooLarge: over `max_bytes`.
        InvalidInput: empty, not well-formed (with line and column), or with a DOCTYPE.
    """
    if len(content) > max_bytes:
        raise TooLarge(
            _("The XML file has {size} bytes; at most {limit} are accepted.").format(
                size=len(content), limit=max_bytes
            ),
            code="xml_too_large",
        )
    if not content.strip():
        raise InvalidInput(_("The XML file is empty."), code="xml_empty")
    try:
        root = etree.fromstring(content, _parser())
    except etree.XMLSyntaxError as error:
        raise InvalidInput(_describe(error), code="xml_not_well_formed") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise InvalidInput(
            _(
                "The XML has a DOCTYPE. For safety such files are refused; e-invoices and BODs"
                " have none. Remove the DOCTYPE or export the file again."
            ),
            code="xml_doctype",
        )
    return root


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _describe(error: etree.XMLSyntaxError) -> str:
    line, column = error.position
    if "depth" in str(error).lower():
        return _("The XML is nested too deeply (line {line}); no invoice is.").format(line=line)
    reason = str(error.msg).rpartition(", line ")[0] or str(error.msg)
    return _("The file is not well-formed XML: {reason} (line {line}, column {column}).").format(
        reason=reason, line=line, column=column
    )
