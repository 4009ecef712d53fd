"""Proofs of a data folder of the version before."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import text

from ionport.connections.check_repository import CheckRepository
from ionport.connections.proofs import is_refusal
from ionport.migrations import _config, upgrade
from ionport.store import Database, OrganizationScope

pytestmark = pytest.mark.on_each_database

_ROWS = (
    "INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 1)",
    """INSERT INTO connections (id, organization_id, name, tenant_id, app_name, gateway,
       authorization_server, client_id, kind, fingerprint, remarks, sealed, uploaded_by,
       uploaded_at) VALUES ('con_1', 'org_1', 'A', 'T', 'A', 'g', 'a', 'c', 'k', 'f', '[]', 's',
       'u', 1)""",
    *(
        f"""INSERT INTO connection_checks (id, connection_id, status, started_by, started_at,
        updated_at, finished_at) VALUES ('chk_{number}', 'con_1', '{status}', 'u', 1, 2, {ended})"""
        for number, (status, ended) in enumerate(
            [("running", "NULL"), ("running", "NULL"), ("passed", "3")]
        )
    ),
)


def test_proofs_that_ran_twice_in_the_version_before_end_as_interrupted(database_url: str) -> None:
    database = Database(database_url)
    config = _config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
    with database.write() as work:
        for row in _ROWS:
            work.connection.execute(text(row))
    upgrade(database)
    with database.read() as work:
        found = work.connection.execute(
            text("SELECT status, finished_at FROM connection_checks ORDER BY id")
        ).all()
    assert [tuple(row) for row in found] == [("interrupted", 2), ("interrupted", 2), ("passed", 3)]
    database.close()


def test_a_proof_of_the_version_before_keeps_its_texts_and_its_meaning(database_url: str) -> None:
    database = Database(database_url)
    config = _config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0052")
    with database.write() as work:
        for row in (_ROWS[0], _ROWS[1], _ROWS[4]):
            work.connection.execute(text(row))
        work.connection.execute(
            text(
                """INSERT INTO connection_check_stages (check_id, position, key, title, status,
                summary, cause, remedy, details) VALUES ('chk_2', 0, 'token', 'Access token',
                'failed', 'Failed', 'The client is not accepted.', 'Mend it.',
                '[["Code", "invalid_client"]]')"""
            )
        )
    upgrade(database)
    with database.read() as work:
        check = CheckRepository(work.connection).latest(OrganizationScope("org_1"), "con_1")
    assert check is not None
    stage = check.stages[0]
    assert (stage.cause, stage.remedy, stage.code) == (
        "The client is not accepted.",
        "Mend it.",
        "invalid_client",
    )
    assert is_refusal(stage)
    database.close()
