"""The file of a connection is replaced, and brought back; nothing else of it changes."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from ionport.connections.intake import prepare_connection
from ionport.connections.model import CheckStatus, Connection, FormerFile
from ionport.connections.proof_reader import proof_of
from ionport.connections.proofs import ProofState
from ionport.connections.service import ConnectionService
from ionport.connections.tables import connection_versions, connections
from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, OrganizationRole
from ionport.store import OrganizationScope, SystemScope
from tests.support.proofs import REFUSED, ended_check
from tests.unit.connections.conftest import ConnectionsSetup, credential
from tests.unit.connections.test_service import OPERATOR, upload


def replace(setup: ConnectionsSetup, connection: Connection, content: bytes) -> Connection:
    with setup.database.write() as work:
        return setup.connections.files.replace(
            Access(work, setup.scope, OPERATOR), connection.id, prepare_connection(content)
        )


def former(setup: ConnectionsSetup, connection: Connection) -> list[FormerFile]:
    with setup.database.read() as work:
        access = Access(work, setup.scope, OPERATOR)
        return list(setup.connections.files.former(access, connection.id))


def opened_ci(setup: ConnectionsSetup, connection: Connection) -> str:
    with setup.database.read() as work:
        file = setup.connections.credential(work.within(setup.scope), connection.id)
    return file.ci


@pytest.mark.on_each_database
def test_a_replaced_file_is_used_under_the_same_connection_and_can_be_brought_back(
    setup: ConnectionsSetup,
) -> None:
    first, second = credential(), credential(cn="DocBits_new")
    made = upload(setup, first)
    replaced = replace(setup, made, second)
    assert (replaced.id, replaced.name) == (made.id, made.name)
    assert (replaced.app_name, replaced.fingerprint) != (made.app_name, made.fingerprint)
    assert opened_ci(setup, made) == json.loads(second)["ci"]
    (kept,) = former(setup, made)
    assert (kept.fingerprint, kept.client_id) == (made.fingerprint, made.client_id)
    with setup.database.write() as work:
        setup.connections.files.restore(Access(work, setup.scope, OPERATOR), made.id, kept.id)
    assert opened_ci(setup, made) == json.loads(first)["ci"]
    assert [each.fingerprint for each in former(setup, made)] == [
        replaced.fingerprint,
        made.fingerprint,
    ]


def test_the_same_file_again_changes_nothing(setup: ConnectionsSetup) -> None:
    content = credential()
    made = upload(setup, content)
    assert replace(setup, made, content) == made
    assert former(setup, made) == []


def test_a_file_of_another_tenant_or_connection_is_refused(setup: ConnectionsSetup) -> None:
    made = upload(setup, credential())
    elsewhere = credential(ti="ACME_PRD", ci="ACME_PRD~x", saak="ACME_PRD#x")
    with pytest.raises(InvalidInput, match="ACME_PRD"):
        replace(setup, made, elsewhere)
    content = credential(cn="Other")
    upload(setup, content)
    with pytest.raises(Conflict, match="Other"):
        replace(setup, made, content)
    assert former(setup, made) == []


def test_a_file_is_replaced_by_those_who_manage_connections_of_their_own_organization(
    setup: ConnectionsSetup,
) -> None:
    made, prepared = upload(setup, credential()), prepare_connection(credential())
    own = setup.scope.organization_id
    clerk = Actor("usr_1", "Mia", organization_roles=frozenset({(own, OrganizationRole.USER)}))
    for scope, actor, error in (
        (setup.scope, clerk, Forbidden),
        (setup.other, OPERATOR, NotFound),
    ):
        with setup.database.write() as work, pytest.raises(error):
            setup.connections.files.replace(Access(work, scope, actor), made.id, prepared)
    replace(setup, made, credential())
    (kept,) = former(setup, made)
    with setup.database.write() as work, pytest.raises(NotFound):
        setup.connections.files.restore(Access(work, setup.other, OPERATOR), made.id, kept.id)
    with setup.database.read() as work:
        assert not setup.connections.files.former(Access(work, setup.other, OPERATOR), made.id)


def test_what_was_proved_of_the_former_file_says_nothing_of_the_new_one(
    setup: ConnectionsSetup,
) -> None:
    made = upload(setup, credential())
    add_check(setup, made, REFUSED)
    assert proof(setup, made) is ProofState.REFUSED
    setup.clock.advance(timedelta(seconds=1))
    replace(setup, made, credential())
    assert proof(setup, made) is ProofState.MISSING
    with setup.database.read() as work:
        access = Access(work, setup.scope, OPERATOR)
        assert len(setup.connections.proofs(access, made.id)) == 1, "the history stays"


def test_a_proof_that_runs_when_the_file_is_replaced_makes_place_for_one_of_the_new_file(
    setup: ConnectionsSetup,
) -> None:
    made = upload(setup, credential())
    with setup.database.write() as work:
        running = setup.connections.start_check(Access(work, setup.scope, OPERATOR), made.id)
    replace(setup, made, credential())
    with setup.database.write() as work:
        access = Access(work, setup.scope, OPERATOR)
        again = setup.connections.start_check(access, made.id)
        before = setup.connections.get_check(access, running.id)
    assert again.id != running.id
    assert before.status is CheckStatus.INTERRUPTED


def test_former_files_are_sealed_and_sealed_again_with_a_new_key(setup: ConnectionsSetup) -> None:
    content = credential()
    made = upload(setup, content)
    replace(setup, made, credential())
    with setup.database.read() as work:
        stored = str(work.connection.execute(select(connection_versions)).all())
        stored += str(work.connection.execute(select(connections)).all())
    for key in ("cs", "sask", "saak"):
        assert json.loads(content)[key] not in stored
    keys = setup.keys.with_new_key()
    service = ConnectionService(setup.clock, keys, AuditLog(setup.clock))
    with setup.database.write() as work:
        assert service.reseal(work.within(SystemScope("rotation"))) == 2
        assert service.reseal(work.within(SystemScope("rotation"))) == 0


def add_check(setup: ConnectionsSetup, made: Connection, failed: dict[str, str]) -> None:
    from ionport.connections.check_repository import CheckRepository

    check = ended_check(failed, setup.clock.now(), made.id)
    with setup.database.write() as work:
        CheckRepository(work.connection).add(setup.scope, check)


def proof(setup: ConnectionsSetup, made: Connection) -> ProofState:
    with setup.database.read() as work:
        scoped = work.within(OrganizationScope(setup.scope.organization_id))
        return proof_of(scoped, made.id, ("token",)).state
