"""A folder of an SFTP server, with the same steps as one of this machine.

A file is renamed at each step, so that it stands in one place whenever the process ends: in the
folder, in `.ionport` (taken, being imported), in the archive, or among the errors.
"""

from __future__ import annotations

import fcntl
import os
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ionport.core.errors import Unavailable
from ionport.core.files import private_opener
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.sftp.session import SftpAccount, SftpSession, open_sftp
from ionport.documents.intake.reading import clean_filename
from ionport.documents.intake.sources.folder import MAX_FILES, NOTE, TAKEN, UNFINISHED, Mark
from ionport.documents.intake.sources.model import Stage
from ionport.ionapi.addresses import AddressPolicy

_MAX_NAME: Final = 200


class SftpFolder:
    """The folders of one source; `lock` is a file of this machine that one process holds.

    Raises Unavailable where the server or one of the folders cannot be used.
    """

    def __init__(
        self,
        account: SftpAccount,
        policy: AddressPolicy,
        folders: tuple[str, str, str],
        lock: Path,
    ) -> None:
        self._account, self._policy, self._lock = account, policy, lock
        self._folder, self._archive, self._error = folders
        self._taken = posixpath.join(self._folder, TAKEN)
        self._open: SftpSession | None = None

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Sign on for the block; False when another process of this machine holds the lock."""
        self._lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(self._lock, "w", opener=private_opener) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            with open_sftp(self._account, self._policy) as self._open:
                try:
                    self._session.make_folder(self._taken)
                    yield True
                finally:
                    self._open = None

    def look(self) -> dict[str, Mark]:
        """Return the files that may be taken, by name: no hidden, linked or unfinished ones."""
        found = {
            one.name: Mark(one.size, one.changed, 0)
            for one in self._session.files(self._folder)
            if not one.name.startswith(".") and not one.name.lower().endswith(UNFINISHED)
        }
        return dict(sorted(found.items())[:MAX_FILES])

    def take(self, name: str) -> None:
        """Move a file to the taken ones; does nothing when it is gone."""
        source = posixpath.join(self._folder, name)
        if self._session.exists(source):
            self._session.rename(source, self._free(self._taken, clean_filename(name)))

    def taken(self) -> list[str]:
        """Return the files that were taken and not settled, also by a process that has ended."""
        return sorted(one.name for one in self._session.files(self._taken))[:MAX_FILES]

    def read(self, name: str, most: int) -> bytes:
        """Return a taken file, but no more of it than `most` bytes and one."""
        return self._session.read(posixpath.join(self._taken, name), most)

    def why_unreadable(self, name: str) -> str:
        """Return why a taken file cannot be read, "" when it can be."""
        try:
            self._session.read(posixpath.join(self._taken, name), 0)
        except Unavailable as error:
            return error.text
        return ""

    def archive(self, name: str) -> None:
        """Move a taken file to the archive."""
        self._session.make_folder(self._archive)
        target = self._free(self._archive, name)
        self._session.rename(posixpath.join(self._taken, name), target)

    def set_aside(self, name: str, note: str) -> None:
        """Move a taken file to the errors, with a note beside it that says why."""
        self._session.make_folder(self._error)
        target = self._free(self._error, name)
        self._session.write(target + NOTE, f"{note}\n".encode())
        self._session.rename(posixpath.join(self._taken, name), target)

    def put_back(self, name: str) -> None:
        """Move a taken file back into the folder; where its name is used again it stays taken."""
        target = posixpath.join(self._folder, name)
        if not self._session.exists(target):
            self._session.rename(posixpath.join(self._taken, name), target)

    def test(self) -> Iterator[Stage]:
        """Sign on, and try everything that is done with a file, with one that is removed again."""
        title = _("Name, host key and sign-in")
        try:
            with open_sftp(self._account, self._policy) as session:
                yield Stage(title)
                for title, folder in (
                    (_("Watched folder"), self._folder),
                    (_("Archive"), self._archive),
                    (_("Errors"), self._error),
                ):
                    yield Stage(title, self._problem(session, folder))
        except Unavailable as error:
            yield Stage(title, error.text)

    def _problem(self, session: SftpSession, folder: str) -> str:
        probe = posixpath.join(folder, f".{new_id('tmp')}.tmp")
        try:
            if folder != self._folder:
                session.make_folder(folder)
            session.files(folder)
            session.write(probe, b"ionport")
            session.rename(probe, f"{probe}.tmp")
            session.remove(f"{probe}.tmp")
        except Unavailable as error:
            return error.text
        return ""

    @property
    def _session(self) -> SftpSession:
        if self._open is None:
            raise RuntimeError("the folder is used outside of `alone`")
        return self._open

    def _free(self, folder: str, name: str) -> str:
        """Return a name in a folder that no file has; only one process moves files there."""
        short = os.fsencode(name)[-_MAX_NAME:].decode(errors="ignore")
        target, number = posixpath.join(folder, short), 1
        while self._session.exists(target) or self._session.exists(target + NOTE):
            number += 1
            stem, dot, ending = short.partition(".")
            target = posixpath.join(folder, f"{stem}-{number}{dot}{ending}")
        return target
