"""The authorization endpoint's pages: sign-on, Request for Approval, what one has approved.

Until the request's redirect URL is known to be the app's own, every error stays on a page. Forms
carry the request itself and read it again: nothing is kept between two of them but the session.
"""

from __future__ import annotations

import logging
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ionport.core.errors import (
    Forbidden,
    InvalidInput,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.model import check_tenant_id
from ionport.identity.second_factor.model import SecondStepNeeded, Step
from ionport.oauth.apps.redirects import form_target
from ionport.oauth.authorize.model import AuthorizationRefused, AuthorizationRequest
from ionport.oauth.authorize.service import ApprovalService
from ionport.store import TenantScope
from ionport.web.forms.fields import secret_of, text_of
from ionport.web.forms.signing_in import (
    pending_of,
    sign_in_as,
    to_second_step,
    with_pending,
    with_session,
)
from ionport.web.middleware import cookies
from ionport.web.middleware.frame import CONTENT_SECURITY_POLICY
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import infor_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write, visit_of

MANUAL = "users"

logger = logging.getLogger(__name__)

MAX_QUERY: Final = 8_000


def authorize(request: Request) -> Response:
    """Answer an authorization request: ask the person, or redirect to the app at once."""
    if request.method == "HEAD":
        return Response()
    return _answer(request, request.url.query)


def sign_on(request: Request) -> Response:
    """Check the password of the tenant's sign-on page and go on with the request."""
    visit = visit_of(request)
    query = text_of(visit.form, "query")
    try:
        asked = _read(request, query)
        username, password = text_of(visit.form, "username"), secret_of(visit.form, "password")
        token, user = sign_in_as(request, username, password)
    except AuthorizationRefused as refused:
        return _refused(request, refused)
    except SecondStepNeeded as needed:
        if needed.step is Step.SET_UP:
            return to_second_step(request, needed, _again(request, query))
        target = _again(request, query, "authorize_code")
        return with_pending(request, RedirectResponse(target, status_code=303), needed)
    except (Unauthenticated, TooManyRequests, Unavailable) as error:
        wait = {}
        if isinstance(error, TooManyRequests):
            wait["Retry-After"] = str(error.retry_after)
        return _ask(
            request, asked, query, "sign_on",
            error=error.text, status=error.status, headers=wait,
        )  # fmt: skip
    response = RedirectResponse(_again(request, query), status_code=303)
    return with_session(request, response, token, user)


def code_form(request: Request) -> Response:
    """Ask for the code of a sign-on whose password was right, or begin again."""
    visit, query = visit_of(request), request.url.query
    with visit.services.database.read() as work:
        pending = visit.services.factors.open_pending(work, pending_of(request))
    if pending is None or pending.step is not Step.CODE:
        return RedirectResponse(_again(request, query), status_code=303)
    try:
        return _ask(request, _read(request, query), query, "code")
    except AuthorizationRefused as refused:
        return _refused(request, refused)


def check_code(request: Request) -> Response:
    """Check the code of the second step and go on with the request."""
    visit = visit_of(request)
    query, kept = text_of(visit.form, "query"), pending_of(request)
    sessions, database = visit.services.sessions, visit.services.database
    response = RedirectResponse(_again(request, query), status_code=303)
    try:
        asked = _read(request, query)
        token, user = sessions.finish_with_code(
            database, kept, secret_of(visit.form, "code"), visit.address, visit.device
        )
    except AuthorizationRefused as refused:
        return _refused(request, refused)
    except Unauthenticated:
        return response
    except (InvalidInput, TooManyRequests) as error:
        wait = {"Retry-After": str(error.retry_after)} if isinstance(error, TooManyRequests) else {}
        return _ask(
            request, asked, query, "code", error=error.text, status=error.status, headers=wait
        )
    return with_session(request, response, token, user)


def switch_user(request: Request) -> Response:
    """Sign the person out and show the sign-on page for the same request."""
    visit = visit_of(request)
    names = cookies.names(request, secure=visit.secure_cookies)
    with visit.services.database.write() as work:
        visit.services.sessions.sign_out(work, Secret(request.cookies.get(names.session, "")))
    response = RedirectResponse(_again(request, text_of(visit.form, "query")), status_code=303)
    response.headers.append("Set-Cookie", cookies.ended(names.session, visit.secure_cookies))
    return response


def decide(request: Request) -> Response:
    """Take the person's answer to Request for Approval."""
    visit = visit_of(request)
    query = text_of(visit.form, "query")
    if visit.session is None:
        return RedirectResponse(_again(request, query), status_code=303)
    if text_of(visit.form, "decision") == "allow":
        return _answer(request, query, is_approved=True)
    try:
        asked = _read(request, query)
    except AuthorizationRefused as refused:
        return _refused(request, refused)
    return _lead_back(_approvals(request).denied(_scope(request), asked))


def _answer(request: Request, query: str, *, is_approved: bool = False) -> Response:
    visit, scope = visit_of(request), _scope(request)
    try:
        asked = _read(request, query)
    except AuthorizationRefused as refused:
        return _refused(request, refused)
    if visit.session is None:
        return _ask(request, asked, query, "sign_on")
    approvals, database = _approvals(request), visit.services.database
    try:
        with database.read() as work:
            access = Access(work, scope, visit.actor)
            if not is_approved and approvals.needs_consent(access, asked):
                return _ask(request, asked, query, "approve")
            approval = approvals.prepare(access, asked)
    except Forbidden as error:
        return _ask(request, asked, query, "no_member", error=error.text, status=error.status)
    with database.write() as work:
        location = approvals.record(Access(work, scope, visit.actor), approval)
    return _lead_back(location.reveal())


def _read(request: Request, query: str) -> AuthorizationRequest:
    if len(query) > MAX_QUERY:
        text = _("The address is too long. Ask the app's maker to send a shorter state.")
        raise AuthorizationRefused("invalid_request", text)
    with visit_of(request).services.database.read() as work:
        return _approvals(request).read(work.within(_scope(request)), query)


def _ask(
    request: Request,
    asked: AuthorizationRequest,
    query: str,
    page: str,
    *,
    error: str = "",
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    """Show a page whose form may lead on to the app's redirect URL.

    An app that asked for no page is told that one would be needed.
    """
    if asked.is_silent:
        return _lead_back(_approvals(request).unasked(_scope(request), asked, page))
    target = form_target(asked.redirect_uri)
    policy = CONTENT_SECURITY_POLICY.replace("form-action 'self'", f"form-action 'self' {target}")
    openid = visit_of(request).services.openid
    context = {
        "asked": asked,
        "tenant_id": _scope(request).tenant_id,
        "query": query,
        "target": target,
        "error": error,
        "provider": openid.name if openid is not None else "",
        "again": _again(request, query),
        "username": text_of(visit_of(request).form, "username"),
        "alone": True,
    }
    return render(
        request,
        f"account/authorize/{page}.html",
        context,
        status=status,
        headers={"Content-Security-Policy": policy, **_HEADERS, **(headers or {})},
    )


# An app may have opened the sign-on page in a window of its own, and waits for that window.
_HEADERS: Final = {"X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "unsafe-none"}


def _refused(request: Request, refused: AuthorizationRefused) -> Response:
    scope = _scope(request)
    logger.info("authorization refused in %s: %s", scope.tenant_id, refused.error)
    location = _approvals(request).refusal(scope, refused)
    if location is not None:
        return _lead_back(location)
    context = {"refused": refused, "tenant_id": scope.tenant_id, "alone": True}
    return render(
        request, "account/authorize/refused.html", context, status=refused.status, headers=_HEADERS
    )


def _lead_back(location: str) -> Response:
    # Not RedirectResponse: it would encode the app's own URL anew.
    headers = {"Referrer-Policy": "no-referrer", "Location": location}
    return Response(status_code=303, headers=headers)


def list_approvals(request: Request) -> Response:
    """Show the apps that the person has approved in this tenant."""
    with tenant_read(request) as access:
        consents = _approvals(request).list_consents(access)
    return render(request, "account/authorize/approvals.html", {"consents": consents})


def revoke_approval(request: Request) -> Response:
    """Take an approval back."""
    with tenant_write(request) as access:
        _approvals(request).revoke_consent(access, request.path_params["app"])
    text = _("The approval is taken back. The app's tokens for you no longer work.")
    return redirect(
        request, path_to(request, "approvals", tenant=tenant_scope(request).tenant_id), text=text
    )


def _approvals(request: Request) -> ApprovalService:
    return infor_of(request).approvals


def _scope(request: Request) -> TenantScope:
    return TenantScope(check_tenant_id(str(request.path_params["tenant"]).upper()))


def _again(request: Request, query: str, name: str = "authorize") -> str:
    """Return the address of the same request; the query is percent-encoded as it came."""
    path = path_to(request, name, tenant=_scope(request).tenant_id)
    return f"{path}?{query}" if query.isascii() and query.isprintable() else path


_BASE = "/authorize/{tenant}"
ROUTES = [
    Route(_BASE, authorize, name="authorize"),
    Route(f"{_BASE}/sign-on", sign_on, methods=["POST"], name="authorize_sign_on"),
    *form_routes(f"{_BASE}/code", code_form, check_code, name="authorize_code"),
    Route(f"{_BASE}/switch", switch_user, methods=["POST"], name="authorize_switch"),
    Route(f"{_BASE}/decision", decide, methods=["POST"], name="authorize_decision"),
    Route("/ion-api/{tenant}/approvals", list_approvals, name="approvals"),
    Route(
        "/ion-api/{tenant}/approvals/{app}/revoke",
        revoke_approval,
        methods=["POST"],
        name="approval_revoke",
    ),
]
