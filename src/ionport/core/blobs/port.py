"""What a store of contents promises, and what every one of them checks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from typing import Final, Protocol

from ionport.core.errors import Conflict
from ionport.core.i18n import _

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Blobs(Protocol):
    """A store of immutable contents."""

    def put(self, content: bytes, *, settles: bool = True) -> str:
        """Keep `content` durably and return its SHA-256 in hex; raises Unavailable.

        With `settles` false its name is durable only after a call of `settle`.
        """
        ...

    def settle(self, digests: Iterable[str], executor: Executor | None = None) -> None:
        """Make the names of contents durable that were put; raises Unavailable.

        Many together take little longer than one. What can be waited for at once is, by the
        threads of `executor`.
        """
        ...

    def get(self, digest: str) -> bytes:
        """Return the content of `digest`.

        Raises:
            NotFound: it is not there.
            Unavailable: it cannot be read now.
            Conflict: `blob_damaged`, what is there has another digest.
        """
        ...

    def delete(self, digest: str, *, unless_put_since: float) -> bool:
        """Delete a content that nobody has put since a moment; tell whether it is gone.

        Raises Unavailable.

        The caller has made sure that no row named it at that moment or later (seconds since 1970,
        as `time.time()` counts). A row that names it afterwards needs a later `put`, which keeps
        it. What is not gone yet is asked about again later: some stores need a second call, an hour
        after the first one.
        """
        ...

    def digests(self) -> Iterator[str]:
        """Yield the digest of every content, each once; raises Unavailable.

        What is put or deleted meanwhile may be among them or not.
        """
        ...


def is_digest(name: str) -> bool:
    """Tell whether a name is a SHA-256 in hex, as contents are named."""
    return _DIGEST.fullmatch(name) is not None


def require_digest(name: str) -> None:
    """Raise ValueError for what is no name of a content, such as a path."""
    if not is_digest(name):
        raise ValueError("a blob is named by 64 hex digits")


def require_same(content: bytes, digest: str, place: str) -> None:
    """Raise Conflict (`blob_damaged`) when a content is not the one that its name says."""
    if hashlib.sha256(content).hexdigest() != digest:
        raise Conflict(
            _(
                "The stored file {digest} is damaged: it is not what was stored. Restore it"
                " from a backup, or add the same file again."
            ).format(digest=digest),
            code="blob_damaged",
            detail=place,
        )
