from __future__ import annotations

from dataclasses import replace

import pytest

from ionport.connections.check_repository import CheckRepository
from ionport.connections.intake import prepare_connection
from ionport.connections.model import Check, CheckStage, CheckStatus, StageStatus
from ionport.connections.repository import ConnectionRepository
from ionport.identity.access import Access
from ionport.identity.model import Actor
from tests.unit.connections.conftest import ConnectionsSetup, credential

pytestmark = pytest.mark.on_each_database

OPERATOR = Actor.operator()
PASSED = CheckStage("file", "File", StageStatus.PASSED)


def test_a_check_is_written_by_its_own_organization_alone(setup: ConnectionsSetup):
    now = setup.clock.now()
    with setup.database.write() as work:
        connection = setup.connections.upload(
            Access(work, setup.scope, OPERATOR), "x", prepare_connection(credential())
        )
        checks = CheckRepository(work.connection)
        check = Check(
            "chk_1",
            connection.id,
            CheckStatus.RUNNING,
            (replace(PASSED, status=StageStatus.PENDING),),
            "Ada",
            now,
            now,
            None,
        )
        checks.add(setup.scope, check)
        checks.add(setup.other, replace(check, id="chk_2"))
        checks.set_stage(setup.other, check, 0, PASSED, now)
        checks.finish(setup.other, check, CheckStatus.PASSED, now)
        assert checks.get(setup.scope, "chk_1") == check
        assert checks.get(setup.scope, "chk_2") is None

        checks.set_stage(setup.scope, check, 0, PASSED, now)
        checks.finish(setup.scope, check, CheckStatus.PASSED, now)
        passed = checks.get(setup.scope, "chk_1")
        assert passed is not None
        assert (passed.status, passed.stages) == (CheckStatus.PASSED, (PASSED,))


def test_a_connection_is_renamed_by_its_own_organization_alone(setup: ConnectionsSetup):
    with setup.database.write() as work:
        connection = setup.connections.upload(
            Access(work, setup.scope, OPERATOR), "x", prepare_connection(credential())
        )
        connections = ConnectionRepository(work.connection)
        connections.update(setup.other, connection.id, {"name": "taken"})
        found = connections.get(setup.scope, connection.id)
    assert found is not None
    assert found.name == connection.name
