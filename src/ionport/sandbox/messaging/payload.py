"""The two parts of a multipart message, and the document that the payload packs."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ionport.core.errors import InvalidInput, TooLarge
from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.messaging.model import MAX_DOCUMENT_BYTES, Encoding, Parameters

_MAX_PARTS = 10
PARAMETERS_PART = "ParameterRequest"
PAYLOAD_PART = "MessagePayload"


@dataclass(slots=True)
class _Parts:
    """Collects the parts while the parser runs over the body."""

    contents: dict[str, bytes] = field(default_factory=dict)
    is_complete: bool = False
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _content: bytearray = field(default_factory=bytearray)
    _name: str = ""
    _count: int = 0

    def begin(self) -> None:
        self._count += 1
        if self._count > _MAX_PARTS:
            raise malformed(f"The message has more than {_MAX_PARTS} parts.")
        self._name = ""
        self._content = bytearray()

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _kind, options = parse_options_header(self._value.decode("latin-1"))
            self._name = options.get(b"name", b"").decode("latin-1")
        self._header = bytearray()
        self._value = bytearray()

    def data(self, data: bytes, start: int, end: int) -> None:
        self._content += data[start:end]

    def end(self) -> None:
        if self._name in self.contents:
            raise malformed(f"The part {quoted(self._name)} is there twice.")
        self.contents[self._name] = bytes(self._content)

    def complete(self) -> None:
        self.is_complete = True


def is_multipart(content_type: str) -> bool:
    """Tell whether a Content-Type says that a body has parts."""
    return content_type.strip().lower().startswith("multipart/")


def read_parts(body: bytes, content_type: str) -> dict[str, bytes]:
    """Return the parts of a multipart body by name (at most ten).

    Source: docs/reference/ion-messaging.md#forms-of-a-message.

    Raises:
        InvalidInput: not multipart, cut off, or with a part twice.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not kind.startswith(b"multipart/") or not boundary:
        raise malformed("The Content-Type must be multipart/form-data with a boundary.")
    parts = _Parts()
    callbacks = {
        "on_part_begin": parts.begin,
        "on_header_field": parts.header_name,
        "on_header_value": parts.header_value,
        "on_header_end": parts.header_end,
        "on_part_data": parts.data,
        "on_part_end": parts.end,
        "on_end": parts.complete,
    }
    try:
        MultipartParser(boundary, callbacks).write(body)  # type: ignore[arg-type]
    except FormParserError as error:
        raise malformed("The multipart body cannot be read.") from error
    if not parts.is_complete:
        raise malformed("The multipart body ends before its last boundary.")
    return parts.contents


def part_of(parts: Mapping[str, bytes], name: str) -> bytes:
    """Return a part; raises InvalidInput when it is not there."""
    if name not in parts:
        raise malformed(f"The part {name} is missing.")
    return parts[name]


def unpack(payload: bytes, encoding: Encoding) -> bytes:
    """Return the document inside a payload.

    DEFLATE is zlib; whether a multipart payload is base64 on top of it is not published, so
    both are taken.

    Raises:
        InvalidInput: it cannot be inflated, or is empty.
        TooLarge: over 6 MB, as sent or unpacked.
    """
    _check_size(len(payload))
    document = payload if encoding is Encoding.NONE else _inflate(payload)
    if not document:
        raise malformed("The message carries no document.")
    _check_size(len(document))
    return document


def digest_of_parameters(parameters: Parameters) -> str:
    """Return a digest that does not hang on the order or spacing of the JSON."""
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


def malformed(text: str) -> InvalidInput:
    """Return the error of a message that cannot be read."""
    return InvalidInput(text, code="malformed_message")
