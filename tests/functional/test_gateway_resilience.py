"""What targets and clients can do to the gateway: be slow, fail, send too much."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from aiohttp import web

from ionport.gateway.errors import ClientSilent, TargetSilent
from ionport.gateway.policies import limits
from ionport.gateway.proxy import custom
from ionport.gateway.targets.addresses import AddressPolicy
from ionport.gateway.targets.idle_timeout import IdleTimeout
from ionport.gateway.targets.port import Outbound
from ionport.gateway.targets.upstream import Upstream
from tests.support.custom_suites import (
    PUBLIC_PATH,
    CustomSide,
    TargetServer,
    sqlite_side,
)
from tests.support.infor_side import TENANT

PING = "/IONSERVICES/api/ion/messaging/service/ping"


class Target:
    """A target that does what it is told to."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.waiting = 0
        self.received = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/wait":
            self.waiting += 1
            await self.release.wait()
        if request.path == "/sink":
            async for chunk in request.content.iter_any():
                self.received += len(chunk)
        if request.path == "/half":
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"half")
            await self.release.wait()
            return response
        return web.Response(text="done")


@pytest.fixture
def handler() -> Target:
    return Target()


@pytest.fixture
def target(handler: Target) -> Iterator[TargetServer]:
    with TargetServer(handler.handle) as server:
        yield server
        server._loop.call_soon_threadsafe(handler.release.set)


@pytest.fixture
def side(tmp_path: Path) -> Iterator[CustomSide]:
    with sqlite_side(tmp_path) as side:
        yield side


@pytest.fixture
def token(side: CustomSide) -> str:
    return side.log_in(side.credentials())


@pytest.fixture
def client(side: CustomSide, token: str) -> Iterator[httpx2.Client]:
    with side.client(token) as client:
        yield client


