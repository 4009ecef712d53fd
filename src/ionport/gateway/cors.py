"""Cross-origin calls of web pages (Fetch standard): which origins may call is a port's answer.

Targets have no say in it: what they answer about CORS is dropped.
"""

from __future__ import annotations

from typing import Final

from starlette.types import Scope

from ionport.gateway.request import Header

METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_PREFLIGHT_SECONDS: Final = b"600"
_EXPOSED: Final = b"Location, Retry-After, WWW-Authenticate, X-Request-Id"
_MAX_ORIGIN: Final = 300


def origin_of(headers: list[Header]) -> str:
    """Return the request's `Origin`; empty when a web page has nothing to do with it."""
    for name, value in headers:
        if name == b"origin" and len(value) <= _MAX_ORIGIN:
            return value.decode("latin-1")
    return ""


def is_preflight(scope: Scope) -> bool:
    """Tell whether a browser asks before it sends the call itself; no token comes with that."""
    return scope["method"] == "OPTIONS" and any(
        name == b"access-control-request-method" for name, _value in scope["headers"]
    )


def answer_headers(origin: str) -> list[Header]:
    """Return the headers by which a page of `origin` may read an answer, errors included."""
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", _EXPOSED),
        (b"vary", b"Origin"),
    ]


def preflight_headers(headers: list[Header]) -> list[Header]:
    """Return what a preflight learns: all methods, and the headers that it asked for."""
    asked = b", ".join(
        value for name, value in headers if name == b"access-control-request-headers"
    )
    made = [
        (b"access-control-allow-methods", ", ".join(METHODS).encode()),
        (b"access-control-max-age", _PREFLIGHT_SECONDS),
    ]
    return [*made, (b"access-control-allow-headers", asked)] if asked else made
