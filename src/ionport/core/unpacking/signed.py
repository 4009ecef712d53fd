"""The file inside a signed one (CMS SignedData, RFC 5652; `.p7m`), as DER, BER or base64.

The signature is not verified: that needs the signer's certificates and their revocation lists, and
nothing here knows either. What is taken out is what was signed, nothing else.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.i18n import _

_SIGNED_DATA: Final = bytes.fromhex("06092a864886f70d010702")
_SEQUENCE, _OCTETS, _CHUNKED, _TAGGED = 0x30, 0x04, 0x24, 0xA0
_LONG_TAG, _INDEFINITE = 0x1F, 0x80
_HEAD: Final = 32
_MAX_DEPTH: Final = 12
_MAX_ELEMENTS: Final = 100_000
_BASE64 = re.compile(rb"\s*(?:-----BEGIN [A-Z0-9 ]{1,30}-----\s*)?(MI[A-Za-z0-9+/\r\n]{40})")
_ARMOUR = re.compile(rb"-----(?:BEGIN|END) [A-Z0-9 ]{1,30}-----")


@dataclass(frozen=True, slots=True)
class _Element:
    tag: int
    start: int
    end: int
    next: int


def is_signed(content: bytes) -> bool:
    """Tell whether `content` is CMS SignedData, or its base64 text."""
    if content[:1] == b"\x30":
        return _SIGNED_DATA in content[:_HEAD]
    armoured = _BASE64.match(content[:256])
    if armoured is None:
        return False
    return _SIGNED_DATA in base64.b64decode(b"".join(armoured[1].split())[:40])


def unwrap_signed(content: bytes, max_bytes: int) -> bytes:
    """Return the file that was signed. Its signature is not looked at.

    Raises InvalidInput when the file is damaged (`signed_damaged`) or the signature stands alone
    (`signed_without_content`), TooLarge over `max_bytes`.
    """
    der = content if content[:1] == b"\x30" else _decoded(content)
    try:
        found = _signed_content(der)
    except (IndexError, _BadLength) as error:
        raise _damaged() from error
    if found is None:
        raise InvalidInput(
            _("This file is a signature without the signed file. Send the file that was signed."),
            code="signed_without_content",
        )
    if len(found) > max_bytes:
        raise TooLarge(
            _("The signed file has more than {limit} bytes.").format(limit=max_bytes),
            code="too_large",
        )
    return found


class _BadLength(Exception):
    """A length that leads beyond the end, elements inside elements too often, or too many."""


def _decoded(content: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(_ARMOUR.sub(b"", content).split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _damaged() from error


def _signed_content(der: bytes) -> bytes | None:
    """ContentInfo > [0] > SignedData > EncapsulatedContentInfo > [0] > OCTET STRING."""
    reader = _Reader(der)
    element: _Element | None = reader.element(0, len(der))
    for tag in (_TAGGED, _SEQUENCE, _SEQUENCE):
        element = None if element is None else reader.first(element, tag)
    if element is None:
        raise _BadLength
    tagged = reader.first(element, _TAGGED)
    return None if tagged is None else b"".join(reader.octets(tagged))


class _Reader:
    """Walks the elements of BER (X.690 §8.1), at most 100,000 of them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = _MAX_ELEMENTS

    def octets(self, parent: _Element, depth: int = _MAX_DEPTH) -> Iterator[bytes]:
        """Yield the pieces of an octet string, which may be cut into many."""
        if depth == 0:
            raise _BadLength
        for child in self._children(parent):
            if child.tag == _OCTETS:
                yield self._data[child.start : child.end]
            elif child.tag == _CHUNKED:
                yield from self.octets(child, depth - 1)

    def first(self, parent: _Element, tag: int) -> _Element | None:
        return next((child for child in self._children(parent) if child.tag == tag), None)

    def _children(self, parent: _Element) -> Iterator[_Element]:
        at = parent.start
        while at < parent.end:
            child = self.element(at, parent.end)
            yield child
            at = child.next

    def element(self, at: int, limit: int, depth: int = _MAX_DEPTH) -> _Element:
        data, start = self._data, at + 2
        tag, size = data[at], data[at + 1]
        self._left -= 1
        if tag & _LONG_TAG == _LONG_TAG or depth == 0 or self._left < 0:
            raise _BadLength
        if size == _INDEFINITE:
            end = start
            while data[end : end + 2] != b"\0\0":
                end = self.element(end, limit, depth - 1).next
            return _Element(tag, start, end, end + 2)
        if size > _INDEFINITE:
            count = size - _INDEFINITE
            size = int.from_bytes(data[start : start + count])
            start += count
        end = start + size
        if end > limit:
            raise _BadLength
        return _Element(tag, start, end, end)


def _damaged() -> InvalidInput:
    return InvalidInput(
        _("The signed file is damaged or cut off. Ask for it again."), code="signed_damaged"
    )