def _wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_thousand_slow_calls_do_not_stop_a_ping(
    side: CustomSide, token: str, client: httpx2.Client, target: TargetServer, handler: Target
) -> None:
    side.add(target.url)
    assert client.get(PING).status_code == 200
    parts = urlsplit(side.url)
    request = (
        f"GET /{TENANT}{PUBLIC_PATH}/wait HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    ).encode()
    waiting = []
    for _number in range(1000):
        connection = socket.create_connection((parts.hostname, parts.port or 80), timeout=30)
        connection.sendall(request)
        waiting.append(connection)
    _wait_until(lambda: handler.waiting == 1000)
    started = time.monotonic()
    assert client.get(PING).status_code == 200
    assert client.get(f"{PUBLIC_PATH}/other").text == "done"
    took = time.monotonic() - started
    target._loop.call_soon_threadsafe(handler.release.set)
    for connection in waiting:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
        connection.close()
    assert took < 2


def test_a_silent_target_is_504_and_says_so(
    side: CustomSide,
    client: httpx2.Client,
    target: TargetServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(custom, "IdleTimeout", lambda _seconds: IdleTimeout(0.3))
    side.add(target.url)
    answer = client.get(f"{PUBLIC_PATH}/wait")
    assert (answer.status_code, answer.json()["code"]) == (504, "target_silent")


def test_a_target_that_falls_silent_in_the_middle_is_cut(
    side: CustomSide,
    client: httpx2.Client,
    target: TargetServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(custom, "IdleTimeout", lambda _seconds: IdleTimeout(0.3))
    side.add(target.url)
    with pytest.raises(httpx2.RemoteProtocolError):
        client.get(f"{PUBLIC_PATH}/half")


def test_a_client_that_stops_in_the_middle_of_its_body_is_408(
    side: CustomSide,
    token: str,
    target: TargetServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(custom, "IdleTimeout", lambda _seconds: IdleTimeout(0.3))
    side.add(target.url)
    parts = urlsplit(side.url)
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=10) as connection:
        connection.sendall(
            (
                f"POST /{TENANT}{PUBLIC_PATH}/sink HTTP/1.1\r\nHost: x\r\n"
                f"Authorization: Bearer {token}\r\nContent-Length: 100\r\n\r\nhalf"
            ).encode()
        )
        assert connection.recv(65_536).startswith(b"HTTP/1.1 408 ")


def test_an_idle_timeout_restarts_rests_and_ends() -> None:
    async def waits(seconds: float, *, for_client: bool = False) -> None:
        with IdleTimeout(0.2) as idle_timeout:
            await asyncio.sleep(0.15)
            idle_timeout.restart(for_client=for_client)
            await asyncio.sleep(seconds)

    async def rests() -> None:
        with IdleTimeout(0.1) as idle_timeout:
            idle_timeout.rest()
            await asyncio.sleep(0.3)
            idle_timeout.restart()

    asyncio.run(waits(0.1))
    asyncio.run(rests())
    with pytest.raises(TargetSilent):
        asyncio.run(waits(5))
    with pytest.raises(ClientSilent):
        asyncio.run(waits(5, for_client=True))


def test_a_cancelled_call_is_not_taken_for_a_silent_target() -> None:
    async def cancelled() -> None:
        async def call() -> None:
            with IdleTimeout(60):
                await asyncio.sleep(60)

        task = asyncio.create_task(call())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())


def test_a_target_that_fails_rests_and_is_tried_again(
    side: CustomSide, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PAUSE_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    side.add(f"http://127.0.0.1:{port}")
    for _number in range(limits.FAILURES_TO_OPEN):
        assert client.get(PUBLIC_PATH).status_code == 502
    resting = client.get(PUBLIC_PATH)
    assert (resting.status_code, resting.json()["code"]) == (503, "target_paused")
    assert resting.headers["retry-after"] == "1"
    time.sleep(0.6)
    assert client.get(PUBLIC_PATH).status_code == 502
    assert client.get(PUBLIC_PATH).status_code == 503
    time.sleep(0.6)
    with _listening(port) as answered:
        assert client.get(PUBLIC_PATH).status_code == 200
        assert client.get(PUBLIC_PATH).status_code == 200
    assert answered


@contextmanager
def _listening(port: int) -> Iterator[list[bytes]]:
    """Answer two requests on a port, each on a connection of its own."""
    seen: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", port))

    def serve() -> None:
        for _number in range(2):
            connection, _address = listener.accept()
            seen.append(connection.recv(65_536))
            head = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            connection.sendall(head)
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield seen
    thread.join(10)
    listener.close()


def test_while_one_call_tries_the_others_rest() -> None:
    now = [100.0]
    breakers = limits.Breakers(lambda: now[0])
    for _number in range(limits.FAILURES_TO_OPEN):
        breakers.failed("a")
    now[0] += limits.PAUSE_SECONDS
    breakers.check("a")
    with pytest.raises(limits.TargetPaused):
        breakers.check("a")
    breakers.check("b")
    breakers.succeeded("a")
    breakers.check("a")


def test_refusals_of_the_target_do_not_open_the_circuit(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    side.add(target.url)
    for _number in range(limits.FAILURES_TO_OPEN + 2):
        assert client.post(f"{PUBLIC_PATH}/sink", content=b"x").status_code == 200


UPLOAD_BYTES = 2_000_000_000
MAX_GROWTH_MB = 20


def test_a_great_upload_grows_memory_by_little(
    tmp_path: Path, target: TargetServer, handler: Target
) -> None:
    with sqlite_side(tmp_path) as side:
        side.add(target.url)
        parts = urlsplit(side.url)
        token = side.log_in(side.credentials())
        with side.client(token) as client:
            client.post(f"{PUBLIC_PATH}/sink", content=bytes(5_000_000))
        Path("/proc/self/clear_refs").write_text("5")
        before = _memory_mb("VmRSS")
        chunk = memoryview(bytes(1_000_000))
        with socket.create_connection((parts.hostname, parts.port or 80), timeout=60) as sent:
            sent.sendall(
                (
                    f"POST /{TENANT}{PUBLIC_PATH}/sink HTTP/1.1\r\nHost: x\r\n"
                    f"Authorization: Bearer {token}\r\nContent-Length: {UPLOAD_BYTES}\r\n\r\n"
                ).encode()
            )
            for _number in range(UPLOAD_BYTES // len(chunk)):
                sent.sendall(chunk)
            assert sent.recv(65_536).startswith(b"HTTP/1.1 200 ")
        assert handler.received == UPLOAD_BYTES + 5_000_000
        assert _memory_mb("VmHWM") - before <= MAX_GROWTH_MB


def _memory_mb(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def test_the_connections_end_with_their_event_loop(target: TargetServer) -> None:
    async def call() -> None:
        upstream = Upstream(AddressPolicy())
        answer = await upstream.send(Outbound("GET", target.url, target.url, []))
        while await answer.wait():
            pass
        answer.close()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(call())
        gc.collect()
    assert [str(w.message) for w in caught if issubclass(w.category, ResourceWarning)] == []


def test_an_upstream_serves_one_event_loop_after_another(target: TargetServer) -> None:
    upstream_of_many = Upstream(AddressPolicy())

    async def call() -> int:
        answer = await upstream_of_many.send(Outbound("GET", target.url, target.url, []))
        answer.close()
        return answer.status

    assert [asyncio.run(call()) for _number in range(2)] == [200, 200]
