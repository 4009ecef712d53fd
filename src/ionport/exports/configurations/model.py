"""Values of export configurations: what goes where, and what is known of its connection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ionport.connections.proofs import Proof, ProofState
from ionport.exports.destinations import destination_of
from ionport.exports.model import Delivery, ExportMethod
from ionport.mappings.model import MappingKind


@dataclass(frozen=True, slots=True)
class ConfigurationFields:
    """What a person fills in for an export configuration."""

    title: str
    document_type: str
    method: ExportMethod
    connection_id: str
    idm_mapping_id: str
    bod_mapping_id: str | None = None
    sub_organization_id: str | None = None
    accepts_at_least_once: bool = False

    def mapping_ids(self) -> dict[MappingKind, str]:
        """Return the mapping files that its method needs, by kind; empty where none is named."""
        named = {MappingKind.IDM: self.idm_mapping_id, MappingKind.BOD: self.bod_mapping_id}
        kinds = destination_of(self.method).mapping_kinds
        return {kind: named.get(kind) or "" for kind in kinds}


@dataclass(frozen=True, slots=True)
class ExportConfiguration:
    """What goes where, and how. Mapping ids name mapping files; the newest version is used."""

    id: str
    organization_id: str
    sub_organization_id: str | None
    title: str
    document_type: str
    method: ExportMethod
    connection_id: str
    idm_mapping_id: str
    bod_mapping_id: str | None
    accepts_at_least_once: bool
    is_active: bool
    created_by: str
    created_at: datetime
    updated_at: datetime

    def mapping_id(self, kind: MappingKind) -> str | None:
        """Return the mapping file of a kind; None when the configuration names none."""
        return {
            MappingKind.IDM: self.idm_mapping_id,
            MappingKind.BOD: self.bod_mapping_id,
        }.get(kind)


@dataclass(frozen=True, slots=True)
class UseOfConnection:
    """A connection as one configuration uses it: what a proof and a decision about it are for."""

    configuration_id: str
    title: str
    connection_id: str
    method: ExportMethod

    @classmethod
    def of_configuration(cls, configuration: ExportConfiguration) -> UseOfConnection:
        """Take what a configuration uses now."""
        return cls(
            configuration.id, configuration.title, configuration.connection_id, configuration.method
        )

    @classmethod
    def of_delivery(cls, delivery: Delivery) -> UseOfConnection:
        """Take what a delivery goes over: its configuration may use another one by now."""
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
    """What is known of a connection in one use, what was decided about that, what it holds."""

    proof: Proof
    decision: ProofDecision | None
    held: int

    @property
    def is_broken(self) -> bool:
        """Whether deliveries are held: Infor said no, and nobody has overruled it."""
        return self.proof.state is ProofState.REFUSED and self.decision is None

    @property
    def needs_reason(self) -> bool:
        """Whether a person's reason is needed to make the configuration active."""
        return self.proof.state is not ProofState.PASSED


@dataclass(frozen=True, slots=True)
class ActivationFinding:
    """A remark of the linter on one of a configuration's mappings; `blocks` forbids activation."""

    mapping: str
    severity: str
    code: str
    line: int | None
    key: str
    text: str
    remedy: str
    blocks: bool
