"""The two parts of a multipart message, and the document that the payload packs.

Source: docs/reference/ion-messaging.md#forms-of-a-message.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Callable, Mapping

from ionport.core.errors import InvalidInput, TooLarge
from ionport.sandbox.kit.multipart import malformed
from ionport.sandbox.messaging.model import MAX_DOCUMENT_BYTES, Encoding, Parameters

PARAMETERS_PART = "ParameterRequest"
PAYLOAD_PART = "MessagePayload"


def part_of(parts: Mapping[str, bytes], name: str) -> bytes:
    """Return a part; raises InvalidInput when it is not there."""
    if name not in parts:
        raise malformed(f"The part {name} is missing.")
    return parts[name]


def unpack(payload: bytes, encoding: Encoding) -> bytes:
    """Return the document inside a payload.

    BASE64 is the document in base64. DEFLATE is zlib; whether a multipart payload is base64 on
    top of it is not published, so both are taken.

    Raises:
        InvalidInput: it cannot be inflated, or is empty.
        TooLarge: over 6 MB, as sent or unpacked.
    """
    _check_size(len(payload))
    document = _UNPACKED[encoding](payload)
    if not document:
        raise malformed("The message carries no document.")
    _check_size(len(document))
    return document


def digest_of_parameters(parameters: Parameters) -> str:
    """Return a digest that does not depend on the order or spacing of the JSON."""
    text = json.dumps(dict(parameters.all), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _inflate(payload: bytes) -> bytes:
    packed = payload
    if not _is_zlib(payload):
        try:
            packed = base64.b64decode(b"".join(payload.split()), validate=True)
        except ValueError as error:
            raise _not_deflated() from error
    try:
        inflater = zlib.decompressobj()
        document = inflater.decompress(packed, MAX_DOCUMENT_BYTES + 1)
    except zlib.error as error:
        raise _not_deflated() from error
    if len(document) <= MAX_DOCUMENT_BYTES and not inflater.eof:
        raise _not_deflated()
    return document


def _decoded(payload: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(payload.split()), validate=True)
    except ValueError as error:
        raise malformed("The payload is not base64, as the encoding BASE64 says.") from error


def _is_zlib(payload: bytes) -> bool:
    """RFC 1950 §2.2: method 8 in the first byte, both bytes a multiple of 31."""
    head = payload[:2]
    return len(head) == 2 and head[0] & 0x0F == 8 and int.from_bytes(head, "big") % 31 == 0


def _check_size(size: int) -> None:
    if size > MAX_DOCUMENT_BYTES:
        raise TooLarge(
            f"The document has {size} bytes or more; ION takes at most {MAX_DOCUMENT_BYTES}.",
            code="message_too_large",
        )


def _not_deflated() -> InvalidInput:
    return malformed("The payload is not what encoding DEFLATE says: zlib data.")


_UNPACKED: Mapping[Encoding, Callable[[bytes], bytes]] = {
    Encoding.NONE: lambda payload: payload,
    Encoding.DEFLATE: _inflate,
    Encoding.BASE64: _decoded,
}
