"""Addresses of pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Handler = Callable[[Request], Response | Awaitable[Response]]


def form_routes(path: str, show: Handler, send: Handler, *, name: str) -> list[Route]:
    """Return the routes of a page with a form that is sent to its own address."""
    return [Route(path, show, name=name), Route(path, send, methods=["POST"])]
