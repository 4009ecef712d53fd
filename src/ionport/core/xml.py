"""The one place that parses XML with lxml: hardened, capped, with clear errors.

No DTD, no entities, no network, bounded depth, size and number of elements. The client library
has its own expat parser for the answers of foreign servers.

A tree takes many times the memory of its file: 19 MB of `<a/>` took 510 MB. So what could be an
element or an attribute is counted in the bytes before a tree is begun: `<` that opens something,
and `=`. Both are what they are in every encoding that is accepted.
"""

from __future__ import annotations

import re

from lxml import etree

from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.i18n import _

MAX_BYTES = 20_000_000
MAX_ELEMENTS = 300_000
"""An invoice of 5,000 lines has about 200,000; as many attributes are accepted."""

_DECLARED = re.compile(
    rb"""^\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']"""
)
# Where `<` and `=` are single bytes of ASCII, or two with a zero: a sign cannot hide from counting.
_ENCODINGS = re.compile(
    r"utf-?8|utf-?16(le|be)?|us-ascii|ascii|latin-?1|iso-?8859-\d{1,2}|windows-\d{3,4}|cp12\d\d"
    r"|koi8-[ru]|euc-(jp|kr)|shift_jis|gb2312|gbk|gb18030|big5",
    re.ASCII | re.IGNORECASE,
)
# `<a/>` and ` a=""` are the shortest element and attribute.
_SHORTEST = 4
_BLANKS = b" \t\r\n"
_LONG_TEXT = 10_000_000
_EBCDIC = b"\x4c\x6f\xa7\x94"
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")


def parse(
    content: bytes, *, max_bytes: int = MAX_BYTES, keeps_blanks: bool = True
) -> etree._Element:
    """Parse `content` into a tree and return its root element.

    Comments and processing instructions are dropped, and white space before the declaration is
    forgiven. With `keeps_blanks` false, white space between elements is dropped too, and a text
    may be as long as the file. Nesting beyond a few hundred levels is refused.

    Raises:
        TooLarge: over `max_bytes`, or more than 300,000 elements or attributes.
        InvalidInput: empty, in an unusual encoding, not well-formed (with line and column), or
            with a DOCTYPE.
    """
    if len(content) > max_bytes:
        raise TooLarge(
            _("The XML file has {size} bytes; at most {limit} are accepted.").format(
                size=len(content), limit=max_bytes
            ),
            code="xml_too_large",
        )
    if content[:1] in _BLANKS:
        content = content.lstrip(_BLANKS)
    if not content:
        raise InvalidInput(_("The XML file is empty."), code="xml_empty")
    _refuse_encoding(content)
    if _has_doctype(content):
        raise _doctype()
    _refuse_many(content)
    try:
        root = etree.fromstring(content, _parser(content, keeps_blanks=keeps_blanks))
    except etree.XMLSyntaxError as error:
        raise InvalidInput(_describe(error), code="xml_not_well_formed") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise _doctype()
    return root


def _refuse_encoding(content: bytes) -> None:
    declared = _DECLARED.match(content.removeprefix(b"\xef\xbb\xbf"))
    name = declared[1].decode() if declared else ""
    if content.startswith(_EBCDIC):
        name = "EBCDIC"
    if name and not _ENCODINGS.fullmatch(name):
        raise InvalidInput(
            _("The XML is encoded in {name}, which is not read. Save it as UTF-8.").format(
                name=name
            ),
            code="xml_encoding",
        )


def _refuse_many(content: bytes) -> None:
    if len(content) < MAX_ELEMENTS * _SHORTEST:
        return
    opened = content.count(b"<") - content.count(b"</")
    if max(opened, content.count(b"=")) > MAX_ELEMENTS:
        raise TooLarge(
            _(
                "The XML has more than {limit} elements or attributes. Split what it holds into"
                " several files."
            ).format(limit=MAX_ELEMENTS),
            code="xml_too_many_elements",
        )


def _has_doctype(content: bytes) -> bool:
    """Look before the first element: a DOCTYPE can give every element a thousand attributes."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0")):
        return any("<!DOCTYPE".encode(name) in content for name in _WIDE)
    start = len(b"\xef\xbb\xbf") if content.startswith(b"\xef\xbb\xbf") else 0
    while start >= 0:
        start = content.find(b"<", start)
        for opening, end in ((b"<?", b"?>"), (b"<!--", b"-->")):
            if start >= 0 and content.startswith(opening, start):
                start = content.find(end, start + len(opening))
                break
        else:
            return start >= 0 and content.startswith(b"<!DOCTYPE", start)
    return False


def _doctype() -> InvalidInput:
    return InvalidInput(
        _(
            "The XML has a DOCTYPE. For safety such files are refused; e-invoices and BODs"
            " have none. Remove the DOCTYPE or export the file again."
        ),
        code="xml_doctype",
    )


def _parser(content: bytes, *, keeps_blanks: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        # Without it libxml2 refuses texts of 10 MB: an attachment may be longer.
        huge_tree=not keeps_blanks and len(content) > _LONG_TEXT,
        remove_blank_text=not keeps_blanks,
        collect_ids=keeps_blanks,
        remove_comments=True,
        remove_pis=True,
    )


def _describe(error: etree.XMLSyntaxError) -> str:
    line, column = error.position
    if "depth" in str(error).lower():
        return _("The XML is nested too deeply (line {line}); no invoice is.").format(line=line)
    reason = " ".join((str(error.msg).rpartition(", line ")[0] or str(error.msg)).split())
    return _("The file is not well-formed XML: {reason} (line {line}, column {column}).").format(
        reason=reason, line=line, column=column
    )
