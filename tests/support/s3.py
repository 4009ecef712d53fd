"""A server that speaks S3 (moto's), as a process of its own, with one bucket."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from tests.support.sides import until

BUCKET = "ionport"
KEYS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests"}


_SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=tests/20260101/us-east-1/s3/aws4_request,"
    " SignedHeaders=host, Signature=0"
}


@dataclass(frozen=True, slots=True)
class S3Server:
    """Where it listens; its process can be stopped."""

    port: int
    process: subprocess.Popen[bytes]

    def url(self, prefix: str = "", *, bucket: str = BUCKET) -> str:
        """The address of a bucket, as a setting has it."""
        return f"s3://{bucket}/{prefix}?endpoint=http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Call the server without obstore: moto wants a signature and believes any."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body=body, headers=_SIGNED)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@contextmanager
def s3_server(home: Path) -> Iterator[S3Server]:
    """Serve an empty bucket until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = int(listening.getsockname()[1])
    with (home / "moto.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        assert until(lambda: _listens(port), seconds=30), (home / "moto.log").read_text()
        server = S3Server(port, process)
        status, answer = server.ask("PUT", f"/{BUCKET}")
        assert status == 200, answer
        yield server
    finally:
        process.kill()
        process.wait(30)


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0
