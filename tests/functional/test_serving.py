"""A server that is told to stop."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import pytest

from tests.support.sides import start, start_ionport, until


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
