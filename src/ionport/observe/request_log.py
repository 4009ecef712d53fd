"""One log line, one count and one span for each request."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable
from functools import lru_cache
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ionport.core.ids import new_id
from ionport.core.telemetry import (
    COUNTERS,
    ROUTE_KEY,
    Series,
    bound,
    bound_ids,
    is_traced,
    series,
    span,
)
from ionport.gateway.caller import REQUEST_ID_KEY
from ionport.observe.logs import redact_path

_LONGEST_PATH: Final = 300
# No line is logged for the requests of a load balancer.
_QUIET: Final = frozenset(("/healthz", "/readyz", "/metrics"))

_logger = logging.getLogger("ionport.request")


class RequestLog:
    """The first layer before every app: gives the request its id, and logs its answer.

    The line has method, path (never the query, which may hold tokens), status and milliseconds;
    status 0 is a connection that ended without an answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope.setdefault(REQUEST_ID_KEY, new_id("req"))
        began = time.perf_counter()
        status = 0

        # No coroutine: every piece of every answer passes through here.
        def noting(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        with bound(request=request_id):
            try:
                if is_traced():
                    method = {"http.request.method": scope["method"]}
                    with span("request", method, _trace_of(scope)):
                        await self._app(scope, receive, noting)
                else:
                    await self._app(scope, receive, noting)
            except Exception:
                status = status or 500
                raise
            finally:
                self._tell(scope, status, time.perf_counter() - began)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        path = scope["path"]
        route = scope.get(ROUTE_KEY) or _route_of(scope)
        COUNTERS.count(_answered(scope["method"], route, status))
        level = logging.DEBUG if path in _QUIET else logging.INFO
        if _logger.isEnabledFor(level):
            shown = redact_path(path[:_LONGEST_PATH])
            if not shown.isprintable():
                shown = "".join(sign if sign.isprintable() else "?" for sign in shown)
            facts = {
                "method": scope["method"],
                "path": shown,
                "status": status,
                "ms": round(seconds * 1000, 1),
            }
            _logger.log(level, "request", extra={**facts, **bound_ids()})


# Of most requests it is one of a few.
@lru_cache(1_000)
def _answered(method: str, route: str, status: int) -> Series:
    return series("requests", method=method, route=route, status=str(status))


def _route_of(scope: Scope) -> str:
    """Name the route of an answered request: its path, with what differs in braces."""
    path: str = scope["path"]
    if "endpoint" not in scope:
        return path if path in _QUIET else "no route"
    for name, value in scope.get("path_params", {}).items():
        path = path.replace(str(value), f"{{{name}}}", 1) if value else path
    return path


def _trace_of(scope: Scope) -> dict[str, str]:
    return {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in scope["headers"]
        if name in (b"traceparent", b"tracestate")
    }
