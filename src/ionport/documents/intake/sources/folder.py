"""A folder of this machine: files are taken out of it, then archived or set aside with a note.

A file is moved by one rename at each step, inside one file system, and so stands in exactly one
place whenever the process ends: in the folder, in `.ionport` (taken, being imported), in the
archive, or among the errors.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ionport.core.errors import Unavailable
from ionport.core.files import try_writing
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.documents.intake.reading import clean_filename
from ionport.documents.intake.sources.model import Stage

TAKEN: Final = ".ionport"
NOTE: Final = ".error"
MAX_FILES: Final = 1_000
"""How many files are taken at a time."""

_LOCK: Final = ".lock"
_MAX_BYTES: Final = 230
UNFINISHED = (".part", ".partial", ".tmp", ".filepart", ".crdownload", NOTE)


@dataclass(frozen=True, slots=True)
class Mark:
    """The size and time of a file, which change while it is written."""

    size: int
    changed: int
    inode: int


class WatchFolder:
    """The folders of one source; raises Unavailable where one of them cannot be used."""

    def __init__(self, folder: Path, archive: Path | None, error: Path) -> None:
        """Without an archive, what was received is deleted."""
        self._folder, self._archive, self._error = folder, archive, error
        self._taken = folder / TAKEN

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Hold the source's lock for the block; False when another process holds it."""
        with _told(self._folder):
            self._taken.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(self._taken / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(descriptor)

    def look(self) -> dict[str, Mark]:
        """Return the files that may be taken, by name: no hidden, linked or unfinished ones."""
        found: dict[str, Mark] = {}
        with _told(self._folder), os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name.lower().endswith(UNFINISHED):
                    continue
                if entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    found[entry.name] = Mark(status.st_size, status.st_mtime_ns, status.st_ino)
        return dict(sorted(found.items())[:MAX_FILES])

    def take(self, name: str) -> None:
        """Move a file to the taken ones; does nothing when it is gone."""
        with _told(self._folder):
            try:
                (self._folder / name).rename(_free(self._taken, _short(clean_filename(name))))
            except FileNotFoundError:
                return

    def taken(self) -> list[str]:
        """Return the files that were taken and not settled, also by a process that has ended."""
        with _told(self._taken):
            names = sorted(entry.name for entry in os.scandir(self._taken) if entry.name != _LOCK)
        return names[:MAX_FILES]

    def read(self, name: str, most: int) -> bytes:
        """Return a taken file, but no more of it than `most` bytes and one."""
        with _told(self._taken), (self._taken / name).open("rb") as file:
            return file.read(most + 1)

    def why_unreadable(self, name: str) -> str:
        """Return why a taken file cannot be read, "" when it can be."""
        try:
            (self._taken / name).open("rb").close()
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def archive(self, name: str) -> None:
        """Move a taken file to the archive, or delete it where there is none."""
        if self._archive is None:
            with _told(self._taken):
                (self._taken / name).unlink()
            return
        with _told(self._archive):
            self._archive.mkdir(exist_ok=True)
            (self._taken / name).rename(_free(self._archive, name))

    def set_aside(self, name: str, note: str) -> None:
        """Move a taken file to the errors, with a note beside it that says why."""
        with _told(self._error):
            self._error.mkdir(exist_ok=True)
            target = _free(self._error, name)
            target.with_name(target.name + NOTE).write_text(note + "\n", encoding="utf-8")
            (self._taken / name).rename(target)

    def put(self, name: str, content: bytes, most: int) -> None:
        """Put a file into the folder; Unavailable when it holds `most` files already."""
        with _told(self._folder):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if sum(1 for _entry in self._folder.iterdir()) >= most:
                raise OSError(_("it is full"))
            # Nobody takes a file of this name; the rename then makes the whole file visible.
            unfinished = self._folder / f".{new_id('tmp')}"
            unfinished.write_bytes(content)
            _link(unfinished, self._folder, _short(_taken_name(name)))
            unfinished.unlink()

    def put_back(self, name: str) -> None:
        """Move a taken file back into the folder; where its name is used again it stays taken."""
        with _told(self._folder):
            target = self._folder / name
            if not target.exists():
                (self._taken / name).rename(target)

    def test(self) -> Iterator[Stage]:
        """Try everything that is done with a file, with one that is removed again."""
        for title, folder in (
            (_("Watched folder"), self._folder),
            (_("Archive"), self._archive),
            (_("Errors"), self._error),
        ):
            if folder is None:
                continue
            try:
                problem = self._try(folder)
            except OSError as error:
                problem = error.strerror or str(error)
            yield Stage(title, f"{folder}: {problem}" if problem else "")

    def _try(self, folder: Path) -> str:
        if folder != self._folder:
            folder.mkdir(exist_ok=True)
        os.scandir(folder).close()
        try_writing(folder)
        if folder.stat().st_dev != self._folder.stat().st_dev:
            return _(
                "It is on another file system than the watched folder: choose one on the same."
            )
        return ""


def _taken_name(name: str) -> str:
    """Return a name that `look` leaves out neither as hidden nor as unfinished."""
    plain = clean_filename(name).lstrip(".") or "upload"
    return f"{plain}.file" if plain.lower().endswith(UNFINISHED) else plain


def _link(file: Path, folder: Path, name: str) -> None:
    """Give a file a name in a folder; of two processes that choose the same one wins."""
    while True:
        try:
            os.link(file, _free(folder, name))
        except FileExistsError:
            continue
        return


def _short(name: str) -> str:
    """Return the end of a name, short enough to add a number and the ending of its note."""
    return os.fsencode(name)[-_MAX_BYTES:].decode(errors="ignore")


def _free(folder: Path, name: str) -> Path:
    """Return a name in a folder that no file has; only one process moves files there."""
    target, number = folder / name, 1
    while target.exists() or target.with_name(target.name + NOTE).exists():
        number += 1
        stem, dot, ending = name.partition(".")
        target = folder / f"{stem}-{number}{dot}{ending}"
    return target


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            _("The folder {folder} cannot be used: {reason}.").format(
                folder=folder, reason=error.strerror or error
            ),
            code="folder_unavailable",
            detail=str(error),
        ) from error
