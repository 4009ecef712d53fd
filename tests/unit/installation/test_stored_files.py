"""Stored files go from the data folder into a bucket and back, and backups hold them either way."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ionport.application import open_application
from ionport.cli import main
from ionport.data_folder import open_stored_files
from ionport.settings import Side
from tests.support import sides
from tests.support.s3 import KEYS, S3Server, s3_server

ORIGIN = "http://127.0.0.1:8400"
STORED = [b"a stored file", b"another one", b"the third"]
DIGESTS = [hashlib.sha256(each).hexdigest() for each in STORED]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    found = tmp_path / "data"
    application = open_application(sides.settings_of(found, Side.BOTH, origin=ORIGIN))
    for content in STORED:
        application.blobs.put(content)
    application.close()
    return found


def ionport(folder: Path, *arguments: str, files: str = "") -> Result:
    environ = {"IONPORT_BLOBS_URL": files}
    return CliRunner().invoke(main, ["--data", str(folder), *arguments], env=environ)


def test_stored_files_go_into_a_bucket_and_back(folder: Path, server: S3Server) -> None:
    url = server.url("moved")
    moved = ionport(folder, "migrate", "--files-to", url)
    assert moved.exit_code == 0, moved.output
    assert "3 stored files were copied; 0 were there already" in moved.output
    assert "Set IONPORT_BLOBS_URL" in moved.output
    shutil.rmtree(folder / "blobs")

    application = open_application(
        replace(sides.settings_of(folder, Side.BOTH, origin=ORIGIN), blobs_url=url)
    )
    assert [application.blobs.get(digest) for digest in DIGESTS] == STORED
    application.close()
    back = ionport(folder, "migrate", "--files-to", "folder", files=url)
    assert "3 stored files were copied" in back.output
    again = ionport(folder, "migrate", "--files-to", "folder", files=url)
    assert "0 stored files were copied; 3 were there already" in again.output
    kept = open_stored_files("", folder / "blobs")
    assert [kept.get(digest) for digest in DIGESTS] == STORED


def test_a_backup_of_a_bucket_is_restored_into_another_or_into_a_folder(
    folder: Path, server: S3Server, tmp_path: Path
) -> None:
    assert ionport(folder, "migrate", "--files-to", server.url("first")).exit_code == 0
    shutil.rmtree(folder / "blobs")
    path = tmp_path / "backup.tar"
    made = ionport(folder, "backup", str(path), files=server.url("first"))
    assert made.exit_code == 0, made.output
    assert "3 stored files" in made.output
    for name, url in (("in-a-folder", ""), ("in-a-bucket", server.url("second"))):
        new = tmp_path / name
        new.mkdir()
        shutil.copy(folder / "keys.json", new)
        restored = ionport(new, "restore", str(path), files=url)
        assert restored.exit_code == 0, restored.output
        kept = open_stored_files(url, new / "blobs")
        assert [kept.get(digest) for digest in DIGESTS] == STORED


def test_a_damaged_file_is_left_out_of_a_backup_and_named(folder: Path, tmp_path: Path) -> None:
    """Or the whole backup could not be restored."""
    next((folder / "blobs").rglob(DIGESTS[0])).write_bytes(b"damaged")
    path = tmp_path / "backup.tar"
    made = ionport(folder, "backup", str(path))
    assert made.exit_code == 0, made.output
    assert f"Left out, as it is damaged: {DIGESTS[0]}" in made.output
    new = tmp_path / "new"
    new.mkdir()
    shutil.copy(folder / "keys.json", new)
    restored = ionport(new, "restore", str(path))
    assert restored.exit_code == 0, restored.output
    kept = open_stored_files("", new / "blobs")
    assert [kept.get(digest) for digest in DIGESTS[1:]] == STORED[1:]


@pytest.mark.parametrize("place", ["s3://", "ftp://host/x", "s3://bucket?rejoin=1", ""])
def test_a_place_that_is_none_is_refused_in_words(folder: Path, place: str) -> None:
    refused = ionport(folder, "migrate", "--files-to", place)
    assert refused.exit_code == 1, refused.output
    assert "s3://" in refused.output
    assert "Traceback" not in refused.output
