"""What the API answers about mapping files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from ionport.api.schemas import Answer
from ionport.mappings.lint.rules.model import Severity
from ionport.mappings.model import (
    Finding,
    ListedVersion,
    MappingFile,
    MappingKind,
    MappingVersion,
)
from ionport.mappings.ports import MappingUse
from ionport.mappings.versions.acceptances.model import Acceptance
from ionport.mappings.versions.differences import Change, Difference


class UseAnswer(Answer):
    """An export configuration that uses a mapping file, and the version that it is pinned to."""

    configuration: str
    title: str
    is_active: bool
    version: int | None

    @classmethod
    def of(cls, use: MappingUse) -> UseAnswer:
        return cls.made_of(use, configuration=use.configuration_id, version=use.number)


class MappingAnswer(Answer):
    """A mapping file; `version` is the number of its newest version."""

    id: str
    name: str
    kind: MappingKind
    version: int
    used_by: Sequence[UseAnswer]
    created_at: datetime
    created_by: str
    updated_at: datetime

    @classmethod
    def of(cls, file: MappingFile, uses: Sequence[MappingUse]) -> MappingAnswer:
        used_by = [UseAnswer.of(use) for use in uses]
        return cls.made_of(file, version=file.latest_number, used_by=used_by)


class EditAnswer(Answer):
    """Put `text` for what stands between two places; lines and columns count from 1."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


class MappingFindingAnswer(Answer):
    """A finding of the linter; `id` is the identity that an acceptance names.

    `holds`: the version cannot be used before the line is corrected or the finding accepted. The
    edits of `fix` correct it, where one is certain.
    """

    id: str
    rule: str
    severity: Severity
    holds: bool
    accepted: bool
    acceptable: bool
    line: int | None
    column: int | None
    key: str
    text: str
    remedy: str
    fix: Sequence[EditAnswer]

    @classmethod
    def of(cls, finding: Finding, *, accepted: bool = False) -> MappingFindingAnswer:
        return cls.made_of(
            finding,
            id=finding.identity,
            rule=finding.code,
            accepted=accepted and finding.blocks_activation,
            holds=finding.blocks_activation and not accepted,
            fix=[EditAnswer.made_of(edit) for edit in finding.fix],
        )


class LintAnswer(BaseModel):
    """The kind of a file by its content, and the linter's findings in it: at most 200."""

    kind: MappingKind
    findings: Sequence[MappingFindingAnswer]


class VersionSummaryAnswer(Answer):
    """A version of a mapping file as lists show it."""

    number: int
    sha256: str = Field(description="SHA-256 of the file's bytes, hex.")
    errors: int
    warnings: int
    notes: int
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, version: ListedVersion) -> VersionSummaryAnswer:
        return cls.made_of(version)


class VersionAnswer(Answer):
    """One version of a mapping file with its text; `mapping` is the id of the file."""

    mapping: str
    name: str
    kind: MappingKind
    number: int
    sha256: str = Field(description="SHA-256 of the file's bytes, hex.")
    encoding: str = Field(description="How the bytes were written; `text` has them decoded.")
    text: str
    findings: Sequence[MappingFindingAnswer]
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, version: MappingVersion) -> VersionAnswer:
        findings = [
            MappingFindingAnswer.of(finding, accepted=finding.identity in version.accepted)
            for finding in version.findings
        ]
        return cls.made_of(
            version, mapping=version.mapping_id, name=version.mapping_name, findings=findings
        )


class DifferenceLineAnswer(Answer):
    """A line of a unified difference; of `left_out` the text is the number of equal lines."""

    change: Change
    old: int | None
    new: int | None
    text: str


class DifferenceAnswer(BaseModel):
    """What is different between two versions, with three lines around each change."""

    old: int
    new: int
    added: int
    removed: int
    lines: Sequence[DifferenceLineAnswer]

    @classmethod
    def of(cls, old: int, new: int, found: Difference) -> DifferenceAnswer:
        lines = [DifferenceLineAnswer.made_of(line) for line in found.lines]
        return cls(old=old, new=new, added=found.added, removed=found.removed, lines=lines)


class AcceptanceAnswer(Answer):
    """A finding that a person accepted; it holds neither that version nor a later one."""

    finding: str
    version: int
    reason: str
    accepted_at: datetime
    accepted_by: str

    @classmethod
    def of(cls, acceptance: Acceptance) -> AcceptanceAnswer:
        return cls.made_of(acceptance, version=acceptance.version_number)


class AcceptancesAnswer(BaseModel):
    """Accepted findings, in the order of time."""

    items: Sequence[AcceptanceAnswer]


class AcceptanceRequest(BaseModel):
    """Which findings of which version are accepted, all with one reason."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, le=2**31 - 1, strict=True)
    findings: list[str] = Field(
        min_length=1, max_length=200, description="The `id` of each finding."
    )
    reason: str = Field(min_length=1, max_length=500)


class RollBackRequest(BaseModel):
    """The version whose text becomes the newest one."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, le=2**31 - 1, strict=True)
