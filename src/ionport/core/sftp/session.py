"""SFTP: the only module that imports asyncssh (extra `sftp`).

A session belongs to one thread, has a loop of its own, and every call an end. The server is known
by its pinned host key, and its address is resolved once, judged by the address policy and then
connected to.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, TypeVar

from ionport.core.errors import InvalidInput, Unavailable
from ionport.core.i18n import _
from ionport.core.remote_files import (
    CONNECT_SECONDS,
    RemoteCause,
    RemoteFailed,
    admitted_address,
    wrong_fields,
)
from ionport.core.secrets import Secret
from ionport.ionapi.addresses import AddressPolicy

CALL_SECONDS: Final = 60.0
MAX_ENTRIES: Final = 10_000
"""How many names of a folder are read at most."""

_CODE: Final = "sftp_unavailable"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SftpAccount:
    """Where to sign on, and how: `secret` is a password, or a private key in OpenSSH's form.

    `host_key` is the server's public key as `known_hosts` has it: `ssh-ed25519 AAAA…`.
    """

    host: str
    port: int
    username: str
    host_key: str
    secret: Secret

    @property
    def is_key(self) -> bool:
        return is_private_key(self.secret)


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a folder; `changed` is its time of change in seconds, as the server tells it."""

    name: str
    size: int
    changed: int


def is_private_key(secret: Secret) -> bool:
    """Tell whether a secret is a private key and no password."""
    return "PRIVATE KEY-----" in secret.reveal()[:200]


def check_account(account: SftpAccount, policy: AddressPolicy) -> str:
    """Return the fingerprint of the host key (SHA256:…).

    Raises:
        InvalidInput: naming what is wrong: host, port, username, host_key or secret.
        Unavailable: asyncssh is not installed.
    """
    ssh = _asyncssh()
    wrong = wrong_fields(account, policy)
    if not account.secret.reveal():
        wrong["secret"] = _("Give a password or a private key.")
    fingerprint = ""
    try:
        fingerprint = ssh.import_public_key(account.host_key).get_fingerprint()
    except (ssh.KeyImportError, ValueError):
        wrong["host_key"] = _("Write the server's public key, such as ssh-ed25519 AAAA…")
    if account.is_key:
        try:
            ssh.import_private_key(account.secret.reveal())
        except (ssh.KeyImportError, ssh.KeyEncryptionError, ValueError):
            wrong["secret"] = _("The private key cannot be read; it must have no pass phrase.")
    if wrong:
        raise InvalidInput(next(iter(wrong.values())), code="invalid_sftp", fields=wrong)
    return str(fingerprint)


class SftpSession:
    """An open session; every method raises RemoteFailed with the reason where it fails."""

    def __init__(self, runner: asyncio.Runner, client: Any, seconds: float) -> None:
        self._runner = runner
        self._client = client
        self._seconds = seconds

    def files(self, folder: str) -> list[RemoteFile]:
        """Return the plain files of a folder: no folders, no links."""
        return self._call(folder, self._files(folder))

    async def _files(self, folder: str) -> list[RemoteFile]:
        found, seen = [], 0
        async for entry in self._client.scandir(folder):
            seen += 1
            if entry.attrs.type == 1:
                attributes = entry.attrs
                name, size = str(entry.filename), attributes.size or 0
                found.append(RemoteFile(name, size, attributes.mtime or 0))
            if seen >= MAX_ENTRIES:
                break
        return found

    def read(self, path: str, most: int) -> bytes:
        """Return a file, but no more of it than `most` bytes and one."""

        async def read() -> bytes:
            async with self._client.open(path, "rb") as file:
                content: bytes = await file.read(most + 1)
                return content

        return self._call(path, read())

    def write(self, path: str, content: bytes) -> None:
        """Write a file anew; where the server can, it lies on its disk when this returns."""

        async def write() -> None:
            ssh = _asyncssh()
            try:
                async with self._client.open(path, "wb") as file:
                    await file.write(content)
                    with suppress(ssh.SFTPOpUnsupported):
                        await file.fsync()
            except ssh.SFTPFailure as error:
                # Protocol 3 has no other code for a full disk or a quota.
                if await self._is_full(path, len(content), str(error)):
                    raise ssh.SFTPNoSpaceOnFilesystem(str(error)) from error
                raise

        self._call(path, write())

    async def _is_full(self, path: str, wanted: int, said: str) -> bool:
        """Whether a write failed for lack of space, by the server's message or its free space."""
        if any(os.strerror(number) in said for number in (errno.ENOSPC, errno.EDQUOT)):
            return True
        try:
            room = await self._client.statvfs(path.rpartition("/")[0] or "/")
        except _asyncssh().SFTPError:
            return False
        return bool(room.bavail * room.frsize < wanted or (room.files and not room.favail))

    def size(self, path: str) -> int | None:
        """Return the bytes of a file; None where there is none."""
        try:
            attributes = self._call(path, self._client.stat(path))
        except RemoteFailed as error:
            if error.cause is RemoteCause.NO_FILE:
                return None
            raise
        return int(attributes.size or 0)

    def is_folder(self, path: str) -> bool:
        return bool(self._call(path, self._client.isdir(path)))

    def exists(self, path: str) -> bool:
        return bool(self._call(path, self._client.lexists(path)))

    def rename(self, old: str, new: str) -> None:
        """Move a file; a server that follows the protocol overwrites none."""
        self._call(old, self._client.rename(old, new))

    def make_folder(self, path: str) -> None:
        """Make a folder, unless it is there."""
        self._call(path, self._client.makedirs(path, exist_ok=True))

    def remove(self, path: str) -> None:
        self._call(path, self._client.remove(path))

    def _call(self, path: str, call: Coroutine[Any, Any, T]) -> T:
        return _run(self._runner, call, self._seconds, lambda reason: _of_file(path, reason))


