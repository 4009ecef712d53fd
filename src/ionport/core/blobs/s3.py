"""Blobs in a bucket of S3 or of a server that speaks its protocol (extra `s3`).

The only module that imports obstore. Contents lie under `blobs/`, and whoever puts one sends it
whole: that replaces a damaged one, and its time says that it is wanted again.

S3 has no lock, and no call that deletes an object only if it was not written again meanwhile. So a
content is deleted in two steps: it is moved under `deleted/`, from where it is still read, and
deleted there when no put has wanted it for as long as a put may need to be committed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from ionport.core.blobs.port import is_digest, require_digest, require_same
from ionport.core.errors import InvalidInput, NotFound, Unavailable
from ionport.core.i18n import _

if TYPE_CHECKING:
    from obstore.store import S3Store

SCHEME: Final = "s3"
_KEPT: Final = "blobs"
_DELETED: Final = "deleted"
_CONNECT: Final = "5s"
# A file of 200 MB over 20 Mbit/s.
_CALL: Final = "90s"
_RETRIES: Final = 3
_RETRY_FOR: Final = timedelta(seconds=20)
# What was looked at longer ago is looked at again before it is deleted: this process may have
# stood still meanwhile.
_FRESH_SECONDS: Final = 60.0
_LIST_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where contents lie: `endpoint` and `region` are empty where AWS's own are meant."""

    name: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""


