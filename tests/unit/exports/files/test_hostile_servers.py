"""File servers that say nothing, nonsense or no end of it: bounded, classed and tried again."""

from __future__ import annotations

import resource
import socket
import time
from contextlib import closing
from pathlib import Path

import pytest

from ionport.connections.model import TargetKind
from ionport.core.clock import MovableClock
from ionport.core.sftp import session as sftp
from ionport.core.smb import session as smb
from ionport.exports.model import DeliveryStatus, ExportMethod
from tests.support.exporting import QUICK, DocumentSide
from tests.support.sftp import PASSWORD, new_key, public
from tests.unit.exports.files.test_file_exports import Files
from tests.unit.exports.test_hostile_receivers import Answer, Hostile

_METHODS = {TargetKind.SFTP: ExportMethod.SFTP, TargetKind.SMB: ExportMethod.SMB}
_MEGABYTE = 1_000_000


def silent(line: socket.socket, server: Hostile) -> None:
    server.stopped.wait(30)
    line.close()


def nonsense(line: socket.socket, server: Hostile) -> None:
    server.send(line, b"HTTP/1.1 400 Bad Request\r\n\r\n")


def endless(line: socket.socket, server: Hostile) -> None:
    """Lines before a version of SSH, or a message of SMB that has no end."""
    while server.sent < 500 * _MEGABYTE and not server.stopped.is_set():
        server.send(line, b"x" * 4_000 + b"\r\n")


def parameters(kind: TargetKind, port: int) -> dict[str, str]:
    where = {"host": "127.0.0.1", "port": str(port), "username": "scans"}
    if kind is TargetKind.SMB:
        return {**where, "share": "invoices", "folder": "in"}
    return {**where, "host_key": public(new_key()), "folder": "/in"}


@pytest.mark.parametrize("answer", [silent, nonsense, endless])
@pytest.mark.parametrize("kind", [TargetKind.SFTP, TargetKind.SMB])
def test_a_server_that_speaks_no_protocol_is_away_and_the_delivery_waits(
    kind: TargetKind,
    answer: Answer,
    side: DocumentSide,
    clock: MovableClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (sftp, smb):
        monkeypatch.setattr(module, "CONNECT_SECONDS", 1.5)
    server = Hostile(answer, reads_first=kind is TargetKind.SMB)
    with server.serving() as url:
        port = int(url.rpartition(":")[2].partition("/")[0])
        files = Files(side, clock, tmp_path)
        files.method = _METHODS[kind]
        files.connection_id = side.add_target(kind, parameters(kind, port), PASSWORD)
        files.configure()
        delivery_id = side.export(side.receive("471102")).id
        began = time.monotonic()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with closing(side.runner(QUICK)) as runner:
            runner.run(delivery_id)
        seconds = time.monotonic() - began
    detail = side.detail(delivery_id)
    assert (detail.delivery.status, detail.delivery.error_code) == (
        DeliveryStatus.WAITING,
        "target_away",
    ), detail.delivery.error_text
    assert detail.delivery.error_text
    assert seconds < 20
    # What smbprotocol reads of such a message it throws away: the time bounds it, not the size.
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * 1024 < 100 * _MEGABYTE
