"""What an export configuration must fulfil to be stored, and to be active."""

from __future__ import annotations

from collections.abc import Sequence

from ionport.connections.service import ConnectionService
from ionport.core.errors import InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.documents.types import DOCUMENT_TYPES
from ionport.exports.configurations.model import ActivationFinding, ConfigurationFields
from ionport.identity.service import IdentityService
from ionport.mappings.intake import wrong_kind_text
from ionport.mappings.model import MappingKind, blocking
from ionport.mappings.service import MappingService
from ionport.store import OrganizationScope, ScopedWork

_TITLE_LENGTH = 200


class ConfigurationChecks:
    """Looks at the fields of a configuration and at what they name."""

    def __init__(
        self, connections: ConnectionService, mappings: MappingService, identity: IdentityService
    ) -> None:
        self._connections = connections
        self._mappings = mappings
        self._identity = identity

    def findings(
        self, access: ScopedWork[OrganizationScope], fields: ConfigurationFields
    ) -> Sequence[ActivationFinding]:
        """Return what the linter says about the newest version of each mapping."""
        found: list[ActivationFinding] = []
        named = [(kind, one) for kind, one in fields.mapping_ids().items() if one]
        for kind, mapping_id in named:
            version = self._mappings.latest_version(access, mapping_id)
            blocked = blocking(version.findings, accept_at_least_once=fields.accepts_at_least_once)
            found += [
                ActivationFinding(
                    mapping=kind.value,
                    severity=finding.severity,
                    code=finding.code,
                    line=finding.line,
                    key=finding.key,
                    text=finding.text,
                    remedy=finding.remedy,
                    blocks=finding in blocked,
                )
                for finding in version.findings
            ]
        return found

    def refuse_blocked(
        self, access: ScopedWork[OrganizationScope], fields: ConfigurationFields
    ) -> None:
        """Raise InvalidInput `mapping_blocks_activation`; the text names the findings."""
        blocked = [finding for finding in self.findings(access, fields) if finding.blocks]
        if blocked:
            reasons = " ".join(f"{finding.text} {finding.remedy}".strip() for finding in blocked)
            raise InvalidInput(
                _("A mapping cannot be used yet. {reasons}").format(reasons=reasons),
                code="mapping_blocks_activation",
                fields={f"{finding.mapping}_mapping": finding.text for finding in blocked},
            )

    def check(self, access: ScopedWork[OrganizationScope], fields: ConfigurationFields) -> None:
        """Raise InvalidInput that names every field that is missing or does not fit."""
        wrong: dict[str, str] = {}
        if not fields.title.strip() or len(fields.title) > _TITLE_LENGTH:
            wrong["title"] = _("Give a title of 1 to 200 characters.")
        if fields.document_type not in DOCUMENT_TYPES:
            wrong["document_type"] = _("Choose a document type.")
        wrong |= self._wrong_references(access, fields)
        if wrong:
            raise InvalidInput(" ".join(wrong.values()), fields=wrong)

    def _wrong_references(
        self, access: ScopedWork[OrganizationScope], fields: ConfigurationFields
    ) -> dict[str, str]:
        wrong: dict[str, str] = {}
        if not self._has_connection(access, fields.connection_id):
            wrong["connection"] = _("Upload or choose an ION API file.")
        for kind, mapping_id in fields.mapping_ids().items():
            if text := self._wrong_mapping(access, mapping_id, kind):
                wrong[f"{kind.value}_mapping"] = text
        if fields.sub_organization_id is not None:
            known = self._identity.list_sub_organizations(access)
            if fields.sub_organization_id not in {organization.id for organization in known}:
                wrong["sub_organization"] = _("Choose a sub-organization of yours.")
        return wrong

    def _has_connection(self, access: ScopedWork[OrganizationScope], connection_id: str) -> bool:
        try:
            self._connections.shown(access, connection_id)
        except NotFound:
            return False
        return True

    def _wrong_mapping(
        self, access: ScopedWork[OrganizationScope], mapping_id: str, kind: MappingKind
    ) -> str:
        """Return what is wrong with a chosen mapping file; empty when it fits."""
        try:
            chosen = self._mappings.get(access, mapping_id)
        except NotFound:
            return _("Upload or choose a file of the kind {kind}.").format(kind=kind.label)
        return "" if chosen.kind is kind else wrong_kind_text(chosen.kind, kind)
