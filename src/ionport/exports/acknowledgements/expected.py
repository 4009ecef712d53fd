"""By which way the ERP's status of a delivery is learned, and by when.

Source: docs/reference/ion-messaging.md#confirm-and-acknowledge: an ERP may send nothing, and no
service of ION reports what a document flow has refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ionport.connections.proof_reader import proof_of
from ionport.connections.proofs import BASE_STAGES, ProofState
from ionport.documents.model import ErpStatus
from ionport.exports.acknowledgements.repository import EndpointRepository
from ionport.exports.configurations.model import ExportConfiguration, UseOfConnection
from ionport.exports.configurations.proof_decisions import decision_about
from ionport.exports.destinations import destination_of
from ionport.exports.destinations.questions.model import WORD_OPTION, AskWhen
from ionport.exports.model import Delivery
from ionport.exports.status import reaches_erp
from ionport.store import OrganizationScope, ScopedWork

HEARD_WITHIN: Final = timedelta(hours=24)
"""How long the ERP's status is waited for where an endpoint takes it and no time is configured."""


@dataclass(frozen=True, slots=True)
class Expected:
    """How the ERP's status of a configuration's deliveries is learned.

    `asked`: whether the ERP is asked; None where it is not and will not be, False while the newest
    proof was refused, or while none has reached it where only then it is asked. `is_told`: an
    endpoint takes acknowledgements. `within`: how long the status may take; None where none is
    expected.
    """

    asked: bool | None
    is_told: bool
    within: timedelta | None

    @property
    def is_asked(self) -> bool:
        """Whether the ERP is asked at present."""
        return self.asked is True

    @property
    def is_heard(self) -> bool:
        """Whether the ERP's status will be learned at all."""
        return self.is_asked or self.is_told

    def due(self, delivery: Delivery) -> datetime | None:
        """Return by when the ERP's status of a delivery is expected; None when it is not."""
        if self.within is None or delivery.erp_status is not ErpStatus.HANDED_OVER:
            return None
        return (delivery.finished_at or delivery.created_at) + self.within


def expected_of(
    access: ScopedWork[OrganizationScope], configuration: ExportConfiguration
) -> Expected:
    """Return how the ERP's status of a configuration's deliveries is learned."""
    asked = _asks(access, configuration)
    is_told = reaches_erp(configuration.method) and _has_endpoint(access, configuration)
    hours = configuration.options.get(WORD_OPTION, "")
    is_always = _when(configuration) is AskWhen.ALWAYS
    within = HEARD_WITHIN if asked or is_told or is_always else None
    if hours:
        within = timedelta(hours=int(hours)) or None
    return Expected(asked, is_told, within)


def _asks(access: ScopedWork[OrganizationScope], configuration: ExportConfiguration) -> bool | None:
    question = destination_of(configuration.method).question
    when = _when(configuration)
    if question is None or when is AskWhen.NEVER:
        return None
    if when is AskWhen.UNLESS_TOLD and _has_endpoint(access, configuration):
        return None
    proof = proof_of(access, configuration.connection_id, (*BASE_STAGES, question.stage))
    if when is AskWhen.UNLESS_TOLD:
        return proof.state is ProofState.PASSED
    # As deliveries: only a refusal holds, until a proof passes or a person decides.
    use = UseOfConnection.of_configuration(configuration)
    return proof.state is not ProofState.REFUSED or bool(decision_about(access, use, proof))


def _when(configuration: ExportConfiguration) -> AskWhen:
    question = destination_of(configuration.method).question
    return question.when(configuration.options) if question else AskWhen.NEVER


def _has_endpoint(
    access: ScopedWork[OrganizationScope], configuration: ExportConfiguration
) -> bool:
    endpoints = EndpointRepository(access.connection)
    return endpoints.get(access.scope, configuration.connection_id) is not None
