"""How uvicorn serves ionport: one place for the commands, the tests and the benchmarks."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ionport.gateway.caller import CUT_EXTENSION

SHUTDOWN_SECONDS = 10
# An answer's head and small body together; beyond this much, writing at once costs nothing.
_JOINED_BYTES = 16_384
_COLLECT_AFTER = 20_000


def server_config(
    app: ASGIApp, *, loop: str = "auto", shutdown_seconds: int = SHUTDOWN_SECONDS
) -> uvicorn.Config:
    """Return the configuration of the server for `app`; it logs no addresses of requests."""
    return uvicorn.Config(
        app,
        loop=loop,
        http=JoiningProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=shutdown_seconds,
    )


def settle_memory() -> None:
    """Spare the collector what the start has made: all of it stays until the process ends.

    For a process that only serves: it makes few cycles, and looking at every module and table
    again and again was a tenth of the gateway's work.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 100)


class JoiningProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with the head and the body of a small answer in one packet.

    uvicorn writes them one after the other, which is two calls of the system and wakes the client
    twice. Requests carry the extension that cuts their connection: the sandbox's faults use it.
    What follows the last chunk of a body is dropped: uvicorn takes it for headers, which would
    let a client slip past whoever judges headers in front of us (RFC 9110 §6.5.1).
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = JoinedWrites(transport, self.loop)
        self._cut = transport.abort

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {CUT_EXTENSION: self._cut}  # type: ignore[dict-item]

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        # Trailers go into a list of their own, which nobody reads.
        self.headers = self.headers.copy()


class JoinedWrites(asyncio.Transport):
    """A transport that writes at the end of the event loop's turn, or when enough has come."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes | bytearray | memoryview[Any]] = []
        self._size = 0

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)
        self._size += len(data)
        if self._size > _JOINED_BYTES:
            self._flush()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if not self._parts:
            return
        parts, self._parts, self._size = self._parts, [], 0
        if not self._transport.is_closing():
            self._transport.write(b"".join(parts) if len(parts) > 1 else parts[0])
