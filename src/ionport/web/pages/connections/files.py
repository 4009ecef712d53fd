"""Document side: the file of a connection is replaced, or a former one brought back."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ionport.connections.model import Connection
from ionport.core.errors import Conflict, InvalidInput, TooLarge, existing
from ionport.core.i18n import _
from ionport.identity.groups.permissions import Permission
from ionport.web.pages.connections.connections import start_check, uploaded_credential
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_write, visit_of

MANUAL = "prove-a-connection"


def replace_form(request: Request) -> Response:
    """Show the form that takes another file of the same tenant."""
    return _replace_page(request, _connection(request))


def replace(request: Request) -> Response:
    """Let the connection use the file, and prove it at once."""
    connection = _connection(request)
    try:
        given = uploaded_credential(visit_of(request).form)
        if given is None:
            raise InvalidInput(_("Choose the .ionapi file from Download Credentials."))
        with organization_write(request) as access:
            documents_of(request).connections.files.replace(access, connection.id, given[1])
    except (InvalidInput, Conflict, TooLarge) as error:
        return _replace_page(request, connection, error.text, error.status)
    start_check(request, connection.id)
    text = _("The file is replaced: deliveries under way go on with it. Watch its proof below.")
    return redirect(request, _url(request, connection), text=text)


def restore_form(request: Request) -> Response:
    """Ask before a former file is brought back."""
    connection = _connection(request)
    service, wanted = documents_of(request).connections, request.path_params["former"]
    with organization_read(request) as access:
        former = service.files.former(access, connection.id)
    found = next((each for each in former if each.id == wanted), None)
    found = existing(found, _("There is no such former file."))
    texts = [
        _(
            "The file with the client id {client} of {app} is used again, and proved at once."
        ).format(client=found.client_id, app=found.app_name or connection.tenant_id),
        _("The file of now is kept. Whether Infor still takes the former one, its proof tells."),
    ]
    heading = _("Use the former file of {name} again?").format(name=connection.name)
    return ask_first(
        request,
        heading,
        texts,
        _("Use it again"),
        crumbs=_crumbs(request, connection),
        is_destructive=False,
    )


def restore(request: Request) -> Response:
    """Bring a former file back, and prove it at once."""
    connection = _connection(request)
    try:
        with organization_write(request) as access:
            service = documents_of(request).connections
            service.files.restore(access, connection.id, request.path_params["former"])
    except Conflict as error:
        return redirect(request, _url(request, connection), kind="danger", text=error.text)
    start_check(request, connection.id)
    text = _("The former file is used again. Watch its proof below.")
    return redirect(request, _url(request, connection), text=text)


def _replace_page(
    request: Request, connection: Connection, error: str = "", status: int = 200
) -> Response:
    context = {
        "connection": connection,
        "error": error,
        "crumbs": [*_crumbs(request, connection), (_("Replace file"), None)],
    }
    return render(request, "connections/files.html", context, status=status)


def _connection(request: Request) -> Connection:
    with organization_read(request) as access:
        access.require(Permission.MANAGE_CONNECTIONS)
        found = documents_of(request).connections.get(access, request.path_params["connection"])
    return existing(found if found.is_infor else None, _("There is no such connection."))


def _url(request: Request, connection: Connection) -> str:
    return path_to(request, "connection", connection=connection.id)


def _crumbs(request: Request, connection: Connection) -> list[tuple[str, str | None]]:
    return [
        (_("Settings"), path_to(request, "settings")),
        (_("Connections"), path_to(request, "connections")),
        (connection.name, _url(request, connection)),
    ]


_ONE = "/settings/connections/{connection}"
ROUTES = [
    *form_routes(f"{_ONE}/file", replace_form, replace, name="connection_file"),
    *form_routes(
        f"{_ONE}/files/{{former}}/restore", restore_form, restore, name="connection_file_restore"
    ),
]
