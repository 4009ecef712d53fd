"""A real SFTP server (asyncssh) on a thread of its own, which serves one folder."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import asyncssh

from ionport.core.secrets import Secret
from ionport.core.sftp.session import SftpAccount

OnRename = Callable[[str, bool], None]
USER, PASSWORD = "scans", "correct horse"


class _Server(asyncssh.SSHServer):
    def __init__(
        self, keys: asyncssh.SSHAuthorizedKeys, made: list[asyncssh.SSHServerConnection]
    ) -> None:
        self._keys = keys
        self._made = made

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._made.append(conn)

    def begin_auth(self, username: str) -> bool:
        if username == USER:
            self._connection.set_authorized_keys(self._keys)
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


@dataclass(frozen=True, slots=True)
class SftpServer:
    """Where it listens, and the keys that it has and takes."""

    port: int
    host_key: str
    user_key: str

    def account(self, secret: str = PASSWORD, **changes: str) -> SftpAccount:
        values = {"host": "127.0.0.1", "username": USER, "host_key": self.host_key, **changes}
        return SftpAccount(port=self.port, secret=Secret(secret), **values)


def new_key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


def public(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


class _Files(asyncssh.SFTPServer):
    """Tells `on_rename` the new name before (False) and after (True) each rename.

    While `quota` is set, no more than its bytes are taken for a file.
    """

    def __init__(
        self,
        channel: asyncssh.SSHServerChannel,
        root: Path,
        on_rename: OnRename | None,
        quota: Sequence[int],
    ) -> None:
        super().__init__(channel, chroot=str(root).encode())
        self._on_rename = on_rename
        self._quota = quota

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        if self._quota and offset + len(data) > self._quota[0]:
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
        return int(super().write(file_obj, offset, data))

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        name = newpath.decode().rpartition("/")[2]
        if self._on_rename is not None:
            self._on_rename(name, False)
        super().rename(oldpath, newpath)
        if self._on_rename is not None:
            self._on_rename(name, True)


@contextmanager
def sftp_server(
    root: Path, on_rename: OnRename | None = None, quota: Sequence[int] = ()
) -> Iterator[SftpServer]:
    """Serve `root` as `/` until the block ends; `quota` is empty, or of one number of bytes."""
    loop, started = asyncio.new_event_loop(), threading.Event()
    host_key, user_key = new_key(), new_key()
    allowed = asyncssh.import_authorized_keys(public(user_key))
    ports: list[int] = []
    connections: list[asyncssh.SSHServerConnection] = []

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[host_key],
            server_factory=partial(_Server, allowed, connections),
            sftp_factory=lambda channel: _Files(channel, root, on_rename, quota),
        )

    def serve() -> None:
        asyncio.set_event_loop(loop)
        acceptor = loop.run_until_complete(listen())
        ports.append(acceptor.get_port())
        started.set()
        loop.run_forever()
        acceptor.close()
        loop.run_until_complete(acceptor.wait_closed())
        for connection in connections:
            # Of one that was cut, files may still be open.
            connection.abort()
            loop.run_until_complete(connection.wait_closed())

    thread = threading.Thread(target=serve, name="sftp-server")
    thread.start()
    try:
        assert started.wait(30)
        private = user_key.export_private_key().decode()
        yield SftpServer(ports[0], public(host_key), private)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
