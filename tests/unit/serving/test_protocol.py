"""What a stranger may send on a connection: bounded heads, no second reading, nothing held open."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from ionport.serving import protocol
from ionport.serving.protocol import MAX_HEAD_BYTES, MAX_HEADERS
from ionport.serving.server import server_config
from tests.support.patience import PATIENCE, TooSlow, with_time_enough

Address = tuple[str, int]


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the headers and the length of the body that arrived."""
    received, is_more = 0, True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        received += len(message.get("body", b""))
        is_more = message.get("more_body", False)
    seen = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    body = json.dumps({"headers": seen, "received": received}).encode()
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


def _slow(seconds: float) -> ASGIApp:
    """Takes its time before it looks at the body."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(seconds)
        await _echo(scope, receive, send)

    return app


def _with_time_enough(seconds: float, scenario: Callable[[float], None]) -> None:
    def try_it(seconds: float) -> None:
        try:
            scenario(seconds)
        except OSError as error:
            # A connection that was closed, or that there was none, before all was sent.
            raise TooSlow from error

    with_time_enough(seconds, try_it, longest=4)


@contextmanager
def _serving(app: ASGIApp = _echo) -> Iterator[Address]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(server_config(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.002)
    yield listener.getsockname()
    server.should_exit = True
    thread.join(PATIENCE)
    listener.close()


@pytest.fixture(scope="module")
def address() -> Iterator[Address]:
    with _serving() as address:
        yield address


def _connect(address: Address) -> socket.socket:
    return socket.create_connection(address, timeout=PATIENCE)


def _all_of(connection: socket.socket) -> bytes:
    """Read until the server closes the connection."""
    received = b""
    while chunk := connection.recv(65_536):
        received += chunk
    return received


def _one_answer(connection: socket.socket) -> bytes:
    """Read one answer of a connection that stays open."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65_536)
    head, _blank, body = received.partition(b"\r\n\r\n")
    lengths = [x for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:")]
    while len(body) < int(lengths[0].partition(b":")[2]):
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def _asked(address: Address, request: bytes) -> bytes:
    with _connect(address) as connection:
        connection.sendall(request)
        return _all_of(connection)


def _head(*lines: str, start: str = "GET / HTTP/1.1", host: str = "Host: x") -> bytes:
    return "\r\n".join((start, host, *lines, "", "")).encode()


def _headers_of(answer: bytes) -> list[tuple[str, str]]:
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    found = json.loads(answer.partition(b"\r\n\r\n")[2])["headers"]
    return [(name, value) for name, value in found]


def _assert_refused(answer: bytes, status: int) -> None:
    head, _blank, body = answer.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0].startswith(b"http/1.1 %d " % status), answer
    assert b"connection: close" in lines
    assert b"content-length: %d" % len(body) in lines


def test_the_longest_head_that_is_taken_arrives_whole_and_one_byte_more_is_refused(
    address: Address,
) -> None:
    room = MAX_HEAD_BYTES - len(_head("Connection: close", "X: ")) - 1
    fits = _head("Connection: close", "X: " + "a" * room)
    with _connect(address) as connection:
        # In two parts, as from a network.
        connection.sendall(fits[:40_000])
        time.sleep(0.02)
        connection.sendall(fits[40_000:])
        assert ("x", "a" * room) in _headers_of(_all_of(connection))
    _assert_refused(_asked(address, _head("X: " + "a" * (room + 30))), 431)


def test_a_hundred_headers_are_taken_and_one_more_is_refused(address: Address) -> None:
    lines = [f"X-{number}: 1" for number in range(MAX_HEADERS - 2)]
    answer = _asked(address, _head("Connection: close", *lines))
    assert len(_headers_of(answer)) == MAX_HEADERS
    _assert_refused(_asked(address, _head("Connection: close", *lines, "One: more")), 431)


def test_headers_that_are_dropped_count_too(address: Address) -> None:
    _assert_refused(_asked(address, _head(*("a_b: 1" for _ in range(MAX_HEADERS)))), 431)


