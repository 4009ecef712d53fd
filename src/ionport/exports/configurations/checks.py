"""The conditions for storing an export configuration, and for activating it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, count
from typing import Final

from ionport.connections.model import TargetKind
from ionport.connections.service import ConnectionService
from ionport.core.errors import InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.documents.types import DOCUMENT_TYPES
from ionport.exports.configurations.model import (
    ActivationFinding,
    ConfigurationFields,
    ExportConfiguration,
    PinnedMapping,
)
from ionport.exports.configurations.options import missing_for_credit_notes, wrong_options
from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.destinations import destination_of
from ionport.identity.service import IdentityService
from ionport.mappings.intake import wrong_kind_text
from ionport.mappings.lint.activation import missing_type
from ionport.mappings.model import MappingKind, MappingVersion
from ionport.mappings.service import MappingService
from ionport.store import OrganizationScope, ScopedWork

TITLE_LENGTH: Final = 200


class ConfigurationChecks:
    """Checks the fields of a configuration, and the connections and mappings that they name."""

    def __init__(
        self, connections: ConnectionService, mappings: MappingService, identity: IdentityService
    ) -> None:
        self._connections = connections
        self._mappings = mappings
        self._identity = identity

    def versions(
        self,
        access: ScopedWork[OrganizationScope],
        fields: ConfigurationFields,
        pinned: Mapping[MappingKind, PinnedMapping],
    ) -> dict[MappingKind, MappingVersion]:
        """Return the version of each mapping file that a configuration with these fields uses.

        Raises:
            InvalidInput: a named version is not one of the file that is named.
        """
        found = {}
        named = [(kind, one) for kind, one in fields.mapping_ids().items() if one]
        for kind, mapping_id in named:
            before = pinned.get(kind)
            kept = before.version_id if before and before.mapping_id == mapping_id else ""
            version_id = fields.versions.get(kind) or kept
            found[kind] = (
                self.version_of(access, kind, mapping_id, version_id)
                if version_id
                else self._mappings.latest_version(access, mapping_id)
            )
        return found

    def version_of(
        self,
        access: ScopedWork[OrganizationScope],
        kind: MappingKind,
        mapping_id: str,
        version_id: str,
    ) -> MappingVersion:
        """Return a version of a mapping file; raises InvalidInput when it is none of it."""
        version = self._mappings.version_by_id(access, version_id)
        if version.mapping_id != mapping_id:
            wrong = _("Choose a version of the same mapping file.")
            raise InvalidInput(wrong, fields={f"{kind.value}_mapping": wrong})
        return version

    def findings(
        self,
        versions: Mapping[MappingKind, MappingVersion],
        document_type: str,
        *,
        accept_at_least_once: bool,
    ) -> Sequence[ActivationFinding]:
        """Return the linter's findings in the version of each used mapping.

        A finding about all types of documents is not repeated for the configuration's.
        """
        found: list[ActivationFinding] = []
        for kind, version in versions.items():
            blocked = version.blocking(accept_at_least_once=accept_at_least_once)
            of_type = missing_type(kind, version.text, document_type)
            told = {finding.code for finding in version.findings}
            named = [of_type] if of_type and "no_document_type" not in told else []
            found += [
                ActivationFinding(
                    mapping=kind.value,
                    severity=finding.severity,
                    code=finding.code,
                    line=finding.line,
                    key=finding.key,
                    text=finding.text,
                    remedy=finding.remedy,
                    blocks=finding in (*blocked, *named),
                    identity=finding.identity,
                    acceptable=finding in blocked and finding.acceptable,
                )
                for finding in (*named, *version.findings)
            ]
        return found

    def used_versions(
        self, access: ScopedWork[OrganizationScope], configuration: ExportConfiguration
    ) -> dict[MappingKind, MappingVersion]:
        """Return the versions that a configuration uses."""
        return self.versions(access, configuration.fields, configuration.mappings)

    def refuse_blocked(
        self, versions: Mapping[MappingKind, MappingVersion], fields: ConfigurationFields
    ) -> None:
        """Raise InvalidInput `mapping_blocks_activation` or `credit_note_undecided`.

        The text names the findings, or what a person has to decide about credit notes.
        """
        if missing := missing_for_credit_notes(fields):
            raise InvalidInput(
                " ".join(missing.values()), code="credit_note_undecided", fields=missing
            )
        found = self.findings(
            versions, fields.document_type, accept_at_least_once=fields.accepts_at_least_once
        )
        blocked = [finding for finding in found if finding.blocks]
        if blocked:
            reasons = " ".join(f"{finding.text} {finding.remedy}".strip() for finding in blocked)
            raise InvalidInput(
                _("A mapping cannot be used yet. {reasons}").format(reasons=reasons),
                code="mapping_blocks_activation",
                fields={f"{finding.mapping}_mapping": finding.text for finding in blocked},
            )

    def check(
        self,
        access: ScopedWork[OrganizationScope],
        fields: ConfigurationFields,
        old_title: str = "",
    ) -> None:
        """Raise InvalidInput that names every field that is missing or does not fit.

        `old_title`: the title of the configuration that is changed, which it may keep; empty for a
        new one, whose title `free_title` makes.
        """
        wrong: dict[str, str] = {}
        if not fields.title.strip() or len(fields.title) > TITLE_LENGTH:
            wrong["title"] = _("Give a title of 1 to 200 characters.")
        elif old_title and _key(fields.title) != _key(old_title):
            taken = ConfigurationRepository(access.connection).titles(access.scope)
            if _key(fields.title) in map(_key, taken):
                wrong["title"] = _("Another configuration has this title.")
        if fields.document_type not in DOCUMENT_TYPES:
            wrong["document_type"] = _("Choose a document type.")
        wrong |= self._wrong_references(access, fields)
        wrong |= wrong_options(fields)
        if wrong:
            raise InvalidInput(" ".join(wrong.values()), fields=wrong)

    def _wrong_references(
        self, access: ScopedWork[OrganizationScope], fields: ConfigurationFields
    ) -> dict[str, str]:
        wrong: dict[str, str] = {}
        if text := self._wrong_connection(access, fields):
            wrong["connection"] = text
        for kind, mapping_id in fields.mapping_ids().items():
            if text := self._wrong_mapping(access, mapping_id, kind):
                wrong[f"{kind.value}_mapping"] = text
        if fields.sub_organization_id is not None:
            known = self._identity.list_sub_organizations(access)
            if fields.sub_organization_id not in {organization.id for organization in known}:
                wrong["sub_organization"] = _("Choose a sub-organization of yours.")
        return wrong

    def _wrong_connection(
        self, access: ScopedWork[OrganizationScope], fields: ConfigurationFields
    ) -> str:
        """Return what is wrong with the chosen connection; empty when it fits the method."""
        target = destination_of(fields.method).target
        try:
            if self._connections.shown(access, fields.connection_id).target is target:
                return ""
        except NotFound:
            pass
        if target is TargetKind.INFOR:
            return _("Upload or choose an ION API file.")
        return _("Choose a connection of the kind {kind}.").format(kind=target.label)

    def _wrong_mapping(
        self, access: ScopedWork[OrganizationScope], mapping_id: str, kind: MappingKind
    ) -> str:
        """Return what is wrong with a chosen mapping file; empty when it fits."""
        try:
            chosen = self._mappings.get(access, mapping_id)
        except NotFound:
            return _("Upload or choose a file of the kind {kind}.").format(kind=kind.label)
        return "" if chosen.kind is kind else wrong_kind_text(chosen.kind, kind)


def pinned(versions: Mapping[MappingKind, MappingVersion]) -> dict[MappingKind, PinnedMapping]:
    """Return versions as a configuration keeps them."""
    return {kind: PinnedMapping(each.mapping_id, each.id) for kind, each in versions.items()}


def free_title(access: ScopedWork[OrganizationScope], title: str) -> str:
    """Return the title for a new configuration: numbered, and cut, where another one has it."""
    title = title.strip()
    taken = {_key(each) for each in ConfigurationRepository(access.connection).titles(access.scope)}
    ends = chain([""], (f" ({number})" for number in count(2)))
    titles = (f"{title[: TITLE_LENGTH - len(end)].rstrip()}{end}" for end in ends)
    return next(each for each in titles if _key(each) not in taken)


def _key(title: str) -> str:
    return title.strip().casefold()
