"""Document side: the endpoint of a connection for the ERP's acknowledgements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response

from ionport.connections.model import Connection
from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.exports.acknowledgements.ion_package import IonNames, ion_package
from ionport.exports.acknowledgements.model import address_of
from ionport.identity.groups.permissions import Permission
from ionport.web.forms.declared import Form, FormField
from ionport.web.forms.fields import errors_of
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.form_page import show_form
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
    return render(request, "connections/endpoints/token.html", context, headers=headers)


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


def package_form(request: Request) -> Response:
    """Show the names that stand in the import file for ION Desk."""
    return _package_page(request, asdict(IonNames()), {})


def package(request: Request) -> Response:
    """Send the import file with these names, to be saved."""
    _connection(request)
    values = _package_fields().sent(visit_of(request).form)
    try:
        names = IonNames(**{name: text.strip() for name, text in values.items()})
        content = ion_package(names, visit_of(request).services.clock.now())
    except InvalidInput as error:
        return _package_page(request, values, errors_of(error), error.status)
    return attachment(content, f"{names.flow}.xml")


def _package_page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    connection = _connection(request)
    return show_form(
        request, _package_fields(), values, errors,
        heading=_("Import file for ION Desk"), button=_("Download"),
        crumbs=_crumbs(request, connection), last=_("Import file"), status=status,
        downloads=True,
        intro=[
            _(
                "Import this file in ION Desk. It brings the way back of what the ERP says: a"
                " document flow, and a connection point that calls this connection. The names are"
                " proposals; write yours where they are there already."
            )
        ],
    )  # fmt: skip


def _package_fields() -> Form:
    return Form(
        [
            FormField(
                "point", _("Connection point for acknowledgements"), required=True, limit=100,
                help=_("It is made. Its ION API credentials are set in ION Desk after the import."),
            ),
            FormField("suite", _("API suite"), required=True, limit=100),
            FormField("proxy", _("Proxy context of its endpoint"), required=True, limit=100),
            FormField("flow", _("Document flow"), required=True, limit=100,
                help=_("It is made. Put your mappings into it, then activate it."),
            ),
            FormField("sender", _("Connection point that sends invoices"), required=True, limit=100,
                help=_("Of the type IMS via API Gateway; it must be there already."),
            ),
            FormField("erp", _("Connection point of the ERP"), required=True, limit=100),
        ]
    )  # fmt: skip


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
    *form_routes(f"{_ONE}/ion-package", package_form, package, name="connection_ion_package"),
    *form_routes(f"{_ONE}/token", token_form, make_token, name="connection_token"),
    *form_routes(f"{_ONE}/endpoint/remove", remove_form, remove, name="connection_endpoint_remove"),
]
