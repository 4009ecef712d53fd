"""Values of export configurations, and of the proofs of their connections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ionport.connections.proofs import Proof, ProofState
from ionport.core.i18n import N_
from ionport.exports.destinations import destination_of
from ionport.exports.model import Delivery, ExportMethod
from ionport.identity.model import AuditAction
from ionport.mappings.model import MappingKind, MappingVersion


@dataclass(frozen=True, slots=True)
class ConfigurationFields:
    """What a person fills in for an export configuration.

    `mappings` are ids of mapping files. `versions` may name the version to use; else it is the one
    that was used before of the same file, and of another file its newest. `options` are what the
    method asks beside that (`Destination.options`).
    """

    title: str
    document_type: str
    method: ExportMethod
    connection_id: str
    mappings: Mapping[MappingKind, str] = field(default_factory=dict, hash=False)
    sub_organization_id: str | None = None
    accepts_at_least_once: bool = False
    versions: Mapping[MappingKind, str] = field(default_factory=dict, hash=False)
    options: Mapping[str, str] = field(default_factory=dict, hash=False)

    def mapping_ids(self) -> dict[MappingKind, str]:
        """Return the mapping files by kind: those that its method needs, empty where none is named,
        and those it may have that are named.
        """
        destination = destination_of(self.method)
        needed = {kind: self.mappings.get(kind, "") for kind in destination.mapping_kinds}
        chosen = {kind: self.mappings.get(kind, "") for kind in destination.optional_kinds}
        return needed | {kind: one for kind, one in chosen.items() if one}


@dataclass(frozen=True, slots=True)
class PinnedMapping:
    """A mapping file as a configuration uses it: one version, until a person switches it."""

    mapping_id: str
    version_id: str


@dataclass(frozen=True, slots=True)
class ExportConfiguration:
    """What goes where, and how."""

    id: str
    organization_id: str
    sub_organization_id: str | None
    title: str
    document_type: str
    method: ExportMethod
    connection_id: str
    mappings: Mapping[MappingKind, PinnedMapping] = field(hash=False)
    accepts_at_least_once: bool
    options: Mapping[str, str] = field(hash=False)
    is_active: bool
    created_by: str
    created_at: datetime
    updated_at: datetime
    activated_at: datetime | None = None
    """Documents received since then are exported automatically; None: all that wait."""

    @property
    def fields(self) -> ConfigurationFields:
        """What a person filled in."""
        return ConfigurationFields(
            title=self.title,
            document_type=self.document_type,
            method=self.method,
            connection_id=self.connection_id,
            mappings={kind: each.mapping_id for kind, each in self.mappings.items()},
            sub_organization_id=self.sub_organization_id,
            accepts_at_least_once=self.accepts_at_least_once,
            options=self.options,
        )

    def version_ids(self) -> dict[MappingKind, str]:
        """Return the versions that new deliveries use, by kind."""
        return {kind: pinned.version_id for kind, pinned in self.mappings.items()}


@dataclass(frozen=True, slots=True)
class Switched:
    """The result of a switch to another version: `under_way` deliveries keep their version."""

    configuration: ExportConfiguration
    before: MappingVersion
    after: MappingVersion
    under_way: int


@dataclass(frozen=True, slots=True)
class UseOfConnection:
    """A connection as one configuration uses it: what a proof and a decision about it are for."""

    configuration_id: str
    title: str
    connection_id: str
    method: ExportMethod

    @classmethod
    def of_configuration(cls, configuration: ExportConfiguration) -> UseOfConnection:
        """Return the present use of a configuration."""
        return cls(
            configuration.id, configuration.title, configuration.connection_id, configuration.method
        )

    @classmethod
    def of_delivery(cls, delivery: Delivery) -> UseOfConnection:
        """Return the use of a delivery: its configuration may use another connection by now."""
        return cls(
            delivery.configuration_id,
            delivery.configuration_title,
            delivery.connection_id,
            delivery.method,
        )


@dataclass(frozen=True, slots=True)
class ProofDecision:
    """A person's decision to go on although a proof did not pass; about one check (or none)."""

    id: str
    configuration_id: str
    connection_id: str
    check_id: str
    state: ProofState
    reason: str
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class UseProof:
    """A connection's proof in one use, the decision about it, and how many deliveries it holds."""

    proof: Proof
    decision: ProofDecision | None
    held: int

    @property
    def is_broken(self) -> bool:
        """Whether deliveries are held: Infor refused, and no person has decided otherwise."""
        return self.proof.state is ProofState.REFUSED and self.decision is None

    @property
    def needs_reason(self) -> bool:
        """Whether a person's reason is needed to make the configuration active."""
        return self.proof.state is not ProofState.PASSED


@dataclass(frozen=True, slots=True)
class ActivationFinding:
    """A remark of the linter on one of a configuration's mappings; `blocks` forbids activation.

    `identity` is what a person accepts it by, where `acceptable`.
    """

    mapping: str
    severity: str
    code: str
    line: int | None
    key: str
    text: str
    remedy: str
    blocks: bool
    identity: str = ""
    acceptable: bool = False


class ConfigurationAction(AuditAction):
    """What the audit log tells of an export configuration."""

    CREATED = "export_configuration.created", N_("Export configuration added")
    EDITED = "export_configuration.edited", N_("Export configuration changed")
    SWITCHED = "export_configuration.switched", N_("Export configuration uses another version")
    ACTIVATED = "export_configuration.activated", N_("Export configuration activated")
    DEACTIVATED = "export_configuration.deactivated", N_("Export configuration deactivated")
    DELETED = "export_configuration.deleted", N_("Export configuration deleted")
    ACTIVATED_ALL_THE_SAME = (
        "export_configuration.activated_all_the_same",
        N_("Activated although the connection is not proved"),
    )
    DELIVERS_ALL_THE_SAME = (
        "export_configuration.delivers_all_the_same",
        N_("Delivers although the proof was refused"),
    )
