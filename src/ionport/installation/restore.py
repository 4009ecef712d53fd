"""Makes an installation of a backup, in an empty data folder and on either database.

Nothing is put in place before the whole archive was read and compared. An interrupted restore is
made anew by the same command.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, Final

from ionport.core.blobs import Blobs
from ionport.core.errors import Conflict, InvalidInput, NotFound, Unavailable
from ionport.core.i18n import _
from ionport.core.sealing import KeyRing, load_key_ring
from ionport.data_folder import DATABASE_FILE, LEARNED_FOLDER, prepare_folder
from ionport.installation.backup import (
    BLOBS,
    DATABASE,
    END,
    FORMAT,
    LEARNED,
    MANIFEST,
    PROBE,
    PROBE_TEXT,
)
from ionport.installation.databases import filled, finish, opened_under_a_name
from ionport.installation.rows import copy_rows
from ionport.migrations import upgrade
from ionport.settings import Settings
from ionport.store import Database, sqlite_url

_LARGEST_JSON: Final = 1 << 20
_LEARNED: Final = re.compile(rf"{LEARNED}/[A-Z0-9]+_[A-Z]+/[0-9a-f]+\.json")


def restore(settings: Settings, path: Path, blobs: Blobs) -> int:
    """Restore the backup at `path`; return how many stored files it had.

    The key ring of that installation has to be in its place: the file `keys.json` in the data
    folder, or IONPORT_KEYS. An older backup is brought up to this version's schema.

    Raises:
        InvalidInput: it is no backup, or damaged.
        NotFound: there is no such file.
        Conflict: the data folder or the database holds an installation.
        Unavailable: the key ring is missing or another one; a newer ionport made the backup.
    """
    if not path.is_file():
        raise NotFound(_("There is no file {path}.").format(path=path))
    if not settings.database_url and (settings.data / DATABASE_FILE).exists():
        raise Conflict(
            _("The data folder {path} holds an installation already. Name an empty one.").format(
                path=settings.data.absolute()
            ),
            code="database_not_empty",
        )
    prepare_folder(settings.data)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.data) as folder:
        rows = Path(folder) / DATABASE
        with _reading(path) as tar:
            count = _unpack(settings, tar, rows, blobs)
        with closing(Database(sqlite_url(rows), durable=False)) as database:
            upgrade(database)
            with database.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
        _put_in_place(settings, rows)
    return count


@contextmanager
def _reading(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, mode="r:") as tar:
            yield tar
    except (tarfile.TarError, EOFError) as error:
        raise _damaged(str(error)) from error


def _unpack(settings: Settings, tar: tarfile.TarFile, rows: Path, blobs: Blobs) -> int:
    """Write rows and files of the archive, each compared with its digest; return their number."""
    manifest, ended, count = None, None, 0
    for member in tar:
        content = tar.extractfile(member)
        if not member.isreg() or content is None:
            raise _damaged(f"{member.name} is no file")
        if member.name == MANIFEST:
            manifest = _json(content)
            _require_keys(settings, manifest)
        elif manifest is None:
            raise _damaged(f"it does not begin with {MANIFEST}")
        elif member.name == DATABASE:
            _write_rows(content, rows, str(manifest.get("database_sha256")))
        elif member.name.startswith(f"{BLOBS}/"):
            kept = content.read()
            if hashlib.sha256(kept).hexdigest() != member.name.removeprefix(f"{BLOBS}/"):
                raise _damaged(f"{member.name} is not what was stored")
            blobs.put(kept)
            count += 1
        elif _LEARNED.fullmatch(member.name):
            _write_learned(settings.data / LEARNED_FOLDER, member.name, content.read())
        elif member.name == END:
            ended = _json(content).get("files")
        else:
            raise _damaged(f"{member.name} does not belong there")
    if ended != count or not rows.exists():
        raise _damaged("its end is missing")
    return count


def _require_keys(settings: Settings, manifest: dict[str, Any]) -> None:
    if manifest.get("format") != FORMAT:
        raise _damaged("its format is unknown; a newer ionport may have made it")
    found = (
        KeyRing.from_text(settings.keys.reveal())
        if settings.keys
        else load_key_ring(settings.key_file)
    )
    if found is None:
        raise Unavailable(
            _(
                "The key ring of that installation is missing. Put its file keys.json at {path}"
                " first, or set IONPORT_KEYS: without it no secret can be opened."
            ).format(path=settings.key_file.absolute()),
            code="key_ring_lost",
        )
    try:
        is_ours = found.open(str(manifest.get("probe")), PROBE) == PROBE_TEXT
    except Unavailable:
        is_ours = False
    if not is_ours:
        raise Unavailable(
            _(
                "The key ring is another one: the backup was made with the key {key}. Put the"
                " file keys.json of that installation in its place."
            ).format(key=str(manifest.get("key"))[:80]),
            code="key_ring_another",
        )


def _write_learned(folder: Path, name: str, content: bytes) -> None:
    path = folder / name.removeprefix(f"{LEARNED}/")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(content)


def _write_rows(content: IO[bytes], path: Path, digest: str) -> None:
    with path.open("wb") as file:
        shutil.copyfileobj(content, file)
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            raise _damaged(f"{DATABASE} is not what was stored")


def _put_in_place(settings: Settings, rows: Path) -> None:
    if not settings.database_url:
        # Left of a database that was taken away, SQLite would read its journal into this one.
        for ending in ("-wal", "-shm", "-journal"):
            (settings.data / f"{DATABASE_FILE}{ending}").unlink(missing_ok=True)
        rows.replace(settings.data / DATABASE_FILE)
        return
    with (
        closing(Database(sqlite_url(rows), durable=False)) as source,
        opened_under_a_name(settings) as target,
        source.engine.connect() as connection,
    ):
        with filled(target) as other:
            copy_rows(connection, other)
        finish(target)


def _json(content: IO[bytes]) -> dict[str, Any]:
    try:
        found = json.loads(content.read(_LARGEST_JSON))
    except ValueError as error:
        raise _damaged(str(error)) from error
    if not isinstance(found, dict):
        raise _damaged("its manifest is none")
    return found


def _damaged(reason: str) -> InvalidInput:
    return InvalidInput(
        _("The file is no whole backup of ionport: {reason}.").format(reason=reason),
        code="backup_damaged",
    )
