"""Every answer is bounded in time and size, every failure has a name."""

from __future__ import annotations

import asyncio
import gzip
import random
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from ionport.ionapi import (
    AddressRefused,
    AnswerRefused,
    ConnectionFailed,
    IonApiError,
    RequestRefused,
    Timeouts,
    build_async_client,
    build_client,
)
from ionport.ionapi.transport.intake import EXTENSION, Options
from tests.support.patience import PATIENCE, TooSlow, with_time_enough
from tests.unit.ionapi.loopback import Loopback, Received, Reply, raw_server

MIB = 1024 * 1024
Fetch = Callable[..., httpx2.Response]


def fetch_in_thread(url: str, options: Options | None = None, **kwargs: Any) -> httpx2.Response:
    extensions = {EXTENSION: options} if options else {}
    with build_client(timeout=kwargs.pop("timeout", 60)) as client:
        return client.request(kwargs.pop("method", "GET"), url, extensions=extensions, **kwargs)


def fetch_in_task(url: str, options: Options | None = None, **kwargs: Any) -> httpx2.Response:
    extensions = {EXTENSION: options} if options else {}

    async def scenario() -> httpx2.Response:
        async with build_async_client(timeout=kwargs.pop("timeout", 60)) as client:
            method = kwargs.pop("method", "GET")
            return await client.request(method, url, extensions=extensions, **kwargs)

    return asyncio.run(scenario())


@pytest.fixture(params=[fetch_in_thread, fetch_in_task], ids=["thread", "asyncio"])
def fetch(request: pytest.FixtureRequest) -> Fetch:
    found: Fetch = request.param
    return found


@pytest.fixture
def answers() -> Iterator[Loopback]:
    with Loopback(lambda _: Reply()) as server:
        yield server


def refused(fetch: Fetch, url: str, options: Options | None = None) -> AnswerRefused:
    with pytest.raises(AnswerRefused) as caught:
        fetch(url, options)
    return caught.value


def encoded(body: bytes, coding: str) -> Callable[[Received], Reply]:
    return lambda _: Reply(200, body, (("Content-Encoding", coding),))


def raw_deflate(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(fetch: Fetch, answers: Loopback, status: int) -> None:
    target = "https://user:pw@evil.example/token?access_token=abc"
    answers.answering = lambda _: Reply(status, b"", (("Location", target),))
    error = refused(fetch, answers.url)
    assert (error.code, error.status, error.sent) == ("redirect", status, True)
    assert "to evil.example" in error.message
    assert "abc" not in error.message
    assert len(answers.received) == 1


@pytest.mark.parametrize(
    "location",
    ["", "/sign-in", "http://[", "https://evil example/", "//evil.example", "\xb2", "x:"],
)
def test_a_redirect_to_nowhere_is_a_redirect(
    fetch: Fetch, answers: Loopback, location: str
) -> None:
    answers.answering = lambda _: Reply(302, b"", (("Location", location),))
    error = refused(fetch, answers.url)
    assert error.message == "The server answered with a redirect, which is not followed."


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"x" * 100_000)),
        ("x-gzip", gzip.compress(b"x" * 100_000)),
        ("deflate", zlib.compress(b"x" * 100_000)),
        ("deflate", raw_deflate(b"x" * 100_000)),
        ("identity", b"x" * 100_000),
    ],
)
def test_compressed_answers_are_read(
    fetch: Fetch, answers: Loopback, coding: str, body: bytes
) -> None:
    answers.answering = encoded(body, coding)
    response = fetch(answers.url)
    assert response.content == b"x" * 100_000
    assert response.headers["content-length"] == "100000"
    assert "content-encoding" not in response.headers
    assert answers.received[0].headers["accept-encoding"] == "gzip, deflate"


def test_a_compressed_bomb_is_refused_before_it_unfolds(fetch: Fetch, answers: Loopback) -> None:
    bomb = gzip.compress(b"\0" * (200 * MIB), compresslevel=1)
    answers.answering = encoded(bomb, "gzip")
    tracemalloc.start()
    error = refused(fetch, answers.url, Options(limit=MIB))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * MIB
    assert (error.code, error.transient) == ("too_large", False)
    assert "1024 KiB" in error.message


