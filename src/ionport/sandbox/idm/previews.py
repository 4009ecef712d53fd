"""Substitutes for the pictures that IDM makes of a main file.

Source: docs/reference/idm.md#items, docs/reference/idm.md#search.

The sandbox renders no documents: a preview is a small real PNG of a sheet whose band shows the kind
of file, the same for all files of that kind. What IDM makes no picture of has none here either;
which kinds those are is inferred.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

from ionport.sandbox.idm.model import Resource

MIME_TYPE = "image/png"
WIDTHS: Mapping[str, int] = MappingProxyType({"Preview": 480, "SmallPreview": 160, "Thumbnail": 64})
_PAPER, _LINE, _EDGE = 255, 200, 150
# Shades of the band: a PDF, a picture, a text.
_BANDS = MappingProxyType({"application/pdf": 60, "image": 120, "text": 170})
_OFFICE = (
    "application/msword",
    "application/vnd.ms-",
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
    "application/rtf",
    "application/xml",
    "application/json",
)


def preview(name: str, mime_type: str) -> bytes | None:
    """Return the picture of that name for a main file; None when there is no such picture."""
    kind, width = _kind(mime_type), WIDTHS.get(name)
    return None if kind is None or width is None else _sheet(width, _BANDS[kind])


def with_previews(resources: Sequence[Resource]) -> Sequence[Resource]:
    """Return an item's files and the pictures of its main file, where clients sent none."""
    main = next((each for each in resources if not each.name), None)
    if main is None:
        return resources
    own = {each.name for each in resources}
    made = [_resource(name, main) for name in WIDTHS if name not in own]
    return [*resources, *(each for each in made if each is not None)]


def _resource(name: str, main: Resource) -> Resource | None:
    picture = preview(name, main.mime_type)
    if picture is None:
        return None
    stem = main.filename.rpartition(".")[0] or main.filename
    digest = hashlib.sha256(picture).hexdigest()
    return Resource(name, f"{stem}.png", MIME_TYPE, len(picture), digest)


def _kind(mime_type: str) -> str | None:
    plain = mime_type.lower().partition(";")[0]
    if plain in _BANDS:
        return plain
    family = plain.partition("/")[0]
    if family in _BANDS:
        return family
    return "text" if plain.startswith(_OFFICE) else None


@cache
def _sheet(width: int, band: int) -> bytes:
    """Return a PNG (RFC 2083) of an upright sheet with a band on top and lines of text."""
    height = width * 99 // 70
    margin, step = width // 10, max(height // 24, 3)
    edge = bytes([_EDGE]) * width
    rows = {
        shade: bytes([_EDGE, *_inner(width, margin, shade), _EDGE])
        for shade in (_PAPER, _LINE, band)
    }
    picture = b""
    for y in range(height):
        if y in (0, height - 1):
            row = edge
        elif y < 4 * step:
            row = rows[band if step <= y < 3 * step else _PAPER]
        else:
            row = rows[_LINE if y % step < step // 3 and y < height - step else _PAPER]
        picture += b"\0" + row
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, content)
        for kind, content in (
            (b"IHDR", header),
            (b"IDAT", zlib.compress(picture, 9)),
            (b"IEND", b""),
        )
    )


def _inner(width: int, margin: int, shade: int) -> bytes:
    space = bytes([_PAPER]) * (margin - 1)
    return space + bytes([shade]) * (width - 2 * margin) + space


def _chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )
