"""What kind of file a stylesheet makes, by its `xsl:output`.

Source: https://www.w3.org/TR/xslt-30/#serialization
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ionport.core.xslt.stylesheets import NAMESPACE, read_stylesheet

_METHODS: Final = {
    "xml": ("application/xml", ".xml"),
    "xhtml": ("application/xhtml+xml", ".xhtml"),
    "html": ("text/html", ".html"),
    "text": ("text/plain", ".txt"),
    "json": ("application/json", ".json"),
}
_SUFFIXES: Final = {
    "text/csv": ".csv",
    "text/xml": ".xml",
    "application/edifact": ".edi",
    "application/edi-x12": ".edi",
    **dict(_METHODS.values()),
}
# Codecs of Python that no receiver of a file takes for an encoding.
_NO_ENCODINGS: Final = frozenset(
    {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-8-sig"}
)
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_HTML = re.compile(rb"\s*(<!DOCTYPE html|<html[\s>])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Output:
    """The media type of a result, and the end of a file's name with the point."""

    media_type: str
    suffix: str


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a result is written; `is_markup` when it can say any sign as a reference."""

    name: str
    is_markup: bool

    @property
    def is_utf8(self) -> bool:
        return codecs.lookup(self.name).name == "utf-8"


def declared_output(stylesheet: str, result: bytes) -> Output:
    """Return what `result` is, by the stylesheet that made it.

    Where it says no method, what begins with `html` is HTML and all else XML, as the standard
    has it. A media type without a known suffix keeps the suffix of the method.

    Raises:
        InvalidInput, TooLarge: the stylesheet is not well-formed XML.
    """
    said = _said(stylesheet)
    method = said.get("method", "html" if _HTML.match(result) else "xml")
    media_type, suffix = _METHODS.get(method, _METHODS["xml"])
    if _MEDIA_TYPE.fullmatch(own := said.get("media-type", "")):
        return Output(own, _SUFFIXES.get(own, suffix))
    return Output(media_type, suffix)


def declared_encoding(stylesheet: str) -> Encoding:
    """Return the encoding that a stylesheet asks for, UTF-8 where it says none that is known.

    Raises:
        InvalidInput, TooLarge: the stylesheet is not well-formed XML.
    """
    said = _said(stylesheet)
    is_markup = said.get("method", "xml") not in ("text", "json")
    name = said.get("encoding", "utf-8")
    if not _is_encoding(name):
        name = "utf-8"
    return Encoding(name.upper(), is_markup)


def _is_encoding(name: str) -> bool:
    """Tell whether Python knows an encoding of texts; it has codecs of other things as well."""
    try:
        return bool("<".encode(name)) and codecs.lookup(name).name not in _NO_ENCODINGS
    except (LookupError, UnicodeError):
        return False


def _said(stylesheet: str) -> Mapping[str, str]:
    """Return what the unnamed xsl:output elements say, of which the last one counts."""
    return {
        name: str(element.get(name)).strip().lower()
        for element in read_stylesheet(stylesheet).iterchildren(f"{{{NAMESPACE}}}output")
        if element.get("name") is None
        for name in ("method", "media-type", "encoding")
        if element.get(name)
    }
