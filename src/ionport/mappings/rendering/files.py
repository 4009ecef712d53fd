"""The file of a document for receivers that take files: SFTP, SMB, a folder, a webhook.

Source: docs/reference/document-system.md#default-output.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.core.xslt.outputs import declared_output
from ionport.core.xslt.running import transform
from ionport.mappings.model import MappingKind, MappingVersion, RenderSource
from ionport.mappings.rendering.default import default_json, default_xml


class FileForm(StrEnum):
    """The form of a document's file without a stylesheet."""

    XML = "xml"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A rendered file; `suffix` is the end of its name with the point, such as `.xml`."""

    content: bytes
    media_type: str
    suffix: str


def render_file(
    document: RenderSource, version: MappingVersion | None, form: FileForm
) -> RenderedFile:
    """Return the file of a document: the result of a stylesheet, else its default form.

    A stylesheet gets the XML of `default_xml`, whatever `form` says, and its `xsl:output` decides
    the output. There is no explanation by lines: for a stylesheet no program can tell which line a
    value comes from.

    Raises:
        InvalidInput: the version is no stylesheet; it cannot be used, fails, or takes too long
            (see `transform`); or a value has a sign that XML cannot write.
    """
    if version is not None:
        return _by_stylesheet(document, version)
    if form is FileForm.JSON:
        return RenderedFile(default_json(document), "application/json", ".json")
    return RenderedFile(default_xml(document), "application/xml", ".xml")


def _by_stylesheet(document: RenderSource, version: MappingVersion) -> RenderedFile:
    if version.kind is not MappingKind.XSLT:
        raise InvalidInput(
            _(
                "{name} is no XSLT stylesheet ({kind}), so no file can be made with it. Choose a"
                " stylesheet, or none."
            ).format(name=version.mapping_name, kind=version.kind.label),
            code="no_stylesheet",
        )
    return render_by_stylesheet(version.text, document)


def render_by_stylesheet(text: str, document: RenderSource) -> RenderedFile:
    """Return the file that the text of a stylesheet makes of a document; raises InvalidInput."""
    content = transform(text, default_xml(document))
    output = declared_output(text, content)
    return RenderedFile(content, output.media_type, output.suffix)
