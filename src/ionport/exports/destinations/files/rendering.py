"""The files of a document as methods put them into folders, and what they are called.

Source: docs/reference/document-system.md#files-of-an-export.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from ionport.documents.intake.reading import clean_filename
from ionport.documents.invoice.rendering.model import Language
from ionport.exports.destinations.files.calls import names_in_order
from ionport.exports.destinations.files.payload import FilesPayload, OutgoingFile
from ionport.exports.destinations.port import RenderJob
from ionport.ionapi.idm import ItemDraft, item_json
from ionport.mappings.model import MappingKind
from ionport.mappings.rendering.bod import parse_bod_mapping, render_bod
from ionport.mappings.rendering.files import FileForm, render_file
from ionport.mappings.rendering.idm import parse_idm_mapping, render_idm_item

FOLDER: Final = "folder"
FILENAME_MODE: Final = "filename_mode"
DATA_FILE: Final = "data_file"
EMBEDDED: Final = "embedded_files"
HISTORY: Final = "history"
ON: Final = "on"
NO_DATA: Final = "none"
_MOST_BYTES: Final = 120
_FORBIDDEN: Final = str.maketrans(dict.fromkeys('<>:"/\\|?*', "_"))


class FilenameMode(StrEnum):
    """By what files are named; empty means the first."""

    ORIGINAL = "original"
    DOCUMENT_ID = "document_id"


def render_files(job: RenderJob) -> FilesPayload:
    """Return the files of a document: further files first, the document itself last.

    Raises InvalidInput where one cannot be made.
    """
    return FilesPayload(
        folder=job.options.get(FOLDER, ""),
        delivery_id=job.delivery.id,
        files=names_in_order(_files(job)),
    )


def _files(job: RenderJob) -> Iterator[OutgoingFile]:
    stem = stem_of(job)
    if job.options.get(HISTORY) == ON:
        yield OutgoingFile.made(f"{stem}.history.json", job.files.history())
    page = job.files.page(Language.ENGLISH)
    if job.options.get(EMBEDDED) == ON or page is None:
        for name, digest in job.files.embedded():
            yield OutgoingFile(f"{stem}-{safe_name(name)}", digest)
    if (data := job.options.get(DATA_FILE, "")) != NO_DATA:
        form = FileForm(data) if data else FileForm.XML
        made = render_file(job.source, job.versions.get(MappingKind.XSLT), form)
        yield OutgoingFile.made(f"{stem}{made.suffix}", made.content)
    if page is not None:
        yield OutgoingFile(f"{stem}.pdf", page)


def render_for_infor(job: RenderJob) -> FilesPayload:
    """Return a document for Infor: the BOD, the item of IDM as JSON, and the document the last.

    Raises InvalidInput where one cannot be made.
    """
    mapping = job.prepare(job.versions[MappingKind.IDM], parse_idm_mapping)
    bod = job.prepare(job.versions[MappingKind.BOD], parse_bod_mapping)
    page = job.files.page(Language.ENGLISH)
    source = job.source if page is None else replace(job.source, mime_type="application/pdf")
    item = render_idm_item(mapping, source)
    draft = ItemDraft(item.entity_name, item.attributes, ((item.filename, b""),), item.acl)
    stem = stem_of(job)
    document = f"{stem}.pdf" if page is not None else f"{stem}-document.xml"
    files = [
        OutgoingFile.made(f"{stem}.bod.xml", render_bod(bod, job.source, job.envelope)),
        OutgoingFile.made(f"{stem}.idm.json", item_json(draft, [document])),
        OutgoingFile(document, page or job.document.content_sha256),
    ]
    folder = job.options.get(FOLDER, "")
    return FilesPayload(folder, job.delivery.id, names_in_order(iter(files)))


def stem_of(job: RenderJob) -> str:
    """Return how the names of a delivery's files begin; a re-export has a number of its own."""
    own = job.options.get(FILENAME_MODE, "") == FilenameMode.DOCUMENT_ID
    stem = job.document.id if own else PurePosixPath(safe_name(job.document.filename)).stem
    return stem if job.delivery.generation == 1 else f"{stem}-{job.delivery.generation}"


def safe_name(name: str) -> str:
    """Return the last part of a name without what a file system of Linux or Windows forbids."""
    plain = clean_filename(name, "document").translate(_FORBIDDEN).lstrip(". ").rstrip(". ")
    return os.fsencode(plain)[-_MOST_BYTES:].decode(errors="ignore").lstrip(". ") or "document"
