"""A folder of the machine that runs the deliveries, or a share that is mounted there."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ionport.connections.model import TargetKind
from ionport.connections.targets.errors import (
    FOLDER_MISSING,
    FULL,
    TargetError,
    folder_missing,
    of_system,
)
from ionport.connections.targets.files import WRITE, FileType
from ionport.connections.targets.model import FileStore, Target, TargetField
from ionport.core.errors import InvalidInput
from ionport.core.files import rename_to_free, sync_folder
from ionport.core.i18n import N_, _
from ionport.ionapi.addresses import AddressPolicy


class LocalStore:
    """The files of a folder (`FileStore`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def size(self, name: str) -> int | None:
        with self._told(name):
            try:
                return (self._folder / name).lstat().st_size
            except FileNotFoundError:
                self._require_folder()
        return None

    def read(self, name: str, most: int) -> bytes:
        with self._told(name), (self._folder / name).open("rb") as file:
            return file.read(most + 1)

    def write(self, name: str, content: bytes) -> None:
        with self._told(name), (self._folder / name).open("wb") as file:
            # Files get the folder's own rights for readers, whatever umask this process has.
            os.fchmod(file.fileno(), stat.S_IMODE(self._folder.stat().st_mode) & 0o666)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def rename(self, old: str, new: str) -> None:
        with self._told(new, changes=True):
            rename_to_free(self._folder / old, self._folder / new)
            sync_folder(self._folder)

    def remove(self, name: str) -> None:
        with self._told(name):
            (self._folder / name).unlink(missing_ok=True)

    def _require_folder(self) -> None:
        if not self._folder.is_dir():
            raise folder_missing(str(self._folder))

    @contextmanager
    def _told(self, name: str, *, changes: bool = False) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            told = error if isinstance(error, OSError) else OSError(22, "invalid name")
            failed = of_system(told, str(self._folder), name)
            # The rename may be done, and its folder not be written to the disk.
            failed.sent = changes and failed.code in (FULL, TargetError.default_code)
            raise failed from error


class FolderType(FileType):
    """A local folder. It is never made: where nothing is mounted, nothing must be written."""

    kind = TargetKind.FOLDER
    fields: tuple[TargetField, ...] = (
        TargetField(
            "folder",
            lambda: _("Folder"),
            lambda: _("An absolute path on the machine that runs ionport, such as /srv/invoices."),
        ),
    )
    stages: tuple[tuple[str, str], ...] = (("folder", N_("Folder")), WRITE)
    stage_of: Mapping[str, str] = {FOLDER_MISSING: "folder"}

    @property
    def summary(self) -> str:
        return _("A folder of this machine, or a share that is mounted on it.")

    def checked(self, target: Target, policy: AddressPolicy) -> Target:
        folder = target.parameters.get("folder", "")
        path = Path(folder)
        if not path.is_absolute() or ".." in path.parts or "\0" in folder:
            wrong = _("Write an absolute path without “..”, such as /srv/invoices.")
            raise InvalidInput(wrong, fields={"folder": wrong})
        return Target(self.kind, {"folder": str(path)})

    def place(self, parameters: Mapping[str, str]) -> str:
        return parameters.get("folder", "")

    @contextmanager
    def open(
        self, target: Target, folder: str, policy: AddressPolicy, seconds: float
    ) -> Iterator[FileStore]:
        path = Path(target.parameters["folder"]) / folder
        try:
            is_there = path.is_dir()
        except OSError as error:
            raise of_system(error, str(path), "") from error
        if not is_there:
            raise folder_missing(str(path))
        yield LocalStore(path)
