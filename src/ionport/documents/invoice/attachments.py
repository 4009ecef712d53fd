"""The files inside an invoice (BT-125), with their size and type checked."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ionport.documents.invoice.model import Invoice
from ionport.documents.invoice.tree import Node

MAX_ATTACHMENT_BYTES = 20_000_000

_SIGNATURES = {
    "application/pdf": (b"%PDF-",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (b"PK\x03\x04",),
    "application/vnd.oasis.opendocument.spreadsheet": (b"PK\x03\x04",),
}
# What EN 16931 and the XRechnung extension allow.
_ALLOWED = frozenset({*_SIGNATURES, "text/csv", "application/xml", "text/xml"})
_SEARCHED = 1024


class Problem(StrEnum):
    """What is wrong with an attachment."""

    NONE = ""
    NOT_BASE64 = "not_base64"
    TOO_LARGE = "too_large"
    TYPE_NOT_ALLOWED = "type_not_allowed"
    OTHER_TYPE = "other_type"
    """Its content is not of the type that it says."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A supporting document (BG-24). `size` in bytes, None when it is not in the file."""

    reference: str
    description: str
    location: str
    filename: str
    mime_type: str
    size: int | None
    problem: Problem
    encoded: str

    @property
    def content(self) -> bytes:
        """The file; empty when it is elsewhere or cannot be decoded."""
        return b"" if self.problem is Problem.NOT_BASE64 else _decoded(self.encoded) or b""


def attachments(invoice: Invoice) -> Iterator[Attachment]:
    """Yield the supporting documents in the order of the file."""
    for group in invoice.tree.all("BG-24"):
        embedded = group.first("BT-125")
        encoded = "" if embedded is None else embedded.text
        filename, mime_type = _name_and_type(embedded)
        size, problem = _checked(encoded, mime_type) if encoded else (None, Problem.NONE)
        yield Attachment(
            reference=group.value("BT-122"),
            description=group.value("BT-123"),
            location=group.value("BT-124"),
            filename=filename,
            mime_type=mime_type,
            size=size,
            problem=problem,
            encoded=encoded,
        )


def decoded_size(encoded: str) -> int | None:
    """Return how many bytes an embedded file (BT-125) has; None when it is not base64."""
    content = _decoded(encoded)
    return None if content is None else len(content)


def _name_and_type(embedded: Node | None) -> tuple[str, str]:
    if embedded is None:
        return "", ""
    return embedded.value("BT-125-2"), embedded.value("BT-125-1").lower()


def _checked(encoded: str, mime_type: str) -> tuple[int | None, Problem]:
    content = _decoded(encoded)
    if content is None:
        return None, Problem.NOT_BASE64
    size = len(content)
    if size > MAX_ATTACHMENT_BYTES:
        return size, Problem.TOO_LARGE
    if mime_type not in _ALLOWED:
        return size, Problem.TYPE_NOT_ALLOWED
    signatures = _SIGNATURES.get(mime_type)
    if signatures and not any(one in content[:_SEARCHED] for one in signatures):
        return size, Problem.OTHER_TYPE
    return size, Problem.NONE


def _decoded(encoded: str) -> bytes | None:
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
