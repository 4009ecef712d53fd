"""The page of a one-time link: an invited person, or who forgot the password, chooses one."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import InvalidInput, NotFound, TooManyRequests, Unavailable
from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.identity.accounts.model import LinkKind
from ionport.web.forms.fields import errors_of
from ionport.web.forms.passwords import typed_twice
from ionport.web.forms.signing_in import sign_in_and_go
from ionport.web.rendering.templating import redirect, render
from ionport.web.routes import form_routes
from ionport.web.state import visit_of

MANUAL = "account"


def link_form(request: Request) -> Response:
    """Show the form of an open link, or why the link has ended."""
    return _page(request, {})


def use_link(request: Request) -> Response:
    """Set the chosen password and sign its owner in."""
    visit = visit_of(request)
    services, token = visit.services, _token(request)
    try:
        with services.database.read() as work:
            services.accounts.link_of(work, token)
        new = typed_twice(request, "new_password")
        password_hash = services.identity.hash_password(new)
        with services.database.write() as work:
            user = services.accounts.use_link(work, token, password_hash, visit.address)
    except InvalidInput as error:
        return _page(request, errors_of(error), error.status)
    except NotFound as error:
        return _ended_link_page(request, error)
    try:
        return sign_in_and_go(request, "/", user.username, new)
    except (TooManyRequests, Unavailable):
        return redirect(request, "/sign-in", text=_("The password is set. Sign in with it."))


def _page(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    services = visit_of(request).services
    try:
        with services.database.read() as work:
            link, user = services.accounts.link_of(work, _token(request))
    except NotFound as error:
        return _ended_link_page(request, error)
    context = {
        "user": user,
        "is_invitation": link.kind is LinkKind.INVITATION,
        "expires_at": link.expires_at,
        "errors": errors,
        "alone": True,
    }
    return render(request, "account/links/set_password.html", context, status=status)


def _ended_link_page(request: Request, error: NotFound) -> Response:
    context = {"text": error.text, "title": _("This link has ended"), "alone": True}
    return render(request, "account/links/ended.html", context, status=error.status)


def _token(request: Request) -> Secret:
    return Secret(request.path_params["token"])


_BASE = "/set-password/{token}"
ROUTES = [
    *form_routes(_BASE, link_form, use_link, name="set_password"),
]
