"""Copies stored files to another place: `ionport migrate --files-to`.

Copied files also stay where they were. The same command again copies files added since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ionport.core.errors import Conflict, InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.data_folder import (
    BLOBS_FOLDER,
    open_stored_files,
    require_data_folder,
    stored_files,
)
from ionport.settings import Settings

FOLDER: Final = "folder"


@dataclass(frozen=True, slots=True)
class CopiedFiles:
    """How many stored files were copied, how many were there already, and which are damaged."""

    copied: int
    there: int
    damaged: tuple[str, ...]


def copy_files(settings: Settings, to: str) -> CopiedFiles:
    """Copy all stored files to `to`: `s3://…`, or `folder` for the one in the data folder.

    Each is compared with its digest when it is read. Those that are damaged are left out.

    Raises:
        InvalidInput: `to` is neither, or the files are there already by the settings.
        Unavailable: one of the places cannot be used; there is no data folder.
    """
    require_data_folder(settings)
    url = "" if to == FOLDER else to
    if to == "" or url == settings.blobs_url:
        raise InvalidInput(
            _("The stored files are there already. Name another place: s3://…, or folder.")
        )
    source = stored_files(settings)
    target = open_stored_files(url, settings.data / BLOBS_FOLDER)
    there = set(target.digests())
    copied, known, damaged = 0, 0, list[str]()
    for digest in source.digests():
        if digest in there:
            known += 1
            continue
        try:
            content = source.get(digest)
        except NotFound:
            # Deleted since the list was read.
            continue
        except Conflict:
            damaged.append(digest)
            continue
        target.put(content)
        copied += 1
    return CopiedFiles(copied, known, tuple(damaged))
