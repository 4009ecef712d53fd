"""Document side: a person pauses a connection, and lets it go on."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.identity.groups.permissions import Permission
from ionport.web.forms.fields import errors_of, lines_of
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_write, visit_of

MANUAL = "prove-a-connection"


def ask(request: Request) -> Response:
    """Say what a pause does, and ask why."""
    return _dialog(request, {})


def pause(request: Request) -> Response:
    """Let nothing be delivered over the connection."""
    reason = lines_of(visit_of(request).form, "reason")
    try:
        with organization_write(request) as access:
            service = documents_of(request).connections.pauses
            service.pause(access, request.path_params["connection"], reason)
    except InvalidInput as error:
        return _dialog(request, errors_of(error), error.status)
    return redirect(request, _url(request), text=_("The connection is paused."))


def resume(request: Request) -> Response:
    """Let deliveries go on over the connection."""
    with organization_write(request) as access:
        service = documents_of(request).connections.pauses
        service.resume(access, request.path_params["connection"])
    return redirect(request, _url(request), text=_("The connection is resumed."))


def try_now(request: Request) -> Response:
    """Let what waits for a server be tried at once."""
    with organization_write(request) as access:
        service = documents_of(request).connections.pauses
        service.try_now(access, request.path_params["connection"])
    return redirect(request, _url(request), text=_("The next delivery is tried at once."))


def _dialog(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    with organization_read(request) as access:
        access.require(Permission.MANAGE_CONNECTIONS)
        found = documents_of(request).connections.get(access, request.path_params["connection"])
    reason = lines_of(visit_of(request).form, "reason") if errors else found.pause_reason
    context = {"connection": found, "errors": errors, "reason": reason}
    return render(request, "connections/pauses.html", context, status=status)


def _url(request: Request) -> str:
    return path_to(request, "connection", connection=request.path_params["connection"])


_ONE = "/settings/connections/{connection}"
ROUTES = [
    *form_routes(f"{_ONE}/pause", ask, pause, name="connection_pause"),
    Route(f"{_ONE}/resume", resume, methods=["POST"], name="connection_resume"),
    Route(f"{_ONE}/try", try_now, methods=["POST"], name="connection_try"),
]
