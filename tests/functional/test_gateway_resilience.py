"""What targets and clients can do to the gateway: be slow, fail, send too much, lead astray."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ionport.gateway import custom, limits
from ionport.gateway.addresses import TargetPolicy
from ionport.gateway.errors import ClientSilent, TargetFailed, TargetSilent
from ionport.gateway.patience import Patience
from ionport.gateway.targets import Outbound
from ionport.gateway.upstream import Upstream
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
    deadline = time.monotonic() + 30
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
    monkeypatch.setattr(custom, "Patience", lambda _seconds: Patience(0.3))
    side.add(target.url)
    answer = client.get(f"{PUBLIC_PATH}/wait")
    assert (answer.status_code, answer.json()["code"]) == (504, "target_silent")


def test_a_target_that_falls_silent_in_the_middle_is_cut(
    side: CustomSide,
    client: httpx2.Client,
    target: TargetServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(custom, "Patience", lambda _seconds: Patience(0.3))
    side.add(target.url)
    with pytest.raises(httpx2.RemoteProtocolError):
        client.get(f"{PUBLIC_PATH}/half")


def test_a_client_that_stops_in_the_middle_of_its_body_is_408(
    side: CustomSide,
    token: str,
    target: TargetServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(custom, "Patience", lambda _seconds: Patience(0.3))
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


def test_patience_restarts_rests_and_ends() -> None:
    async def waits(seconds: float, *, for_client: bool = False) -> None:
        with Patience(0.2) as patience:
            await asyncio.sleep(0.15)
            patience.restart(for_client=for_client)
            await asyncio.sleep(seconds)

    async def rests() -> None:
        with Patience(0.1) as patience:
            patience.rest()
            await asyncio.sleep(0.3)
            patience.restart()

    asyncio.run(waits(0.1))
    asyncio.run(rests())
    with pytest.raises(TargetSilent):
        asyncio.run(waits(5))
    with pytest.raises(ClientSilent):
        asyncio.run(waits(5, for_client=True))


def test_a_cancelled_call_is_not_taken_for_a_silent_target() -> None:
    async def cancelled() -> None:
        async def call() -> None:
            with Patience(60):
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


def test_a_name_that_resolves_to_a_private_address_is_refused(tmp_path: Path) -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["93.184.216.34", "10.0.0.1"]

    with sqlite_side(tmp_path, resolve=resolve) as side:
        side.add("https://api.example.com/x")
        with side.client(side.log_in(side.credentials())) as client:
            answer = client.get(PUBLIC_PATH)
    assert asked == ["api.example.com"]
    assert (answer.status_code, answer.json()["code"]) == (502, "target_address_refused")
    assert "10.0.0.1" not in answer.text


def test_another_name_for_this_computer_needs_the_setting(tmp_path: Path) -> None:
    policy = TargetPolicy()
    assert not policy.admits("inside.example.com", ["127.0.0.1"])
    assert policy.admits("localhost", ["127.0.0.1", "::1"])
    assert not policy.admits("localhost", ["10.0.0.1"])
    assert not policy.admits("a.example.com", [])
    assert not policy.admits("a.example.com", ["nonsense"])
    private = TargetPolicy(allow_private=True)
    assert private.admits("inside.example.com", ["10.0.0.1", "fd12::1", "100.64.0.1"])
    for never in ("169.254.169.254", "::ffff:169.254.169.254", "0.0.0.0", "ff02::1", "fe80::1%x"):
        assert not private.admits("a.example.com", [never])
    assert not policy.admits("a.example.com", ["64:ff9b::a00:1"])
    assert policy.admits("a.example.com", ["93.184.216.34", "2606:2800:220:1::1"])


def test_an_address_stored_under_a_looser_setting_is_refused(tmp_path: Path) -> None:
    async def call() -> None:
        upstream = Upstream(TargetPolicy())
        base = "https://10.0.0.1"
        with pytest.raises(TargetFailed) as caught:
            await upstream.send(Outbound("GET", base, base, []))
        assert caught.value.code == "target_address_refused"
        await upstream.close()

    asyncio.run(call())


def test_an_unknown_name_is_502(tmp_path: Path) -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(-2, "not known")

    with sqlite_side(tmp_path, resolve=resolve) as side:
        side.add("https://no-such.example")
        with side.client(side.log_in(side.credentials())) as client:
            answer = client.get(PUBLIC_PATH)
    assert (answer.status_code, answer.json()["code"]) == (502, "target_unknown_host")


def test_the_connections_end_with_their_event_loop(target: TargetServer) -> None:
    async def call() -> None:
        upstream = Upstream(TargetPolicy())
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
    upstream_of_many = Upstream(TargetPolicy())

    async def call() -> int:
        answer = await upstream_of_many.send(Outbound("GET", target.url, target.url, []))
        answer.close()
        return answer.status

    assert [asyncio.run(call()) for _number in range(2)] == [200, 200]


class _Origins:
    """One origin for the tenant's apps, and one app that names it."""

    def __init__(self) -> None:
        self.client_ids: set[str] = set()

    def allows(self, tenant_id: str, origin: str, client_id: str | None) -> bool:
        is_known = (tenant_id, origin) == (TENANT, "https://page.example")
        return is_known and (client_id is None or client_id in self.client_ids)


