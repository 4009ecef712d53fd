from __future__ import annotations

import contextlib
import os
import pickle
import threading
import time
from pathlib import Path

import pytest

from ionport.core.blobs import FolderBlobs
from ionport.core.errors import NotFound
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


def test_only_what_nobody_has_put_for_a_while_is_deleted(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    digest = blobs.put(b"x")
    assert not blobs.delete(digest, idle_seconds=60)
    assert blobs.get(digest) == b"x"
    _age(tmp_path, 100)
    assert blobs.put(b"x") == digest
    assert not blobs.delete(digest, idle_seconds=60)
    _age(tmp_path, 100)
    assert blobs.delete(digest, idle_seconds=60)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert blobs.delete(digest, idle_seconds=60)
    assert blobs.get(blobs.put(b"x")) == b"x"


def test_what_is_put_while_others_delete_it_is_there_afterwards(tmp_path: Path) -> None:
    blobs, stop = FolderBlobs(tmp_path, durable=False), threading.Event()
    digest = blobs.put(b"x")

    def delete() -> None:
        while not stop.is_set():
            _age(tmp_path, 100)
            blobs.delete(digest, idle_seconds=60)

    thread = threading.Thread(target=delete)
    thread.start()
    try:
        for _ in range(2_000):
            blobs.put(b"x")
    finally:
        stop.set()
        thread.join()
    blobs.put(b"x")
    assert not blobs.delete(digest, idle_seconds=60)
    assert blobs.get(digest) == b"x"


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
