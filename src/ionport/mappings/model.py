"""Values of mappings: kinds, findings, files and versions, and the values of rendering."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ionport.core.i18n import N_, _
from ionport.core.sentences import recalled
from ionport.identity.model import AuditAction
from ionport.mappings.grammars.edits import Edit
from ionport.mappings.grammars.encodings import TextEncoding, encode
from ionport.mappings.lint.rules.model import NO_CORRELATION_ID, Severity
from ionport.mappings.lint.rules.table import RULES


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


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a mapping file that its owner should know: a rule with parameters.

    `line` and `column` count from 1, None for the file as a whole. `fix` is the edit that fixes it,
    where one is certain or a close name is offered. While an error is not accepted, no export
    configuration with this file can be active.
    """

    severity: Severity
    code: str
    line: int | None
    key: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    column: int | None = None
    fix: tuple[Edit, ...] = ()

    @property
    def blocks_activation(self) -> bool:
        """Whether the file cannot be used before it is fixed or the finding accepted."""
        return self.severity is Severity.ERROR

    @property
    def acceptable(self) -> bool:
        """Whether a person may accept it with a reason, instead of fixing it."""
        rule = RULES.get(self.code)
        return self.blocks_activation and (rule is None or rule.acceptable)

    @property
    def identity(self) -> str:
        """What it is about, the same in each version of the file that says so."""
        return " ".join((self.code, self.key, self.parameters.get("name", ""))).strip()

    @property
    def text(self) -> str:
        """What is wrong, in the current language."""
        rule = RULES.get(self.code)
        # Findings of older versions were stored as sentences.
        return self.parameters.get("text") or self._sentence(rule.text if rule else self.code)

    @property
    def remedy(self) -> str:
        """What to do about it, in the current language; may be empty."""
        if "text" in self.parameters:
            return self.parameters.get("remedy", "")
        if suggestion := self.parameters.get("suggestion"):
            return _("Did you mean {name}?").format(name=suggestion)
        rule = RULES.get(self.code)
        if rule is None:
            return ""
        return self._sentence(rule.remedies.get(self.parameters.get("case", ""), rule.remedy))

    def _sentence(self, message: str) -> str:
        words = {name: _shown(name, value) for name, value in self.parameters.items()}
        # An empty parameter is not stored.
        return _(message).format_map(defaultdict(str, words, key=self.key)) if message else ""


def _shown(name: str, value: str) -> str:
    """Return a parameter as it is shown: a kind of file by its label, a reason in words."""
    if name in ("wanted", "found") and value in _KINDS:
        return MappingKind(value).label
    return recalled(value) if name == "why" else value


_KINDS = frozenset(kind.value for kind in MappingKind)


def blocking(
    findings: Iterable[Finding],
    *,
    accept_at_least_once: bool,
    accepted: Collection[str] = (),
) -> list[Finding]:
    """Return the findings that keep an export configuration from being activated.

    `accepted` are the identities of findings that a person accepted for this file.
    """
    return [
        finding
        for finding in findings
        if finding.blocks_activation
        and finding.identity not in accepted
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
    """A mapping file as a list shows it: who saved its newest version, and its findings."""

    file: MappingFile
    saved_by: str
    errors: int
    warnings: int
    notes: int


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """A version as a list shows it, without its text; see `MappingVersion`."""

    number: int
    sha256: str
    created_at: datetime
    created_by: str
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

    `content` are the bytes of the file as it was uploaded, `accepted` the identities of findings
    that a person accepted of the file.
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
    accepted: frozenset[str] = frozenset()

    def blocking(self, *, accept_at_least_once: bool = False) -> list[Finding]:
        """Return the findings that hold this version: errors that nobody has accepted."""
        return blocking(
            self.findings, accept_at_least_once=accept_at_least_once, accepted=self.accepted
        )

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
    """A BOD's values beside the document's. Moments are aware; `revision` is part of the BODID."""

    tenant_id: str
    created_at: datetime
    last_modified_by: str = "ionport"
    last_modified_at: datetime | None = None
    revision: str = ""


@dataclass(frozen=True, slots=True)
class BodAddress:
    """The values of the BOD that the header of the ION message repeats; absent texts are empty."""

    logical_id: str
    accounting_entity: str
    location: str
    document_id: str


class MappingAction(AuditAction):
    """What the audit log tells of a mapping file."""

    ADDED = "mapping.added", N_("Mapping version added")
    ROLLED_BACK = "mapping.rolled_back", N_("Mapping rolled back to an older version")
    DELETED = "mapping.deleted", N_("Mapping file deleted")
    ACCEPTED = "mapping.accepted", N_("Finding about a mapping accepted")
    WITHDRAWN = "mapping.acceptance_withdrawn", N_("Acceptance of a mapping's finding withdrawn")