@pytest.fixture
def origins() -> _Origins:
    return _Origins()


@pytest.fixture
def open_side(tmp_path: Path, origins: _Origins, target: TargetServer) -> Iterator[CustomSide]:
    with sqlite_side(tmp_path, origins=origins) as side:
        side.add(target.url)
        yield side


def test_a_page_of_an_authorized_origin_may_call_and_read_errors(
    open_side: CustomSide, origins: _Origins
) -> None:
    file = open_side.credentials()
    origins.client_ids.add(file["ci"])
    page = {"Origin": "https://page.example"}
    asks = {**page, "Access-Control-Request-Method": "PUT"}
    asks["Access-Control-Request-Headers"] = "authorization, x-own"
    url = f"{open_side.url}/{TENANT}{PUBLIC_PATH}"
    preflight = httpx2.options(url, headers=asks)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "https://page.example"
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["access-control-allow-headers"] == "authorization, x-own"
    with open_side.client(open_side.log_in(file)) as client:
        for path in (PUBLIC_PATH, PING, "/nowhere"):
            answer = client.get(path, headers=page)
            assert answer.headers["access-control-allow-origin"] == "https://page.example"
            assert "X-Request-Id" in answer.headers["access-control-expose-headers"]
    refused = httpx2.get(url, headers=page)
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "https://page.example"


def test_a_page_of_any_other_origin_may_not(open_side: CustomSide, origins: _Origins) -> None:
    url = f"{open_side.url}/{TENANT}{PUBLIC_PATH}"
    asks = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    preflight = httpx2.options(url, headers=asks)
    assert (preflight.status_code, preflight.json()["code"]) == (403, "origin_not_allowed")
    with open_side.client(open_side.log_in(open_side.credentials())) as client:
        for origin in ("https://evil.example", "https://page.example", "null"):
            answer = client.get(PUBLIC_PATH, headers={"Origin": origin})
            assert answer.status_code == 200
            assert "access-control-allow-origin" not in answer.headers


def _certificate(folder: Path) -> ssl.SSLContext:
    """Return a server context with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_a_certificate_is_checked_unless_the_endpoint_ignores_errors(tmp_path: Path) -> None:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="over TLS")

    context = _certificate(tmp_path)
    with TargetServer(answer, context) as target, sqlite_side(tmp_path) as side:
        endpoint = side.add(target.url)
        with side.client(side.log_in(side.credentials())) as client:
            refused = client.get(PUBLIC_PATH)
            assert (refused.status_code, refused.json()["code"]) == (502, "target_certificate")
            side.change(endpoint, ignore_certificate_errors=True)
            assert client.get(PUBLIC_PATH).text == "over TLS"
            side.change(endpoint)
            assert client.get(PUBLIC_PATH).status_code == 502
