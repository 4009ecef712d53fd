"""Receivers that answer without end, slowly, wrongly or not at all: each is bounded and classed."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from ionport.connections.model import TargetKind
from ionport.core.clock import MovableClock
from ionport.exports.model import DeliveryDetail, DeliveryStatus, ExportMethod
from tests.support.exporting import DocumentSide
from tests.unit.exports.test_webhook_exports import IMPATIENT, SECRET

Answer = Callable[[socket.socket, "Hostile"], None]
_PIECE = b"x" * 65_536
_MEGABYTE = 1_000_000
# Of what a server of this machine can send, its buffers take some before anybody reads.
_MOST_SENT = 16 * _MEGABYTE


@dataclass
class Hostile:
    """A server on a port of its own; `sent` counts the bytes that it got rid of."""

    answer: Answer
    sent: int = 0
    calls: int = 0
    reads_first: bool = True
    stopped: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def serving(self) -> Iterator[str]:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            threading.Thread(target=self._serve, args=(listening,), daemon=True).start()
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}/hook"
            finally:
                self.stopped.set()
                with suppress(OSError):
                    listening.shutdown(socket.SHUT_RDWR)

    def _serve(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                line, _address = listening.accept()
                self.calls += 1
                threading.Thread(target=self._one, args=(line,), daemon=True).start()

    def _one(self, line: socket.socket) -> None:
        with line, suppress(OSError):
            line.settimeout(10)
            if self.reads_first:
                line.recv(1_000_000)
            self.answer(line, self)

    def send(self, line: socket.socket, content: bytes) -> None:
        line.sendall(content)
        self.sent += len(content)


def endless(status: str) -> Answer:
    """500 MB of an answer, or as much of it as is read."""

    def answer(line: socket.socket, server: Hostile) -> None:
        server.send(line, f"HTTP/1.1 {status}\r\nContent-Length: 500000000\r\n\r\n".encode())
        while server.sent < 500 * _MEGABYTE and not server.stopped.is_set():
            server.send(line, _PIECE)

    return answer


def endless_headers(line: socket.socket, server: Hostile) -> None:
    server.send(line, b"HTTP/1.1 200 OK\r\n")
    while server.sent < 500 * _MEGABYTE and not server.stopped.is_set():
        server.send(line, b"X-Filler: " + _PIECE[:8_000] + b"\r\n")


def dripping(line: socket.socket, server: Hostile) -> None:
    """A letter now and then: no time-out of a single read ends it."""
    server.send(line, b"HTTP/1.1 200 OK\r\n")
    while not server.stopped.wait(0.1):
        server.send(line, b"X")


def only(content: bytes) -> Answer:
    def answer(line: socket.socket, server: Hostile) -> None:
        server.send(line, content)

    return answer


def deliver(side: DocumentSide, answer: Answer) -> tuple[DeliveryDetail, Hostile, float]:
    """Run a delivery once to such a receiver; how long it took is the third."""
    server = Hostile(answer)
    with server.serving() as url:
        connection_id = side.add_target(TargetKind.WEBHOOK, {"url": url}, SECRET)
        side.configure(connection_id, ExportMethod.WEBHOOK)
        delivery_id = side.export(side.receive("471102")).id
        began = time.monotonic()
        with closing(side.runner(IMPATIENT)) as runner:
            runner.run(delivery_id)
        return side.detail(delivery_id), server, time.monotonic() - began


def test_an_answer_of_500_mb_is_cut_and_its_status_counts(side: DocumentSide) -> None:
    detail, server, _seconds = deliver(side, endless("200 OK"))
    assert detail.delivery.status is DeliveryStatus.DELIVERED, detail.delivery.error_text
    assert server.calls == 1
    assert server.sent < _MOST_SENT


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (endless("500 Broken"), DeliveryStatus.WAITING, "receiver_http_500"),
        (endless("403 No"), DeliveryStatus.FAILED, "receiver_http_403"),
        (endless_headers, DeliveryStatus.WAITING, "target_away"),
        (dripping, DeliveryStatus.WAITING, "target_away"),
        (only(b"SSH-2.0-OpenSSH_9.6\r\n"), DeliveryStatus.WAITING, "target_away"),
        (only(b"HTTP/1.1 99 No\r\n\r\n"), DeliveryStatus.WAITING, "target_away"),
        (only(b""), DeliveryStatus.WAITING, "target_away"),
    ],
    ids=["500-endless", "403-endless", "headers", "drip", "no-http", "no-status", "nothing"],
)
def test_what_is_no_answer_is_classed_in_time_and_never_read_whole(
    side: DocumentSide, answer: Answer, status: DeliveryStatus, code: str
) -> None:
    detail, server, seconds = deliver(side, answer)
    assert (detail.delivery.status, detail.delivery.error_code) == (status, code)
    assert detail.delivery.error_text
    assert server.sent < _MOST_SENT
    assert seconds < 20


@pytest.mark.parametrize(
    "asked", ["99999999999999999999", "-1", "nan", "Fri, 31 Dec 9999 23:59:59 GMT"]
)
def test_a_retry_after_of_years_or_nonsense_holds_no_delivery_that_long(
    side: DocumentSide, clock: MovableClock, asked: str
) -> None:
    answer = only(
        f"HTTP/1.1 429 Slow\r\nRetry-After: {asked}\r\nContent-Length: 0\r\n\r\n".encode()
    )
    detail, _server, _seconds = deliver(side, answer)
    assert detail.delivery.status is DeliveryStatus.WAITING
    assert detail.delivery.due_at is not None
    assert (detail.delivery.due_at - clock.now()).total_seconds() <= 3_600
