"""Opens the folders of a source by its kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from ionport.core.sealing import KeyRing, SealedFor
from ionport.core.sftp.session import SftpAccount
from ionport.documents.intake.sources.folder import Mark, WatchFolder
from ionport.documents.intake.sources.model import IntakeSource, SourceKind, Stage
from ionport.documents.intake.sources.sftp_folder import SftpFolder
from ionport.ionapi.addresses import AddressPolicy


class Inbox(Protocol):
    """The folders of one source; `WatchFolder` and `SftpFolder` document the methods."""

    def alone(self) -> AbstractContextManager[bool]: ...

    def look(self) -> Mapping[str, Mark]: ...

    def take(self, name: str) -> None: ...

    def taken(self) -> Sequence[str]: ...

    def read(self, name: str, most: int) -> bytes: ...

    def why_unreadable(self, name: str) -> str: ...

    def archive(self, name: str) -> None: ...

    def set_aside(self, name: str, note: str) -> None: ...

    def put_back(self, name: str) -> None: ...

    def test(self) -> Iterator[Stage]: ...


class Inboxes:
    """Makes inboxes: opens sealed secrets, and checks addresses by the policy."""

    def __init__(self, keys: KeyRing, policy: AddressPolicy, locks: Path) -> None:
        """`locks` is a folder of this machine, with a file for each SFTP source."""
        self.keys = keys
        self.policy = policy
        self._locks = locks

    def of(self, source: IntakeSource) -> Inbox:
        """Return the inbox of a source."""
        if source.kind is SourceKind.FOLDER:
            return inbox_of(source)
        given = source.parameters
        account = SftpAccount(
            host=given["host"],
            port=int(given["port"]),
            username=given["username"],
            host_key=given["host_key"],
            secret=self.keys.open_secret(source.sealed, sealed_for(source)),
        )
        folders = (given["folder"], given["archive"], given["error"])
        return SftpFolder(account, self.policy, folders, self._locks / f"{source.id}.lock")


def inbox_of(source: IntakeSource) -> WatchFolder:
    """Return the inbox of a folder of this machine."""
    given = source.parameters
    archive = Path(given["archive"]) if "archive" in given else None
    return WatchFolder(Path(given["folder"]), archive, Path(given["error"]))


def sealed_for(source: IntakeSource) -> SealedFor:
    """Return what the password or key of a source belongs to."""
    return SealedFor("intake_source", source.organization_id, source.id)
