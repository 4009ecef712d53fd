"""Writes a backup: one file with the rows, the stored files and what tells whether it is whole.

The file is a tar archive of `manifest.json`, `database.db` (SQLite, whatever database is used),
`blobs/…`, `learned/…` (what was learned of tenants) and `end.json`. The key ring is not in it: with
the backup alone no secret can be opened.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from ionport import __version__
from ionport.core.errors import Conflict, NotFound, Unavailable
from ionport.core.files import private_opener, sync_folder
from ionport.core.i18n import _
from ionport.core.sealing import SealedFor
from ionport.data_folder import (
    LEARNED_FOLDER,
    load_keys,
    opened_database,
    require_data_folder,
    stored_files,
)
from ionport.installation.rows import copy_rows
from ionport.migrations import newest_revision, require_current, upgrade
from ionport.settings import Settings
from ionport.store import Database, sqlite_url

MANIFEST: Final = "manifest.json"
DATABASE: Final = "database.db"
# The folder of the archive, wherever the installation keeps its files.
BLOBS: Final = "blobs"
LEARNED: Final = "learned"
END: Final = "end.json"
FORMAT: Final = 1
# A sealed value that only the right key ring opens.
PROBE: Final = SealedFor("backup", "installation", "probe")
PROBE_TEXT: Final = b"ionport"


@dataclass(frozen=True, slots=True)
class Backup:
    """What was written: the key that it needs, its stored files, its size in bytes.

    `damaged` are stored files that were left out: they are not what their names say.
    """

    key_id: str
    files: int
    size: int
    damaged: tuple[str, ...] = ()


def back_up(settings: Settings, path: Path, now: datetime) -> Backup:
    """Write a backup to `path`, while servers and workers may go on.

    The rows are of one moment. Files are copied after it, so that each file which a row names is
    there, but for those that retention deletes meanwhile and would delete again.

    Raises:
        Conflict: there is a file at `path`.
        Unavailable: it cannot be written; there is no data folder; its schema is another one.
    """
    require_data_folder(settings)
    if path.exists():
        raise Conflict(
            _("There is a file {path} already. Name another one.").format(path=path),
            code="backup_exists",
        )
    try:
        with tempfile.TemporaryDirectory(prefix=".ionport-backup-", dir=path.parent) as folder:
            return _write(settings, path, Path(folder), now)
    except OSError as error:
        raise Unavailable(
            _("The backup {path} cannot be written: {reason}.").format(
                path=path, reason=error.strerror or type(error).__name__
            ),
            code="backup_not_written",
        ) from error


def _write(settings: Settings, path: Path, folder: Path, now: datetime) -> Backup:
    rows, archive = folder / DATABASE, folder / "backup.tar"
    with opened_database(settings) as database:
        require_current(database)
        keys = load_keys(settings, database, makes_new=False)
        _copy_rows(database, rows)
    database.close()
    manifest = {
        "format": FORMAT,
        "ionport": __version__,
        "schema": newest_revision(),
        "made_at": now.isoformat(),
        "key": keys.current,
        "probe": keys.seal(PROBE_TEXT, PROBE),
        "database_sha256": _sha256(rows),
    }
    blobs, count, damaged = stored_files(settings), 0, list[str]()
    with (
        open(archive, "wb", opener=private_opener) as file,
        tarfile.open(fileobj=file, mode="w") as tar,
    ):
        _add_json(tar, MANIFEST, manifest)
        tar.add(rows, DATABASE, filter=_plain)
        for digest in blobs.digests():
            try:
                content = blobs.get(digest)
            except NotFound:
                # Deleted since the list was read.
                continue
            except Conflict:
                damaged.append(digest)
                continue
            _add(tar, f"{BLOBS}/{digest}", content)
            count += 1
        for kept in sorted((settings.data / LEARNED_FOLDER).glob("*/*.json")):
            _add(tar, f"{LEARNED}/{kept.parent.name}/{kept.name}", kept.read_bytes())
        _add_json(tar, END, {"files": count})
        tar.close()
        file.flush()
        os.fsync(file.fileno())
    # No other file of that name is replaced, whenever it came.
    path.hardlink_to(archive)
    sync_folder(path.parent)
    return Backup(keys.current, count, path.stat().st_size, tuple(damaged))


def _copy_rows(database: Database, path: Path) -> None:
    """Write one moment of a database into a new file of SQLite."""
    if database.is_sqlite:
        with database.reading_engine.connect() as connection, _file(path) as made:
            source: Any = connection.connection.driver_connection
            target: Any = made.connection.driver_connection
            source.backup(target)
        return
    with closing(Database(sqlite_url(path), durable=False)) as new:
        upgrade(new)
    with database.read() as work, _file(path) as made:
        work.connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        made.exec_driver_sql("BEGIN")
        copy_rows(work.connection, made)
        made.commit()


@contextmanager
def _file(path: Path) -> Iterator[Any]:
    """Open a SQLite file as one file, without a journal beside it once it is closed."""
    database = Database(sqlite_url(path), durable=False)
    try:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            yield connection
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
    finally:
        database.close()


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out the owner of a file."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _add_json(tar: tarfile.TarFile, name: str, content: object) -> None:
    _add(tar, name, json.dumps(content, indent=1).encode())


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = _plain(tarfile.TarInfo(name))
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
