"""A load generator over plain sockets: a fixed request again and again on open connections.

It runs in the benchmark's process, never in the server's, and does nothing but send, find the
answer's end and read the clock: about 15 µs a request, so that the server is what is measured.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from statistics import quantiles

_TIMEOUT_SECONDS = 20.0


class LoadError(Exception):
    """The server answered something else than was asked for."""


@dataclass
class Measured:
    """Requests that were answered, in `seconds`; each latency in seconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile_ms(self, percent: int) -> float:
        return quantiles(self.latencies, n=100)[percent - 1] * 1000

    def add(self, other: Measured) -> None:
        self.seconds += other.seconds
        self.latencies += other.latencies


class _Connection:
    """One kept-alive connection with at most one request under way."""

    __slots__ = ("_buffer", "_socket", "started")

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=_TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self.started = 0.0

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, request: bytes) -> None:
        self._buffer = b""
        self.started = time.perf_counter()
        self._socket.sendall(request)

    def receive(self) -> bool:
        """Read what has come; True once the answer is whole."""
        data = self._socket.recv(65_536)
        if not data:
            raise LoadError("the server closed the connection")
        self._buffer += data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        if not blank:
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            raise LoadError(self._buffer[:500].decode("latin-1"))
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        return len(body) >= length

    def close(self) -> None:
        self._socket.close()


def run_load(
    address: tuple[str, int], requests: Sequence[bytes], *, connections: int, seconds: float
) -> Measured:
    """Keep `connections` busy for `seconds` with `requests` in turn; every answer must be 200."""
    todo = cycle(requests)
    opened = [_Connection(address) for _number in range(connections)]
    by_number = {connection.fileno(): connection for connection in opened}
    poll = select.epoll()
    for connection in opened:
        poll.register(connection, select.EPOLLIN)
    measured = Measured()
    start = time.perf_counter()
    end = start + seconds
    for connection in opened:
        connection.send(next(todo))
    waiting = len(opened)
    while waiting:
        ready = poll.poll(_TIMEOUT_SECONDS)
        if not ready:
            raise LoadError("the server does not answer")
        for number, _event in ready:
            connection = by_number[number]
            if not connection.receive():
                continue
            now = time.perf_counter()
            measured.latencies.append(now - connection.started)
            if now < end:
                connection.send(next(todo))
            else:
                waiting -= 1
    measured.seconds = time.perf_counter() - start
    poll.close()
    for connection in opened:
        connection.close()
    return measured


def form_request(path: str, form: bytes) -> bytes:
    """Return a POST of a form as a client of the ION API sends it."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(form)}\r\n\r\n"
    )
    return head.encode() + form
