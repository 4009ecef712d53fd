"""The wire of the promises is no worse than a real one."""

from __future__ import annotations

import socket
import struct
import threading
from urllib.parse import urlsplit

from tests.promises.wire import CREATE, Wire
from tests.support.intermediary import Call
from tests.support.receiver import receiving
from tests.support.sides import PATIENCE

_BODY = b"x" * 50_000


def test_a_call_that_was_cut_off_in_its_body_is_none_to_a_receiver() -> None:
    with receiving() as receiver:
        with socket.create_connection(("127.0.0.1", receiver.port)) as client:
            client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf")
            # So a relay passes on that a worker was killed.
            client.shutdown(socket.SHUT_WR)
            assert client.recv(100) == b""
        assert receiver.calls == []


def test_an_upload_whose_client_hung_up_is_not_passed_on() -> None:
    begun, hung_up = threading.Event(), threading.Event()
    ended: list[Exception] = []
    over = threading.Event()

    def slow_line(call: Call) -> None:
        begun.set()
        hung_up.wait(PATIENCE)
        try:
            call.read(seconds=0.1)
        except OSError as error:
            ended.append(error)
        over.set()
        call.cut()

    with Wire("http://127.0.0.1:9") as wire:
        wire.on(CREATE, slow_line)
        address = urlsplit(wire.url)
        with socket.create_connection((address.hostname, address.port or 80)) as client:
            # As the product does with a call whose time is over: no orderly end.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            head = f"POST /IDM/api/items HTTP/1.1\r\nContent-Length: {len(_BODY)}\r\n\r\n"
            client.sendall(head.encode() + _BODY)
            assert begun.wait(PATIENCE)
        hung_up.set()
        assert over.wait(PATIENCE)
    assert ended, "it was read to its end"