@contextmanager
def open_sftp(
    account: SftpAccount, policy: AddressPolicy, seconds: float = CALL_SECONDS
) -> Iterator[SftpSession]:
    """Sign on for the block; each call in it may take `seconds`.

    Raises RemoteFailed with the reason: the name, the address, the host key, or the sign-in.
    """
    address = admitted_address(account, policy, _CODE)
    with asyncio.Runner() as runner:
        connection, client = _run(
            runner, _connect(account, address), CONNECT_SECONDS, _not_connected
        )
        try:
            yield SftpSession(runner, client, seconds)
        finally:
            client.exit()
            connection.abort()
            runner.run(asyncio.wait_for(connection.wait_closed(), CONNECT_SECONDS))


async def _connect(account: SftpAccount, address: str) -> tuple[Any, Any]:
    ssh = _asyncssh()
    secret = account.secret.reveal()
    given: dict[str, Any] = {"password": secret, "client_keys": None}
    if account.is_key:
        given = {"client_keys": [ssh.import_private_key(secret)], "password": None}
    connection = await ssh.connect(
        address,
        account.port,
        username=account.username,
        known_hosts=([ssh.import_public_key(account.host_key)], [], []),
        # Nothing of the user who runs this process: no ~/.ssh, no agent, no configuration.
        config=None,
        agent_path=None,
        preferred_auth=("publickey",) if account.is_key else ("password", "keyboard-interactive"),
        login_timeout=CONNECT_SECONDS,
        **given,
    )
    try:
        return connection, await connection.start_sftp_client()
    except BaseException:
        connection.abort()
        raise


def _run(
    runner: asyncio.Runner,
    call: Coroutine[Any, Any, T],
    seconds: float,
    failed: Callable[[str], str],
) -> T:
    ssh = _asyncssh()
    try:
        return runner.run(_ended(call, seconds))
    except (ssh.Error, OSError) as error:
        cause = _cause(ssh, error)
        reason = _reasons().get(cause) or _plain(error)
        raise RemoteFailed(failed(reason), cause, _CODE) from error


def _cause(ssh: ModuleType, error: Exception) -> RemoteCause:
    """Return what an error of asyncssh means; a server of protocol 3 tells little."""
    kinds = (
        (RemoteCause.HOST_KEY, ssh.HostKeyNotVerifiable),
        (RemoteCause.SIGN_IN, ssh.PermissionDenied),
        (RemoteCause.NO_FILE, (ssh.SFTPNoSuchFile, ssh.SFTPNoSuchPath)),
        (RemoteCause.NOT_PERMITTED, (ssh.SFTPPermissionDenied, ssh.SFTPWriteProtect)),
        (RemoteCause.TAKEN, ssh.SFTPFileAlreadyExists),
        (RemoteCause.IN_USE, (ssh.SFTPLockConflict, ssh.SFTPDeletePending)),
        (RemoteCause.FULL, (ssh.SFTPNoSpaceOnFilesystem, ssh.SFTPQuotaExceeded)),
        (RemoteCause.SILENT, TimeoutError),
        (RemoteCause.AWAY, (ssh.SFTPConnectionLost, ssh.SFTPNoConnection)),
        (RemoteCause.OTHER, ssh.SFTPError),
    )
    return next((cause for cause, kind in kinds if isinstance(error, kind)), RemoteCause.AWAY)


def _reasons() -> dict[RemoteCause, str]:
    return {
        RemoteCause.HOST_KEY: _("it has another host key than the one that is pinned"),
        RemoteCause.SIGN_IN: _("it refuses user name, password or key"),
        RemoteCause.SILENT: _("it does not answer in time"),
    }


def _plain(error: Exception) -> str:
    """Return asyncssh's words, and those of the system without its number and address."""
    if isinstance(error, ConnectionRefusedError):
        return _("nothing listens at its port")
    if isinstance(error, OSError):
        return os.strerror(error.errno) if error.errno else _("no connection could be made")
    return str(error)[:300].rstrip(".") or type(error).__name__


async def _ended(call: Coroutine[Any, Any, T], seconds: float) -> T:
    async with asyncio.timeout(seconds):
        return await call


def _asyncssh() -> ModuleType:
    try:
        import asyncssh
    except ImportError as error:
        raise Unavailable(
            _("SFTP needs the package asyncssh: install ionport[sftp]."), code="no_asyncssh"
        ) from error
    module: ModuleType = asyncssh
    return module


def _not_connected(reason: str) -> str:
    return _("The SFTP server cannot be used: {reason}.").format(reason=reason)


def _of_file(path: str, reason: str) -> str:
    return _("{path} on the SFTP server cannot be used: {reason}.").format(path=path, reason=reason)
