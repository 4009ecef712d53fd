"""A server that is told to stop."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from tests.support.sides import start, until


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/healthz", timeout=1).is_success
    except httpx2.TransportError:
        return False


@pytest.mark.parametrize("side", ["infor", "documents", "both"])
def test_a_terminated_server_closes_everything_and_ends_well(tmp_path: Path, side: str) -> None:
    log = tmp_path / "server.log"
    process = start(
        ["-m", "ionport", "up", "--sandbox", "--side", side, "--port", "0"],
        {"IONPORT_DATA": str(tmp_path / "data"), "IONPORT_LOG_LEVEL": "WARNING"},
        log,
    )
    assert until(lambda: _answers(process.url), seconds=30)
    assert process.stop() == 0, log.read_text(encoding="utf-8")
    # The last connection to an SQLite database takes its write-ahead log away.
    assert not list((tmp_path / "data").glob("*-wal"))
