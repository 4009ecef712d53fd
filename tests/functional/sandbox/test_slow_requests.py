"""A thousand slow requests at once, and a ping in between."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ionport.identity.access import Access
from ionport.sandbox.control.controls.faults import FaultDraft, FaultKind, FaultTarget
from tests.support.infor_side import OPERATOR, SCOPE, TENANT, InforSide, infor_side_on
from tests.support.sides import until

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]

COUNT = 1_000
SLOW_SECONDS = 300.0
SLOW = f"/{TENANT}/IDM/api/datamodel/entities"
PING = f"/{TENANT}/IONSERVICES/api/ion/messaging/service/ping"


@pytest.fixture
def side(tmp_path: Path) -> Iterator[InforSide]:
    # Both ends of every connection are in this process.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * COUNT + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"needs {wanted} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield from infor_side_on("sqlite", tmp_path)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_thousand_slow_requests_do_not_stop_a_ping(side: InforSide) -> None:
    token = side.log_in(side.credentials())
    draft = FaultDraft(FaultKind.LATENCY, target=FaultTarget("IDM"), seconds=SLOW_SECONDS)
    faults = side.services.control.faults
    with side.database.write() as work:
        rule = faults.add(Access(work, SCOPE, OPERATOR), draft)

    def waiting() -> int:
        with side.database.read() as work:
            return faults.get(Access(work, SCOPE, OPERATOR), rule.id).hits

    began = time.monotonic()
    asyncio.run(_load(side.url, token, waiting))
    assert time.monotonic() - began < SLOW_SECONDS, "the slow ones were answered meanwhile"


async def _load(url: str, token: str, waiting: Callable[[], int]) -> None:
    """Ask slowly a thousand times, and for a ping while all wait."""
    writers = [(await _send(url, SLOW, token))[1] for _ in range(COUNT)]
    assert await asyncio.to_thread(until, lambda: waiting() == COUNT)
    for _ in range(10):
        reader, writer = await _send(url, PING, token)
        assert (await reader.readline()).split()[1] == b"200"
        writer.close()
    for writer in writers:
        writer.close()


async def _send(
    url: str, path: str, token: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )
    await writer.drain()
    return reader, writer
