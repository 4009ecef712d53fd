"""What a backup holds comes back whole, on either database, and nothing else is taken for one."""

from __future__ import annotations

import io
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ionport.application import open_application
from ionport.cli import main
from ionport.core.sealing import KeyRing
from ionport.installation.rows import contents
from ionport.settings import Side
from ionport.store import Database, sqlite_url
from ionport.tenant_tools.learn.folder import store, stored
from tests.support import databases, sides

ORIGIN = "http://127.0.0.1:8400"
STORED = b"a stored file"
LEARNED = b"MINM,TRNM,FLNM\nZZZ900MI,GetRate,ZONE\n"


def ionport(folder: Path, *arguments: str, url: str = "") -> Result:
    return CliRunner().invoke(
        main, ["--data", str(folder), *arguments], env={"IONPORT_DATABASE_URL": url}
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with sealed secrets of both sides and a stored file."""
    found = tmp_path_factory.mktemp("installation") / "data"
    credentials = sides.make_credentials(found, ORIGIN)
    application = open_application(sides.settings_of(found, Side.BOTH, origin=ORIGIN))
    sides.configure_export(application, credentials)
    application.blobs.put(STORED)
    store(found / "learned", application.tenant.id, LEARNED, "fields.csv", "")
    application.close()
    return found


@pytest.fixture(scope="module")
def backup(folder: Path) -> Path:
    path = folder.parent / "backup.tar"
    made = ionport(folder, "backup", str(path))
    assert made.exit_code == 0, made.output
    assert "Not in it: the key ring" in made.output
    return path


@pytest.fixture
def new(tmp_path: Path, folder: Path) -> Path:
    """An empty data folder with the key ring of the old one."""
    found = tmp_path / "new"
    found.mkdir()
    shutil.copy(folder / "keys.json", found)
    return found


@pytest.fixture
def postgresql() -> Iterator[str]:
    url = databases.fresh_postgresql()
    yield url
    databases.drop_postgresql(url)


def rows(url: str) -> dict[str, object]:
    database = Database(url)
    with database.engine.connect() as connection:
        found = dict(contents(connection))
    database.close()
    return found


def test_a_restored_installation_has_rows_files_and_secrets(
    folder: Path, backup: Path, new: Path
) -> None:
    restored = ionport(new, "restore", str(backup))
    assert restored.exit_code == 0, restored.output
    assert rows(sqlite_url(new / "ionport.db")) == rows(sqlite_url(folder / "ionport.db"))
    application = open_application(sides.settings_of(new, Side.BOTH, origin=ORIGIN))
    assert application.documents is not None
    assert [each.read_bytes() for each in (new / "blobs").rglob("*") if each.is_file()]
    (learned,) = stored(new / "learned", application.tenant.id)
    assert learned.learned.source == "fields.csv"
    scope = sides.OrganizationScope(application.organization.id)
    with application.database.read() as work:
        access = sides.Access(work, scope, sides.OPERATOR)
        connection = application.documents.connections.following(access, 1, None).items[0]
        assert application.documents.connections.credential(access, connection.id).ti
    application.close()


def test_the_journal_of_a_database_that_was_taken_away_does_not_come_into_the_restored_one(
    folder: Path, backup: Path, new: Path
) -> None:
    other = sqlite3.connect(new / "ionport.db", isolation_level=None)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("CREATE TABLE another (id)")
    for ending in ("-wal", "-shm"):
        shutil.copy(new / f"ionport.db{ending}", new / f"kept{ending}")
    other.close()
    (new / "ionport.db").unlink()
    for ending in ("-wal", "-shm"):
        (new / f"kept{ending}").rename(new / f"ionport.db{ending}")
    assert ionport(new, "restore", str(backup)).exit_code == 0
    assert rows(sqlite_url(new / "ionport.db")) == rows(sqlite_url(folder / "ionport.db"))


def test_a_backup_goes_to_postgresql_and_back(
    folder: Path, backup: Path, new: Path, postgresql: str, tmp_path: Path
) -> None:
    plain = postgresql.replace("+psycopg", "")
    assert ionport(new, "restore", str(backup), url=plain).exit_code == 0
    assert rows(postgresql) == rows(sqlite_url(folder / "ionport.db"))

    made = ionport(new, "backup", str(tmp_path / "of-postgresql.tar"), url=plain)
    assert made.exit_code == 0, made.output
    third = tmp_path / "third"
    third.mkdir()
    shutil.copy(folder / "keys.json", third)
    assert ionport(third, "restore", str(tmp_path / "of-postgresql.tar")).exit_code == 0
    assert rows(sqlite_url(third / "ionport.db")) == rows(postgresql)


def test_the_backup_holds_no_key_and_is_its_owner_s_alone(folder: Path, backup: Path) -> None:
    assert backup.stat().st_mode & 0o077 == 0
    ring = (folder / "keys.json").read_text()
    keys = KeyRing.from_text(ring)
    assert keys.current.encode() in backup.read_bytes()
    for value in ring.split('"'):
        assert len(value) < 40 or value.encode() not in backup.read_bytes()


def test_without_the_right_key_ring_nothing_is_restored(backup: Path, tmp_path: Path) -> None:
    missing = ionport(tmp_path / "a", "restore", str(backup))
    assert missing.exit_code == 1
    assert "keys.json" in missing.output
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "keys.json").write_text(KeyRing.generate().to_text())
    another = ionport(tmp_path / "b", "restore", str(backup))
    assert "another one" in another.output
    assert not list(tmp_path.rglob("ionport.db"))


def test_nothing_is_restored_over_an_installation(folder: Path, backup: Path) -> None:
    refused = ionport(folder, "restore", str(backup))
    assert refused.exit_code == 1
    assert "holds an installation already" in refused.output


def test_a_file_that_is_there_is_not_overwritten(folder: Path, backup: Path) -> None:
    refused = ionport(folder, "backup", str(backup))
    assert refused.exit_code == 1
    assert "already" in refused.output


def _cut(tar: bytes) -> bytes:
    return tar[: len(tar) // 2]


def _with_another_file(tar: bytes) -> bytes:
    """Add a file outside the data folder in front of the end."""
    made = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(tar)) as old, tarfile.open(fileobj=made, mode="w") as new:
        for member in old:
            new.addfile(member, old.extractfile(member))
        member = tarfile.TarInfo("../../evil")
        member.size = 1
        new.addfile(member, io.BytesIO(b"x"))
    return made.getvalue()


@pytest.mark.parametrize(
    "spoil",
    [
        _cut,
        _with_another_file,
        lambda tar: tar.replace(STORED, STORED[::-1]),
        lambda tar: tar.replace(b"SQLite format 3", b"SQLite format 4"),
        lambda _tar: b"no archive",
        lambda _tar: b"",
    ],
)
def test_a_damaged_backup_is_refused_whole(
    backup: Path, new: Path, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    spoiled = tmp_path / "spoiled.tar"
    spoiled.write_bytes(spoil(backup.read_bytes()))
    refused = ionport(new, "restore", str(spoiled))
    assert refused.exit_code == 1, refused.output
    assert "no whole backup" in refused.output
    assert not (new / "ionport.db").exists()
    assert not list(tmp_path.parent.rglob("evil"))
    assert ionport(new, "restore", str(backup)).exit_code == 0
