"""Document side: the limits by which a connection's use of Infor is measured."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from ionport.connections.model import Connection
from ionport.connections.quota.service import LIMITS, MOST, Used
from ionport.core.errors import InvalidInput, existing
from ionport.core.i18n import _, number_text
from ionport.identity.edits import ChangedMeanwhile
from ionport.identity.groups.permissions import Permission
from ionport.web.forms.declared import Form, FormField
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of
from ionport.web.rendering.form_page import show_form
from ionport.web.rendering.templating import path_to, redirect
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_write, visit_of

MANUAL = "prove-a-connection"


def show(request: Request) -> Response:
    """Show the limits of a connection; empty ones are Infor's."""
    connection = _connection(request)
    stored = _stored(connection)
    show_stored(request, stored)
    return _page(request, connection, stored, {})


def save(request: Request) -> Response:
    """Set the limits of a connection."""
    connection = _connection(request)
    typed = _form().sent(visit_of(request).form)
    try:
        with organization_write(request) as access:
            service = documents_of(request).connections
            require_unchanged(
                request,
                access,
                connection.id,
                lambda: _stored(service.get(access, connection.id)),
            )
            service.usage.set_limits(access, connection.id, typed)
    except ChangedMeanwhile as error:
        return _page(request, connection, typed, {"": error.text}, error.status)
    except InvalidInput as error:
        return _page(request, connection, typed, errors_of(error), error.status)
    url = path_to(request, "connection", connection=connection.id)
    return redirect(request, url, text=_("The limits are saved."))


def _stored(connection: Connection) -> dict[str, str]:
    return {name: connection.parameters.get(name, "") for name in LIMITS}


def _form() -> Form:
    return Form(
        [
            FormField(
                name,
                Used(name, 0, limit).label,
                limit=11,
                inputmode="numeric",
                placeholder=str(limit),
                help=_("From 1 to {most}. Empty takes Infor's limit of the base tier, {n}.").format(
                    most=number_text(MOST), n=number_text(limit)
                ),
            )
            for name, limit in LIMITS.items()
        ]
    )


def _page(
    request: Request,
    connection: Connection,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    status: int = 200,
) -> Response:
    crumbs = [
        (_("Settings"), path_to(request, "settings")),
        (_("Connections"), path_to(request, "connections")),
        (connection.name, path_to(request, "connection", connection=connection.id)),
    ]
    heading = _("Limits of {name}").format(name=connection.name)
    return show_form(
        request, _form(), values, errors,
        heading=heading, button=_("Save"), crumbs=crumbs, last=_("Limits"), status=status,
    )  # fmt: skip


def _connection(request: Request) -> Connection:
    with organization_read(request) as access:
        access.require(Permission.MANAGE_CONNECTIONS)
        found = documents_of(request).connections.get(access, request.path_params["connection"])
    return existing(found if found.is_infor else None, _("There is no such connection."))


ROUTES = form_routes(
    "/settings/connections/{connection}/limits", show, save, name="connection_limits"
)
