"""What failed for one cause is tried again while servers are killed: each invoice arrives once."""

from __future__ import annotations

import os
from functools import partial

import httpx2
import pytest

from tests.promises.conftest import Installer
from tests.promises.counting import assert_posted_exactly_once
from tests.promises.infor import Target
from tests.promises.servers import Killer, make_key, repeated, servers_running
from tests.promises.wire import CREATE, Wire
from tests.promises.workers import Workers
from tests.support.intermediary import Call
from tests.support.sides import PATIENCE, until

DOCUMENTS = int(os.environ.get("IONPORT_CHAOS_DOCUMENTS") or 12)
KILLS = max(2, DOCUMENTS // 100)
# Of two servers on PostgreSQL, what a killed one had sent waits for its takeover.
DATABASES = ["sqlite", *(["postgresql"] if "IONPORT_CHAOS_DOCUMENTS" in os.environ else [])]


@pytest.mark.parametrize("database", DATABASES)
def test_retrying_all_of_one_cause_doubles_nothing_when_the_server_is_killed(
    database: str, target: Target, install: Installer, crew: Workers, seed: int
) -> None:
    killer = Killer(seed, KILLS, ["retry"], ["during", "behind"])
    with Wire(target.url) as wire:
        installation = install(database, target.credentials_through(wire))
        ledger, key = installation.ledger, make_key(installation.application)
        installation.export(DOCUMENTS)
        for _number in range(DOCUMENTS):
            wire.on(CREATE, _refused)
        servers = 1 if database == "sqlite" else 2
        with servers_running(crew, installation, killer, servers) as urls:
            headers = {"Authorization": f"Bearer {key}"}
            with httpx2.Client(base_url=f"{urls[0]}/api/v1", headers=headers, timeout=60) as client:
                assert until(lambda: ledger.statuses() == {"failed": DOCUMENTS}, PATIENCE)

                def is_over() -> bool:
                    for cause in repeated(partial(client.get, "/export-errors")).json():
                        address = f"/export-errors/{cause['cause']}/retry"
                        answer = repeated(partial(client.post, address))
                        assert answer.status_code in (202, 404), answer.text
                    return ledger.all_delivered()

                # What is begun goes on alone: a program that asked faster would be told to wait.
                assert until(is_over, PATIENCE, pause=0.5), ledger.unfinished()
        print(dict(killer.kills))
        assert killer.kills.total() > 0
        assert_posted_exactly_once(target.counts, ledger)


def _refused(call: Call) -> None:
    call.read()
    call.answer(400, [("Content-Type", "application/json")], b'{"code": "X", "message": "no"}')
