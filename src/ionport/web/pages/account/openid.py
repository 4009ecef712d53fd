"""Sign-in by the firm's OpenID Connect provider: the redirect there, and the one back."""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ionport.core.errors import Unavailable, existing
from ionport.core.i18n import _
from ionport.identity.openid.model import OpenIdRefused
from ionport.identity.openid.service import SIGN_IN_LIFETIME, OpenIdAnswer, OpenIdService
from ionport.identity.second_factor.model import SecondStepNeeded
from ionport.web.forms.signing_in import to_second_step, with_session
from ionport.web.middleware import cookies
from ionport.web.pages.account.account import sign_in_page
from ionport.web.rendering.templating import own_address, redirect, render
from ionport.web.state import visit_of

MANUAL = "account"

logger = logging.getLogger(__name__)

_MOST_LETTERS = 2_000


def begin(request: Request) -> Response:
    """Lead the browser to the provider."""
    visit = visit_of(request)
    try:
        start = _service(request).begin(own_address(request.query_params.get("next", "")))
    except Unavailable as error:
        return _failed(request, error)
    response = RedirectResponse(start.url, status_code=303)
    seconds = int(SIGN_IN_LIFETIME.total_seconds())
    value = cookies.made(_cookie(request), start.kept.reveal(), visit.secure_cookies, seconds)
    response.headers.append("Set-Cookie", value)
    return response


def finish(request: Request) -> Response:
    """Take what the provider's redirect brought, and begin the session."""
    visit, service = visit_of(request), _service(request)
    parameters = [
        request.query_params.get(name, "")[:_MOST_LETTERS]
        for name in ("code", "state", "error", "iss")
    ]
    kept = request.cookies.get(_cookie(request), "")
    answer = OpenIdAnswer(*parameters)
    try:
        done = service.finish(visit.services.database, kept, answer, visit.address, visit.device)
    except (OpenIdRefused, Unavailable) as error:
        response = _failed(request, error)
    except SecondStepNeeded as needed:
        response = to_second_step(request, needed, service.next_of(kept))
    else:
        url = own_address(done.next_url)
        response = with_session(
            request, RedirectResponse(url, status_code=303), done.token, done.user
        )
    response.headers.append("Set-Cookie", cookies.ended(_cookie(request), visit.secure_cookies))
    return response


def sign_out(request: Request) -> Response:
    """Lead a browser whose session has ended here to the provider's own end of session.

    A page in between, because no form may lead to another site (`form-action` of our policy).
    """
    service = _service(request)
    url = service.sign_out_url()
    if not url:
        return redirect(request, "/sign-in", kind="info", text=_("You are signed out."))
    context = {"alone": True, "url": url, "name": service.name}
    return render(request, "account/openid.html", context)


def _failed(request: Request, error: OpenIdRefused | Unavailable) -> Response:
    """Show the sign-in page with what went wrong: the password is the alternative."""
    logger.warning("OpenID sign-in: %s %s", error.code, error.detail or "")
    return sign_in_page(request, error=error.text, status=error.status)


def _service(request: Request) -> OpenIdService:
    return existing(visit_of(request).services.openid, _("There is nothing at this address."))


def _cookie(request: Request) -> str:
    return cookies.names(request, secure=visit_of(request).secure_cookies).openid


ROUTES = [
    Route("/sign-in/openid", begin, name="openid"),
    Route("/sign-in/openid/out", sign_out, name="openid_out"),
    Route("/sign-in/openid/return", finish, name="openid_return"),
]
