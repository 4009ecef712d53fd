"""Bodies of requests and messages as pages show them: indented where possible, always bounded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from ionport.core import xml
from ionport.core.errors import InvalidInput, TooLarge

MAX_SHOWN = 100_000
# Indenting multiplies the size of deeply nested content, so that large bodies are shown as sent.
MAX_INDENTED = 300_000
MAX_TEXT_IN_JSON = 2_000
_KEPT_OF_A_LONG_TEXT = 120
# A file is no text when more than one in ten of its first characters cannot be shown.
_JUDGED = 1_000
_UNSHOWN_IN_TEXT = 0.1
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')
_UNSHOWABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class ShownBody:
    """A body for a page.

    `kind` is JSON, XML or empty; `is_cut`: there is more than `text`; `is_binary`: it is no text,
    and `text` is empty.
    """

    text: str
    kind: str
    is_cut: bool
    is_binary: bool = False


def shown_body(content: bytes) -> ShownBody:
    """Return a body for reading: JSON and XML indented, long texts inside JSON and the whole cut.

    What is neither, or larger than 300 kB, stays as it was sent; bytes that are no text become
    replacement characters. A file that is no text, such as a PDF, is not shown; one inside a
    multipart body is. The result still has to be escaped.
    """
    text, kind = content.decode("utf-8", "replace"), ""
    if not content.startswith(b"--") and _is_binary(text[:_JUDGED]):
        return ShownBody("", "", is_cut=False, is_binary=True)
    if len(content) <= MAX_INDENTED:
        text, kind = _indented(content, text)
    shown = _UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", text[:MAX_SHOWN])
    return ShownBody(shown, kind, is_cut=len(text) > MAX_SHOWN)


def _is_binary(beginning: str) -> bool:
    unshown = beginning.count("\N{REPLACEMENT CHARACTER}") + len(_UNSHOWABLE.findall(beginning))
    return unshown > _UNSHOWN_IN_TEXT * len(beginning)


def _indented(content: bytes, text: str) -> tuple[str, str]:
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start and start in "{[":
        try:
            json.loads(text.lstrip("\ufeff"))
        except (ValueError, RecursionError):
            return text, ""
        return _joined(_json_lines(text.lstrip("\ufeff"))), "JSON"
    if start == "<":
        try:
            root = xml.parse(content)
        except (InvalidInput, TooLarge):
            return text, ""
        etree.indent(root, space="  ")
        return etree.tostring(root, encoding="unicode"), "XML"
    return text, ""


def _joined(pieces: Iterator[str]) -> str:
    """Join pieces until there is more than a page shows: nesting can make them very many."""
    taken: list[str] = []
    size = 0
    for piece in pieces:
        taken.append(piece)
        size += len(piece)
        if size > MAX_SHOWN:
            break
    return "".join(taken)


def _json_lines(text: str) -> Iterator[str]:
    """Indent JSON without touching its values: numbers keep every digit that was sent."""
    depth = 0
    opened = False
    for match in _JSON_TOKEN.finditer(text):
        word = match[0]
        if word in "]}":
            depth -= 1
            yield word if opened else f"\n{'  ' * depth}{word}"
            opened = False
            continue
        if opened:
            yield f"\n{'  ' * depth}"
        opened = word in "[{"
        if opened:
            depth += 1
            yield word
        elif word == ",":
            yield f",\n{'  ' * depth}"
        elif word == ":":
            yield ": "
        else:
            yield _shortened(word)


def _shortened(word: str) -> str:
    if len(word) <= MAX_TEXT_IN_JSON:
        return word
    return f"{word[:_KEPT_OF_A_LONG_TEXT]}… [{len(word):,}]"
