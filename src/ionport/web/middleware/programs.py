"""The answers of the pages to programs: JSON, and never a redirect to a page that answers 200.

A program with a wrong address (no tenant, two slashes, the wrong host) calls the pages. If it were
redirected to the sign-in page, its POST would seem to have worked.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.web.middleware.languages import weight_of

MARKDOWN = "text/markdown"
HTML = "text/html"
JSON = "application/json"
_READING = ("GET", "HEAD")
_MOST = 20


def wants_a_page(scope: Scope) -> bool:
    """Tell whether a browser asks: it names text/html, as browsers do for pages and for forms."""
    return HTML in Headers(scope=scope).get("accept", "").lower()


def accepted_kind(accept: str, usual: str) -> str:
    """Return what the manual answers in, HTML, Markdown or JSON, by `Accept` (RFC 9110, 12.5.1).

    Of kinds with the same weight the first that is named counts; `usual` where none of them is.
    """
    weighed = [(0.0, usual)]
    for part in accept.lower().split(",")[:_MOST]:
        name, _semicolon, parameter = part.partition(";")
        if name.strip() in (JSON, HTML, MARKDOWN):
            weighed.append((weight_of(parameter), name.strip()))
    return max(weighed, key=lambda each: each[0])[1]


class PageAddresses:
    """ASGI middleware: an address that no page has is answered to programs here, with 404.

    `api_url` is the origin of the gateway's addresses, empty when no gateway runs here.
    """

    def __init__(self, app: ASGIApp, *, routes: Sequence[BaseRoute], api_url: str) -> None:
        self._app = app
        self._routes = routes
        self._api_url = api_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_for_a_page(scope):
            await self._app(scope, receive, send)
            return
        request_id = scope.setdefault("ionport.request_id", new_id("req"))
        response = program_answer(404, "unknown_address", self._text(), request_id)
        await response(scope, receive, send)

    def _is_for_a_page(self, scope: Scope) -> bool:
        if scope["method"] in _READING and wants_a_page(scope):
            return True
        return any(route.matches(scope)[0] is not Match.NONE for route in self._routes)

    def _text(self) -> str:
        if not self._api_url:
            return _("Nothing answers at this address, and no API runs here.")
        return _(
            "Nothing answers at this address. An API's address begins with {iu}/{ti}/ as the"
            " .ionapi file has them, for example {example}."
        ).format(iu="{iu}", ti="{ti}", example=f"{self._api_url}/ACME_TST/IDM/api/items")


def program_answer(
    status: int, code: str, text: str, request_id: str, *, kind: str = JSON
) -> Response:
    """Return an error as the gateway shapes its own; of the kind `MARKDOWN`, its text alone."""
    headers = {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Request-Id": request_id,
    }
    if status == 401:
        # RFC 9110 section 15.5.2 asks for it.
        headers["WWW-Authenticate"] = "Bearer"
    if kind == MARKDOWN:
        return PlainTextResponse(f"{text}\n", status, headers, MARKDOWN)
    return JSONResponse(
        {"code": code, "message": text, "requestId": request_id},
        status_code=status,
        headers=headers,
    )
