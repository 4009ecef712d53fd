"""SMB: the only module that imports smbprotocol (extra `smb`).

A session has connections of its own and belongs to one thread. The address is resolved once, judged
by the address policy and then connected to; messages are signed. smbprotocol waits without end for
an answer, so a timer closes the connection of a session that takes too long.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

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

_CODE: Final = "smb_unavailable"
_CHUNK: Final = 1024 * 1024
_LONGEST_MESSAGE: Final = 0xFF_FFFF
# [MS-ERREF] 2.3.1, of which smbprotocol tells the number alone.
_FULL: Final = frozenset({0xC000007F, 0xC0000044})
_DENIED: Final = frozenset({0xC0000022, 0xC0000061, 0xC00000A2})
# Another program has the file open, locks it or deletes it.
_IN_USE: Final = frozenset({0xC0000043, 0xC0000054, 0xC0000056})
_NO_SHARE: Final = 0xC00000CC
_BAD_NAME: Final = frozenset({0xC0000033, 0xC000003B})


@dataclass(frozen=True, slots=True)
class SmbAccount:
    """Where to sign on: a user name may have its domain before it, with a backslash."""

    host: str
    port: int
    share: str
    username: str
    password: Secret


def check_smb_account(account: SmbAccount, policy: AddressPolicy) -> None:
    """Raise InvalidInput for what is wrong: host, port, share, username or secret.

    Raises Unavailable when smbprotocol is not installed.
    """
    _smbclient()
    wrong = wrong_fields(account, policy)
    if not account.share or any(sign in account.share for sign in '/\\:*?"<>|'):
        wrong["share"] = _("Write the name of the share alone, such as invoices.")
    if not account.password.reveal():
        wrong["secret"] = _("Give a password.")
    if wrong:
        raise InvalidInput(next(iter(wrong.values())), code="invalid_smb", fields=wrong)


class SmbSession:
    """An open session; paths have `/`. Every method raises RemoteFailed where it fails."""

    def __init__(self, root: str, common: dict[str, Any]) -> None:
        self._root = root
        self._common = common
        self._smb = _smbclient()

    def is_folder(self, path: str) -> bool:
        with self._told(path):
            return bool(self._smb.path.isdir(self._unc(path), **self._common))

    def size(self, path: str) -> int | None:
        """Return the bytes of a file; None where there is none."""
        try:
            with self._told(path):
                return int(self._smb.stat(self._unc(path), **self._common).st_size)
        except RemoteFailed as error:
            if error.cause is RemoteCause.NO_FILE:
                return None
            raise

    def exists(self, path: str) -> bool:
        return self.size(path) is not None

    def read(self, path: str, most: int) -> bytes:
        """Return a file, but no more of it than `most` bytes and one."""
        with self._told(path), self._open(path, "rb") as file:
            content = bytearray()
            while len(content) <= most and (chunk := file.read(min(_CHUNK, most + 1))):
                content += chunk
            return bytes(content[: most + 1])

    def write(self, path: str, content: bytes) -> None:
        """Write a file anew."""
        with self._told(path), self._open(path, "wb") as file:
            view = memoryview(content)
            for start in range(0, len(view), _CHUNK):
                file.write(view[start : start + _CHUNK])

    def rename(self, old: str, new: str) -> None:
        """Move a file; another one is not replaced."""
        with self._told(new):
            self._smb.rename(self._unc(old), self._unc(new), **self._common)

    def remove(self, path: str) -> None:
        with self._told(path):
            self._smb.remove(self._unc(path), **self._common)

    def _open(self, path: str, mode: str) -> Any:
        return self._smb.open_file(self._unc(path), mode, share_access="r", **self._common)

    def _unc(self, path: str) -> str:
        inner = path.strip("/").replace("/", "\\")
        return f"{self._root}\\{inner}" if inner else self._root

    @contextmanager
    def _told(self, path: str) -> Iterator[None]:
        with _told_as(_("{path} on the SMB server cannot be used: {reason}."), path):
            yield


@contextmanager
def open_smb(account: SmbAccount, policy: AddressPolicy, seconds: float) -> Iterator[SmbSession]:
    """Sign on for the block, which may take `seconds` in all.

    Raises RemoteFailed with the reason: the name, the address, or the sign-in.
    """
    smb = _smbclient()
    address = admitted_address(account, policy, _CODE)
    cache: dict[str, Any] = {}
    common = {
        "username": account.username,
        "password": account.password.reveal(),
        "port": account.port,
        "connection_cache": cache,
    }
    timer = threading.Timer(seconds, _cut, (cache,))
    timer.daemon = True
    timer.start()
    try:
        with _told_as(_("The SMB server cannot be used: {reason}."), ""):
            smb.register_session(
                address, **common, connection_timeout=CONNECT_SECONDS, auth_protocol="ntlm"
            )
        yield SmbSession(f"\\\\{address}\\{account.share}", common)
    finally:
        timer.cancel()
        with suppress(Exception):
            smb.reset_connection_cache(fail_on_error=False, connection_cache=cache)


def _cut(cache: dict[str, Any]) -> None:
    for connection in list(cache.values()):
        with suppress(OSError):
            connection.transport.close()


@contextmanager
def _told_as(text: str, path: str) -> Iterator[None]:
    """Raise RemoteFailed for what smbprotocol raises in the block."""
    exceptions = _smbprotocol_exceptions()
    try:
        yield
    except (exceptions.SMBException, OSError, ValueError) as error:
        cause, reason = _cause(exceptions, error)
        failed = text.format(path=path, reason=reason)
        raise RemoteFailed(failed, cause, _CODE, str(error)[:500]) from error


def _cause(exceptions: ModuleType, error: Exception) -> tuple[RemoteCause, str]:
    """Return what an error of smbprotocol means, and as a reason for people."""
    status = getattr(error, "ntstatus", None)
    if status is None:
        status = getattr(error, "status", None)
    number = getattr(error, "errno", None)
    if isinstance(error, exceptions.SMBAuthenticationError | exceptions.LogonFailure):
        return RemoteCause.SIGN_IN, _("it refuses user name or password")
    if status in _FULL or number in (errno.ENOSPC, errno.EDQUOT):
        return RemoteCause.FULL, _("there is no space left")
    # smbprotocol gives it the number of a missing permission too.
    if status in _IN_USE:
        return RemoteCause.IN_USE, _("another program has it open")
    if status in _DENIED or number in (errno.EACCES, errno.EPERM):
        return RemoteCause.NOT_PERMITTED, _("access is denied")
    if status == _NO_SHARE:
        return RemoteCause.NO_FILE, _("there is no such share")
    if status in _BAD_NAME:
        return RemoteCause.NAME, _("the name is not allowed")
    if number in (errno.ENOENT, errno.ENOTDIR):
        return RemoteCause.NO_FILE, _("there is no such file or folder")
    if number == errno.EEXIST:
        return RemoteCause.TAKEN, _("a file of this name is there")
    if status is not None:
        return RemoteCause.OTHER, _("it answered with status 0x{status:08X}").format(status=status)
    return RemoteCause.AWAY, _("it does not answer, or the line was cut")


def _smbclient() -> Any:
    try:
        import smbclient
        import smbclient.path
        import smbprotocol.connection
    except ImportError as error:
        raise Unavailable(
            _("SMB needs the package smbprotocol: install ionport[smb]."), code="no_smbprotocol"
        ) from error
    connection = smbprotocol.connection
    if not hasattr(connection.Tcp, "is_bounded"):
        connection.Tcp = _bounded(connection.Tcp)
    return smbclient


def _bounded(tcp: Any) -> Any:
    """Return smbprotocol's connection, closed when a message announces an impossible length.

    smbprotocol reserves as much memory as the first four bytes say, up to 4 GB: a server of HTTP at
    that port asks for 1.2 GB. Source: [MS-SMB2] 2.1, a zero and three bytes of length.
    """

    class BoundedTcp(tcp):  # type: ignore[misc]
        is_bounded = True

        def _recv(self, length: int, timeout: float) -> Any:
            if length > _LONGEST_MESSAGE:
                self.close()
                # As for a connection that the server has closed.
                return None, timeout
            return super()._recv(length, timeout)

    return BoundedTcp


def _smbprotocol_exceptions() -> ModuleType:
    import smbprotocol.exceptions

    module: ModuleType = smbprotocol.exceptions
    return module
