"""The server's own part: answers in one packet, and nothing lost on the way."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from ionport.serving.protocol import JoinedWrites
from ionport.serving.server import server_config


@contextmanager
def _serving(app: ASGIApp) -> Iterator[tuple[str, int]]:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = uvicorn.Server(server_config(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield listener.getsockname()
    server.should_exit = True
    thread.join(120)
    listener.close()


def _answer(size: int) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        length = (b"content-length", str(size).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": b"x" * size})

    return app


def _ask(address: tuple[str, int], *more: str) -> socket.socket:
    connection = socket.create_connection(address, timeout=120)
    connection.sendall("\r\n".join(("GET / HTTP/1.1", "Host: x", *more, "", "")).encode())
    return connection


def test_head_and_small_body_come_in_one_packet() -> None:
    with _serving(_answer(100)) as address, _ask(address) as connection:
        packet = connection.recv(65_536)
    assert packet.startswith(b"HTTP/1.1 200 OK\r\n")
    assert packet.endswith(b"\r\n\r\n" + b"x" * 100)


def test_a_great_body_comes_whole_and_the_connection_ends_after_it() -> None:
    with _serving(_answer(5_000_000)) as address, _ask(address, "Connection: close") as connection:
        received = b""
        while chunk := connection.recv(1_000_000):
            received += chunk
    assert len(received.partition(b"\r\n\r\n")[2]) == 5_000_000


def test_requests_follow_each_other_on_a_connection() -> None:
    with _serving(_answer(10)) as address, _ask(address) as connection:
        for _number in range(3):
            assert connection.recv(65_536).endswith(b"x" * 10)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.recv(65_536)


class _Peer(asyncio.Protocol):
    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.ended = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.packets.append(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self.ended.set_result(None)


@pytest.mark.parametrize("closes_first", [True, False])
def test_what_was_written_before_a_close_arrives_and_later_writes_do_no_harm(
    closes_first: bool,
) -> None:
    async def talk() -> bytes:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        transport, _protocol = await loop.create_connection(asyncio.Protocol, sock=ours)
        _transport, peer = await loop.create_connection(_Peer, sock=theirs)
        joined = JoinedWrites(transport, loop)
        joined.write(b"one ")
        joined.write(bytearray(b"two"))
        if closes_first:
            joined.close()
            assert joined.is_closing()
        else:
            await asyncio.sleep(0.05)
            assert peer.packets == [b"one two"]
            transport.close()
        joined.write(b" lost")
        await peer.ended
        return b"".join(peer.packets)

    assert asyncio.run(talk()) == b"one two"
