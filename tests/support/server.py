"""Serves an ASGI app from a thread, on a free port of the loopback address."""

from __future__ import annotations

import asyncio
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from ionport.serving.server import server_config

_START_SECONDS = 120.0


@contextmanager
def serve(app: ASGIApp) -> Iterator[str]:
    """Serve `app` while the block runs; yields its base URL, without a slash at the end."""
    with serve_at(lambda _base_url: app) as base_url:
        yield base_url


@contextmanager
def serve_at(make: Callable[[str], ASGIApp]) -> Iterator[str]:
    """Serve what `make` returns for the base URL: for apps that must know their own address."""
    with _listening() as (listening, base_url):
        server = _Server(make(base_url))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            _wait(server, thread)
            yield base_url
        finally:
            server.stop()
            thread.join(_START_SECONDS)


@contextmanager
def serve_when_asked(make: Callable[[str], ASGIApp]) -> Iterator[tuple[str, ASGIApp]]:
    """Serve what `make` returns as soon as somebody connects; yields its base URL and itself.

    For tests that speak to the app in process: most of them never connect, and starting and
    stopping a server takes longer than what they do.
    """
    with _listening() as (listening, base_url):
        app = make(base_url)
        server = _Server(app)
        end, ended = socket.socketpair()
        thread = threading.Thread(
            target=_serve_first_connection, args=(server, listening, ended), daemon=True
        )
        thread.start()
        try:
            yield base_url, app
        finally:
            server.stop()
            end.close()
            thread.join(_START_SECONDS)
            ended.close()


class _Server(uvicorn.Server):
    """Uvicorn as the product runs it, ended without waiting for its next look at the clock."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(server_config(app, shutdown_seconds=5))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None

    async def main_loop(self) -> None:
        """Work as the base class does, but wake when told to stop."""
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        counter = 0
        while not await self.on_tick(counter % 864_000):
            counter += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._end.wait(), 0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End as the base class does, but at once when the connections are closed."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for _look in range(20):
            if not self.server_state.connections and not self.server_state.tasks:
                await self.lifespan.shutdown()
                return
            await asyncio.sleep(0.005)
        await super().shutdown(sockets)

    def stop(self) -> None:
        """End the server from another thread; at once when it has begun."""
        self.should_exit = True
        if self._loop is not None and self._end is not None:
            # A loop that is closed has ended already.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._end.set)


def _serve_first_connection(
    server: _Server, listening: socket.socket, ended: socket.socket
) -> None:
    """Run the server once a connection waits, unless the other end of `ended` closes first."""
    ready, _writable, _failed = select.select([listening, ended], [], [])
    if ended not in ready:
        server.run([listening])


@contextmanager
def _listening() -> Iterator[tuple[socket.socket, str]]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # asyncio does this for sockets of its own making only; without it answers wait 40 ms.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listening, f"http://127.0.0.1:{listening.getsockname()[1]}"


def _wait(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the test's server did not start")
        time.sleep(0.005)
