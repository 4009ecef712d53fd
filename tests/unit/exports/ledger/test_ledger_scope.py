from __future__ import annotations

import pytest

from ionport.connections.intake import prepare_connection
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import Attempt, AttemptState, DeliveryStep, StepKind, StepStatus
from ionport.identity.access import Access
from ionport.store import OrganizationScope, SystemScope
from tests.support.exporting import OPERATOR, DocumentSide
from tests.unit.connections.conftest import credential

pytestmark = pytest.mark.on_each_database

OTHER = OrganizationScope("org_other")
SYSTEM = SystemScope("test")


def test_steps_and_attempts_are_reached_by_their_own_organization_alone(side: DocumentSide):
    with side.database.write() as work:
        connection = side.connections.upload(
            Access(work, side.scope, OPERATOR), "x", prepare_connection(credential())
        )
    side.configure(connection.id)
    delivery = side.export(side.receive())
    with side.database.write() as work:
        ledger = LedgerRepository(work.connection)
        attempt = Attempt(
            "att_1",
            delivery.id,
            StepKind.IDM_CREATE,
            1,
            AttemptState.SENT,
            (),
            "worker",
            side.clock.now(),
        )
        assert ledger.add_attempt(SYSTEM, attempt)
        before = ledger.steps(side.scope, delivery.id)

        ledger.update_step(OTHER, delivery.id, StepKind.RENDER, {"status": StepStatus.FAILED})
        extra = DeliveryStep(StepKind.IDM_CREATE, 9, StepStatus.PENDING)
        ledger.add_steps(OTHER, delivery.id, [extra])
        assert ledger.steps(side.scope, delivery.id) == before
        assert ledger.last_attempt(OTHER, delivery.id, StepKind.IDM_CREATE) is None

        ledger.update_step(side.scope, delivery.id, StepKind.RENDER, {"status": StepStatus.FAILED})
        assert ledger.steps(side.scope, delivery.id)[0].status is StepStatus.FAILED
        found = ledger.last_attempt(side.scope, delivery.id, StepKind.IDM_CREATE)
        assert found is not None
        assert found.id == "att_1"
