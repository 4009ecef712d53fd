"""XSLT 2.0 and 3.0: the only module that imports saxonche (extra `xslt`).

It runs in the process of `child.py` alone. Access to files and addresses is refused three times: by
the check of `compile_stylesheet`, by Saxon's own settings, and because the process can open no file
and no socket any more. Source:
https://www.saxonica.com/documentation12/index.html#!configuration/config-features
"""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from saxonche import PySaxonApiError, PySaxonProcessor

from ionport.core.xslt.outputs import Encoding, declared_encoding
from ionport.core.xslt.stylesheets import StylesheetError

_FEATURES: Final = {
    # No scheme of an address is allowed: document(), unparsed-text(), imports and the like.
    "http://saxon.sf.net/feature/allowedProtocols": "",
    "http://saxon.sf.net/feature/allow-external-functions": "false",
}
_MOST_TOLD: Final = 1 << 16
_ENDLESS: Final = "SXLM0001"
# Behind the texts of xsl:message, which may say "Error" themselves.
_ENDED = re.compile(r"^Error\b[^\n]*\n\s+XTMM9000\b", re.MULTILINE)
_LINE = re.compile(r"\bon line (\d{1,7})")
_CODE = re.compile(r"^\s+[A-Z]{4}\d{4}\s+", re.MULTILINE)
_PLACE = re.compile(r"(?:\s*\bcolumn \d+)?\s*\b(?:of|in) file:\S*")
_DECLARED = re.compile(r'(<\?xml\b[^>]{0,60}\bencoding=")US-ASCII"')


def run_saxon(stylesheet: str, document: str | None, memory: int) -> bytes:
    """Return what a stylesheet makes of a document; with None it is compiled alone.

    From here on the process may use `memory` bytes and opens nothing.

    Raises:
        StylesheetError: it cannot be compiled, or ends with an error.
    """
    encoding = declared_encoding(stylesheet)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST_TOLD, _MOST_TOLD))
    # Saxon reserves far more addresses than it uses: what it may write to is counted instead.
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    with _told_text() as told:
        try:
            text = _text(stylesheet, document, encoding)
        except PySaxonApiError as error:
            raise _reason(str(error), told()) from error
    return _encoded(text, encoding)


def _text(stylesheet: str, document: str | None, encoding: Encoding) -> str:
    processor = PySaxonProcessor(license=False)
    for name, value in _FEATURES.items():
        processor.set_configuration_property(name, value)
    xslt = processor.new_xslt30_processor()
    # Standard input, output and error are there; nothing else is opened.
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    program = xslt.compile_stylesheet(stylesheet_text=stylesheet, encoding="UTF-8")
    if document is None:
        return ""
    if encoding.is_markup and not encoding.is_utf8:
        # Then every other sign is written as a reference, which each encoding has.
        program.set_property("!encoding", "US-ASCII")
    else:
        program.set_property("!encoding", "UTF-8")
    return program.transform_to_string(xdm_node=processor.parse_xml(xml_text=document)) or ""


def _encoded(text: str, encoding: Encoding) -> bytes:
    named = _DECLARED.sub(rf'\g<1>{encoding.name}"', text, count=1)
    try:
        return named.encode(encoding.name)
    except UnicodeEncodeError as error:
        sign = text[error.start]
        raise StylesheetError(f"{encoding.name} has no sign for {sign!r}", None) from error


def _reason(error: str, told: str) -> StylesheetError:
    """Return what went wrong: Saxon tells the place, and texts of xsl:message, beside the error."""
    line = _LINE.search(told) or _LINE.search(error)
    number = int(line[1]) if line else None
    if _ENDLESS in told:
        return StylesheetError("endless recursion: what is called here calls itself again", number)
    ended = _ENDED.search(told)
    message = told[: ended.start()].strip() if ended else ""
    plain = _PLACE.sub("", _CODE.sub(" ", message or error))
    return StylesheetError(" ".join(plain.split()), number)


@contextmanager
def _told_text() -> Iterator[Callable[[], str]]:
    """Collect what Saxon writes to standard error, in memory; yields a function that returns it."""
    memory = os.memfd_create("told")
    kept = os.dup(2)
    os.dup2(memory, 2)

    def told() -> str:
        return os.pread(memory, _MOST_TOLD, 0).decode("utf-8", "replace")

    try:
        yield told
    finally:
        os.dup2(kept, 2)
