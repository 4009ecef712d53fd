"""The sandbox of a test leaves nothing open when it ends."""

from __future__ import annotations

import gc
import socket
import warnings
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from ionport.testing.server import listening, serving


async def answer_much(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer more than what the system keeps for a client that reads nothing."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(50_000_000)})


def test_a_connection_that_nobody_reads_from_is_closed_with_the_server() -> None:
    """Else Python warns of it while a later test runs, which pytest counts as its failure."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        with listening() as (listener, url), socket.socket() as client:
            with serving(answer_much, listener):
                client.connect(("127.0.0.1", urlsplit(url).port or 0))
                client.sendall(b"GET / HTTP/1.1\r\nHost: sandbox\r\n\r\n")
                assert client.recv(1) == b"H"
            gc.collect()
    assert not [str(each.message) for each in told if each.category is ResourceWarning]
