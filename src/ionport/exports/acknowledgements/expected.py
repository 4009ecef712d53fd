"""Who says what the ERP makes of a delivery, and by when its word is expected.

Source: docs/reference/ion-messaging.md#confirm-and-acknowledge: an ERP may send nothing, and no
service of ION tells what a document flow has refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ionport.connections.proof_reader import proof_of
from ionport.connections.proofs import BASE_STAGES, ProofState
from ionport.documents.model import ErpStatus
from ionport.exports.acknowledgements.repository import EndpointRepository
from ionport.exports.configurations.model import ExportConfiguration
from ionport.exports.destinations import destination_of
from ionport.exports.destinations.questions.model import WORD_OPTION, AskWhen
from ionport.exports.model import Delivery
from ionport.exports.status import reaches_erp
from ionport.store import OrganizationScope, ScopedWork

HEARD_WITHIN: Final = timedelta(hours=24)
"""How long its word is waited for where a configuration does not say, and somebody tells it."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of the ERP about what a configuration delivers.

    `asked`: whether the ERP is asked; None where it is not and will not be, False while no proof
    has reached it. `is_told`: an endpoint takes what it says. `within`: how long its word may take;
    None where none is expected.
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
        """Whether anything will be known of the ERP."""
        return self.is_asked or self.is_told

    def due(self, delivery: Delivery) -> datetime | None:
        """Return by when the ERP's word on a delivery is expected; None when it is not."""
        if self.within is None or delivery.erp_status is not ErpStatus.HANDED_OVER:
            return None
        return (delivery.finished_at or delivery.created_at) + self.within


def expected_of(
    access: ScopedWork[OrganizationScope], configuration: ExportConfiguration
) -> Expected:
    """Return what is expected of the ERP about what a configuration delivers."""
    asked = _asks(access, configuration)
    is_told = reaches_erp(configuration.method) and _has_endpoint(access, configuration)
    hours = configuration.options.get(WORD_OPTION, "")
    within = HEARD_WITHIN if asked or is_told else None
    if hours:
        within = timedelta(hours=int(hours)) or None
    return Expected(asked, is_told, within)


def _asks(access: ScopedWork[OrganizationScope], configuration: ExportConfiguration) -> bool | None:
    question = destination_of(configuration.method).question
    when = question.when(configuration.options) if question else AskWhen.NEVER
    if question is None or when is AskWhen.NEVER:
        return None
    if when is AskWhen.ALWAYS:
        return True
    if _has_endpoint(access, configuration):
        return None
    proof = proof_of(access, configuration.connection_id, (*BASE_STAGES, question.stage))
    return proof.state is ProofState.PASSED


def _has_endpoint(
    access: ScopedWork[OrganizationScope], configuration: ExportConfiguration
) -> bool:
    endpoints = EndpointRepository(access.connection)
    return endpoints.get(access.scope, configuration.connection_id) is not None
