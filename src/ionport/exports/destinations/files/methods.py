"""The methods Local folder, SFTP, SMB and Infor export to SFTP: files in a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ionport.connections.model import TargetKind
from ionport.core.i18n import N_, _
from ionport.documents.invoice.rendering.model import Language
from ionport.exports.destinations.files.calls import PlaceFiles, WriteFiles
from ionport.exports.destinations.files.payload import FilesPayload
from ionport.exports.destinations.files.planning import planned_files
from ionport.exports.destinations.files.rendering import (
    DATA_FILE,
    EMBEDDED,
    FILENAME_MODE,
    FOLDER,
    HISTORY,
    NO_DATA,
    FilenameMode,
    render_files,
    render_for_infor,
)
from ionport.exports.destinations.port import (
    AnyCall,
    MethodOption,
    Planning,
    Prepare,
    Rendered,
    RenderJob,
)
from ionport.exports.destinations.questions.model import ErpQuestion
from ionport.exports.model import Delivery, ExportMethod, StepKind
from ionport.mappings.model import MappingKind, MappingVersion
from ionport.mappings.rendering.files import FileForm
from ionport.mappings.rendering.model import PlannedCall

_SUB_FOLDER = r"(?!.*(^|/)\.\.?(/|$))[^/\\:\x00-\x1f][^\\:\x00-\x1f]{0,199}"


def _names() -> Sequence[tuple[str, str]]:
    return [
        (FilenameMode.ORIGINAL, _("Original filename, such as invoice.pdf")),
        (FilenameMode.DOCUMENT_ID, _("Document ID, such as doc_1a2b.pdf")),
    ]


def _forms() -> Sequence[tuple[str, str]]:
    return [(FileForm.XML, "XML"), (FileForm.JSON, "JSON"), (NO_DATA, _("No file with the values"))]


def _option(
    name: str, label: Callable[[], str], help_text: Callable[[], str], **more: Any
) -> MethodOption:
    return MethodOption(name, label, help_text, is_name=False, **more)


FILE_OPTIONS = (
    _option(
        FOLDER,
        lambda: _("Folder"),
        lambda: _("Below the connection's folder, such as 2026/invoices; it must be there."),
        pattern=_SUB_FOLDER,
    ),
    _option(
        FILENAME_MODE,
        lambda: _("Filename Export Mode"),
        lambda: _("With the document's ID no two documents have the same name."),
        choices=_names,
    ),
    _option(
        DATA_FILE,
        lambda: _("File with the document's values"),
        lambda: _("A stylesheet says itself what comes out."),
        choices=_forms,
    ),
    _option(
        EMBEDDED,
        lambda: _("Embedded files"),
        lambda: _("The invoice's XML as it was received, and its attachments, go along."),
        is_switch=True,
    ),
    _option(
        HISTORY,
        lambda: _("Include Document History"),
        lambda: _("Export document change history and audit trail with the file, as JSON."),
        is_switch=True,
    ),
)


def rendered(payload: FilesPayload) -> list[Rendered]:
    """Return the same files for both steps."""
    content = payload.to_bytes()
    return [Rendered(StepKind.FILES_WRITE, content), Rendered(StepKind.FILES_PLACE, content)]


class FileMethod:
    """The base of all methods that put files into a folder."""

    family = "other"
    calls: tuple[AnyCall, ...] = (WriteFiles(), PlaceFiles())
    mapping_kinds: tuple[MappingKind, ...] = ()
    optional_kinds: tuple[MappingKind, ...] = (MappingKind.XSLT,)
    options: tuple[MethodOption, ...] = FILE_OPTIONS
    plans_itself = True
    question: ErpQuestion | None = None

    @property
    def second_text(self) -> str:
        return _(
            "The files are written once more, under names with the number of the export: a program"
            " that takes them may book the invoice twice."
        )

    def page_language(
        self, versions: Mapping[MappingKind, MappingVersion], prepare: Prepare
    ) -> Language | None:
        return Language.ENGLISH

    def render(self, job: RenderJob) -> list[Rendered]:
        return rendered(render_files(job))

    def planned(self, rendered: Sequence[Rendered], planning: Planning) -> Sequence[PlannedCall]:
        return planned_files(FilesPayload.from_bytes(rendered[0].payload), planning)

    def delivered_text(self, delivery: Delivery) -> str:
        return _("Delivered through “{title}”.").format(title=delivery.configuration_title)


class LocalFolder(FileMethod):
    """The method Local folder."""

    method = ExportMethod.FOLDER
    label = N_("Local folder")
    target = TargetKind.FOLDER
    proof_stages: tuple[str, ...] = ("folder", "write")

    @property
    def summary(self) -> str:
        return _("Puts the document and a file with its values into a folder of this machine.")


class Sftp(FileMethod):
    """The method SFTP."""

    method = ExportMethod.SFTP
    label = "SFTP"
    target = TargetKind.SFTP
    proof_stages: tuple[str, ...] = ("network", "host_key", "sign_in", "folder", "write")

    @property
    def summary(self) -> str:
        return _("Puts the document and a file with its values into a folder of an SFTP server.")


class InforSftp(Sftp):
    """The method Infor export to SFTP: the BOD, the item's attributes and the document.

    Whoever runs Infor takes them from the server. Source:
    docs/reference/document-system.md#files-of-an-export.
    """

    method = ExportMethod.INFOR_SFTP
    label = N_("Infor export to SFTP")
    family = "infor"
    mapping_kinds: tuple[MappingKind, ...] = (MappingKind.IDM, MappingKind.BOD)
    optional_kinds: tuple[MappingKind, ...] = ()
    options: tuple[MethodOption, ...] = tuple(
        option for option in FILE_OPTIONS if option.name in (FOLDER, FILENAME_MODE)
    )

    @property
    def summary(self) -> str:
        return _("Puts a Sync.CaptureDocument BOD, the item for IDM and the document on SFTP.")

    def render(self, job: RenderJob) -> list[Rendered]:
        return rendered(render_for_infor(job))


class Smb(FileMethod):
    """The method SMB."""

    method = ExportMethod.SMB
    label = "SMB"
    target = TargetKind.SMB
    proof_stages: tuple[str, ...] = ("network", "sign_in", "folder", "write")

    @property
    def summary(self) -> str:
        return _("Puts the document and a file with its values into a share of Windows or Samba.")
