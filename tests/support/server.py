"""Serves an ASGI app from a thread, on a free port of the loopback address."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from ionport.http_server import server_config

_START_SECONDS = 10.0


@contextmanager
def serve(app: ASGIApp) -> Iterator[str]:
    """Serve `app` while the block runs; yields its base URL, without a slash at the end."""
    with serve_at(lambda _base_url: app) as base_url:
        yield base_url


@contextmanager
def serve_at(make: Callable[[str], ASGIApp]) -> Iterator[str]:
    """Serve what `make` returns for the base URL: for apps that must know their own address."""
    listening = socket.create_server(("127.0.0.1", 0))
    # asyncio does this for sockets of its own making only; without it answers wait 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = server_config(make(base_url), shutdown_seconds=5)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    try:
        _wait(server, thread)
        yield base_url
    finally:
        server.should_exit = True
        thread.join(_START_SECONDS)
        listening.close()


def _wait(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the test's server did not start")
        time.sleep(0.005)
