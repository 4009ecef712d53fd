"""Folders and files that nobody but their owner reads, and what makes them durable."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700
_OTHERS: Final = 0o077
# More than a file system keeps beside a file's name: a full one must not take it.
_PROBE: Final = b"\0" * 8192
_C: Final = ctypes.CDLL(None, use_errno=True)
# AT_FDCWD and RENAME_NOREPLACE of renameat2(2).
_HERE: Final = -100
_NOT_OVER_ANOTHER: Final = ctypes.c_uint(1)


def private_opener(path: str, flags: int) -> int:
    """Open a file for `open`; one that is made by it is its owner's alone."""
    return os.open(path, flags, PRIVATE_FILE)


def make_private_file(path: Path) -> None:
    """Make an empty private file where there is none; others keep content and rights.

    A file that is there is not opened: closing it again would drop every lock that this process
    holds on it (POSIX), and SQLite would lose what is written after that.
    """
    flags = os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with suppress(FileExistsError):
        os.close(os.open(path, flags, PRIVATE_FILE))


def make_private_folder(folder: Path, marks: Iterable[str]) -> None:
    """Make a folder, or take the rights of others away from one that is there.

    A folder that was there is touched when it is empty or holds a file of these names: only then
    it is known to be ours (`--data /tmp` is a mistake that must not close /tmp).
    """
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    found = folder.stat()
    if not found.st_mode & _OTHERS or found.st_mode & stat.S_ISVTX:
        return
    if any((folder / name).exists() for name in marks) or not any(folder.iterdir()):
        _take_away(folder, found.st_mode)


def take_from_others(folder: Path, patterns: Iterable[str]) -> None:
    """Take the rights of others away from what in a folder matches a pattern."""
    for pattern in patterns:
        for path in folder.glob(pattern):
            mode = path.lstat().st_mode
            if mode & _OTHERS and not stat.S_ISLNK(mode):
                _take_away(path, mode)


def try_writing(folder: Path) -> None:
    """Write a file and remove it again; raises OSError with the reason when that fails."""
    path = folder / f".{os.getpid()}.{os.urandom(4).hex()}.probe"
    try:
        with open(path, "wb", opener=private_opener) as file:
            file.write(_PROBE)
    finally:
        path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names of a folder's files as durable as their contents."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename_to_free(old: Path, new: Path) -> None:
    """Rename a file at once; raises FileExistsError where the new name is used.

    Linux does both in one call (renameat2). Where the file system cannot, the name is looked at
    first, and whoever takes it between the two calls loses.
    """
    call = getattr(_C, "renameat2", None)
    if call is not None:
        if call(_HERE, os.fsencode(old), _HERE, os.fsencode(new), _NOT_OVER_ANOTHER) == 0:
            return
        number = ctypes.get_errno()
        if number not in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
            raise OSError(number, os.strerror(number), str(new))
    if os.path.lexists(new):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(new))
    old.rename(new)


def _take_away(path: Path, mode: int) -> None:
    try:
        path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
    except OSError as error:
        # A volume that belongs to somebody else, or cannot be changed: using it says more.
        if error.errno not in (errno.EPERM, errno.EROFS, errno.EACCES):
            raise


@dataclass(frozen=True, slots=True)
class OwnFolder:
    """A folder below which somebody may name others.

    `others` are the names, without case, of folders directly below `path` that are somebody else's.
    """

    path: Path
    others: frozenset[str] = frozenset()

    def holds(self, folder: str) -> bool:
        """Tell whether a folder, with links followed, is this one or below it, and no other's."""
        top, named = self.path.resolve(), Path(folder).resolve()
        if not named.is_relative_to(top):
            return False
        first = named.relative_to(top).parts[:1]
        return not first or first[0].casefold() not in self.others
