"""Responses that a cacheResponse policy keeps, bounded in bytes; least recently used go first."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Final
from urllib.parse import unquote_plus

from cachetools import LRUCache

from ionport.gateway.targets.port import Header

MAX_BODY_BYTES: Final = 1_000_000
MAX_TOTAL_BYTES: Final = 64_000_000
# The bytes that an entry takes beside its body, headers included.
_ENTRY_BYTES: Final = 2_000
# Headers that an answer may say it varies by, because they are part of every key.
_MAY_VARY_BY: Final = frozenset((b"accept", b"accept-encoding", b"accept-language", b"origin"))
# Headers that select no answer: about the connection, the body, the client or the trace. Every
# other one is part of the key, whatever the target says about it. Origin is here because the
# gateway alone answers for CORS.
_SELECT_NOTHING: Final = frozenset(
    (
        b"authorization",  # the caller is in the key by name, and no target sees it
        b"cache-control",
        b"connection",
        b"content-length",
        b"content-type",
        b"cookie",
        b"dnt",
        b"host",
        b"if-modified-since",
        b"if-none-match",
        b"origin",
        b"pragma",
        b"priority",
        b"referer",
        b"traceparent",
        b"tracestate",
        b"upgrade-insecure-requests",
        b"user-agent",
        b"via",
        b"x-correlation-id",
        b"x-request-id",
    )
)
_SELECT_NOTHING_PREFIXES: Final = (b"sec-", b"x-forwarded-")


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
        self._entries: LRUCache[Hashable, CachedResponse] = LRUCache(max_bytes, _size_of)

    def get(self, key: Hashable, now: float) -> CachedResponse | None:
        """Return a response that has not expired."""
        found = self._entries.get(key)
        if found is not None and now >= found.expires_at:
            del self._entries[key]
            return None
        return found

    def put(self, key: Hashable, response: CachedResponse) -> None:
        """Keep a response, and drop the least recently used ones beyond the bound."""
        self._entries[key] = response


def _size_of(response: CachedResponse) -> int:
    return len(response.body) + _ENTRY_BYTES


def query_key(query: bytes, named: Collection[str]) -> Hashable:
    """Return what of a query is part of the key: all of it, in its own order and spelling.

    Where `named` holds all its parameters, each once, their order does not matter: the policy has
    named what the target reads.
    """
    pairs = [pair.partition(b"=")[::2] for pair in query.split(b"&") if pair]
    names = [unquote_plus(name.decode("latin-1"), "latin-1") for name, _value in pairs]
    if set(names) <= set(named) and len(set(names)) == len(names):
        return tuple(sorted(pairs))
    return query


def header_key(headers: Iterable[Header]) -> Hashable:
    """Return what of a request's headers is part of the key: all that may select an answer."""
    kept = [
        (name, value)
        for name, value in headers
        if name not in _SELECT_NOTHING and not name.startswith(_SELECT_NOTHING_PREFIXES)
    ]
    # By name alone: the order of a header's own values may mean something.
    return tuple(sorted(kept, key=itemgetter(0)))


def may_be_kept(status: int, headers: Iterable[Header], *, user_level: bool) -> bool:
    """Tell whether a response to GET may be given to others (RFC 9111 §3)."""
    if status != 200:
        return False
    for name, value in headers:
        if name == b"set-cookie":
            return False
        if name == b"vary":
            varies = {part.strip() for part in value.lower().split(b",")}
            if not varies <= _MAY_VARY_BY:
                return False
        if name == b"cache-control":
            directives = {part.strip().partition(b"=")[0] for part in value.lower().split(b",")}
            if b"no-store" in directives or (b"private" in directives and not user_level):
                return False
    return True
