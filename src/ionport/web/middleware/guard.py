"""Checks who sends a request, and whether it comes from our own page.

Every route is private and every unsafe request is checked unless it is named here, so a new page
is safe by default:

- without a session only the paths of `PUBLIC_PATHS` answer; others lead to the sign-in page;
- a request other than GET and HEAD must come from this site (Sec-Fetch-Site, or Origin where a
  browser sends no such header) **and** carry the session's token in its form or in a header.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ionport.core.errors import Forbidden, InvalidInput, TooLarge, Unauthenticated
from ionport.core.http.bodies import announces_more, bounded
from ionport.core.http.texts import is_storable
from ionport.core.i18n import _, speak
from ionport.core.ids import random_token
from ionport.core.secrets import Secret
from ionport.core.telemetry import bind
from ionport.identity.model import Organization, Session
from ionport.web.locales import speech_of
from ionport.web.middleware import cookies
from ionport.web.middleware.languages import is_manual, language_of
from ionport.web.services import Services
from ionport.web.state import Visit

PUBLIC_PATHS = ("/sign-in", "/favicon.ico", "/language", "/robots.txt")
PUBLIC_PREFIXES = ("/set-up/", "/set-password/", "/sign-in/", "/static/", "/authorize/")
SECOND_FACTOR_PATH = "/account/second-factor"
STATIC_PREFIX = "/static/"
MAX_PUBLIC_BODY = 64 * 1024
MEGABYTE = 1024 * 1024
MAX_FIELDS = 400
CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"


class Guard:
    """ASGI middleware that makes the request's `Visit`.

    `has_organizations`: the document side runs, whose pages belong to an organization.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        services: Services,
        secure_cookies: bool,
        has_organizations: bool,
    ) -> None:
        self._app = app
        self._services = services
        self._has_organizations = has_organizations
        self._secure = secure_cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(STATIC_PREFIX):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        _refuse_nul(request)
        names = cookies.names(request, secure=self._secure)
        visitor = request.cookies.get(names.visitor) or random_token(32).reveal()
        visit = await self._visit(request, names, visitor)
        scope.setdefault("state", {})["visit"] = visit
        if visit.session is None and not self._is_public(request.url.path):
            raise _signed_out(request.url.path)
        if visit.session and visit.session.needs_second_factor and not _is_left(request):
            if request.method not in ("GET", "HEAD"):
                raise _second_factor_needed()
            await RedirectResponse(SECOND_FACTOR_PATH, 303)(scope, receive, send)
            return
        if request.method not in ("GET", "HEAD"):
            _require_same_site(request)
            limit = self._services.max_upload_mb * MEGABYTE if visit.session else MAX_PUBLIC_BODY
            visit.form = await _read_form(request, limit, self._services.max_upload_files)
            _require_token(request, visit)

        async def send_with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if visit.session is None and names.visitor not in request.cookies:
                    headers.append("Set-Cookie", cookies.made(names.visitor, visitor, self._secure))
                if visit.shows_flash:
                    headers.append("Set-Cookie", cookies.ended(names.flash, self._secure))
            await send(message)

        try:
            await self._app(scope, _nothing_more(receive), send_with_cookies)
        finally:
            await visit.form.close()

    def _is_public(self, path: str) -> bool:
        if path in PUBLIC_PATHS or path.startswith(PUBLIC_PREFIXES):
            return True
        return is_manual(path) and self._services.has_public_manual

    async def _visit(self, request: Request, names: cookies.Names, visitor: str) -> Visit:
        address = request.client.host if request.client else ""
        visit = Visit(
            services=self._services,
            request_id=request.scope["ionport.request_id"],
            address=address,
            secure_cookies=self._secure,
            device="".join(filter(str.isprintable, request.headers.get("user-agent", "")))[:300],
        )
        token = request.cookies.get(names.session)
        if token:
            found = await run_in_threadpool(self._load, Secret(token[:200]), address)
            visit.session, visit.organizations = found
            if visit.session is not None:
                chosen = visit.session.user.language
                speak(speech_of(language_of(request, chosen)))
            wanted = request.cookies.get(names.organization)
            visit.organization = next(
                (one for one in visit.organizations if one.id == wanted),
                next(iter(visit.organizations), None),
            )
            if visit.organization is not None:
                bind(organization=visit.organization.id)
        bound_to = token if token and visit.session else visitor
        visit.csrf_token = self._services.sessions.csrf_token(Secret(bound_to))
        return visit

    def _load(self, token: Secret, address: str) -> tuple[Session | None, Sequence[Organization]]:
        services = self._services
        organizations: Sequence[Organization] = ()
        with services.database.read() as work:
            session = services.sessions.session_for(work, token, address)
            if session is not None and self._has_organizations:
                organizations = services.identity.list_organizations_of(work, session.actor)
        if session is not None and session.is_stale:
            with services.database.write() as work:
                services.sessions.touch_session(work, session)
        return session, organizations


