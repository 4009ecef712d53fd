"""Contents of files (documents, rendered payloads, received BODs), addressed by SHA-256.

The database keeps the digest, the folder keeps the bytes. Writing is idempotent: the same bytes
land in the same place, and a crash leaves the whole file or none.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Protocol

from ionport.core.errors import NotFound
from ionport.core.i18n import _


class Blobs(Protocol):
    """A store of immutable contents."""

    def put(self, content: bytes) -> str:
        """Keep `content` durably and return its SHA-256 in hex."""
        ...

    def get(self, digest: str) -> bytes:
        """Return the content of `digest`; raises NotFound when it is not there."""
        ...


class FolderBlobs:
    """Blobs in a folder, two levels deep by the digest's first letters.

    Not `durable`, they are gone with the process: nobody waits for the disk.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self._folder = folder
        self._durable = durable

    def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        if path.exists():
            return digest
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{digest}.{os.getpid()}.{os.urandom(4).hex()}")
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            if self._durable:
                os.fsync(file.fileno())
        temporary.replace(path)
        if self._durable:
            _sync_folder(path.parent)
        return digest

    def get(self, digest: str) -> bytes:
        try:
            return self._path(digest).read_bytes()
        except FileNotFoundError as error:
            raise NotFound(
                _("The stored file is missing from the data folder; restore it from a backup."),
                code="blob_missing",
                detail=digest,
            ) from error

    def _path(self, digest: str) -> Path:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError("a blob is named by 64 hex digits")
        return self._folder / digest[:2] / digest[2:4] / digest


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
