"""Asks clamd whether a file is malware (its protocol: `INSTREAM`, man clamd)."""

from __future__ import annotations

import socket
import struct
import time
from contextlib import closing
from typing import Final

from ionport.core.errors import InvalidInput, TooLarge, Unavailable
from ionport.core.i18n import _

MALWARE: Final = "malware_found"
AWAY: Final = "scanner_away"

_CHUNK: Final = 1 << 16
_LENGTH: Final = struct.Struct(">I")
_MAX_ANSWER: Final = 4_096
_CONNECT_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 60.0
_WAIT_SECONDS: Final = 2.0
_PAUSE_SECONDS: Final = 0.25


class Clamd:
    """A clamd that listens on TCP; `wait_seconds` is how long it may be away before a file is not
    taken.
    """

    def __init__(self, host: str, port: int, *, wait_seconds: float = _WAIT_SECONDS) -> None:
        self._address = (host, port)
        self._wait_seconds = wait_seconds

    def scan(self, content: bytes) -> None:
        """Return when clamd finds nothing in `content`.

        Raises:
            InvalidInput: `malware_found`; the text names what clamd found.
            TooLarge: over clamd's own limit.
            Unavailable: `scanner_away`, clamd does not answer or answers with an error.
        """
        deadline = time.monotonic() + self._wait_seconds
        while True:
            try:
                answer = self._ask(content)
                break
            except OSError as error:
                if time.monotonic() >= deadline:
                    raise _away(str(error)) from error
                time.sleep(_PAUSE_SECONDS)
        if answer.endswith("FOUND"):
            name = answer.removeprefix("stream: ").removesuffix(" FOUND")
            raise InvalidInput(
                _("The virus scanner found {name} in this file. It was not taken in.").format(
                    name=name[:100]
                ),
                code=MALWARE,
                detail=answer,
            )
        if "size limit exceeded" in answer:
            raise TooLarge(
                _(
                    "This file is larger than the virus scanner takes (its StreamMaxLength, which"
                    " the operator may raise). It was not taken in."
                ),
                code="too_large",
                detail=answer,
            )
        if not answer.endswith("OK"):
            raise _away(answer)

    def _ask(self, content: bytes) -> str:
        with closing(socket.create_connection(self._address, _CONNECT_SECONDS)) as connection:
            connection.settimeout(_ANSWER_SECONDS)
            try:
                connection.sendall(b"zINSTREAM\0")
                for start in range(0, len(content), _CHUNK):
                    chunk = content[start : start + _CHUNK]
                    connection.sendall(_LENGTH.pack(len(chunk)) + chunk)
                connection.sendall(_LENGTH.pack(0))
            except (BrokenPipeError, ConnectionResetError):
                # Over its StreamMaxLength it answers and hangs up before all was sent.
                pass
            return _answer(connection)


def _answer(connection: socket.socket) -> str:
    answer = bytearray()
    while not answer.endswith(b"\0") and len(answer) < _MAX_ANSWER:
        received = connection.recv(_MAX_ANSWER)
        if not received:
            break
        answer += received
    if not answer:
        raise ConnectionError("clamd hung up without an answer")
    return answer.rstrip(b"\0\n").decode(errors="replace")


def _away(detail: str) -> Unavailable:
    return Unavailable(
        _(
            "The virus scanner does not answer, and no file is taken in without it. Nothing was"
            " stored: send the file again when the scanner runs."
        ),
        code=AWAY,
        detail=detail,
    )
