"""What targets that take files have in common: folders below them, and their proof."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Protocol

from ionport.connections.targets.errors import TargetError
from ionport.connections.targets.model import (
    PROBE_SECONDS,
    FileStore,
    FileTargetType,
    Results,
    Stages,
    Target,
)
from ionport.core.clock import Clock
from ionport.core.i18n import N_
from ionport.core.ids import new_id
from ionport.ionapi.addresses import AddressPolicy

WRITE = ("write", N_("A file written and removed"))
_CONTENT = b"ionport writes and removes this file when the connection is proved.\n"


def is_sub_folder(folder: str) -> bool:
    """Tell whether a text leads to a folder below another one, and nowhere else."""
    path = PurePosixPath(folder)
    unsafe = any(sign in folder for sign in "\\\0\n\r\t") or ":" in folder
    return not (path.is_absolute() or ".." in path.parts or unsafe)


class FileType(FileTargetType, Protocol):
    """A kind whose targets take files, with their proof."""

    stage_of: Mapping[str, str]
    """The stage to which the code of an error on opening belongs."""

    def probe(self, target: Target, policy: AddressPolicy, clock: Clock) -> Results:
        """Open the target and write, rename and remove a file."""
        stages = Stages(self.stages)
        yield stages.begin()
        name = f".{new_id('tmp')}.tmp"
        try:
            with self.open(target, "", policy, PROBE_SECONDS) as store:
                yield from stages.passed_to(WRITE[0])
                yield stages.begin()
                _write_and_remove(store, name)
                yield stages.passed()
        except TargetError as error:
            yield from stages.passed_to(self.stage_of.get(error.code, WRITE[0]))
            yield from stages.failed(error)


def _write_and_remove(store: FileStore, name: str) -> None:
    """Do what a delivery does; nothing stays, also where it fails. Raises TargetError."""
    try:
        store.write(name, _CONTENT)
        store.rename(name, f"{name}.tmp")
    except TargetError:
        with suppress(TargetError):
            store.remove(name)
        raise
    store.remove(f"{name}.tmp")
