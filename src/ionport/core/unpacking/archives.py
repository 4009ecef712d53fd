"""The files inside a ZIP or gzip file, within limits that hold whatever the archive says."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.i18n import _

MAX_FILES: Final = 500
MAX_BYTES: Final = 200_000_000
"""How many files are taken out of one archive, and how many bytes in all."""

_MEGABYTE: Final = 1024 * 1024
_CHUNK: Final = 1 << 16
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
# zlib reads the header of gzip itself.
_WITH_GZIP_HEADER: Final = 16 + zlib.MAX_WBITS
# ValueError: among others a name that is not written in the UTF-8 that the archive claims.
_DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    OSError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A file of an archive; `name` is what the archive calls it, folders included."""

    name: str
    content: bytes


def is_zip(content: bytes) -> bool:
    """Tell whether `content` is a ZIP file (Office files are ZIP files too)."""
    return content.startswith(_ZIP)


def is_gzip(content: bytes) -> bool:
    """Tell whether `content` is a gzip file."""
    return content.startswith(_GZIP)


def unpack_gzip(content: bytes, max_bytes: int) -> bytes:
    """Return what a gzip file holds. Raises TooLarge over `max_bytes`, InvalidInput if damaged."""
    unpacked = bytearray()
    rest = content
    try:
        while rest:
            reader = zlib.decompressobj(_WITH_GZIP_HEADER)
            unpacked += reader.decompress(rest, max_bytes + 1 - len(unpacked))
            if len(unpacked) > max_bytes:
                raise _too_large(max_bytes)
            if not reader.eof:
                raise _damaged()
            rest = reader.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise _damaged() from error
    return bytes(unpacked)


def files_of_zip(content: bytes, max_bytes_each: int) -> Iterator[ArchivedFile]:
    """Yield the files of a ZIP in its order; folders and what macOS adds are left out.

    Raises TooLarge over `max_bytes_each` or the limits of this module, InvalidInput when the
    archive is damaged or a file in it has a password.
    """
    left = MAX_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if not _is_left_out(entry)]
            if len(entries) > MAX_FILES:
                raise TooLarge(
                    _("The archive holds {count} files; at most {limit} are accepted.").format(
                        count=len(entries), limit=MAX_FILES
                    ),
                    code="too_many_files",
                )
            for entry in entries:
                if entry.flag_bits & 1:
                    raise InvalidInput(
                        _("The archive has a password. Pack it without one."),
                        code="archive_encrypted",
                    )
                unpacked = _read(archive, entry, min(max_bytes_each, left))
                left -= len(unpacked)
                yield ArchivedFile(entry.filename, unpacked)
    except _DAMAGED as error:
        raise _damaged() from error


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    unpacked = bytearray()
    with archive.open(entry) as file:
        while chunk := file.read(_CHUNK):
            unpacked += chunk
            if len(unpacked) > most:
                raise _too_large(most)
    return bytes(unpacked)


def _is_left_out(entry: zipfile.ZipInfo) -> bool:
    name = entry.filename
    return entry.is_dir() or name.startswith("__MACOSX/") or name.rpartition("/")[2] == ".DS_Store"


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        _("A file in the archive is larger than {limit} MB when it is unpacked.").format(
            limit=limit // _MEGABYTE
        ),
        code="too_large",
    )


def _damaged() -> InvalidInput:
    return InvalidInput(
        _("The archive is damaged or cut off. Ask for it again."), code="archive_damaged"
    )
