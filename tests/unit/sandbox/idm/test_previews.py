from __future__ import annotations

import struct
import zlib

import pytest

from ionport.sandbox.idm.model import Resource
from ionport.sandbox.idm.previews import WIDTHS, preview, with_previews


def file(mime_type: str, name: str = "", filename: str = "a.pdf") -> Resource:
    return Resource(name, filename, mime_type, 1, "0" * 64)


def pixels(picture: bytes) -> tuple[int, int, bytes]:
    """Read a PNG as a viewer does (RFC 2083): signature, chunks with checksums, rows."""
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, position = {}, 8
    while position < len(picture):
        (size,) = struct.unpack_from(">I", picture, position)
        kind = picture[position + 4 : position + 8]
        content = picture[position + 8 : position + 8 + size]
        (checksum,) = struct.unpack_from(">I", picture, position + 8 + size)
        assert checksum == zlib.crc32(kind + content)
        chunks[kind] = content
        position += size + 12
    width, height, depth, colour = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    assert (depth, colour) == (8, 0)
    rows = zlib.decompress(chunks[b"IDAT"])
    assert len(rows) == height * (width + 1)
    assert set(rows[:: width + 1]) == {0}
    return width, height, rows


@pytest.mark.parametrize("name", WIDTHS)
def test_a_preview_is_a_picture_of_its_size_that_any_viewer_reads(name: str) -> None:
    picture = preview(name, "application/pdf")
    assert picture is not None
    width, height, rows = pixels(picture)
    assert width == WIDTHS[name]
    assert 1.3 < height / width < 1.5
    assert len(set(rows)) > 3


def test_the_picture_tells_the_kind_of_file() -> None:
    kinds = ("application/pdf", "image/jpeg", "text/xml; charset=utf-8")
    assert len({preview("Preview", kind) for kind in kinds}) == 3
    assert preview("Preview", "text/plain") == preview("Preview", "application/msword")


@pytest.mark.parametrize("mime_type", ["application/zip", "application/octet-stream", "", "pdf"])
def test_there_is_no_picture_of_what_is_no_document(mime_type: str) -> None:
    assert preview("Preview", mime_type) is None
    assert list(with_previews([file(mime_type)])) == [file(mime_type)]


def test_a_picture_that_a_client_sent_is_not_replaced() -> None:
    own = file("image/gif", "Preview", "own.gif")
    names = [each.filename for each in with_previews([file("application/pdf"), own])]
    assert names == ["a.pdf", "own.gif", "a.png", "a.png"]
    assert with_previews([own]) == [own], "there is no main file to make one of"
    assert preview("Other", "application/pdf") is None
