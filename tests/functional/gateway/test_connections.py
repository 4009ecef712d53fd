"""The connections to targets: which calls are sent again, what goes out, and what is kept."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import repeat
from pathlib import Path

import pytest
from starlette.types import Message

from ionport.gateway.errors import TargetFailed, TargetTimedOut
from ionport.gateway.targets.addresses import AddressPolicy
from ionport.gateway.targets.idle_timeout import IdleTimeout
from ionport.gateway.targets.port import Outbound, RequestBody
from ionport.gateway.targets.upstream import Upstream

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HANG_UP = b""
END: Message = {"type": "http.request"}


class ScriptedTarget:
    """Answers the heads that come with `answers`, whatever they ask; hangs up at an empty one.

    `heads` are those that came, `connections` how many were opened.
    """

    def __init__(self, answers: Iterable[bytes]) -> None:
        self._answers = iter(answers)
        self.heads: list[str] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.heads.append(head)
                if "chunked" in head:
                    await reader.readuntil(b"0\r\n\r\n")
                elif "-length: " in head.lower():
                    await reader.readexactly(int(head.lower().partition("-length: ")[2].split()[0]))
                answer = next(self._answers)
                if answer == HANG_UP:
                    break
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionResetError):
            pass
        finally:
            writer.close()

    @property
    def connections(self) -> int:
        return len(self.writers)

    def outbound(self, method: str = "GET", rest: str = "/x") -> Outbound:
        base = f"http://127.0.0.1:{self.port}"
        return Outbound(method, base, base + rest, [("accept", "*/*")])


def run(
    answers: Iterable[bytes], calls: Callable[[Upstream, ScriptedTarget], Awaitable[None]]
) -> ScriptedTarget:
    """Make calls to a target that answers as is said, and return the target."""
    target = ScriptedTarget(answers)

    async def serve() -> None:
        server = await asyncio.start_server(target.serve, "127.0.0.1", 0)
        target.port = server.sockets[0].getsockname()[1]
        upstream = Upstream(AddressPolicy())
        try:
            await calls(upstream, target)
        finally:
            await upstream.close()
            server.close()

    asyncio.run(serve())
    return target


async def read(
    upstream: Upstream, request: Outbound, body: RequestBody | bytes | None = None
) -> bytes:
    """Make a call and return the body of its answer."""
    answer = await upstream.send(request, body)
    content = b""
    try:
        while chunk := await answer.wait():
            content += chunk
    finally:
        answer.close()
    return content


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PUT", b"12345"), ("DELETE", None)])
def test_a_call_that_may_be_repeated_is_sent_twice_at_most(method: str, body: bytes | None) -> None:
    async def answered(upstream: Upstream, target: ScriptedTarget) -> None:
        assert await read(upstream, target.outbound(method), body) == b"ok"

    async def refused(upstream: Upstream, target: ScriptedTarget) -> None:
        with pytest.raises(TargetFailed) as caught:
            await read(upstream, target.outbound(method), body)
        assert caught.value.code == "target_broken"

    assert len(run([HANG_UP, OK], answered).heads) == 2
    assert len(run(repeat(HANG_UP), refused).heads) == 2


def test_a_post_is_never_repeated() -> None:
    async def calls(upstream: Upstream, target: ScriptedTarget) -> None:
        for body in (None, b"12345", stream(b"12345")):
            with pytest.raises(TargetFailed):
                await read(upstream, target.outbound("POST"), body)

    assert len(run(repeat(HANG_UP), calls).heads) == 3


def test_a_streamed_body_is_never_repeated() -> None:
    async def calls(upstream: Upstream, target: ScriptedTarget) -> None:
        with pytest.raises(TargetFailed):
            await read(upstream, target.outbound("PUT"), stream(b"12345"))

    assert len(run(repeat(HANG_UP), calls).heads) == 1


def test_a_connection_is_used_again_where_both_sides_have_said_all() -> None:
    async def calls(upstream: Upstream, target: ScriptedTarget) -> None:
        for _number in range(3):
            assert await read(upstream, target.outbound()) == b"ok"
        assert target.connections == 1
        # The fourth answer closes, the fifth is not read to its end.
        await read(upstream, target.outbound())
        (await upstream.send(target.outbound())).close()
        await read(upstream, target.outbound())

    closing = OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")
    unfinished = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok"
    assert run([OK, OK, OK, closing, unfinished, OK], calls).connections == 3


def test_interim_answers_are_passed_over() -> None:
    async def calls(upstream: Upstream, target: ScriptedTarget) -> None:
        assert await read(upstream, target.outbound()) == b"ok"

    run([b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + OK], calls)


def test_the_length_of_a_body_is_told_or_it_comes_in_chunks() -> None:
    async def calls(upstream: Upstream, target: ScriptedTarget) -> None:
        for method, body in (("GET", None), ("POST", None), ("GET", b""), ("POST", b"12345")):
            await read(upstream, target.outbound(method), body)
        announced = target.outbound("POST")
        announced.headers.append(("content-length", "5"))
        await read(upstream, announced, stream(b"12", b"345"))
        await read(upstream, target.outbound("POST"), stream(b"12", b"345"))

    closing = OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")
    heads = run(repeat(closing), calls).heads
    told = [[line for line in head.split("\r\n") if "-length" in line.lower()] for head in heads]
    assert [line[0].split(": ")[1] if line else None for line in told] == [
        None,
        "0",
        "0",
        "5",
        "5",
        None,
    ]
    assert ["Transfer-Encoding: chunked" in head for head in heads] == [*[False] * 5, True]


@pytest.mark.parametrize(
    ("rest", "asked"), [("", "/"), ("?a=%20", "/?a=%20"), ("/a/../b//c?d=1", "/a/../b//c?d=1")]
)
def test_the_path_goes_out_as_it_came(rest: str, asked: str) -> None:
    async def calls(upstream: Upstream, target: ScriptedTarget) -> None:
        await read(upstream, target.outbound(rest=rest))

    target = run([OK], calls)
    head = f"GET {asked} HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\naccept: */*\r\n\r\n"
    assert target.heads == [head]


@pytest.mark.parametrize(
    "headers", [b"X-Policy: " + b"a" * 30_000 + b"\r\n", b"X-One: a\r\n" * 150]
)
def test_headers_as_long_and_many_as_services_have_pass(headers: bytes) -> None:
    async def calls(upstream: Upstream, target: ScriptedTarget) -> None:
        assert await read(upstream, target.outbound()) == b"ok"
        with pytest.raises(TargetFailed, match="more than 200 headers, or one of more than 32,768"):
            await read(upstream, target.outbound())

    too_much = headers * 2 if headers.count(b"\n") > 1 else headers.replace(b"a", b"aa")
    run([OK.replace(b"OK\r\n", b"OK\r\n" + each) for each in (headers, too_much)], calls)


def test_an_answer_that_is_no_http_is_told() -> None:
    async def calls(upstream: Upstream, target: ScriptedTarget) -> None:
        with pytest.raises(TargetFailed) as caught:
            await read(upstream, target.outbound("POST"), b"1")
        assert caught.value.code == "target_broken"

    run([b"SSH-2.0-OpenSSH_9\r\n\r\n"], calls)


UNASKED = [
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    OK.replace(b"ok", b"no"),
]


@pytest.mark.parametrize("unasked", UNASKED, ids=["a time-out", "a second answer"])
def test_no_call_gets_what_came_on_an_idle_connection(unasked: bytes) -> None:
    async def calls(upstream: Upstream, target: ScriptedTarget) -> None:
        assert await read(upstream, target.outbound()) == b"ok"
        target.writers[0].write(unasked)
        # Whoever sees an answer that was sent later sees that the first has arrived.
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await reader.readexactly(len(OK))
        writer.close()
        assert await read(upstream, target.outbound("POST"), b"12345") == b"ok"

    assert run(repeat(OK), calls).connections == 3


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "another protocol"),
        (b"HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n", "999"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "coding"),
    ],
)
def test_an_answer_that_no_client_could_be_given_is_refused(answer: bytes, text: str) -> None:
    async def calls(upstream: Upstream, target: ScriptedTarget) -> None:
        with pytest.raises(TargetFailed, match=text) as caught:
            await read(upstream, target.outbound("POST"), b"1")
        assert caught.value.code == "target_broken"

    run([answer], calls)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n"


@pytest.mark.parametrize(
    ("begun", "goes_on"),
    [(CHUNKED, b"no size\r\n"), (b"HTTP/1.1 200 OK\r\n\r\nfirst", None)],
    ids=["chunks that cannot be read", "a reset instead of the end"],
)
def test_a_body_that_is_cut_short_is_no_whole_one(begun: bytes, goes_on: bytes | None) -> None:
    async def calls(upstream: Upstream, target: ScriptedTarget) -> None:
        answer = await upstream.send(target.outbound())
        assert await answer.wait() == b"first"
        writer = target.writers[0]
        if goes_on:
            writer.write(goes_on)
        else:
            reset = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            writer.close()
        with pytest.raises(TargetFailed):
            await asyncio.wait_for(answer.wait(), 30)
        answer.close()

    run([begun], calls)


def test_a_target_that_reads_no_more_keeps_no_connection_of_ours() -> None:
    async def serve(base: str) -> None:
        upstream = Upstream(AddressPolicy())
        before = _open_files()
        with pytest.raises(TargetTimedOut), IdleTimeout(0.1):
            await upstream.send(Outbound("POST", base, base, []), b"x" * 20_000_000)
        for _turn in range(3):
            await asyncio.sleep(0)
        assert _open_files() == before
        await upstream.close()

    with socket.create_server(("127.0.0.1", 0)) as silent:
        asyncio.run(serve(f"http://127.0.0.1:{silent.getsockname()[1]}"))


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def stream(*chunks: bytes) -> RequestBody:
    """Return a body that comes in chunks."""
    coming: Iterator[Message] = iter(
        [*({"type": "http.request", "body": c, "more_body": True} for c in chunks), END]
    )

    async def receive() -> Message:
        return next(coming)

    return RequestBody(next(coming), receive, IdleTimeout(60))
