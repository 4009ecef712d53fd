"""The second step of signing in: a code, or setting up what the server asks of the person.

Between the two steps the browser keeps a sealed cookie, and no session: whoever has only typed the
password sees and does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ionport.core.errors import Conflict, InvalidInput, TooManyRequests, Unauthenticated
from ionport.core.i18n import _
from ionport.identity.second_factor.model import PendingSignIn, Step
from ionport.web.forms.fields import errors_of, secret_of, text_of
from ionport.web.forms.signing_in import pending_of, with_session
from ionport.web.rendering.qr import qr_of
from ionport.web.rendering.templating import own_address, redirect, render
from ionport.web.routes import form_routes
from ionport.web.state import visit_of

MANUAL = "account"


def code_form(request: Request) -> Response:
    """Ask for the code of a sign-in that has begun."""
    if _open_step(request, Step.CODE) is None:
        return _begin_again(request)
    return _code_page(request)


def check_code(request: Request) -> Response:
    """Check the code and begin the session."""
    visit = visit_of(request)
    sessions, database = visit.services.sessions, visit.services.database
    try:
        token, user = sessions.finish_with_code(
            database, pending_of(request), secret_of(visit.form, "code"), visit.address,
            visit.device,
        )  # fmt: skip
    except InvalidInput as error:
        return _code_page(request, error.text, error.status)
    except TooManyRequests as error:
        return _code_page(request, error.text, error.status, error.retry_after)
    except Unauthenticated:
        return _begin_again(request)
    response = RedirectResponse(_next(request), status_code=303)
    return with_session(request, response, token, user)


def set_up_form(request: Request) -> Response:
    """Show the secret of a second factor that the person has to set up now."""
    pending = _open_step(request, Step.SET_UP)
    return _begin_again(request) if pending is None else _set_up_page(request, pending, {})


def set_up(request: Request) -> Response:
    """Switch the second factor on, begin the session, and show the recovery codes."""
    visit = visit_of(request)
    pending = _open_step(request, Step.SET_UP)
    if pending is None:
        return _begin_again(request)
    sessions, database = visit.services.sessions, visit.services.database
    try:
        token, user, codes = sessions.finish_with_set_up(
            database, pending_of(request), text_of(visit.form, "offered"),
            secret_of(visit.form, "code"), visit.address, visit.device,
        )  # fmt: skip
    except InvalidInput as error:
        return _set_up_page(request, pending, errors_of(error), error.status)
    except (Conflict, Unauthenticated):
        return _begin_again(request)
    context = {"codes": [one.reveal() for one in codes], "next": _next(request), "alone": True}
    page = render(
        request, "account/second_step/codes.html", context, headers={"Cache-Control": "no-store"}
    )
    return with_session(request, page, token, user)


def _open_step(request: Request, step: Step) -> PendingSignIn | None:
    services = visit_of(request).services
    with services.database.read() as work:
        pending = services.factors.open_pending(work, pending_of(request))
    return pending if pending is not None and pending.step is step else None


def _code_page(
    request: Request, error: str = "", status: int = 200, retry_after: int | None = None
) -> Response:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    context = {"error": error, "next": _next(request), "alone": True}
    return render(request, "account/second_step/code.html", context, status=status, headers=headers)


def _set_up_page(
    request: Request, pending: PendingSignIn, errors: Mapping[str, str], status: int = 200
) -> Response:
    visit = visit_of(request)
    offered = visit.services.factors.offer(pending.user, text_of(visit.form, "offered"))
    context = {
        "secret": offered.secret.reveal(),
        "qr": qr_of(offered.address),
        "offered": offered.sealed,
        "errors": errors,
        "next": _next(request),
        "alone": True,
    }
    return render(
        request,
        "account/second_step/set_up.html",
        context,
        status=status,
        headers={"Cache-Control": "no-store"},
    )


def _begin_again(request: Request) -> Response:
    target = f"/sign-in?next={quote(_next(request), safe='')}"
    text = _("Sign in again: the second step was not finished within ten minutes.")
    return redirect(request, target, kind="info", text=text)


def _next(request: Request) -> str:
    form = visit_of(request).form
    return own_address(text_of(form, "next") or request.query_params.get("next", ""))


ROUTES = [
    *form_routes("/sign-in/code", code_form, check_code, name="second_step"),
    *form_routes("/sign-in/second-factor", set_up_form, set_up, name="second_step_set_up"),
]
