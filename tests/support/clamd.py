"""A socket that speaks clamd's INSTREAM."""

from __future__ import annotations

import base64
import socket
import struct
import threading

# The EICAR test file, encoded so that no scanner takes this one for it.
EICAR = base64.b64decode(
    "WDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FSLVNUQU5EQVJELUFOVElWSVJVUy1URVNULUZJTEUhJEgrSCo="
)


class FakeClamd:
    """Finds EICAR; hangs up on the first `hang_up` calls, or says `answer` to all."""

    def __init__(self, *, answer: bytes = b"", hang_up: int = 0) -> None:
        self._answer, self._hang_up = answer, hang_up
        self.seen: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> FakeClamd:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                if self._hang_up:
                    self._hang_up -= 1
                    continue
                assert stream.read(10) == b"zINSTREAM\0"
                content = bytearray()
                while size := struct.unpack(">I", stream.read(4))[0]:
                    content += stream.read(size)
                self.seen.append(bytes(content))
                found = b"Eicar-Test-Signature FOUND" if EICAR in content else b"OK"
                connection.sendall((self._answer or b"stream: " + found) + b"\0")
