"""A server that is told to stop."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from tests.support.sides import infor_process, make_credentials, start, start_ionport, until


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/healthz", timeout=10).is_success
    except httpx2.TransportError:
        return False


@pytest.mark.parametrize("side", ["infor", "documents", "both"])
def test_a_terminated_server_closes_everything_and_ends_well(tmp_path: Path, side: str) -> None:
    log = tmp_path / "server.log"
    arguments = ["up", "--sandbox", "--side", side, "--port", "0"]
    environment = {"IONPORT_DATA": str(tmp_path / "data"), "IONPORT_LOG_LEVEL": "WARNING"}
    if side == "both":
        process = start(["-m", "ionport", *arguments], environment, log)
    else:
        process = start_ionport(arguments, environment, log)
    assert until(lambda: _answers(process.url))
    ready = httpx2.get(f"{process.url}/readyz", timeout=60)
    assert ready.status_code == 200, ready.text
    assert ("deliveries" in ready.json()["parts"]) is (side != "infor")
    assert process.stop() == 0, log.read_text(encoding="utf-8")
    # The last connection to an SQLite database takes its write-ahead log away.
    assert not list((tmp_path / "data").glob("*-wal"))


def test_the_first_start_of_a_sandbox_shows_a_control_key_and_the_second_none(
    tmp_path: Path,
) -> None:
    environment = {"IONPORT_DATA": str(tmp_path / "data"), "IONPORT_LOG_LEVEL": "WARNING"}
    arguments = ["up", "--side", "infor", "--sandbox", "--port", "0"]
    first, second = (_output_of(arguments, environment, tmp_path) for _ in range(2))
    assert re.search(r"Control key of IONPORT_TST, shown this once:\n  ctl_[\w-]{43}\n", first)
    assert "Control key" not in second


def test_a_production_tenant_starts_without_a_control_key(tmp_path: Path) -> None:
    environment = {"IONPORT_DATA": str(tmp_path / "data"), "IONPORT_LOG_LEVEL": "WARNING"}
    environment["IONPORT_TENANT"] = "ACME_PRD"
    arguments = ["up", "--side", "infor", "--sandbox", "--port", "0"]
    assert "Control key" not in _output_of(arguments, environment, tmp_path)


def _output_of(arguments: list[str], environment: dict[str, str], folder: Path) -> str:
    process = start_ionport(arguments, environment, folder / "server.log")
    assert until(lambda: _answers(process.url))
    process.stop()
    return (folder / "server.out").read_text(encoding="utf-8")


def test_a_server_ends_soon_although_queries_run_wait_and_are_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "infor"
    with infor_process(folder) as process:
        _name, content = make_credentials(folder, process.url)
        file = json.loads(content)
        jobs = f"{process.url}/{file['ti']}/DATAFABRIC/compass/v2/jobs"
        headers = {"Authorization": f"Bearer {_token_of(file)}", "Content-Type": "text/plain"}
        with httpx2.Client(headers=headers, timeout=60) as client:
            ids = [
                client.post(f"{jobs}/", content=_ENDLESS).json()["queryId"] for _number in range(12)
            ]
            for each in ids:
                assert client.get(f"{jobs}/{each}/status").json()["status"] == "RUNNING"
            with ThreadPoolExecutor(1) as pool:
                waiting = pool.submit(client.get, f"{jobs}/{ids[0]}/status", params={"timeout": 25})
                assert until(waiting.running)
                began = time.monotonic()
                assert process.stop() == 0
                # Each of them may run for 20 seconds, two at a time.
                assert time.monotonic() - began < 15
                # Its answer, or the end of the connection.
                waiting.exception(timeout=60)
    # Whoever asks again has them run anew.
    with closing(sqlite3.connect(folder / "ionport.db")) as connection:
        states = connection.execute("SELECT DISTINCT status FROM compass_jobs").fetchall()
    assert states == [("RUNNING",)]


_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def _token_of(file: dict[str, str]) -> str:
    form = {
        "grant_type": "password",
        "username": file["saak"],
        "password": file["sask"],
        "client_id": file["ci"],
        "client_secret": file["cs"],
    }
    token: str = httpx2.post(file["pu"] + file["ot"], data=form).json()["access_token"]
    return token
