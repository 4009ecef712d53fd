"""Bytes of mapping files as text, and back without a difference."""

from __future__ import annotations

import codecs
from enum import StrEnum

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _


class TextEncoding(StrEnum):
    """The encoding of a file; UTF-16 is recognised by its byte order mark alone."""

    UTF8 = "utf-8"
    UTF8_MARKED = "utf-8-sig"
    UTF16_LE = "utf-16-le"
    UTF16_BE = "utf-16-be"
    WINDOWS = "windows-1252"

    @property
    def mark(self) -> bytes:
        """The byte order mark in front of the text."""
        return {
            TextEncoding.UTF8_MARKED: codecs.BOM_UTF8,
            TextEncoding.UTF16_LE: codecs.BOM_UTF16_LE,
            TextEncoding.UTF16_BE: codecs.BOM_UTF16_BE,
        }.get(self, b"")

    @property
    def codec(self) -> str:
        """Python's name of the encoding without its mark."""
        return "utf-8" if self is TextEncoding.UTF8_MARKED else self.value


def decode(content: bytes) -> tuple[str, TextEncoding]:
    """Return the text of a file and how it is written.

    What is not UTF-8 is read as Windows-1252, which has the signs of Latin-1.

    Raises:
        InvalidInput: `mapping_not_text`, in none of these encodings; names the line.
    """
    marked = (one for one in TextEncoding if one.mark and content.startswith(one.mark))
    encoding = next(marked, TextEncoding.UTF8)
    body = content[len(encoding.mark) :]
    tries = (encoding, TextEncoding.WINDOWS) if encoding is TextEncoding.UTF8 else (encoding,)
    for one in tries:
        try:
            return body.decode(one.codec), one
        except UnicodeDecodeError as error:
            at = error.start
    raise InvalidInput(
        _(
            "The mapping file is not text in UTF-8, UTF-16 or Latin-1 (line {line}). Save it"
            " again with the encoding UTF-8."
        ).format(line=body[:at].count(b"\n") + 1),
        code="mapping_not_text",
    )


def encode(text: str, encoding: TextEncoding) -> bytes:
    """Return the bytes of a file; UTF-8 where `encoding` has not all signs of the text."""
    try:
        return encoding.mark + text.encode(encoding.codec)
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")
