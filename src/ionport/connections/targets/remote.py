"""Files of a server, by SFTP or SMB, as targets use them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from ionport.connections.targets import errors
from ionport.connections.targets.errors import TargetError
from ionport.connections.targets.files import FileType
from ionport.connections.targets.model import FileStore, Target
from ionport.core.errors import Unavailable
from ionport.core.i18n import _
from ionport.core.remote_files import RemoteCause, RemoteFailed
from ionport.ionapi.addresses import AddressPolicy


class RemoteSession(Protocol):
    """An open session of a server: paths with `/`; every method raises RemoteFailed."""

    def size(self, path: str) -> int | None: ...
    def exists(self, path: str) -> bool: ...
    def is_folder(self, path: str) -> bool: ...
    def read(self, path: str, most: int) -> bytes: ...
    def write(self, path: str, content: bytes) -> None: ...
    def rename(self, old: str, new: str) -> None: ...
    def remove(self, path: str) -> None: ...


class RemoteStore:
    """The files of a folder of a server (`FileStore`)."""

    def __init__(self, session: RemoteSession, folder: str) -> None:
        self._session = session
        self._folder = folder

    def size(self, name: str) -> int | None:
        with told(self._folder, name):
            return self._session.size(self._path(name))

    def read(self, name: str, most: int) -> bytes:
        with told(self._folder, name):
            return self._session.read(self._path(name), most)

    def write(self, name: str, content: bytes) -> None:
        with told(self._folder, name):
            self._session.write(self._path(name), content)

    def rename(self, old: str, new: str) -> None:
        # A server may let a rename replace a file, though the protocol forbids it.
        if self.size(new) is not None:
            raise errors.name_taken(new)
        with told(self._folder, new, changes=True):
            self._session.rename(self._path(old), self._path(new))

    def remove(self, name: str) -> None:
        with told(self._folder, name):
            if self._session.exists(self._path(name)):
                self._session.remove(self._path(name))

    def _path(self, name: str) -> str:
        return posixpath.join(self._folder, name)


class RemoteType(FileType, Protocol):
    """A kind whose targets are servers of files. Their folder is never made."""

    stage_of: Mapping[str, str] = {
        errors.ADDRESS_REFUSED: "network",
        errors.AWAY: "network",
        errors.HOST_KEY_CHANGED: "host_key",
        errors.SIGN_IN_REFUSED: "sign_in",
        errors.FOLDER_MISSING: "folder",
        # What the kind needs is not installed.
        "no_asyncssh": "network",
        "no_smbprotocol": "network",
    }

    def path(self, target: Target, folder: str) -> str:
        """Return the path of a folder below the target's own, as its sessions take it."""
        ...

    def session(
        self, target: Target, policy: AddressPolicy, seconds: float
    ) -> AbstractContextManager[RemoteSession]:
        """Sign on for the block; raises RemoteFailed."""
        ...

    @contextmanager
    def open(
        self, target: Target, folder: str, policy: AddressPolicy, seconds: float
    ) -> Iterator[FileStore]:
        """Open a folder below the target's own for the block."""
        path = self.path(target, folder)
        with told(path or "/", ""), self.session(target, policy, seconds) as session:
            if not session.is_folder(path):
                raise errors.folder_missing(path or "/")
            yield RemoteStore(session, path)


def port_of(target: Target) -> int:
    """Return the port of a target; 0 for what is no number, which no check lets pass."""
    port = target.parameters.get("port", "")
    return int(port) if port.isascii() and port.isdigit() else 0


@contextmanager
def told(folder: str, name: str, *, changes: bool = False) -> Iterator[None]:
    """Raise TargetError for what fails in the block; `changes`: it may have had its effect."""
    try:
        yield
    except RemoteFailed as error:
        raise _target_error(error, folder, name, changes) from error
    except Unavailable as error:
        raise TargetError(error.code, error.text) from error


def _target_error(error: RemoteFailed, folder: str, name: str, changes: bool) -> TargetError:
    place = posixpath.join(folder, name)
    match error.cause:
        case RemoteCause.HOST_KEY:
            remedy = _(
                "Ask whoever runs the server whether its key was changed. If so, write the new key"
                " into the connection; if not, somebody may be in between."
            )
            return TargetError(errors.HOST_KEY_CHANGED, error.text, remedy)
        case RemoteCause.SIGN_IN:
            remedy = _("Check user name and password or key in the connection.")
            return TargetError(errors.SIGN_IN_REFUSED, error.text, remedy)
        case RemoteCause.NO_FILE:
            return errors.folder_missing(folder)
        case RemoteCause.NOT_PERMITTED:
            return errors.not_permitted(place)
        case RemoteCause.TAKEN:
            return errors.name_taken(name)
        case RemoteCause.NAME:
            return errors.name_refused(name)
        case RemoteCause.FULL:
            return errors.full(place)
        case RemoteCause.IN_USE:
            return errors.in_use(place)
        case RemoteCause.ADDRESS:
            return TargetError(errors.ADDRESS_REFUSED, error.text, detail=error.detail)
        case RemoteCause.SILENT | RemoteCause.AWAY:
            return TargetError(
                errors.AWAY, error.text, errors.when_away(), transient=True, sent=changes
            )
        case RemoteCause.OTHER:
            remedy = _("Look at the server: its disk may be full, or the file in use.")
            # Such as SSH_FX_FAILURE, which says nothing of what was done.
            return TargetError(
                TargetError.default_code, error.text, remedy, transient=True, sent=changes
            )
