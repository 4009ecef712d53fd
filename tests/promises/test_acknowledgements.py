"""The Infor side is killed while its document flow posts; every acknowledgement arrives."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path

import httpx2
from aiohttp import web

from ionport.application import open_application
from ionport.gateway.suites.model import EndpointDraft, SuiteDraft
from ionport.identity.access import Access
from ionport.sandbox.messaging.flows.model import FlowDraft, FlowTarget, Rule
from ionport.settings import Side
from ionport.store import TenantScope
from tests.support import ion, sides
from tests.support.custom_suites import TargetServer

INVOICES = 30
_NUMBER = re.compile(r"<DocumentID><ID>(P-\d+)</ID></DocumentID>")


class Receiver:
    """Counts what arrives, by invoice number; answers half of it, and the rest when it may."""

    def __init__(self) -> None:
        self.arrivals: Counter[str] = Counter()
        self.may_answer = threading.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        found = _NUMBER.search((await request.read()).decode())
        assert found is not None
        self.arrivals[found[1]] += 1
        if len(self.arrivals) > INVOICES // 2:
            await asyncio.to_thread(self.may_answer.wait, sides.PATIENCE)
        return web.Response()


def add_flow(folder: Path, target_url: str) -> TenantScope:
    application = open_application(sides.settings_of(folder, Side.INFOR))
    infor, scope = application.infor, TenantScope(application.tenant.id)
    assert infor is not None
    with application.database.write() as work:
        access = Access(work, scope, sides.OPERATOR)
        infor.custom_apis.suites.create_suite(
            access,
            SuiteDraft("DocBits", "Sandbox", "Test", "DocBits"),
            [EndpointDraft(target_url, "Test", "Sandbox")],
        )
        target = FlowTarget("DocBits", "Sandbox", "/infor/idm/handle_ack_bod")
        draft = FlowDraft("Flow", "Sync.CaptureDocument", Rule(), target)
        infor.ion.flows.create_flow(access, draft)
    application.close()
    return scope


def publish_all(url: str, scope: TenantScope, credentials: bytes) -> None:
    file = json.loads(credentials)
    form = {
        "grant_type": "password",
        "username": file["saak"],
        "password": file["sask"],
        "client_id": file["ci"],
        "client_secret": file["cs"],
    }
    token = httpx2.post(file["pu"] + file["ot"], data=form).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=f"{url}/{scope.tenant_id}", headers=headers) as client:
        for number in range(INVOICES):
            answer = ion.publish(client, ion.parameters(), ion.bod(f"P-{number:03}"))
            assert answer.status_code == 201


def let_leases_end(folder: Path) -> int:
    """Let those under way at the kill count as cut off now; return how many they were."""
    with closing(sqlite3.connect(folder / "ionport.db")) as connection, connection:
        return connection.execute(
            "UPDATE ion_acknowledgements SET next_at = 0 WHERE state = 'waiting' AND attempts > 0"
        ).rowcount


def test_a_killed_server_loses_no_acknowledgement(tmp_path: Path) -> None:
    folder, receiver = tmp_path / "infor", Receiver()
    with TargetServer(receiver.handle) as target:
        scope = add_flow(folder, target.url)
        with sides.infor_process(folder) as process:
            _name, credentials = sides.make_credentials(folder, process.url)
            publish_all(process.url, scope, credentials)
            assert sides.until(lambda: len(receiver.arrivals) > INVOICES // 2, pause=0.01)
            process.kill()
        receiver.may_answer.set()
        assert 0 < let_leases_end(folder) <= 8
        assert len(receiver.arrivals) < INVOICES
        with sides.infor_process(folder):
            assert sides.until(lambda: len(receiver.arrivals) == INVOICES)
            assert sides.until(lambda: waiting(folder) == 0)
    assert max(receiver.arrivals.values()) <= 2


def waiting(folder: Path) -> int:
    with closing(sqlite3.connect(f"file:{folder}/ionport.db?mode=ro", uri=True)) as connection:
        query = "SELECT count(*) FROM ion_acknowledgements WHERE state != 'sent'"
        return int(connection.execute(query).fetchone()[0])
