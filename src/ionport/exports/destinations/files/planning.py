"""The files that a delivery would put into a folder, for a dry run: names, sizes and contents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from mimetypes import guess_type

from ionport.core.i18n import _
from ionport.exports.destinations.files.payload import FilesPayload
from ionport.exports.destinations.port import Planning
from ionport.mappings.rendering.model import PlannedCall, Traced

_UNKNOWN = "application/octet-stream"


def planned_files(payload: FilesPayload, planning: Planning) -> Sequence[PlannedCall]:
    """Return the files in the order in which they get their names, the main one the last.

    Raises IonportError where a stored content cannot be read.
    """
    return tuple(_files(payload, planning))


def _files(payload: FilesPayload, planning: Planning) -> Iterator[PlannedCall]:
    for file in payload.files:
        content = file.bytes(planning.read)
        media_type = guess_type(file.name)[0] or _UNKNOWN
        is_main = file.name == payload.main
        yield PlannedCall(
            title=_("The main file, the last to get its name") if is_main else _("A file"),
            method="",
            path=f"{payload.folder}/{file.name}" if payload.folder else file.name,
            content_type=media_type,
            body=_body(content, media_type),
            values=(
                Traced(_("Place"), planning.place, None, ""),
                Traced(_("Bytes"), str(len(content)), None, ""),
                Traced("SHA-256", sha256(content).hexdigest(), None, ""),
            ),
        )


def _body(content: bytes, media_type: str) -> str:
    """Return a text as it is, and of other content the type."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = ""
    if not text or "\0" in text:
        return _("[the file, {type}]").format(type=media_type)
    return text
