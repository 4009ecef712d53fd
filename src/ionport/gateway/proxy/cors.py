"""Cross-origin calls of web pages (Fetch standard): which origins may call is a port's answer.

Targets do not decide it: their CORS headers are dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ionport.core.http import cors
from ionport.gateway.targets.port import Header

METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_EXPOSED: Final = "Location, Retry-After, WWW-Authenticate, X-Request-Id"


def origin_of(known: Mapping[bytes, bytes]) -> str:
    """Return the request's `Origin`; empty when no web page sent it."""
    return cors.origin_of(known.get(b"origin", b""))


def is_preflight(method: str, known: Mapping[bytes, bytes]) -> bool:
    """Tell whether a browser asks before it sends the call itself; no token comes with that."""
    return method == "OPTIONS" and b"access-control-request-method" in known


def answer_headers(origin: str) -> list[Header]:
    """Return the headers by which a page of `origin` may read an answer, errors included."""
    return [*cors.readable_by(origin, exposed=_EXPOSED), (b"vary", b"Origin")]


def preflight_headers(known: Mapping[bytes, bytes]) -> list[Header]:
    """Return the headers that answer a preflight: all methods, and the headers it asked for."""
    made = [
        (b"access-control-allow-methods", ", ".join(METHODS).encode()),
        (b"access-control-max-age", str(cors.PREFLIGHT_SECONDS).encode()),
    ]
    asked = known.get(b"access-control-request-headers")
    return [*made, (b"access-control-allow-headers", asked)] if asked else made
