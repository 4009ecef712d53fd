"""The steps that put files into a folder: written under temporary names, then renamed.

A file is *placed* when its final name is there with its content, *written* when its temporary name
is there (then it is whole), or neither. Once the files are written, only a rename removes the
temporary name: a file of which neither is there any more was placed, and its receiver has taken it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Any

from ionport.connections.targets.errors import TargetError, name_taken
from ionport.connections.targets.model import FileStore
from ionport.core.i18n import _
from ionport.exports.destinations.files.client import FileClient
from ionport.exports.destinations.files.payload import FilesPayload, OutgoingFile
from ionport.exports.destinations.port import Answer, Calling, Found, OtherItem, Payload
from ionport.exports.model import Delivery, StepKind


class Standing(StrEnum):
    """The state of a file in the folder."""

    PLACED = "placed"
    WRITTEN = "written"
    ABSENT = "absent"


def standing(store: FileStore, payload: FilesPayload, number: int) -> Standing:
    """Return a file's state; raises TargetError `name_taken` for another one of its name."""
    file = payload.files[number]
    size = store.size(file.name)
    if size is not None:
        if sha256(store.read(file.name, size)).hexdigest() != file.digest:
            raise name_taken(file.name)
        return Standing.PLACED
    written = store.size(payload.temporary(number)) is not None
    return Standing.WRITTEN if written else Standing.ABSENT


def standings(store: FileStore, payload: FilesPayload) -> list[Standing]:
    """Return the state of each file, in their order; errors as `standing`."""
    return [standing(store, payload, number) for number in range(len(payload.files))]


class WriteFiles:
    """Writes the files under temporary names; again and again the same bytes, so that none is lost.

    A name that another file has is reported before anything is written.
    """

    kind = StepKind.FILES_WRITE
    look_up = None
    is_made_in_parts = True

    def make(self, calling: Calling[FileClient], payload: Payload) -> Answer:
        wanted = FilesPayload.from_bytes(payload.content)
        with calling.client.open(wanted.folder) as store:
            for number, now in enumerate(standings(store, wanted)):
                if now is Standing.ABSENT:
                    _write(store, wanted, number, calling)
        return Answer("", _("Written under temporary names."))

    def columns(self, remote_id: str) -> Mapping[str, Any]:
        return {}

    def remote_id(self, delivery: Delivery) -> str:
        return ""


class PlacedFiles:
    """The folder is asked by names and contents."""

    kind = StepKind.FILES_LOOK_UP
    is_booking = False

    def find(self, client: FileClient, payload: Payload) -> Found:
        """Return the main file's name when no rename is left to do: none is there as written."""
        wanted = FilesPayload.from_bytes(payload.content)
        with client.open(wanted.folder) as store:
            is_left = Standing.WRITTEN in standings(store, wanted)
        return Found() if is_left else Found((wanted.main,))

    def find_before_first(self, client: FileClient, payload: Payload) -> Found:
        """Return the main file's name when all files are there already."""
        wanted = FilesPayload.from_bytes(payload.content)
        with client.open(wanted.folder) as store:
            are_placed = set(standings(store, wanted)) == {Standing.PLACED}
        return Found((wanted.main,)) if are_placed else Found()

    def found_text(self) -> str:
        return _("Found in the folder.")

    def missing_text(self, others: tuple[OtherItem, ...]) -> str:
        return _("Not in the folder yet.")

    def unknown_text(self) -> str:
        return _("The answer of a call was lost; the folder is asked whether the files are there.")

    def two_items_text(self, first: str, second: str) -> tuple[str, str]:
        return (
            _("The document may be in the folder twice: {first} and {second}.").format(
                first=first, second=second
            ),
            _("Compare the two files and delete the wrong one; then decide on the document."),
        )

    def same_invoice_text(self, item_id: str) -> tuple[str, str]:
        return (
            _("A file of this invoice is in the folder already: {id}.").format(id=item_id),
            _("Compare it with the document; then decide on the document."),
        )


class PlaceFiles:
    """Gives the files their final names, the main file last."""

    kind = StepKind.FILES_PLACE
    look_up = PlacedFiles()
    is_made_in_parts = False

    def make(self, calling: Calling[FileClient], payload: Payload) -> Answer:
        wanted = FilesPayload.from_bytes(payload.content)
        with calling.client.open(wanted.folder) as store:
            _place(store, wanted, calling)
        names = ", ".join(file.name for file in wanted.files)
        return Answer(wanted.main, _("In the folder: {names}.").format(names=names))

    def columns(self, remote_id: str) -> Mapping[str, Any]:
        return {}

    def remote_id(self, delivery: Delivery) -> str:
        return ""


def _write(
    store: FileStore, wanted: FilesPayload, number: int, calling: Calling[FileClient]
) -> None:
    """Write a file under its temporary name, which it gets when it is whole."""
    temporary = wanted.temporary(number)
    store.write(f"{temporary}.part", wanted.files[number].bytes(calling.read))
    store.rename(f"{temporary}.part", temporary)


def _place(store: FileStore, wanted: FilesPayload, calling: Calling[FileClient]) -> None:
    now = standings(store, wanted)
    # Some are written and one is neither: it was renamed by an earlier call, and taken. All are
    # neither, and nothing was ever renamed: the temporary files were removed.
    is_begun = any(one is not Standing.ABSENT for one in now)
    has_changed = False
    for number, file in enumerate(wanted.files):
        if now[number] is Standing.PLACED or (now[number] is Standing.ABSENT and is_begun):
            continue
        try:
            if now[number] is Standing.ABSENT:
                _write(store, wanted, number, calling)
            store.rename(wanted.temporary(number), file.name)
        except TargetError as error:
            # Files renamed before are in place: the next call looks for them first.
            error.sent = error.sent or has_changed
            raise
        has_changed = True


def names_in_order(files: Iterator[OutgoingFile]) -> tuple[OutgoingFile, ...]:
    """Return files with names of their own; a second one of a name gets a number."""
    found: dict[str, OutgoingFile] = {}
    for file in files:
        name, number = file.name, 2
        while name.casefold() in found:
            stem, dot, ending = file.name.rpartition(".")
            name = f"{stem or ending}-{number}{dot if stem else ''}{ending if stem else ''}"
            number += 1
        found[name.casefold()] = OutgoingFile(name, file.digest, file.content)
    return tuple(found.values())
