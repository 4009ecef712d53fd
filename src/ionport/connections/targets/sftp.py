"""A folder of an SFTP server, known by its pinned host key."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from ionport.connections.model import TargetKind
from ionport.connections.targets import errors
from ionport.connections.targets.errors import TargetError
from ionport.connections.targets.files import WRITE, prove_files
from ionport.connections.targets.model import FileStore, Results, Target, TargetField
from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput, Unavailable
from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.core.sftp.session import (
    SftpAccount,
    SftpCause,
    SftpFailed,
    SftpSession,
    check_account,
    open_sftp,
)
from ionport.ionapi.addresses import AddressPolicy

_STAGE_OF: Final = {
    errors.ADDRESS_REFUSED: "network",
    errors.AWAY: "network",
    "no_asyncssh": "network",
    errors.HOST_KEY_CHANGED: "host_key",
    errors.SIGN_IN_REFUSED: "sign_in",
    errors.FOLDER_MISSING: "folder",
}


class SftpStore:
    """The files of a folder of an SFTP server (`FileStore`)."""

    def __init__(self, session: SftpSession, folder: str) -> None:
        self._session = session
        self._folder = folder

    def size(self, name: str) -> int | None:
        with _told(self._folder, name):
            return self._session.size(self._path(name))

    def read(self, name: str, most: int) -> bytes:
        with _told(self._folder, name):
            return self._session.read(self._path(name), most)

    def write(self, name: str, content: bytes) -> None:
        with _told(self._folder, name):
            self._session.write(self._path(name), content)

    def rename(self, old: str, new: str) -> None:
        # A server may let a rename replace a file, though the protocol forbids it.
        if self.size(new) is not None:
            raise errors.name_taken(new)
        with _told(self._folder, new, changes=True):
            self._session.rename(self._path(old), self._path(new))

    def remove(self, name: str) -> None:
        with _told(self._folder, name):
            if self._session.exists(self._path(name)):
                self._session.remove(self._path(name))

    def _path(self, name: str) -> str:
        return posixpath.join(self._folder, name)


class SftpType:
    """An SFTP server. Its folder is never made."""

    kind = TargetKind.SFTP
    fields: tuple[TargetField, ...] = (
        TargetField("host", lambda: _("Server URL"), lambda: _("Its name or address."), limit=253),
        TargetField("port", lambda: _("Port"), is_number=True, default="22"),
        TargetField("username", lambda: _("Username"), limit=200),
        TargetField(
            "host_key",
            lambda: _("Host key"),
            lambda: _(
                "The server's public key, such as ssh-ed25519 AAAA… Get it from whoever runs the"
                " server; another key is refused."
            ),
            limit=5_000,
            has_lines=True,
        ),
        TargetField(
            "folder",
            lambda: _("Folder"),
            lambda: _("Where files are put, such as /invoices. It must be there."),
            default="/",
        ),
    )
    stages: tuple[tuple[str, str], ...] = (
        ("network", "Name and connection"),
        ("host_key", "Host key"),
        ("sign_in", "Sign-in"),
        ("folder", "Folder"),
        WRITE,
    )

    @property
    def summary(self) -> str:
        return _("A folder of an SFTP server, known by its host key.")

    def secret_label(self) -> str:
        return _("Password or private key")

    def proposed_secret(self) -> Secret:
        return Secret("")

    def checked(self, target: Target, policy: AddressPolicy) -> Target:
        given = dict(target.parameters)
        given["host_key"] = " ".join(given.get("host_key", "").split())
        folder = posixpath.normpath(given.get("folder") or "/")
        if not folder.startswith("/") or "\0" in folder:
            wrong = _("Write a path that begins with /, such as /invoices.")
            raise InvalidInput(wrong, fields={"folder": wrong})
        checked = Target(self.kind, given | {"folder": folder}, target.secret)
        check_account(_account(checked), policy)
        return checked

    def place(self, parameters: Mapping[str, str]) -> str:
        return "sftp://{username}@{host}:{port}{folder}".format_map(parameters)

    def probe(self, target: Target, policy: AddressPolicy, clock: Clock) -> Results:
        return prove_files(self, target, policy, _STAGE_OF)

    @contextmanager
    def open(
        self, target: Target, folder: str, policy: AddressPolicy, seconds: float
    ) -> Iterator[FileStore]:
        path = posixpath.normpath(posixpath.join(target.parameters["folder"], folder))
        with _told(path, ""), open_sftp(_account(target), policy, seconds) as session:
            if not session.is_folder(path):
                raise errors.folder_missing(path)
            yield SftpStore(session, path)


def _account(target: Target) -> SftpAccount:
    given = target.parameters
    port = given.get("port", "")
    return SftpAccount(
        given.get("host", ""),
        int(port) if port.isascii() and port.isdigit() else 0,
        given.get("username", ""),
        given.get("host_key", ""),
        target.secret,
    )


@contextmanager
def _told(folder: str, name: str, *, changes: bool = False) -> Iterator[None]:
    """Raise TargetError for what fails in the block; `changes`: it may have had its effect."""
    try:
        yield
    except SftpFailed as error:
        raise _target_error(error, folder, name, changes) from error
    except Unavailable as error:
        raise TargetError(error.code, error.text) from error


def _target_error(error: SftpFailed, folder: str, name: str, changes: bool) -> TargetError:
    place = posixpath.join(folder, name)
    match error.cause:
        case SftpCause.HOST_KEY:
            remedy = _(
                "Ask whoever runs the server whether its key was changed. If so, write the new key"
                " into the connection; if not, somebody may be in between."
            )
            return TargetError(errors.HOST_KEY_CHANGED, error.text, remedy)
        case SftpCause.SIGN_IN:
            remedy = _("Check user name and password or key in the connection.")
            return TargetError(errors.SIGN_IN_REFUSED, error.text, remedy)
        case SftpCause.NO_FILE:
            return errors.folder_missing(folder)
        case SftpCause.NOT_PERMITTED:
            return errors.not_permitted(place)
        case SftpCause.TAKEN:
            return errors.name_taken(name)
        case SftpCause.FULL:
            return errors.full(place)
        case SftpCause.ADDRESS:
            return TargetError(errors.ADDRESS_REFUSED, error.text, detail=error.detail)
        case SftpCause.SILENT | SftpCause.AWAY:
            return TargetError(errors.AWAY, error.text, transient=True, sent=changes)
        case SftpCause.OTHER:
            remedy = _("Look at the server: its disk may be full, or the file in use.")
            return TargetError(TargetError.default_code, error.text, remedy, transient=True)