def test_an_endless_header_costs_neither_time_of_the_loop_nor_memory() -> None:
    busy: list[float] = []
    over = threading.Event()

    async def ticking(scope: Scope, receive: Receive, send: Send) -> None:
        # The longest that the loop was busy with something else: in time of the processor.
        while not over.is_set():
            before = time.thread_time()
            await asyncio.sleep(0.005)
            busy.append(time.thread_time() - before)
        await _echo(scope, receive, send)

    with _serving(ticking) as address, _connect(address) as watched:
        watched.sendall(_head("Connection: close"))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sent = 0
        with _connect(address) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
            piece = b"a" * 1_000_000
            try:
                while sent < 150_000_000:
                    connection.sendall(piece)
                    sent += len(piece)
            except OSError:
                pass
        over.set()
        assert _all_of(watched).startswith(b"HTTP/1.1 200 ")
    assert sent < 20_000_000, "the connection is closed long before the end"
    assert max(busy) < 0.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


@pytest.mark.parametrize("line", ["X: " + "a" * 200_000, "X: 1\r\n" * 150])
def test_what_follows_the_last_chunk_is_bounded_like_a_head(address: Address, line: str) -> None:
    request = _head("Transfer-Encoding: chunked", start="POST / HTTP/1.1")
    answer = _asked(address, request + b"1\r\nx\r\n0\r\n" + line.encode())
    _assert_refused(answer, 431)


def test_a_refusal_reaches_a_client_that_goes_on_sending(address: Address) -> None:
    with _connect(address) as connection:
        connection.sendall(_head(*(f"X-{number}: 1" for number in range(300))) + b"a" * 500_000)
        _assert_refused(_all_of(connection), 431)


def test_a_long_body_is_no_head(address: Address) -> None:
    size = 3_000_000
    request = _head(f"Content-Length: {size}", start="POST / HTTP/1.1")
    with _connect(address) as connection:
        connection.sendall(request + b"a" * size)
        assert json.loads(_one_answer(connection).partition(b"\r\n\r\n")[2])["received"] == size
        # The next request of the connection has the whole bound again.
        connection.sendall(_head("X: " + "a" * 60_000, "Connection: close"))
        assert len(_headers_of(_all_of(connection))) == 3


def test_requests_sent_at_once_are_answered_before_the_one_that_is_refused(
    address: Address,
) -> None:
    answer = _asked(address, _head() + _head() + _head("Host: y"))
    assert answer.count(b"HTTP/1.1 200 ") == 2
    assert b"HTTP/1.1 4" not in answer


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow", 408),
        (b"GET /", 408),
        (b"\r\n", 408),
        (b"", 0),
        (_head("Content-Length: 5", start="POST / HTTP/1.1") + b"ab", 408),
        (_head("Transfer-Encoding: chunked", start="POST / HTTP/1.1") + b"5\r\nab", 408),
    ],
)
def test_a_request_that_stays_unfinished_is_closed(
    monkeypatch: pytest.MonkeyPatch, sent: bytes, status: int
) -> None:
    def stay_unfinished(seconds: float) -> None:
        monkeypatch.setattr(protocol, "HEAD_SECONDS", seconds)
        monkeypatch.setattr(protocol, "BODY_IDLE_SECONDS", seconds / 2)
        with _serving() as address, _connect(address) as connection:
            connection.sendall(sent)
            answer = _all_of(connection)
        if not status:
            assert answer == b""
        elif answer:
            _assert_refused(answer, status)
        else:
            raise TooSlow("it was closed before anything was sent")

    _with_time_enough(0.1, stay_unfinished)


def test_a_head_in_drops_is_closed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "LINGER_SECONDS", 0.05)

    def drop(seconds: float) -> None:
        monkeypatch.setattr(protocol, "HEAD_SECONDS", seconds)
        with _serving() as address, _connect(address) as connection:
            connection.sendall(_head())
            assert _one_answer(connection).startswith(b"HTTP/1.1 200 ")
            connection.settimeout(seconds / 10)
            connection.sendall(b"GET / HTTP/1.1\r\nX: ")
            answer = b""
            until = time.monotonic() + PATIENCE
            while not answer:
                assert time.monotonic() < until
                connection.sendall(b"a")
                try:
                    answer = connection.recv(65_536)
                except TimeoutError:
                    continue
        _assert_refused(answer, 408)

    _with_time_enough(0.2, drop)


def test_a_body_that_goes_on_slowly_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ("Content-Length: 10", "Connection: close")

    def go_on(seconds: float) -> None:
        monkeypatch.setattr(protocol, "BODY_IDLE_SECONDS", seconds)
        with _serving() as address, _connect(address) as connection:
            connection.sendall(_head(*lines, start="POST / HTTP/1.1"))
            for _ in range(10):
                time.sleep(seconds * 0.3)
                connection.sendall(b"x")
            if b'"received": 10' not in _all_of(connection):
                raise TooSlow

    _with_time_enough(0.1, go_on)


