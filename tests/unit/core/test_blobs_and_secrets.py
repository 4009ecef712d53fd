from __future__ import annotations

import contextlib
import errno
import os
import pickle
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ionport.core.blobs import FolderBlobs
from ionport.core.errors import Conflict, NotFound, Unavailable
from ionport.core.ids import new_id, random_token
from ionport.core.paging import Page, PageRequest
from ionport.core.secrets import Secret


def test_the_same_content_written_by_many_is_one_whole_file(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    content = b"x" * 100_000
    threads = [threading.Thread(target=blobs.put, args=(content,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert blobs.get(blobs.put(content)) == content
    assert sum(1 for path in tmp_path.rglob("*") if path.is_file()) == 1


def test_a_missing_blob_is_not_found_and_a_path_is_no_name(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    with pytest.raises(NotFound):
        blobs.get("0" * 64)
    with pytest.raises(ValueError, match="64 hex"):
        blobs.get("../../etc/passwd")


def test_only_what_nobody_has_put_since_is_deleted(tmp_path: Path) -> None:
    blobs, since = FolderBlobs(tmp_path), time.time() - 60
    digest = blobs.put(b"x")
    assert not blobs.delete(digest, unless_put_since=since)
    assert blobs.get(digest) == b"x"
    _age(tmp_path, 100)
    assert blobs.put(b"x") == digest
    assert not blobs.delete(digest, unless_put_since=since)
    _age(tmp_path, 100)
    assert blobs.delete(digest, unless_put_since=since)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert blobs.delete(digest, unless_put_since=since)
    assert blobs.get(blobs.put(b"x")) == b"x"


def test_what_is_put_while_others_delete_it_is_there_from_then_on(tmp_path: Path) -> None:
    blobs, stop = FolderBlobs(tmp_path, durable=False), threading.Event()
    digest = blobs.put(b"x")
    since = time.time() - 60

    def delete() -> None:
        while not stop.is_set():
            blobs.delete(digest, unless_put_since=since)

    threads = [threading.Thread(target=delete) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(1_000):
            blobs.put(b"x")
            assert blobs.get(digest) == b"x"
            _age(tmp_path, 100)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_what_an_earlier_version_kept_two_folders_deep_is_read_and_deleted(tmp_path: Path) -> None:
    blobs, since = FolderBlobs(tmp_path), time.time() - 60
    digest = blobs.put(b"x")
    new = next(tmp_path.rglob(digest))
    old = tmp_path / digest[:2] / digest[2:4] / digest
    old.parent.mkdir(parents=True)
    new.rename(old)
    assert blobs.get(digest) == b"x"
    assert not blobs.delete(digest, unless_put_since=since)
    _age(tmp_path, 100)
    # Wanted again, it stays, whichever of both is read.
    assert blobs.put(b"x") == digest
    assert not blobs.delete(digest, unless_put_since=since)
    assert blobs.get(digest) == b"x"
    _age(tmp_path, 100)
    assert blobs.delete(digest, unless_put_since=since)
    with pytest.raises(NotFound):
        blobs.get(digest)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_damaged_blob_is_an_error_and_never_a_content(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    content = b"<Invoice/>" * 200_000
    digest = blobs.put(content)
    path = next(tmp_path.rglob(digest))
    for damaged in (b"", content[:-1], content + b" ", b"x" + content[1:], content[:-1] + b"x"):
        path.write_bytes(damaged)
        with pytest.raises(Conflict, match=f"{digest} is damaged.*backup") as caught:
            blobs.get(digest)
        assert caught.value.code == "blob_damaged"
        assert blobs.put(content) == digest
        assert blobs.get(digest) == content
        assert [found.name for found in path.parent.iterdir()] == [digest]


def test_a_disk_that_takes_nothing_is_told_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = FolderBlobs(tmp_path)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(Unavailable, match="No space left on device"):
            blobs.put(b"x")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert blobs.get(blobs.put(b"x")) == b"x"


def test_names_are_synced_once_for_many_and_again_for_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs, synced = FolderBlobs(tmp_path), list[Path]()
    monkeypatch.setattr("ionport.core.blobs.folder.sync_folder", synced.append)
    digests = [blobs.put(b"%d" % number, settles=False) for number in range(100)]
    assert synced == []
    blobs.settle(digests)
    assert synced == sorted({next(tmp_path.rglob(digest)).parent for digest in digests})
    # Who put the same content a moment before may not have settled it.
    blobs.settle([blobs.put(b"0", settles=False)])
    assert len(synced) == 17
    monkeypatch.undo()

    def full(_folder: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("ionport.core.blobs.folder.sync_folder", full)
    with ThreadPoolExecutor() as executor, pytest.raises(Unavailable):
        blobs.settle(digests, executor)


def test_only_their_owner_reads_blobs(tmp_path: Path) -> None:
    FolderBlobs(tmp_path / "blobs").put(b"x")
    for path in (tmp_path / "blobs").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o600 if path.is_file() else 0o700)


def _age(folder: Path, seconds: float) -> None:
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file():
                os.utime(path, (time.time() - seconds,) * 2)


def test_a_secret_does_not_print_or_pickle() -> None:
    secret = Secret("planted")
    assert "planted" not in f"{secret} {secret!r} {[secret]}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_random_tokens_have_infors_lengths() -> None:
    assert (len(random_token(32).reveal()), len(random_token(64).reveal())) == (43, 86)


def test_ids_sort_by_time_and_do_not_repeat() -> None:
    ids = [new_id("doc") for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert [i[:16] for i in ids] == sorted(i[:16] for i in ids)


def test_pages_are_bounded_whatever_is_asked() -> None:
    assert PageRequest(number=-3, per_page=10**9).limit == 200
    assert PageRequest(number=-3, per_page=0).offset == 0
    assert Page(items=[], total=0, request=PageRequest()).pages == 1
    assert Page(items=[], total=101, request=PageRequest(per_page=50)).pages == 3
