"""Signing a browser in, for every page that checks a password or a second step."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ionport.core.secrets import Secret
from ionport.identity.known_browsers import KNOWN_FOR
from ionport.identity.model import User
from ionport.identity.second_factor.model import SecondStepNeeded, Step
from ionport.identity.second_factor.service import PENDING_LIFETIME
from ionport.identity.sessions import SESSION_LIFETIME
from ionport.web.middleware import cookies
from ionport.web.rendering.templating import path_to
from ionport.web.state import visit_of


def sign_in_as(request: Request, username: str, password: Secret) -> tuple[Secret, User]:
    """Begin a session of the browser that asks; raises as `SessionService.sign_in` does."""
    visit = visit_of(request)
    names = cookies.names(request, secure=visit.secure_cookies)
    known = request.cookies.get(names.known, "")
    services = visit.services
    return services.sessions.sign_in(
        services.database, username, password, visit.address, known, visit.device
    )


def sign_in_and_go(request: Request, url: str, username: str, password: Secret) -> Response:
    """Go on to `url` signed in, or to the second step that leads there.

    Raises:
        Unauthenticated, TooManyRequests, Unavailable: as `SessionService.sign_in`.
    """
    try:
        token, user = sign_in_as(request, username, password)
    except SecondStepNeeded as needed:
        return to_second_step(request, needed, url)
    return with_session(request, RedirectResponse(url, status_code=303), token, user)


def with_session(request: Request, response: Response, token: Secret, user: User) -> Response:
    """Give the browser the cookies of a session that has just begun and of a known browser."""
    visit = visit_of(request)
    names = cookies.names(request, secure=visit.secure_cookies)
    known = visit.services.sessions.remember_browser(request.cookies.get(names.known, ""), user)
    for value in (
        cookies.made(
            names.session,
            token.reveal(),
            visit.secure_cookies,
            int(SESSION_LIFETIME.total_seconds()),
        ),
        cookies.made(names.known, known, visit.secure_cookies, int(KNOWN_FOR.total_seconds())),
        cookies.ended(names.visitor, visit.secure_cookies),
        cookies.ended(names.pending, visit.secure_cookies),
    ):
        response.headers.append("Set-Cookie", value)
    return response


def to_second_step(request: Request, needed: SecondStepNeeded, url: str) -> Response:
    """Redirect a browser after a right first step to the second one, and then to `url`."""
    name = "second_step" if needed.step is Step.CODE else "second_step_set_up"
    target = f"{path_to(request, name)}?next={quote(url, safe='')}"
    return with_pending(request, RedirectResponse(target, status_code=303), needed)


def with_pending(request: Request, response: Response, needed: SecondStepNeeded) -> Response:
    """Set the cookie of a pending sign-in, sealed and without rights, until the second step."""
    visit = visit_of(request)
    name = cookies.names(request, secure=visit.secure_cookies).pending
    seconds = int(PENDING_LIFETIME.total_seconds())
    value = cookies.made(name, needed.pending.reveal(), visit.secure_cookies, seconds)
    response.headers.append("Set-Cookie", value)
    return response


def pending_of(request: Request) -> str:
    """Return the cookie of the browser's pending sign-in."""
    names = cookies.names(request, secure=visit_of(request).secure_cookies)
    return request.cookies.get(names.pending, "")
