"""Responses that a cacheResponse policy keeps: bounded in number of bytes, oldest use first out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final

from ionport.gateway.request import Header

MAX_BODY_BYTES: Final = 1_000_000
MAX_TOTAL_BYTES: Final = 64_000_000
# What an entry costs beside its body, headers included.
_ENTRY_BYTES: Final = 2_000
# Headers that are part of every key, so that answers may vary by them.
KEY_HEADERS: Final = (b"accept", b"accept-encoding", b"accept-language")


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """A whole response; moments in seconds since 1970."""

    status: int
    headers: tuple[Header, ...]
    body: bytes
    stored_at: float
    expires_at: float


class ResponseCache:
    """A bounded cache. Used from the event loop only."""

    def __init__(self, max_bytes: int = MAX_TOTAL_BYTES) -> None:
        self._max_bytes = max_bytes
        self._size = 0
        self._entries: OrderedDict[Hashable, CachedResponse] = OrderedDict()

    def get(self, key: Hashable, now: float) -> CachedResponse | None:
        """Return a response that has not expired."""
        found = self._entries.get(key)
        if found is None:
            return None
        if now >= found.expires_at:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return found

    def put(self, key: Hashable, response: CachedResponse) -> None:
        """Keep a response, and let go of those that were used longest ago."""
        self._drop(key)
        self._entries[key] = response
        self._size += len(response.body) + _ENTRY_BYTES
        while self._size > self._max_bytes:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Hashable) -> None:
        dropped = self._entries.pop(key, None)
        if dropped is not None:
            self._size -= len(dropped.body) + _ENTRY_BYTES


def may_be_kept(status: int, headers: Iterable[Header], *, user_level: bool) -> bool:
    """Tell whether a response to GET may be given to others (RFC 9111 §3)."""
    if status != 200:
        return False
    for name, value in headers:
        if name == b"set-cookie":
            return False
        if name == b"vary":
            varies = {part.strip() for part in value.lower().split(b",")}
            if not varies <= {*KEY_HEADERS, b"origin"}:
                return False
        if name == b"cache-control":
            directives = {part.strip().partition(b"=")[0] for part in value.lower().split(b",")}
            if b"no-store" in directives or (b"private" in directives and not user_level):
                return False
    return True