def test_the_limit_itself_is_allowed(fetch: Fetch, answers: Loopback) -> None:
    answers.answering = lambda _: Reply(200, b"x" * MIB)
    assert len(fetch(answers.url, Options(limit=MIB)).content) == MIB
    assert refused(fetch, answers.url, Options(limit=MIB - 1)).code == "too_large"


def test_an_endless_answer_is_cut_off(fetch: Fetch) -> None:
    def speak(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    with raw_server(speak) as url:
        assert refused(fetch, url, Options(limit=MIB)).code == "too_large"


@pytest.mark.parametrize(
    ("coding", "body", "code"),
    [
        ("gzip", b"not compressed at all", "bad_encoding"),
        ("gzip", gzip.compress(b"x" * 1000, mtime=0)[:-20], "truncated"),
        ("gzip", gzip.compress(b"x", mtime=0) + b"trailing", "bad_encoding"),
        ("br", b"anything", "bad_encoding"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"x", mtime=0), mtime=0), "bad_encoding"),
    ],
)
def test_a_damaged_encoding_is_named(
    fetch: Fetch, answers: Loopback, coding: str, body: bytes, code: str
) -> None:
    answers.answering = encoded(body, coding)
    assert refused(fetch, answers.url).code == code


def test_an_answer_that_breaks_off_is_named_and_may_heal(fetch: Fetch) -> None:
    def speak(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    with raw_server(speak) as url:
        error = refused(fetch, url)
    assert (error.code, error.transient, error.sent) == ("truncated", True, True)


def test_a_connection_closed_without_an_answer_may_have_been_processed(fetch: Fetch) -> None:
    with (
        raw_server(lambda connection: connection.close()) as url,
        pytest.raises(ConnectionFailed) as caught,
    ):
        fetch(url)
    assert (caught.value.kind, caught.value.sent, caught.value.transient) == ("lost", True, True)


def test_a_server_of_another_protocol_is_a_lost_connection(fetch: Fetch) -> None:
    with (
        raw_server(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")) as url,
        pytest.raises(ConnectionFailed) as caught,
    ):
        fetch(url)
    assert caught.value.kind == "lost"


SANE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(gzip.compress(b"{}"))
) + gzip.compress(b"{}")
ODDITIES = (b"\xff" * 9, b"\r\n", b"\0", b"9" * 5000, b":", b" ", b"chunked", b"\r\n\r\n", b"-1")


@pytest.mark.parametrize("seed", range(4))
def test_no_answer_of_a_hostile_server_gives_an_unnamed_error(seed: int) -> None:
    chance = random.Random(seed)

    def speak(connection: socket.socket) -> None:
        answer = bytearray(SANE)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(answer))
            answer[at : at + chance.randint(0, 12)] = chance.choice(ODDITIES)
        connection.sendall(answer)

    outcomes = set()
    with raw_server(speak) as url, build_client(timeout=2) as client:
        for _ in range(60):
            try:
                outcomes.add(str(client.get(url).status_code))
            except IonApiError as error:
                outcomes.add(error.code)
    assert len(outcomes) > 2


def slow_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        time.sleep(0.05)
        connection.sendall(b"x")


def slow_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(1000):
        time.sleep(0.05)
        connection.sendall(f"X-{number}: y\r\n".encode())


def silence(connection: socket.socket) -> None:
    connection.recv(65536)
    time.sleep(PATIENCE)