def _signed_out(path: str) -> Unauthenticated:
    text = _("Sign in first.")
    if is_manual(path):
        text = _(
            "This server's manual is open to people who have signed in. Sign in with a browser, or"
            " have the operator open it to everybody by the setting IONPORT_PUBLIC_MANUAL=true."
        )
    return Unauthenticated(text, code="signed_out")


def _is_left(request: Request) -> bool:
    """Tell whether a session that must set up a second factor first may make this request."""
    path = request.url.path
    return path.startswith((SECOND_FACTOR_PATH, "/manual")) or path in (
        "/sign-out",
        "/theme",
        "/language",
    )


def _second_factor_needed() -> Forbidden:
    text = _("This server has come to ask you for a second factor. Set it up on Account.")
    return Forbidden(text, code="second_factor_needed")


def _refuse_nul(request: Request) -> None:
    # PostgreSQL stores no NUL; no address of ours has one.
    if "\x00" in request.url.path or "%00" in request.url.query:
        raise InvalidInput(_("The address has a character that cannot be used."))


def _require_same_site(request: Request) -> None:
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        is_own = site in ("same-origin", "none")
    elif origin is not None:
        is_own = origin.partition("://")[2].lower() == request.headers.get("host", "").lower()
    else:
        is_own = True
    if not is_own:
        raise Forbidden(
            _("This request came from another site and was refused."), code="cross_site"
        )


def _require_token(request: Request, visit: Visit) -> None:
    sent = visit.form.get(CSRF_FIELD) or request.headers.get(CSRF_HEADER) or ""
    if not isinstance(sent, str) or Secret(sent) != Secret(visit.csrf_token):
        raise Forbidden(
            _("This form is out of date. Go back, reload the page and send it again."),
            code="form_out_of_date",
        )


async def _read_form(request: Request, limit: int, max_files: int) -> FormData:
    declared = request.headers.get("content-length", "0")

    def too_large() -> TooLarge:
        return TooLarge(
            _("This is more than {mb} MB at once. Send less, or fewer files at a time.").format(
                mb=max(1, limit // (1024 * 1024))
            )
        )

    is_number = declared.isascii() and declared.isdigit()
    if not is_number or announces_more(declared, limit):
        raise too_large()
    within = Request(request.scope, bounded(request.receive, limit, too_large))
    try:
        form = await within.form(max_files=max_files, max_fields=MAX_FIELDS)
    except HTTPException as error:
        if not error.detail.startswith("Too many files"):
            raise
        raise TooLarge(
            _("These are more than {count} files at once. Send fewer at a time.").format(
                count=max_files
            ),
            code="too_many_files",
        ) from error
    except ValueError as error:
        # Its charset is one that Python knows and cannot read.
        raise _not_storable() from error
    if not all(map(is_storable, _texts(form))):
        raise _not_storable()
    return form


def _not_storable() -> InvalidInput:
    return InvalidInput(_("The form has a character that cannot be stored."))


def _texts(form: FormData) -> Iterator[str]:
    for name, value in form.multi_items():
        yield name
        yield value if isinstance(value, str) else value.filename or ""


def _nothing_more(receive: Receive) -> Receive:
    """Give the pages an empty body: the form was read here, once, for every page."""
    is_first = True

    async def receive_nothing() -> Message:
        nonlocal is_first
        if is_first:
            is_first = False
            return {"type": "http.request", "body": b"", "more_body": False}
        return await receive()

    return receive_nothing
