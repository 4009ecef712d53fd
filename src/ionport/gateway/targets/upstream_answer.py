"""What a target answers over a connection of aiohttp, and what a failure means to a client."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Final

import aiohttp
from aiohttp.connector import Connection
from aiohttp.http import HttpProcessingError, RawResponseMessage

from ionport.core.errors import IonportError
from ionport.gateway.errors import TargetFailed, TargetTimedOut
from ionport.gateway.targets.addresses import AddressRefused, refused_text
from ionport.gateway.targets.port import Header

CONNECT_SECONDS: Final = 10.0
# Security policies and cookies of some services exceed aiohttp's 8,190 bytes.
MAX_HEADER_BYTES: Final = 32_768
MAX_HEADERS: Final = 200
_ABOUT_SIZE: Final = re.compile("Got more than|Too many headers")


class UpstreamAnswer:
    """The `TargetAnswer` of a call over one of aiohttp's connections.

    `sending` writes a body that is still on its way in.
    """

    def __init__(
        self,
        connection: Connection,
        message: RawResponseMessage,
        content: aiohttp.StreamReader,
        sending: asyncio.Task[None] | None,
    ) -> None:
        self._connection = connection
        self._content = content
        self._sending = sending
        self._closed: asyncio.Future[None] | None = None
        self._ends_by_close = not message.chunked and "Content-Length" not in message.headers
        self.status = message.code
        self.headers: Sequence[Header] = message.raw_headers
        if not content.is_eof() and connection.protocol is not None:
            self._closed = connection.protocol.closed
            if self._closed is not None:
                self._closed.add_done_callback(self._cut)

    def _cut(self, closed: asyncio.Future[None]) -> None:
        """Tell who reads the body that it ended early, which aiohttp does not always do.

        It leaves out chunks that cannot be read, and takes a reset connection for the end of a
        body that only the end of the connection ends.
        """
        if closed.cancelled():
            return
        is_reset = closed.exception() is not None and self._ends_by_close
        if self._content.exception() is None and (is_reset or not self._content.is_eof()):
            self._content.set_exception(aiohttp.ClientPayloadError("the body was cut short"))

    @property
    def is_complete(self) -> bool:
        """Whether the whole body has arrived already; then `read` gives all that is left."""
        return self._content.is_eof()

    def read(self) -> bytes:
        """Return what has arrived, without waiting. Raises TargetFailed."""
        try:
            return self._content.read_nowait()
        except (aiohttp.ClientError, OSError) as error:
            raise failure_of(error) from error

    async def wait(self) -> bytes:
        """Return the next chunk, empty at the end. Raises TargetFailed when it is cut short."""
        try:
            chunk = await self._content.readany()
            if not chunk and (cut := self._content.exception()) is not None:
                raise cut
        except (aiohttp.ClientError, OSError) as error:
            raise failure_of(error) from error
        return chunk

    def abort(self) -> None:
        """Close the connection; waiting for the answer raises TargetFailed."""
        if self._content.exception() is None:
            self._content.set_exception(aiohttp.ClientConnectionError("closed"))
        abort_connection(self._connection, self._sending)

    def close(self) -> None:
        """Give the connection back, or close it if part of the answer is still to come."""
        protocol = self._connection.protocol
        if protocol is None:
            return
        if self._closed is not None:
            self._closed.remove_done_callback(self._cut)
        is_sent = self._sending is None or self._sending.done()
        if is_sent and self._content.at_eof() and not protocol.writing_paused:
            self._connection.release()
        else:
            self.abort()


def abort_connection(connection: Connection, sending: asyncio.Task[None] | None) -> None:
    """Close a connection at once: a target that reads no more would keep an orderly end waiting."""
    if sending is not None:
        sending.cancel()
    if connection.transport is not None:
        connection.transport.abort()
    connection.close()


class RefusedByPolicy(OSError):
    """A refusal in the shape that aiohttp expects of a resolver."""

    def __init__(self, refusal: AddressRefused) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


def failure_of(error: Exception) -> IonportError:
    """Return what an exception of aiohttp means to a client; the detail is for the log."""
    detail = f"{type(error).__name__}: {error}"
    for cause in (error, error.__cause__, error.__context__, getattr(error, "os_error", None)):
        if isinstance(cause, RefusedByPolicy):
            text = refused_text(cause.refusal)
            return TargetFailed(text, code="target_address_refused", detail=detail)
    if isinstance(error, TimeoutError):
        return TargetTimedOut(
            f"The target took no connection within {CONNECT_SECONDS:.0f} seconds.",
            detail=detail,
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return TargetFailed(
            "The name of the target is not known. Check the Target Endpoint URL.",
            code="target_unknown_host",
            detail=detail,
        )
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return TargetFailed(
            "The certificate of the target is not trusted.",
            code="target_certificate",
            detail=detail,
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return TargetFailed(
            "The target takes no connection. Check that it is running.",
            code="target_unreachable",
            detail=detail,
        )
    if isinstance(error, HttpProcessingError) and _ABOUT_SIZE.match(error.message):
        return TargetFailed(
            f"The target's answer has more than {MAX_HEADERS} headers, or one of more than"
            f" {MAX_HEADER_BYTES:,} bytes.",
            code="target_broken",
            detail=detail,
        )
    return TargetFailed(
        "The target broke off, or its answer is no HTTP.", code="target_broken", detail=detail
    )