def slow_then_silent(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(16):
        time.sleep(0.05)
        connection.sendall(f"X-{number}: y\r\n".encode())
    time.sleep(PATIENCE)


@pytest.mark.parametrize(
    ("speak", "total"),
    [(slow_body, 0.5), (slow_headers, 0.5), (silence, 0.5), (slow_then_silent, 1.0)],
)
def test_a_slow_server_meets_the_deadline_of_the_whole_call(
    fetch: Fetch, speak: Callable[[socket.socket], None], total: float
) -> None:
    # The single steps have more time than the whole: only the deadline can end this.
    patient = Timeouts(read=PATIENCE, total=PATIENCE)

    def meet(seconds: float) -> None:
        began = time.monotonic()
        with raw_server(speak) as url, pytest.raises(ConnectionFailed) as caught:
            fetch(url, Options(total=seconds), timeout=patient)
        assert seconds - 0.05 < time.monotonic() - began < PATIENCE / 3
        assert (caught.value.kind, caught.value.transient) == ("timeout", True)
        if not caught.value.sent:
            raise TooSlow

    with_time_enough(total, meet, longest=8)


def test_a_full_queue_of_connections_does_not_outlast_the_deadline(fetch: Fetch) -> None:
    # A listener whose queue is full leaves further connections without an answer.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        fillers = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            fillers.append(filler)
        with pytest.raises(ConnectionFailed) as caught:
            fetch(f"http://127.0.0.1:{listener.getsockname()[1]}/", Options(total=0.4))
        for filler in fillers:
            filler.close()
    assert (caught.value.kind, caught.value.sent) == ("timeout", False)


def test_cookies_of_one_call_do_not_reach_the_next(answers: Loopback) -> None:
    answers.answering = lambda _: Reply(200, b"", (("Set-Cookie", "session=abc; Path=/"),))
    with build_client() as client:
        first = client.get(answers.url)
        client.get(answers.url)
    assert "set-cookie" not in first.headers
    assert "cookie" not in answers.received[1].headers


def test_proxies_of_the_environment_are_not_used(
    answers: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert fetch_in_thread(answers.url).status_code == 200


def test_connections_are_used_again(answers: Loopback) -> None:
    ports = set()
    accept = answers._server.process_request

    def counting(request: Any, address: Any) -> None:
        ports.add(address[1])
        accept(request, address)

    answers._server.process_request = counting  # type: ignore[method-assign, assignment]
    with build_client() as client:
        for _ in range(5):
            client.get(answers.url)
    assert len(ports) == 1


def test_a_header_that_cannot_be_sent_is_refused_before_sending(answers: Loopback) -> None:
    with build_client() as client, pytest.raises(RequestRefused) as caught:
        client.get(answers.url, headers={"X-Name": "a\r\nX-Evil: 1"})
    assert not caught.value.sent
    assert answers.received == []


def test_the_policy_holds_for_every_address_of_a_client(fetch: Fetch) -> None:
    for url in ("http://93.184.215.14/", "https://169.254.169.254/latest/meta-data/"):
        with pytest.raises(AddressRefused):
            fetch(url)


def test_a_failed_login_says_that_the_call_itself_was_not_sent(fetch: Fetch) -> None:
    with (
        raw_server(lambda connection: connection.close()) as url,
        pytest.raises(IonApiError) as caught,
    ):
        fetch(url, Options(login=True))
    assert not caught.value.sent


def test_a_head_request_is_not_measured_by_the_body_it_does_not_get(fetch: Fetch) -> None:
    def speak(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")

    with raw_server(speak) as url:
        assert fetch(url, method="HEAD").status_code == 200


def test_many_threads_share_one_client(answers: Loopback) -> None:
    answers.answering = lambda request: Reply(200, request.path.encode())
    wrong: list[str] = []
    with build_client() as client:

        def work(number: int) -> None:
            for turn in range(10):
                path = f"/{number}/{turn}"
                if client.get(f"{answers.url}{path}").text != path:
                    wrong.append(path)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_a_cancelled_task_leaves_the_client_usable(answers: Loopback) -> None:
    async def scenario() -> int:
        async with build_async_client() as client:
            with raw_server(silence) as url:
                task = asyncio.create_task(client.get(url))
                await asyncio.sleep(0.1)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            return (await client.get(answers.url)).status_code

    assert asyncio.run(scenario()) == 200


def test_one_number_bounds_the_whole_call() -> None:
    assert Timeouts.of(3) == Timeouts(connect=3, read=3, total=3, login=3)
    assert Timeouts.of(60).connect == 10
    assert Timeouts.of(None) == Timeouts()
    assert Timeouts.of(Timeouts(read=1)) == Timeouts(read=1)
