"""The outermost layer: Host check, headers that every answer carries, and error pages.

Whatever goes wrong inside becomes a page: an IonportError with its own text and status, anything
else a page with the request's id and no detail.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ionport.core.errors import IonportError, NotFound, Unauthenticated
from ionport.core.http.hosts import split_host
from ionport.core.i18n import _, speaking
from ionport.core.ids import new_id
from ionport.store import database_away
from ionport.web.locales import speech_of
from ionport.web.middleware.languages import is_manual_of_programs, language_of
from ionport.web.middleware.programs import (
    HTML,
    JSON,
    MARKDOWN,
    accepted_kind,
    program_answer,
    wants_a_page,
)

logger = logging.getLogger(__name__)

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}

_SHORTEST_SECRET = 40
_STATIC = "/static/"

ErrorPage = Callable[[Request, int, str, str], Response]


class Frame:
    """ASGI middleware; `error_page(request, status, title, text)` renders an error.

    `scheme` is that of the public address, also behind a proxy that connects otherwise.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        allowed_hosts: Collection[str],
        error_page: ErrorPage,
        scheme: str,
    ) -> None:
        self._app = app
        self._allowed_hosts = frozenset(host.lower() for host in allowed_hosts)
        self._error_page = error_page
        self._scheme = scheme

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["scheme"] = self._scheme
        # The guard sets it again when the user is known.
        with speaking(speech_of(language_of(Request(scope)))):
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = scope.setdefault("ionport.request_id", new_id("req"))
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers["X-Request-Id"] = request_id
                if not scope["path"].startswith(_STATIC):
                    headers.add_vary_header("Accept-Language, Cookie")
            await send(message)

        try:
            if not self._is_allowed(Headers(scope=scope).get("host", "")):
                response: Response = PlainTextResponse(_unknown_host(request_id), status_code=400)
                await response(scope, receive, send_with_headers)
                return
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            return
        except Exception as error:
            if started:
                raise
            response = self._answer_whatever_happens(Request(scope), error, request_id)
            await response(scope, receive, send_with_headers)

    def _is_allowed(self, host: str) -> bool:
        return split_host(host)[0] in self._allowed_hosts

    def _answer_whatever_happens(
        self, request: Request, error: Exception, request_id: str
    ) -> Response:
        try:
            return self._answer(request, error, request_id)
        except Exception:
            # The error page fails too: the cause may be in the request itself.
            logger.exception("%s: its error page failed", request_id)
            if (away := database_away(error)) is not None:
                headers = {"Retry-After": str(away.retry_after)}
                return PlainTextResponse(away.text, away.status, headers)
            return PlainTextResponse(_unexpected(request_id), status_code=500)

    def _answer(self, request: Request, error: Exception, request_id: str) -> Response:
        if (away := database_away(error)) is not None:
            logger.error("%s: the database was away", request_id, exc_info=error)
            error = away
        if isinstance(error, HTTPException):
            error = _named(error)
        if isinstance(error, IonportError):
            if error.detail:
                logger.warning("%s %s: %s", request_id, error.code, error.detail)
            if isinstance(error, Unauthenticated):
                return _to_sign_in(request, error, request_id)
            if is_manual_of_programs(request.url.path) and (kind := _kind_of(request)) != HTML:
                response = program_answer(
                    error.status, error.code, error.text, request_id, kind=kind
                )
            else:
                response = self._error_page(request, error.status, _title(error.status), error.text)
            retry_after = getattr(error, "retry_after", None)
            if retry_after is not None:
                response.headers["Retry-After"] = str(retry_after)
            return response
        if isinstance(error, HTTPException):
            text = _("The request could not be read. Go back and try again.")
            return self._error_page(request, error.status_code, _title(error.status_code), text)
        logger.error("%s failed", request_id, exc_info=error)
        return self._error_page(request, 500, _title(500), _unexpected(request_id))


def _unknown_host(request_id: str) -> str:
    text = _("This server is not known by that name. Request id: {id}")
    return text.format(id=request_id)


def _unexpected(request_id: str) -> str:
    text = _("Something went wrong here, and it is not your doing. Its number is {id}.")
    return text.format(id=request_id)


def _named(error: HTTPException) -> Exception:
    if error.status_code == 404:
        return NotFound(_("There is nothing at this address."))
    return error


def _title(status: int) -> str:
    titles = {
        403: _("You may not do this"),
        404: _("Not found"),
        405: _("This does not work that way"),
        409: _("This is at odds with what is stored"),
        413: _("Too large"),
        422: _("Something is missing or wrong"),
        429: _("Too many attempts"),
        500: _("An unexpected error"),
        503: _("Not available now"),
    }
    return titles.get(status, _("This did not work"))


def _kind_of(request: Request) -> str:
    """Return in what a request wants its answer: HTML, Markdown or JSON."""
    if is_manual_of_programs(request.url.path):
        return accepted_kind(request.headers.get("accept", ""), usual=MARKDOWN)
    return HTML if wants_a_page(request.scope) else JSON


def _to_sign_in(request: Request, error: Unauthenticated, request_id: str) -> Response:
    """Redirect a browser to the sign-in page; a program gets 401."""
    is_fragment = "hx-request" in request.headers
    kind = _kind_of(request)
    if not is_fragment and kind != HTML:
        return program_answer(error.status, error.code, error.text, request_id, kind=kind)
    back = request.url.path
    if request.url.query:
        back += f"?{request.url.query}"
    if is_fragment:
        back = _own_page(request, "hx-current-url")
    elif request.method != "GET":
        # The form is where it was; what was typed into it app.js puts back.
        back = _own_page(request, "referer")
    if _may_hold_a_secret(back):
        back = ""
    target = f"/sign-in?next={quote(back, safe='')}" if back else "/sign-in"
    if is_fragment:
        return Response(status_code=401, headers={"HX-Redirect": target})
    return RedirectResponse(target, status_code=303)


def _may_hold_a_secret(address: str) -> bool:
    """Tell whether an address could be a one-time link, misspelled: it does not go into a query.

    Its secret has 43 characters; the longest id of a page of ours has 37.
    """
    return any(len(part) >= _SHORTEST_SECRET for part in re.split("[/?]|%2F", address))


def _own_page(request: Request, header: str) -> str:
    """Return the path and query of the page of ours that a header names; ``""`` for none."""
    try:
        named = urlsplit(request.headers.get(header, ""))
    except ValueError:
        return ""
    if named.netloc.lower() != request.headers.get("host", "").lower() or not named.path:
        return ""
    return f"{named.path}?{named.query}" if named.query else named.path
