"""The data folder, its database and its stored files: made by servers, only opened by commands.

`up`, `worker`, `demo` and `sandbox up` make what is missing and upgrade an older schema; every
other command refuses a folder that no server has made, and makes nothing in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from ionport.core.blobs import Blobs, FolderBlobs
from ionport.core.errors import Unavailable
from ionport.core.files import make_private_folder, take_from_others, try_writing
from ionport.core.i18n import _
from ionport.core.sealing import KeyRing, create_key_ring, load_key_ring
from ionport.migrations import current_revision, refuse_moved, upgrade
from ionport.settings import Settings
from ionport.store import Database, has_sealed_values, sqlite_url

DATABASE_FILE: Final = "ionport.db"
BLOBS_FOLDER: Final = "blobs"
# Learned files with tenants' metadata, for the sandbox; a folder for each tenant.
LEARNED_FOLDER: Final = "learned"
# The files by which a data folder is recognised, and those that other users may not read.
_KNOWN_FILES: Final = (DATABASE_FILE, "keys.json", BLOBS_FOLDER, "ionport.toml")
_PRIVATE_FILES: Final = (
    *("ionport.*", "keys.json*", "served.json", "dbos.sqlite*", "*.ionapi", BLOBS_FOLDER),
    LEARNED_FOLDER,
)


def prepare_folder(folder: Path) -> None:
    """Make the data folder, or take the rights of others away from the one that is there.

    Raises:
        Unavailable: it cannot be made or written.
    """
    try:
        make_private_folder(folder, _KNOWN_FILES)
        take_from_others(folder, _PRIVATE_FILES)
        try_writing(folder)
    except OSError as error:
        raise Unavailable(
            _(
                "The data folder {path} cannot be written: {reason}. Give this user the right to"
                " write there, or choose another folder with --data or IONPORT_DATA."
            ).format(path=folder.absolute(), reason=error.strerror or type(error).__name__),
            code="data_folder_not_writable",
            detail=str(error),
        ) from error


def require_data_folder(settings: Settings) -> None:
    """Raise Unavailable when no start has made this data folder."""
    is_there = settings.data.is_dir()
    if not is_there or not (settings.database_url or (settings.data / DATABASE_FILE).exists()):
        raise nothing_here(settings)


def nothing_here(settings: Settings) -> Unavailable:
    """Return the error of a command about a folder that no server has made."""
    return Unavailable(
        _(
            "There is no ionport in the data folder {path}. Start it there once with 'ionport up',"
            " or name another folder with --data or IONPORT_DATA."
        ).format(path=settings.data.absolute()),
        code="no_data_folder",
    )


def upgrade_existing(settings: Settings) -> tuple[str, str]:
    """Bring the schema of an existing database up to date; return the revisions before and after.

    Raises:
        Unavailable: there is no data folder, or as `opened_database`.
    """
    if not settings.database_url:
        require_data_folder(settings)
    with opened_database(settings) as database:
        before = current_revision(database)
        upgrade(database)
        after = current_revision(database)
    database.close()
    return before, after


def load_keys(settings: Settings, database: Database, *, makes_new: bool = True) -> KeyRing:
    """Return the key ring of `IONPORT_KEYS`, or of the key file (made at the first start).

    Without `makes_new` a missing key file is always an error.

    Raises:
        Unavailable: it cannot be read; or the file is gone and the database has sealed values,
            which no other ring opens.
    """
    if settings.keys:
        return KeyRing.from_text(settings.keys.reveal())
    if (found := load_key_ring(settings.key_file)) is not None:
        return found
    is_lost = not makes_new
    if makes_new:
        with database.read() as work:
            is_lost = has_sealed_values(work.connection)
    if is_lost:
        raise Unavailable(
            _(
                "The key file {path} is missing, and the database may hold secrets that only its"
                " keys open. Restore that file from a backup ({name}.previous is the one before the"
                " last rotation), or set IONPORT_KEYS."
            ).format(path=settings.key_file.absolute(), name=settings.key_file.name),
            code="key_ring_lost",
        )
    return create_key_ring(settings.key_file)


@contextmanager
def opened_database(settings: Settings, *, also_moved: bool = False) -> Iterator[Database]:
    """Open the database; it is closed again when the block fails, and the error says which one.

    A moved database is refused, at each connection, unless `also_moved`.
    """
    database = Database(database_url(settings), connections=settings.database_connections)
    if not also_moved:
        refuse_moved(database)
    try:
        yield database
    except BaseException as error:
        database.close()
        if not isinstance(error, OperationalError):
            raise
        url = make_url(database_url(settings))
        reason = str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__
        raise Unavailable(
            _("The database {name} cannot be used: {reason}").format(
                name=url.render_as_string(hide_password=True), reason=reason
            ),
            code="database_unavailable",
            detail=str(error.orig),
        ) from error


def database_url(settings: Settings) -> str:
    """Return the URL of the database that the settings name."""
    if not settings.database_url:
        return sqlite_url(settings.data / DATABASE_FILE)
    url = make_url(settings.database_url).set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)


def stored_files(settings: Settings) -> Blobs:
    """Return the store of file contents: the data folder, or the bucket of the settings.

    Raises:
        InvalidInput: the setting is no address of a bucket.
        Unavailable: the extra `s3` is not installed.
    """
    return open_stored_files(settings.blobs_url, settings.data / BLOBS_FOLDER)


def open_stored_files(url: str, folder: Path) -> Blobs:
    """Return the bucket of a URL, or the folder when the URL is empty; raises as `stored_files`."""
    if not url:
        return FolderBlobs(folder)
    from ionport.core.blobs.s3 import S3Blobs, read_bucket

    return S3Blobs(read_bucket(url))
