"""Blobs in a folder of this machine, or of a network file system that all machines mount.

A crash leaves the whole file or none.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import BinaryIO, Final

from ionport.core.blobs.port import is_digest, require_digest, require_same
from ionport.core.errors import NotFound, Unavailable
from ionport.core.files import PRIVATE_FOLDER, private_opener, sync_folder
from ionport.core.i18n import _

_CHUNK: Final = 1 << 20


class FolderBlobs:
    """Blobs in 16 folders by the digest's first letter, so that many files share their syncing.

    Earlier versions had 256 by the first two letters, with folders by the next two in each, which
    took longer to make than a file: what lies there is read, deleted, and put anew when it is
    wanted again.

    With `durable` false nothing is synced to disk: for a folder that is deleted with the process.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self._folder = folder
        self._durable = durable

    def put(self, content: bytes, *, settles: bool = True) -> str:
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        try:
            with _held(path) as file:
                # One that does not match was damaged: it is written anew.
                if file is None or not _is(file, content):
                    self._write(path, content, settles=settles)
        except OSError as error:
            raise _no_disk(error) from error
        return digest

    def settle(self, digests: Iterable[str], executor: Executor | None = None) -> None:
        if not self._durable:
            return
        folders = sorted({self._path(digest).parent for digest in digests})
        try:
            for _synced in (executor.map if executor else map)(sync_folder, folders):
                pass
        except OSError as error:
            raise _no_disk(error) from error

    def get(self, digest: str) -> bytes:
        path = self._path(digest)
        try:
            content = _content(path, _old_path(path))
        except FileNotFoundError as error:
            raise NotFound(
                _("The stored file is missing from the data folder; restore it from a backup."),
                code="blob_missing",
                detail=digest,
            ) from error
        except OSError as error:
            raise _no_disk(error) from error
        require_same(content, digest, str(path))
        return content

    def delete(self, digest: str, *, unless_put_since: float) -> bool:
        path = self._path(digest)
        for each in (path, _old_path(path)):
            with _held(each, alone=True) as file:
                if file is not None:
                    if os.fstat(file.fileno()).st_mtime >= unless_put_since:
                        return False
                    each.unlink()
        return True

    def digests(self) -> Iterator[str]:
        found = {path.name for path in self._folder.rglob("*") if is_digest(path.name)}
        yield from sorted(found)

    def _write(self, path: Path, content: bytes, *, settles: bool) -> None:
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        try:
            try:
                file = open(temporary, "wb", buffering=0, opener=private_opener)  # noqa: SIM115
            except FileNotFoundError:
                self._folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
                path.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
                file = open(temporary, "wb", buffering=0, opener=private_opener)  # noqa: SIM115
            with file:
                _write_all(file, content)
                if self._durable:
                    os.fsync(file.fileno())
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        if self._durable and settles:
            sync_folder(path.parent)

    def _path(self, digest: str) -> Path:
        require_digest(digest)
        return self._folder / digest[0] / digest


def _old_path(path: Path) -> Path:
    digest = path.name
    return path.parent.parent / digest[:2] / digest[2:4] / digest


def _content(path: Path, old: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return old.read_bytes()


def _write_all(file: FileIO, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


@contextmanager
def _held(path: Path, *, alone: bool = False) -> Iterator[BinaryIO | None]:
    """Open a file that nobody deletes meanwhile, or that nobody puts when held `alone`.

    None when there is no such file. Held are the file's own lock and its name: one that was
    deleted or replaced while its lock was waited for counts as not there.
    """
    try:
        # NFS gives the lock that is held alone only to who may write.
        file = path.open("r+b" if alone else "rb")
    except FileNotFoundError:
        yield None
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield file if os.fstat(file.fileno()).st_nlink else None


def _is(file: BinaryIO, content: bytes) -> bool:
    """Tell whether a file has a content, and say by its time that it is wanted again."""
    os.utime(file.fileno())
    if os.fstat(file.fileno()).st_size != len(content):
        return False
    view = memoryview(content)
    return all(
        file.read(_CHUNK) == view[start : start + _CHUNK]
        for start in range(0, len(content), _CHUNK)
    )


def _no_disk(error: OSError) -> Unavailable:
    return Unavailable(
        _("The data folder cannot be used now ({reason}). See to its disk, then try again.").format(
            reason=error.strerror or type(error).__name__
        ),
        code="data_folder_unavailable",
        detail=str(error),
    )
