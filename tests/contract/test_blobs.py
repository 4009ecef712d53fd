"""Every adapter of the port `Blobs` keeps the same promises."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from ionport.core.blobs import Blobs, FolderBlobs
from ionport.core.blobs.s3 import S3Blobs, read_bucket
from ionport.core.errors import Conflict, NotFound, Unavailable
from tests.support.s3 import BUCKET, KEYS, S3Server, s3_server

# In the future: everything was put before it.
LATER = 3_600.0


@dataclass(frozen=True, slots=True)
class Store:
    """An adapter, and how its content is damaged behind its back."""

    blobs: Blobs
    spoil: Callable[[str, bytes], None]
    again: Callable[[], Blobs]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as found:
        yield found


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "folder":

        def write(digest: str, content: bytes) -> None:
            next(tmp_path.rglob(digest)).write_bytes(content)

        return Store(FolderBlobs(tmp_path), write, lambda: FolderBlobs(tmp_path))
    server: S3Server = request.getfixturevalue("server")
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    prefix = uuid4().hex
    bucket = read_bucket(server.url(prefix))

    def send(digest: str, content: bytes) -> None:
        assert server.ask("PUT", f"/{BUCKET}/{prefix}/blobs/{digest}", content)[0] == 200

    return Store(S3Blobs(bucket), send, lambda: S3Blobs(bucket))


def delete(blobs: Blobs, digest: str, *, unless_put_since: float) -> bool:
    """Ask twice, as whoever deletes does."""
    return any(blobs.delete(digest, unless_put_since=unless_put_since) for _ in range(2))


def test_what_is_put_is_read_by_its_digest_in_another_process_s_store(store: Store) -> None:
    content = b"<Invoice/>" * 10_000
    digest = store.blobs.put(content)
    store.blobs.settle([digest])
    assert store.again().get(digest) == content
    assert store.blobs.put(content) == digest
    assert store.blobs.put(b"") != digest
    assert store.blobs.get(store.blobs.put(b"")) == b""


def test_what_is_missing_is_not_found_and_a_path_is_no_name(store: Store) -> None:
    with pytest.raises(NotFound, match="backup") as caught:
        store.blobs.get("0" * 64)
    assert caught.value.code == "blob_missing"
    for call in (store.blobs.get, lambda name: store.blobs.delete(name, unless_put_since=0)):
        with pytest.raises(ValueError, match="64 hex"):
            call("../../etc/passwd")


def test_a_damaged_content_is_an_error_and_is_mended_by_putting_it_again(store: Store) -> None:
    content = b"<Invoice/>" * 1_000
    digest = store.blobs.put(content)
    for damaged in (b"", content[:-1], content + b" ", b"x" + content[1:]):
        store.spoil(digest, damaged)
        with pytest.raises(Conflict, match=f"{digest} is damaged.*backup") as caught:
            store.blobs.get(digest)
        assert caught.value.code == "blob_damaged"
        assert store.blobs.put(content) == digest
        assert store.blobs.get(digest) == content


def test_only_what_nobody_has_put_since_is_deleted(store: Store) -> None:
    blobs, now = store.blobs, time.time()
    digest = blobs.put(b"x")
    assert not delete(blobs, digest, unless_put_since=now - 60)
    assert blobs.get(digest) == b"x"
    assert delete(blobs, digest, unless_put_since=now + LATER)
    with pytest.raises(NotFound):
        blobs.get(digest)
    assert list(blobs.digests()) == []
    assert blobs.delete(digest, unless_put_since=now + LATER)
    assert blobs.get(blobs.put(b"x")) == b"x"


def test_what_is_put_again_while_it_is_deleted_is_still_read(store: Store) -> None:
    """Whoever puts it commits its row within the hour that whoever deletes leaves."""
    blobs, now = store.blobs, time.time()
    digest = blobs.put(b"x")
    blobs.delete(digest, unless_put_since=now + LATER)
    blobs.put(b"x")
    assert not delete(blobs, digest, unless_put_since=now - 60)
    assert blobs.get(digest) == b"x"
    assert list(blobs.digests()) == [digest]


def test_many_who_put_and_delete_at_once_leave_what_was_put_last(store: Store) -> None:
    blobs, stop, since = store.blobs, threading.Event(), time.time() - 60

    def sweep() -> None:
        while not stop.is_set():
            blobs.delete(digest, unless_put_since=since)

    digest = blobs.put(b"x")
    threads = [threading.Thread(target=sweep) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            assert blobs.put(b"x") == digest
            assert blobs.get(digest) == b"x"
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_every_content_is_listed_once(store: Store) -> None:
    digests = sorted(store.blobs.put(b"%d" % number) for number in range(20))
    assert sorted(store.blobs.digests()) == digests


def test_a_content_half_deleted_in_the_bucket_is_read_and_listed(
    server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    blobs, now = S3Blobs(read_bucket(server.url("half"))), time.time()
    digest = blobs.put(b"x")
    assert not blobs.delete(digest, unless_put_since=now + LATER)
    assert blobs.get(digest) == b"x"
    assert list(blobs.digests()) == [digest]
    # An hour has to pass: somebody may have put it a moment before it was moved.
    assert not blobs.delete(digest, unless_put_since=now - 60)
    assert blobs.get(digest) == b"x"


def test_a_bucket_that_is_not_there_is_told_and_never_a_missing_file(
    server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    blobs = S3Blobs(read_bucket(server.url(bucket="no-such-bucket")))
    calls: list[Callable[[], object]] = [
        lambda: blobs.put(b"x"),
        lambda: blobs.get("0" * 64),
        lambda: list(blobs.digests()),
    ]
    for call in calls:
        with pytest.raises(Unavailable, match="no such bucket") as caught:
            call()
        assert caught.value.code == "bucket_unavailable"


def test_a_server_that_is_away_or_no_access_key_is_told(
    server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    # A machine without a role has nobody at AWS's own address.
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(Unavailable):
        S3Blobs(read_bucket(server.url())).put(b"x")
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    away = S3Blobs(read_bucket("s3://ionport/?endpoint=http://127.0.0.1:1"))
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1 gave no answer"):
        away.put(b"x")
