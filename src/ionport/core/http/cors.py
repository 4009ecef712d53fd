"""Cross-origin calls of web pages (Fetch standard), for the machine interfaces that take them.

Which origins may call is a port's answer; cookies are never involved.
"""

from __future__ import annotations

from typing import Final, Protocol

PREFLIGHT_SECONDS: Final = 600
_MAX_ORIGIN: Final = 300


class AllowedOrigins(Protocol):
    """Tells which web origins may call: the apps' Authorized JavaScript Origins."""

    def allows(self, tenant_id: str, origin: str, client_id: str | None) -> bool:
        """Tell whether the app of `client_id` names `origin`; None: any app of the tenant.

        `origin` is as a browser sends it. May block: call it in the thread pool.
        """
        ...


class NoOrigins:
    """No web page may call."""

    def allows(self, tenant_id: str, origin: str, client_id: str | None) -> bool:
        return False


def origin_of(header: bytes) -> str:
    """Return what an `Origin` header says; empty when a web page has nothing to do with it."""
    return header.decode("latin-1") if len(header) <= _MAX_ORIGIN else ""


def readable_by(origin: str, *, exposed: str) -> list[tuple[bytes, bytes]]:
    """Return the headers by which a page of `origin` may read an answer, errors included.

    `exposed` lists the headers that it sees beside the ones that pages always see.
    """
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", exposed.encode("ascii")),
    ]