def read_bucket(url: str) -> Bucket:
    """Read `s3://bucket/prefix?endpoint=https://host:port&region=eu-central-1`.

    Raises:
        InvalidInput: it is no such URL, or has a user name or password.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.username is not None or parts.password is not None:
        raise InvalidInput(
            _(
                "The address of the bucket has a user name or password. Give the access key by"
                " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or by the role of the machine."
            )
        )
    if parts.scheme != SCHEME or not parts.netloc or set(options) - {"endpoint", "region"}:
        raise InvalidInput(
            _("Write s3://bucket/prefix, with ?endpoint=https://host and &region= where needed.")
        )
    endpoint = options.get("endpoint", "")
    found = urlsplit(endpoint)
    if endpoint and (found.scheme not in ("http", "https") or not found.hostname):
        raise InvalidInput(_("The endpoint of the bucket is an address such as https://host:9000."))
    if found.username is not None or found.password is not None or found.query:
        raise InvalidInput(_("The endpoint of the bucket is an address such as https://host:9000."))
    return Bucket(parts.netloc, parts.path.strip("/"), endpoint, options.get("region", ""))


class S3Blobs:
    """Blobs of a bucket, with the access key that AWS's environment variables or roles give.

    Each call ends after 90 s, and is tried again for 20 s when the server has trouble.
    """

    def __init__(self, bucket: Bucket) -> None:
        _obstore()
        self._bucket = bucket
        # obstore's threads do not come along into a forked process: made at the first use.
        self._made: S3Store | None = None

    def put(self, content: bytes, *, settles: bool = True) -> str:
        digest = hashlib.sha256(content).hexdigest()
        with self._told(digest):
            # The server compares what it received with a SHA-256 that travels beside it.
            self._store().put(f"{_KEPT}/{digest}", content, use_multipart=False)
        return digest

    def settle(self, digests: Iterable[str], executor: Executor | None = None) -> None:
        """Do nothing: what S3 has answered is durable."""

    def get(self, digest: str) -> bytes:
        require_digest(digest)
        content = self._read(f"{_KEPT}/{digest}")
        if content is None:
            content = self._read(f"{_DELETED}/{digest}")
        if content is None:
            raise NotFound(
                _("The stored file is missing from the bucket; restore it from a backup."),
                code="blob_missing",
                detail=digest,
            )
        require_same(content, digest, f"{self._bucket.name}/{digest}")
        return content

    def delete(self, digest: str, *, unless_put_since: float) -> bool:
        require_digest(digest)
        kept, deleted = f"{_KEPT}/{digest}", f"{_DELETED}/{digest}"
        looked = _boot_seconds()
        with self._told(digest):
            changed = self._changed(kept)
            if changed is not None:
                if changed < unless_put_since:
                    self._move(kept, deleted, looked)
                return False
            changed = self._changed(deleted)
            if changed is None:
                return True
            if changed >= unless_put_since or _boot_seconds() - looked > _FRESH_SECONDS:
                return False
            self._store().delete(deleted)
        return True

    def digests(self) -> Iterator[str]:
        for digest in self._names(_KEPT):
            yield digest
        for digest in self._names(_DELETED):
            with self._told(digest):
                is_only_there = self._changed(f"{_KEPT}/{digest}") is None
            if is_only_there:
                yield digest

    def _names(self, folder: str) -> Iterator[str]:
        with self._told(folder):
            chunks = iter(self._store().list(folder, chunk_size=_LIST_AT_ONCE))
        while True:
            with self._told(folder):
                chunk = next(chunks, None)
            if chunk is None:
                return
            for each in chunk:
                name = each["path"].rpartition("/")[2]
                if is_digest(name):
                    yield name

    def _move(self, kept: str, deleted: str, looked: float) -> None:
        try:
            self._store().copy(kept, deleted)
        except FileNotFoundError as error:
            # Another process has moved it.
            if _is_bucket_missing(error):
                raise
            return
        if _boot_seconds() - looked <= _FRESH_SECONDS:
            self._store().delete(kept)

    def _read(self, path: str) -> bytes | None:
        with self._told(path):
            try:
                return bytes(self._store().get(path).bytes())
            except FileNotFoundError as error:
                if _is_bucket_missing(error):
                    raise
                return None

    def _changed(self, path: str) -> float | None:
        """Return when an object was written, in seconds since 1970; None when it is not there."""
        try:
            return self._store().head(path)["last_modified"].timestamp()
        except FileNotFoundError as error:
            if _is_bucket_missing(error):
                raise
            return None

    def _store(self) -> S3Store:
        if self._made is None:
            bucket = self._bucket
            options: dict[str, Any] = {
                "checksum_algorithm": "sha256",
                "client_options": {
                    "timeout": _CALL,
                    "connect_timeout": _CONNECT,
                    "allow_http": bucket.endpoint.startswith("http://"),
                },
                "retry_config": {"max_retries": _RETRIES, "retry_timeout": _RETRY_FOR},
            }
            if bucket.prefix:
                options["prefix"] = bucket.prefix
            if bucket.endpoint:
                options["endpoint"] = bucket.endpoint
            if bucket.region:
                options["region"] = bucket.region
            self._made = _obstore().store.S3Store(bucket.name, **options)
        return self._made

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Say in words why the bucket did not do what it was asked; raises Unavailable."""
        try:
            yield
        except (OSError, ValueError, _obstore().exceptions.BaseError) as error:
            raise Unavailable(
                _(
                    "The bucket {name} cannot be used now: {reason}. See to it, then try again."
                ).format(name=self._bucket.name, reason=_reason(error, self._bucket)),
                code="bucket_unavailable",
                detail=f"{what}: {str(error)[:500]}",
            ) from error


def _obstore() -> ModuleType:
    """Return obstore with its store and its errors; raises Unavailable when it is not installed."""
    try:
        import obstore.exceptions
        import obstore.store
    except ImportError as error:
        raise Unavailable(
            _(
                "Stored files in a bucket need the extra s3: pip install 'ionport[s3]', then start"
                " again."
            ),
            code="s3_not_installed",
        ) from error
    return obstore


def _reason(error: Exception, bucket: Bucket) -> str:
    exceptions = _obstore().exceptions
    if _is_bucket_missing(error):
        return _("there is no such bucket")
    refusals = (PermissionError, exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)
    if isinstance(error, refusals):
        return _("the access key is refused, or may not do this")
    if "Missing" in str(error) or "credential" in str(error).lower():
        return _("there is no access key; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    return _("{server} gave no answer, or a wrong one").format(
        server=urlsplit(bucket.endpoint).netloc or "S3"
    )


def _is_bucket_missing(error: Exception) -> bool:
    # obstore tells both by the same class; the answer of S3 names what is missing.
    return "NoSuchBucket" in str(error)


def _boot_seconds() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
