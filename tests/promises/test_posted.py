"""Both sides are killed while the ERP answers: every invoice is posted once, and known to be."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from ionport.application import open_application
from ionport.exports.acknowledgements.model import address_of
from ionport.gateway.suites.model import EndpointDraft, SuiteDraft
from ionport.gateway.targets.security import KeyMode, KeyParameter, SecurityDraft, SecurityType
from ionport.identity.access import Access
from ionport.sandbox.messaging.flows.model import Erp, FlowDraft, FlowTarget, Rule
from ionport.settings import Side
from ionport.store import OrganizationScope, TenantScope
from tests.promises.conftest import Installer
from tests.promises.installation import Installation
from tests.promises.workers import Workers
from tests.support import sides
from tests.support.ports import free_port

INVOICES = 10


def let_answer(installation: Installation, infor_folder: Path, documents_url: str) -> None:
    """Let a flow of the Infor side post what M3 says to the connection's endpoint."""
    application = installation.application
    assert application.documents is not None
    (connection,) = installation.ledger.rows("SELECT id FROM connections")[0]
    scope = OrganizationScope(application.organization.id)
    with application.database.write() as work:
        access = Access(work, scope, sides.OPERATOR)
        token = application.documents.acknowledgements.make_token(access, connection)
    url, _slash, last = address_of(documents_url, connection).rpartition("/")
    key = KeyParameter(KeyMode.HEADER, "X-API-KEY", token.reveal())
    security = SecurityDraft(SecurityType.API_KEY, parameters=(key,))
    side = open_application(sides.settings_of(infor_folder, Side.INFOR))
    assert side.infor is not None
    with side.database.write() as work:
        administrator = Access(work, TenantScope(side.tenant.id), sides.OPERATOR)
        side.infor.custom_apis.suites.create_suite(
            administrator,
            SuiteDraft("ionport", "ionport", "Test", "ionport"),
            [EndpointDraft(url, "Test", "acknowledgements", security=security)],
        )
        target = FlowTarget("ionport", "acknowledgements", f"/{last}")
        draft = FlowDraft("To M3", "Sync.CaptureDocument", Rule(erp=Erp.M3), target)
        side.infor.ion.flows.create_flow(administrator, draft)
    side.close()


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{folder}/ionport.db?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def hurry(folder: Path) -> None:
    """Let what waits be posted now, and what was cut off count as that."""
    with closing(sqlite3.connect(folder / "ionport.db", timeout=30)) as connection, connection:
        connection.execute("UPDATE ion_acknowledgements SET next_at = 0 WHERE state = 'waiting'")


# What a killed process on PostgreSQL had sent waits for its takeover.
DATABASES = ["sqlite", *(["postgresql"] if "IONPORT_CHAOS_DOCUMENTS" in os.environ else [])]


@pytest.mark.parametrize("database", DATABASES)
def test_killed_sides_post_every_invoice_once_and_know_it(
    database: str, tmp_path: Path, install: Installer, crew: Workers
) -> None:
    infor_folder = tmp_path / "infor"
    infor_port, port = free_port(), free_port()
    infor = partial(crew.start_infor, infor_folder, infor_port)
    process = infor()
    credentials = sides.make_credentials(infor_folder, f"http://127.0.0.1:{infor_port}")
    process.stop()
    installation = install(database, credentials)
    place = installation.folder, installation.database_url, port
    let_answer(installation, infor_folder, f"http://127.0.0.1:{port}")
    installation.export(INVOICES)

    def posted() -> int:
        query = "SELECT count(*) FROM deliveries WHERE erp_status = 'posted'"
        return int(installation.ledger.rows(query)[0][0])

    def all_posted() -> bool:
        hurry(infor_folder)
        return posted() == INVOICES

    receiver, process = crew.start_documents(*place), infor()
    assert sides.until(lambda: posted() >= 2, pause=0.02)
    process.kill()
    hurry(infor_folder)
    infor()
    before = posted()
    assert sides.until(lambda: posted() > before or posted() == INVOICES, pause=0.02)
    receiver.kill()
    crew.start_documents(*place)
    assert sides.until(all_posted, pause=0.5)
    booked = rows(
        infor_folder,
        "SELECT json_extract(fields, '$.SINO'), json_extract(fields, '$.SUPA') FROM m3_records"
        " WHERE file = 'supplier invoice'",
    )
    assert len(booked) == len({number for number, _status in booked}) == INVOICES
    assert {status for _number, status in booked} == {"90"}
    assert installation.ledger.rows("SELECT DISTINCT status, erp_status FROM documents") == [
        ("exported", "posted")
    ]
    # However often an answer came, it is one.
    taken = "SELECT count(*) FROM erp_acknowledgements WHERE result = 'applied'"
    assert installation.ledger.rows(taken)[0][0] == INVOICES
