"""Values of mappings: kinds, findings, files and versions, and what rendering takes and gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ionport.core.i18n import N_, _
from ionport.identity.model import AuditAction
from ionport.mappings.grammars.encodings import TextEncoding, encode

NO_CORRELATION_ID = "no_correlation_id"
"""Code of the finding that a user may accept: deliveries are then at least once."""


class MappingKind(StrEnum):
    """The grammars of docs/reference/mapping-files.md#lexical-rules."""

    IDM = "idm"
    BOD = "bod"
    M3 = "m3"
    LN = "ln"
    TOML = "toml"
    XSLT = "xslt"

    @property
    def label(self) -> str:
        """The kind in the user's words."""
        return {
            MappingKind.IDM: _("IDM mapping"),
            MappingKind.BOD: _("BOD mapping"),
            MappingKind.M3: _("M3 mapping"),
            MappingKind.LN: _("LN mapping"),
            MappingKind.TOML: _("M3 mapping (TOML)"),
            MappingKind.XSLT: _("XSLT stylesheet"),
        }[self]


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a mapping file that its owner should know.

    `line` counts from 1, None for the file as a whole. While a finding blocks activation, no
    export configuration with this file can be active; only `NO_CORRELATION_ID` can be accepted.
    """

    severity: Severity
    code: str
    line: int | None
    key: str
    text: str
    remedy: str
    blocks_activation: bool = False


def blocking(findings: Iterable[Finding], *, accept_at_least_once: bool) -> list[Finding]:
    """Return the findings that keep an export configuration from being activated."""
    return [
        finding
        for finding in findings
        if finding.blocks_activation
        and not (accept_at_least_once and finding.code == NO_CORRELATION_ID)
    ]


@dataclass(frozen=True, slots=True)
class MappingFile:
    """A mapping file by name; its text is in its versions."""

    id: str
    organization_id: str
    name: str
    kind: MappingKind
    latest_number: int
    created_at: datetime
    created_by: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ListedMapping:
    """A mapping file as a list shows it: who saved its newest version, and what it is told of."""

    file: MappingFile
    saved_by: str
    errors: int
    warnings: int
    notes: int


class MappingSort(StrEnum):
    """What a list of mapping files may be sorted by."""

    NAME = "name"
    KIND = "kind"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True)
class MappingVersion:
    """One state of a mapping file; never changed. `number` counts from 1.

    `content` are the bytes of the file as it was uploaded.
    """

    id: str
    mapping_id: str
    mapping_name: str
    kind: MappingKind
    number: int
    sha256: str
    text: str
    findings: tuple[Finding, ...]
    created_at: datetime
    created_by: str
    encoding: TextEncoding = TextEncoding.UTF8

    @property
    def content(self) -> bytes:
        return encode(self.text, self.encoding)


@dataclass(frozen=True, slots=True)
class RenderSource:
    """The document to render. `fields` also holds `correlation_id`; sizes are in bytes."""

    document_type: str
    fields: Mapping[str, str]
    tables: Mapping[str, Sequence[Mapping[str, str]]]
    file_name: str
    mime_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class IdmItem:
    """What is created in IDM; empty attributes are left out. `acl` None = the entity's own."""

    entity_name: str
    attributes: tuple[tuple[str, str], ...]
    acl: str | None
    filename: str
    mime_type: str


@dataclass(frozen=True, slots=True)
class BodEnvelope:
    """What a BOD says besides the document. Moments are aware; `revision` is part of the BODID."""

    tenant_id: str
    created_at: datetime
    last_modified_by: str = "ionport"
    last_modified_at: datetime | None = None
    revision: str = ""


@dataclass(frozen=True, slots=True)
class BodAddress:
    """What the header of the ION message repeats from the BOD; absent texts are empty."""

    logical_id: str
    accounting_entity: str
    location: str
    document_id: str


class MappingAction(AuditAction):
    """What the audit log tells of a mapping file."""

    ADDED = "mapping.added", N_("Mapping version added")
    ROLLED_BACK = "mapping.rolled_back", N_("Mapping rolled back to an older version")
    DELETED = "mapping.deleted", N_("Mapping file deleted")
