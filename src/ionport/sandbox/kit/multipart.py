"""Multipart bodies, read whole."""

from __future__ import annotations

from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ionport.core.errors import InvalidInput
from ionport.sandbox.kit.texts import quoted

_MAX_PARTS = 10


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


def malformed(text: str) -> InvalidInput:
    """Return the error of a message that cannot be read."""
    return InvalidInput(text, code="malformed_message")
