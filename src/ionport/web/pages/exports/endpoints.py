"""Document side: the endpoint of a connection that takes what the ERP says."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ionport.connections.model import Connection
from ionport.core.i18n import _
from ionport.exports.acknowledgements.model import address_of
from ionport.identity.groups.permissions import Permission
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_write, visit_of

MANUAL = "what-the-erp-says"


def token_form(request: Request) -> Response:
    """Ask before a token is made: the one before it ends."""
    connection = _connection(request)
    points = [
        _("The new token is shown this once; it is kept as a digest."),
        _("The token of now is refused from then on: enter the new one where ION calls."),
    ]
    heading = _("Make a new token for {name}?").format(name=connection.name)
    crumbs = _crumbs(request, connection)
    return ask_first(request, heading, [], _("Make a new token"), crumbs=crumbs, points=points)


def make_token(request: Request) -> Response:
    """Make a token and show it, this once."""
    connection = _connection(request)
    with organization_write(request) as access:
        token = documents_of(request).acknowledgements.make_token(access, connection.id)
    context = {
        "connection": connection,
        "token": token.reveal(),
        "address": address_of(visit_of(request).services.origin, connection.id),
    }
    headers = {"Cache-Control": "no-store"}
    return render(request, "exports/endpoints/token.html", context, headers=headers)


def remove_form(request: Request) -> Response:
    """Ask before an endpoint is removed."""
    connection = _connection(request)
    heading = _("Remove the endpoint of {name}?").format(name=connection.name)
    texts = [
        _(
            "What the ERP says over this connection is refused from then on. What it has said"
            " stays. A new token opens the endpoint again, at the same address."
        )
    ]
    return ask_first(request, heading, texts, _("Remove"), crumbs=_crumbs(request, connection))


def remove(request: Request) -> Response:
    """Let an endpoint take nothing any more."""
    connection = _connection(request)
    with organization_write(request) as access:
        documents_of(request).acknowledgements.remove(access, connection.id)
    url = path_to(request, "connection", connection=connection.id)
    return redirect(request, url, text=_("The endpoint is removed."))


def _connection(request: Request) -> Connection:
    with organization_read(request) as access:
        access.require(Permission.MANAGE_CONNECTIONS)
        return documents_of(request).connections.get(access, request.path_params["connection"])


def _crumbs(request: Request, connection: Connection) -> list[tuple[str, str | None]]:
    return [
        (_("Settings"), path_to(request, "settings")),
        (_("Connections"), path_to(request, "connections")),
        (connection.name, path_to(request, "connection", connection=connection.id)),
    ]


_ONE = "/settings/connections/{connection}"
ROUTES = [
    *form_routes(f"{_ONE}/token", token_form, make_token, name="connection_token"),
    *form_routes(f"{_ONE}/endpoint/remove", remove_form, remove, name="connection_endpoint_remove"),
]
