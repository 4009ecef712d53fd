"""Contents of files (documents, rendered payloads, received BODs), addressed by SHA-256.

The database keeps the digest, the folder keeps the bytes. Writing is idempotent: the same bytes
land in the same place, and a crash leaves the whole file or none.
"""

from __future__ import annotations

import hashlib
import os
import time
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

    def delete(self, digest: str, *, idle_seconds: float) -> bool:
        """Delete a content that nobody has put for `idle_seconds`; tell whether it is gone.

        Whoever calls this knows that no row names it. A row that will is safe as long as it is
        committed within that time after its `put`.
        """
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
        if _is_touched(path):
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

    def delete(self, digest: str, *, idle_seconds: float) -> bool:
        path = self._path(digest)
        aside = path.with_name(f".{digest}.{os.getpid()}.{os.urandom(4).hex()}")
        try:
            if _idle_seconds(path) < idle_seconds:
                return False
            # Out of the way first: a `put` from now on writes the file anew.
            path.rename(aside)
        except FileNotFoundError:
            return True
        if _idle_seconds(aside) < idle_seconds:
            # One came between the look and the rename, and relies on what it found.
            aside.replace(path)
            return False
        aside.unlink()
        return True

    def _path(self, digest: str) -> Path:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError("a blob is named by 64 hex digits")
        return self._folder / digest[:2] / digest[2:4] / digest


def _is_touched(path: Path) -> bool:
    """Say by the time of an existing file that its content is wanted again."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _idle_seconds(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
