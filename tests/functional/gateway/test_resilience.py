"""What targets and clients can do to the gateway: be slow, fail, send too much."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from aiohttp import web

from ionport.gateway.errors import ClientTimedOut, TargetTimedOut
from ionport.gateway.policies import limits
from ionport.gateway.proxy import custom
from ionport.gateway.targets import idle_timeout
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
from tests.support.patience import PATIENCE, TooSlow, with_time_enough

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
def ticks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of the circuit breakers, of a side that is made after this."""
    now = [100.0]
    monkeypatch.setattr(custom, "Breakers", lambda: limits.Breakers(lambda: now[0]))
    return now


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
        connection = socket.create_connection((parts.hostname, parts.port or 80), timeout=PATIENCE)
        connection.sendall(request)
        waiting.append(connection)
    _wait_until(lambda: handler.waiting == 1000)
    assert client.get(PING).status_code == 200
    assert client.get(f"{PUBLIC_PATH}/other").text == "done"
    target._loop.call_soon_threadsafe(handler.release.set)
    for connection in waiting:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
        connection.close()


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
    side.add(target.url)

    def fall_silent(seconds: float) -> None:
        monkeypatch.setattr(custom, "IdleTimeout", lambda _seconds: IdleTimeout(seconds))
        try:
            answer = client.get(f"{PUBLIC_PATH}/half")
        except httpx2.RemoteProtocolError:
            return
        assert answer.status_code == 504
        raise TooSlow

    with_time_enough(0.3, fall_silent)


def test_a_client_that_stops_in_the_middle_of_its_body_is_408(
    side: CustomSide,
    token: str,
    target: TargetServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    side.add(target.url)
    parts = urlsplit(side.url)
    request = (
        f"POST /{TENANT}{PUBLIC_PATH}/sink HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: 100\r\n\r\nhalf"
    ).encode()

    def stop(seconds: float) -> None:
        monkeypatch.setattr(custom, "IdleTimeout", lambda _seconds: IdleTimeout(seconds))
        address = (parts.hostname, parts.port or 80)
        with socket.create_connection(address, timeout=PATIENCE) as connection:
            connection.sendall(request)
            answer = connection.recv(65_536)
        if answer.startswith(b"HTTP/1.1 504 "):
            raise TooSlow
        assert answer.startswith(b"HTTP/1.1 408 ")

    with_time_enough(0.3, stop)


class HastyLoop(asyncio.SelectorEventLoop):
    """Its time is that of the next thing that waits for one; nothing else makes it pass."""

    _now = 0.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        ready, waiting = self._ready, self._scheduled  # type: ignore[attr-defined]
        if waiting and not ready:
            self._now = max(self._now, waiting[0].when())
        super()._run_once()  # type: ignore[misc]


def test_an_idle_timeout_restarts_rests_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(monotonic=lambda: asyncio.get_running_loop().time())
    monkeypatch.setattr(idle_timeout, "time", clock)

    async def waits(seconds: float, *, for_client: bool = False) -> None:
        with IdleTimeout(0.2) as timeout:
            await asyncio.sleep(0.15)
            timeout.restart(for_client=for_client)
            await asyncio.sleep(seconds)

    async def rests() -> None:
        with IdleTimeout(0.1) as timeout:
            timeout.rest()
            await asyncio.sleep(0.3)
            timeout.restart()

    with asyncio.Runner(loop_factory=HastyLoop) as runner:
        runner.run(waits(0.1))
        runner.run(rests())
        with pytest.raises(TargetTimedOut):
            runner.run(waits(5))
        with pytest.raises(ClientTimedOut):
            runner.run(waits(5, for_client=True))


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
    ticks: list[float], side: CustomSide, client: httpx2.Client
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    side.add(f"http://127.0.0.1:{port}")
    for _number in range(limits.FAILURES_TO_OPEN):
        assert client.get(PUBLIC_PATH).status_code == 502
    resting = client.get(PUBLIC_PATH)
    assert (resting.status_code, resting.json()["code"]) == (503, "target_paused")
    assert resting.headers["retry-after"] == f"{limits.PAUSE_SECONDS:.0f}"
    ticks[0] += limits.PAUSE_SECONDS
    assert client.get(PUBLIC_PATH).status_code == 502
    assert client.get(PUBLIC_PATH).status_code == 503
    ticks[0] += limits.PAUSE_SECONDS
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


UPLOAD_BYTES = 2_000_000_000 if "IONPORT_CHAOS_DOCUMENTS" in os.environ else 300_000_000
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
