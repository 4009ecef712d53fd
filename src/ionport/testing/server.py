"""Serves an ASGI app from a thread with an event loop of its own, on a free loopback port."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from ionport.serving.server import server_config

_START_SECONDS = 15.0
# How long calls that a test has left open (a slow answer, a forgotten connection) may still take.
_SHUTDOWN_SECONDS = 1


class _Server(uvicorn.Server):
    """uvicorn that tells when it serves, instead of being asked again and again."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        # A connection whose call took too long, or that was accepted meanwhile, stays open there.
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)


@contextmanager
def listening() -> Iterator[tuple[socket.socket, str]]:
    """Take a free port; yields the socket and the address that it stands for."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # asyncio does this for sockets of its own making only; without it answers wait 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def serving(app: ASGIApp, listener: socket.socket) -> Iterator[None]:
    """Serve `app` for the time of the block.

    The caller needs no event loop, and one that it has is left alone.

    Raises:
        RuntimeError: the server did not start.
    """
    server = _Server(server_config(app, shutdown_seconds=_SHUTDOWN_SECONDS, loop="asyncio"))
    thread = threading.Thread(
        target=server.run, args=([listener],), name="ionport-sandbox", daemon=True
    )
    thread.start()
    try:
        if not server.settled.wait(_START_SECONDS) or not server.started:
            raise RuntimeError("the sandbox's server did not start")
        yield
    finally:
        server.should_exit = True
        thread.join(_START_SECONDS)
