"""Infor side: closing, deleting and securing an authorized app, each with its consequences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput, NotFound, TooManyRequests
from ionport.core.i18n import _
from ionport.oauth.apps.bridge.keys import new_key_pair
from ionport.web.forms.fields import text_of, whole_number
from ionport.web.forms.passwords import password_errors, password_proof
from ionport.web.pages.authorized_apps.apps import (
    app_crumbs,
    app_dialog,
    app_url,
    detail_page,
    the_app,
    use_of,
)
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.templating import path_to, redirect
from ionport.web.routes import form_routes
from ionport.web.services import infor_of
from ionport.web.state import tenant_scope, tenant_write, visit_of

MANUAL = "rotate-a-secret"

_UNITS = {"minutes": 1, "hours": 60, "days": 1_440}


def disable_form(request: Request) -> Response:
    """Ask before an app is closed."""
    app = the_app(request)
    text = _(
        "The app can no longer log in. You can enable it again; its files then work as before, and"
        " its clients log in anew."
    )
    return ask_first(
        request, _("Disable {name}?").format(name=app.name), [text], _("Disable"),
        crumbs=app_crumbs(request, app), points=use_of(request),
    )  # fmt: skip


def disable(request: Request) -> Response:
    """Close an app to logins."""
    text = _("{name} is disabled. It cannot log in, and its tokens have ended.")
    return _set_disabled(request, True, text)


def enable(request: Request) -> Response:
    """Open an app to logins again."""
    return _set_disabled(request, False, _("{name} is enabled again."))


def _set_disabled(request: Request, disabled: bool, text: str) -> Response:
    visit, scope, app = visit_of(request), tenant_scope(request), the_app(request)
    with visit.write(scope) as access:
        infor_of(request).apps.set_app_disabled(access, app.id, disabled)
    return redirect(request, app_url(request, app.id), text=text.format(name=app.name))


def delete_form(request: Request) -> Response:
    """Ask before an app is deleted."""
    app = the_app(request)
    text = _(
        "The app, its Secret and its service accounts are deleted, and every file of it is"
        " worthless. This cannot be undone."
    )
    return ask_first(
        request, _("Delete {name}?").format(name=app.name), [text], _("Delete"),
        crumbs=app_crumbs(request, app), points=use_of(request),
    )  # fmt: skip


def delete(request: Request) -> Response:
    """Delete an app."""
    visit, scope, app = visit_of(request), tenant_scope(request), the_app(request)
    with visit.write(scope) as access:
        infor_of(request).apps.delete_app(access, app.id)
    url = path_to(request, "authorized_apps", tenant=scope.tenant_id)
    return redirect(request, url, text=_("{name} is deleted.").format(name=app.name))


def revoke_form(request: Request) -> Response:
    """Ask before all tokens of an app are revoked."""
    app = the_app(request)
    text = _(
        "Every access token and refresh token of the app ends at the next request. Files keep"
        " working: clients log in again, and people may have to sign on again. If a file was"
        " stolen, rotate the Secret or delete its service account as well."
    )
    return ask_first(
        request, _("Revoke all tokens of {name}?").format(name=app.name), [text], _("Revoke"),
        crumbs=app_crumbs(request, app), points=use_of(request, counts_accounts=False),
    )  # fmt: skip


def revoke(request: Request) -> Response:
    """Revoke all tokens of an app."""
    visit, scope, app = visit_of(request), tenant_scope(request), the_app(request)
    with visit.write(scope) as access:
        infor_of(request).app_security.revoke_tokens(access, app.id)
    text = _("Every token of {name} is revoked. Its clients log in again.")
    return redirect(request, app_url(request, app.id), text=text.format(name=app.name))


def rotate_form(request: Request) -> Response:
    """Ask how long the old Secret shall work beside the new one."""
    return _rotate_dialog(request, {})


def _rotate_dialog(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    form = visit_of(request).form
    values = {
        "overlap": text_of(form, "overlap") if form else "24",
        "overlap_unit": text_of(form, "overlap_unit") or "hours",
    }
    units = [("minutes", _("Minutes")), ("hours", _("Hours")), ("days", _("Days"))]
    more = {"values": values, "units": units}
    return app_dialog(request, "authorized_apps/security/rotate.html", errors, status, more)


def rotate(request: Request) -> Response:
    """Give an app a new Secret and show it once."""
    try:
        overlap = _overlap(request)
        proof = password_proof(request)
        with tenant_write(request) as access:
            secret = infor_of(request).app_security.rotate_secret(
                access, request.path_params["app"], proof, overlap
            )
    except (InvalidInput, TooManyRequests) as error:
        return _rotate_dialog(request, password_errors(error), error.status)
    notice = _("The new Secret. Download Credentials writes it into a file.")
    return detail_page(request, secret, notice)


def _overlap(request: Request) -> timedelta:
    form = visit_of(request).form
    number, unit = whole_number(form, "overlap"), _UNITS.get(text_of(form, "overlap_unit"))
    if number is None or unit is None:
        text = _("Enter a whole number.")
        raise InvalidInput(text, fields={"overlap": text})
    # Far over the service's limit, and still a timedelta.
    return timedelta(minutes=min(number * unit, 1_000_000))


def key_pair_form(request: Request) -> Response:
    """Ask for the password before a private key is handed out."""
    return app_dialog(request, "authorized_apps/security/key_pair.html", {})


def key_pair(request: Request) -> Response:
    """Make a key pair and send its private half, once."""
    try:
        proof = password_proof(request)
        pair = new_key_pair()
        with tenant_write(request) as access:
            file = infor_of(request).app_security.add_bridge_key(
                access, request.path_params["app"], proof, pair
            )
    except (InvalidInput, TooManyRequests) as error:
        errors = password_errors(error)
        return app_dialog(request, "authorized_apps/security/key_pair.html", errors, error.status)
    return attachment(file.content, file.filename)


def delete_key_form(request: Request) -> Response:
    """Ask before a public key is deleted."""
    visit, scope, key_id = visit_of(request), tenant_scope(request), request.path_params["key"]
    with visit.read(scope) as access:
        keys = infor_of(request).app_security.list_bridge_keys(access, request.path_params["app"])
    if key_id not in {key.id for key in keys}:
        raise NotFound(_("This app has no such key."))
    text = _(
        "Clients that sign with key {id} are refused from now on. Tokens that they have stay in"
        " force."
    ).format(id=key_id)
    crumbs = app_crumbs(request, the_app(request))
    return ask_first(request, _("Delete the key?"), [text], _("Delete"), crumbs=crumbs)


def delete_key(request: Request) -> Response:
    """Delete a public key."""
    visit, scope, app_id = visit_of(request), tenant_scope(request), request.path_params["app"]
    with visit.write(scope) as access:
        infor_of(request).app_security.delete_bridge_key(access, app_id, request.path_params["key"])
    text = _("The key is deleted. Whatever is signed with it is refused.")
    return redirect(request, app_url(request, app_id), text=text)


_APP = "/ion-api/{tenant}/authorized-apps/{app}"
ROUTES = [
    *form_routes(f"{_APP}/disable", disable_form, disable, name="authorized_app_disable"),
    Route(f"{_APP}/enable", enable, methods=["POST"], name="authorized_app_enable"),
    *form_routes(f"{_APP}/delete", delete_form, delete, name="authorized_app_delete"),
    *form_routes(f"{_APP}/revoke", revoke_form, revoke, name="authorized_app_revoke"),
    *form_routes(f"{_APP}/rotate", rotate_form, rotate, name="authorized_app_rotate"),
    *form_routes(f"{_APP}/key-pair", key_pair_form, key_pair, name="authorized_app_key_pair"),
    *form_routes(f"{_APP}/keys/{{key}}/delete", delete_key_form, delete_key, name="app_key_delete"),
]
