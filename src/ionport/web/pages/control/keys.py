"""Infor side: control keys of a tenant's sandbox, and the switch of Infor's limits."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.sandbox.control.http.endpoint import PREFIX
from ionport.sandbox.control.keys.model import ControlKey
from ionport.sandbox.control.plane import ControlPlane
from ionport.web.forms.fields import errors_of, is_on, text_of
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import infor_of, sandbox_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write, visit_of

MANUAL = "sandbox-control"


def list_keys(request: Request) -> Response:
    """Show the keys by name, and whether the limits are applied."""
    return _page(request, {})


def create(request: Request) -> Response:
    """Make a key and show it, this once."""
    name = text_of(visit_of(request).form, "name")
    try:
        with tenant_write(request) as access:
            key, secret = _plane(request).keys.create(access, name)
    except InvalidInput as error:
        return _page(request, errors_of(error), name, error.status)
    except Conflict as error:
        return _page(request, {"name": error.text}, name, error.status)
    return _shown_once(request, key, secret)


def _shown_once(request: Request, key: ControlKey, secret: Secret) -> Response:
    address = f'"$IONPORT_URL{PREFIX}/{key.tenant_id}/state"'
    example = f'curl -H "Authorization: Bearer $CONTROL_KEY" {address}'
    context = {"key": key, "secret": secret.reveal(), "example": example}
    headers = {"Cache-Control": "no-store"}
    return render(request, "control/keys/new.html", context, headers=headers)


def _page(
    request: Request, errors: Mapping[str, str], name: str = "", status: int = 200
) -> Response:
    with tenant_read(request) as access:
        keys = _plane(request).keys.list(access)
        settings = infor_of(request).tenant_settings.get(access)
    context = {"keys": keys, "errors": errors, "name": name, "limits": settings.limits}
    return render(request, "control/keys/list.html", context, status=status)


def delete_form(request: Request) -> Response:
    """Ask before a key is deleted."""
    with tenant_read(request) as access:
        key = _plane(request).keys.get(access, request.path_params["control_key"])
    text = _("Programs that use it are refused from the next request on.")
    crumbs = [(_("Control plane"), None), (_("Control keys and limits"), _url(request))]
    heading = _("Delete the control key {name}?").format(name=key.name)
    return ask_first(request, heading, [text], _("Delete"), crumbs=crumbs)


def delete(request: Request) -> Response:
    """Delete a key."""
    with tenant_write(request) as access:
        _plane(request).keys.delete(access, request.path_params["control_key"])
    return redirect(request, _url(request), text=_("The control key is deleted."))


def switch_limits(request: Request) -> Response:
    """Apply Infor's limits, or do not."""
    are_on = is_on(visit_of(request).form, "are_on")
    service = infor_of(request).tenant_settings
    with tenant_write(request) as access:
        settings = service.get(access)
        changed = settings.with_limits(settings.limits.switched(on=are_on))
        service.change(access, changed)
    text = _("Infor's limits are applied.") if are_on else _("No limit is applied.")
    return redirect(request, _url(request), text=text)


def _plane(request: Request) -> ControlPlane:
    return sandbox_of(request).control


def _url(request: Request) -> str:
    return path_to(request, "control_keys", tenant=tenant_scope(request).tenant_id)


_BASE = "/ion-api/{tenant}/control-keys"
_KEY = f"{_BASE}/{{control_key}}"
ROUTES = [
    *form_routes(_BASE, list_keys, create, name="control_keys"),
    Route(f"{_BASE}/limits", switch_limits, methods=["POST"], name="limits_switch"),
    *form_routes(f"{_KEY}/delete", delete_form, delete, name="control_key_delete"),
]