@pytest.mark.parametrize("is_asked_for", [True, False])
def test_a_body_that_the_app_does_not_take_yet_is_not_held_against_the_client(
    monkeypatch: pytest.MonkeyPatch, is_asked_for: bool
) -> None:
    """Neither one that fills what is kept, nor one that waits to be asked for."""
    size = 1_000_000
    expect = () if is_asked_for else ("Expect: 100-continue",)
    lines = (f"Content-Length: {size}", "Connection: close", *expect)

    def wait(seconds: float) -> None:
        monkeypatch.setattr(protocol, "BODY_IDLE_SECONDS", seconds)
        with _serving(_slow(seconds * 6)) as address, _connect(address) as connection:
            connection.sendall(_head(*lines, start="POST / HTTP/1.1"))
            if not is_asked_for:
                assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
            connection.sendall(b"x" * size)
            if f'"received": {size}'.encode() not in _all_of(connection):
                raise TooSlow

    _with_time_enough(0.05, wait)


def test_a_slow_answer_is_not_cut_when_its_request_is_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(seconds: float) -> None:
        monkeypatch.setattr(protocol, "HEAD_SECONDS", seconds)
        monkeypatch.setattr(protocol, "BODY_IDLE_SECONDS", seconds)
        with _serving(_slow(seconds * 6)) as address:
            # The beginning of a second request does not take the first one's answer away.
            for request in (_head("Connection: close"), _head() + b"GET / HT"):
                if not _asked(address, request).startswith(b"HTTP/1.1 200 "):
                    raise TooSlow

    _with_time_enough(0.05, answer)


def test_an_app_that_waits_for_a_refused_body_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "BODY_IDLE_SECONDS", 0.05)
    told = threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        told.set()

    with _serving(app) as address:
        _assert_refused(_asked(address, _head("Content-Length: 5", start="POST / HTTP/1.1")), 408)
        assert told.wait(PATIENCE)


def test_a_header_with_an_underscore_in_its_name_is_dropped(address: Address) -> None:
    names = ("Content_Length: 9", "Transfer_Encoding: chunked", "X_Forwarded-For: 1", "Ho_st: y")
    kept = ("X-Kept: 1", "X-Infor-ION-Custom_One: x")
    answer = _asked(address, _head("Connection: close", *names, *kept))
    wanted = ["host", "connection", "x-kept", "x-infor-ion-custom_one"]
    assert [name for name, _value in _headers_of(answer)] == wanted


@pytest.mark.parametrize(
    "lines",
    [
        ("Host: y",),
        ("HOST: x",),
        ("Authorization: Bearer a", "authorization: Bearer b"),
        ("Content-Length: 1", "Content-Length: 1"),
        ("Content-Length: 1, 2",),
        ("Content-Type: a/b", "Content-Type: c/d"),
        ("Origin: https://a.example", "Origin: https://b.example"),
        ("Content-Length: 1", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: 1"),
        ("Transfer-Encoding: chunked, identity",),
        ("Content-Length : 1",),
        (" Host: y",),
        ("X: 1\rHost: y",),
        ("X: a\x00b",),
    ],
)
def test_a_head_that_two_servers_would_read_differently_is_refused(
    address: Address, lines: tuple[str, ...]
) -> None:
    has_body = any("Content-Length" in line or "Transfer" in line for line in lines)
    request = _head("Connection: close", *lines, start="POST / HTTP/1.1")
    # Read as chunks it is one byte; read by its length it begins with one.
    body = b"1\r\nx\r\n0\r\n\r\n" if has_body else b""
    _assert_refused(_asked(address, request + body), 400)


def test_a_request_without_a_host_is_refused_unless_it_is_of_http_1_0(address: Address) -> None:
    _assert_refused(_asked(address, b"GET / HTTP/1.1\r\nX: 1\r\n\r\n"), 400)
    assert b" 200 " in _asked(address, b"GET / HTTP/1.0\r\nX: 1\r\n\r\n").split(b"\r\n")[0]


def test_an_empty_header_stays_apart_from_the_next_one(address: Address) -> None:
    answer = _asked(address, _head("X-Empty:", "X-Next: 1", "Connection: close"))
    assert ("x-empty", "") in _headers_of(answer)
    assert ("x-next", "1") in _headers_of(answer)
