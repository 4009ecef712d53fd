"""XSLT stylesheets of users: compiled after a look at all that they could reach for.

A stylesheet gets its input and nothing else: what would read or write a file or an address is
refused when it is compiled, and the access control of libxslt refuses it again when it runs.
Source: https://www.w3.org/TR/1999/REC-xslt-19991116
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from ionport.core.xml import parse

NAMESPACE = "http://www.w3.org/1999/XSL/Transform"
_MAX_BYTES = 2 * 1024 * 1024
_ELEMENTS = frozenset(
    f"{{{NAMESPACE}}}{name}"
    for name in (
        "import",
        "include",
        "import-schema",
        "use-package",
        "result-document",
        "source-document",
        "stream",
        "evaluate",
    )
)
# As a decimal number; a stylesheet may name a version that is not there yet.
_VERSION = re.compile(r"[1-9]\d?(?:\.\d{1,3})?", re.ASCII)
_SAXON_FROM = 2.0
_ENCODING = re.compile(r"(<\?xml\s[^>]{0,200}?)\sencoding\s{0,9}=\s{0,9}([\"'])[^\"']{0,99}\2")
# Also as a reference to the function. A function of the stylesheet's own has another prefix.
_FUNCTION = (
    r"(?:^|[^\w:.$-]|\bfn:)(document|doc|doc-available|collection|uri-collection"
    r"|unparsed-text(?:-lines|-available)?|json-doc|transform|load-xquery-module|function-lookup"
    r"|environment-variable|available-environment-variables)\s*(?:\(|#\s*\d)"
)
_FUNCTIONS = re.compile(_FUNCTION)
# In a text, where expand-text lets expressions stand in braces.
_FUNCTIONS_IN_TEXT = re.compile(r"\{[^{}]{0,1000}?" + _FUNCTION)
# Namespaces of extensions that write files, run scripts or reach into the processor.
_EXTENSIONS = re.compile(
    r"exslt\.org/(?:common|functions|dynamic)|xmlsoft\.org|saxon|xalan|jd\.xsltc|java|script"
)


@dataclass(frozen=True, slots=True)
class Reach:
    """Something in a stylesheet that would leave it; `line` counts from 1."""

    name: str
    line: int


class StylesheetError(Exception):
    """A stylesheet that cannot be used: it reaches for something, or does not compile."""

    def __init__(self, text: str, line: int | None, forbidden: tuple[Reach, ...] = ()) -> None:
        super().__init__(text)
        self.text, self.line, self.forbidden = text, line, forbidden


@dataclass(frozen=True, slots=True)
class Stylesheet:
    """A stylesheet that may run; `version` is what it says of itself.

    `program` is None from version 2 on, which libxslt does not run.
    """

    version: str
    program: etree.XSLT | None


def compile_stylesheet(text: str) -> Stylesheet:
    """Compile a stylesheet. From version 2 on only its form is looked at.

    Raises:
        StylesheetError: it reaches for something outside, or is no stylesheet.
        InvalidInput, TooLarge: not well-formed XML, with the place.
    """
    root = read_stylesheet(text)
    version = root.get("version", "")
    if not _VERSION.fullmatch(version):
        raise StylesheetError(f"version {version[:20]!r} is none of 1.0, 2.0 and 3.0", None)
    if forbidden := tuple(_reaches(root)):
        raise StylesheetError("it reaches outside", forbidden[0].line, forbidden)
    _forget_unknown_encodings(root)
    program = _compile(root) if float(version) < _SAXON_FROM else None
    return Stylesheet(version, program)


def read_stylesheet(text: str) -> etree._Element:
    """Return the root element of a stylesheet, without a look at what it says.

    Raises:
        InvalidInput, TooLarge: not well-formed XML, with the place.
    """
    return parse(_without_encoding(text).encode(), max_bytes=_MAX_BYTES)


def _compile(root: etree._Element) -> etree.XSLT:
    rights = ("read_file", "write_file", "create_dir", "read_network", "write_network")
    denied = etree.XSLTAccessControl(**dict.fromkeys(rights, False))
    try:
        return etree.XSLT(root, access_control=denied)
    except etree.XSLTParseError as error:
        entries = [(str(entry.message), int(entry.line)) for entry in error.error_log]
        line = next((line for _why, line in entries if line > 0), None)
        why = " ".join(dict.fromkeys(why for why, _line in entries)) or str(error)
        raise StylesheetError(why[:200], line) from error


def _forget_unknown_encodings(root: etree._Element) -> None:
    """Remove the name of an encoding that libxml2 does not know from `xsl:output`.

    libxslt writes UTF-8 then and declares the name all the same, so that nobody reads the result.
    """
    for element in root.iterchildren(f"{{{NAMESPACE}}}output"):
        name = str(element.get("encoding", "utf-8"))
        if not (name and _is_encoding(name)):
            del element.attrib["encoding"]


def _is_encoding(name: str) -> bool:
    try:
        etree.tostring(etree.Element("a"), encoding=name)
    except (LookupError, ValueError):
        return False
    return True


def _without_encoding(text: str) -> str:
    """Return the text without the name of an encoding that it no longer has; lines stay."""
    return _ENCODING.sub(r"\1", text, count=1)


def _reaches(root: etree._Element) -> Iterator[Reach]:
    for element in root.iter():
        line = int(str(element.sourceline))
        if element.tag in _ELEMENTS:
            yield Reach(etree.QName(element).localname, line)
        for value in element.attrib.values():
            if match := _FUNCTIONS.search(str(value)):
                yield Reach(f"{match[1]}()", line)
        for text in (element.text, element.tail):
            if match := _FUNCTIONS_IN_TEXT.search(str(text or "")):
                yield Reach(f"{match[1]}()", line)
        for uri in {str(uri) for uri in element.nsmap.values()} - _declared(element.getparent()):
            if _EXTENSIONS.search(uri):
                yield Reach(uri, line)


def _declared(element: etree._Element | None) -> set[str]:
    return set() if element is None else {str(uri) for uri in element.nsmap.values()}
