"""Infor side: ION Desk's Connection Points of type IMS via API Gateway.

Source: docs/reference/ion-messaging.md#connection-point.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.core.paging import MAX_PER_PAGE, PageRequest
from ionport.identity.edits import ChangedMeanwhile
from ionport.oauth.apps.model import AppQuery
from ionport.sandbox.messaging.points.model import ConnectionPoint, PointDraft, PointQuery
from ionport.web.forms.declared import FieldKind, Form, FormField
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of, is_on
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.form_page import Missing, show_form
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.rendering.trail import trail_of
from ionport.web.routes import form_routes
from ionport.web.services import infor_of, sandbox_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write, visit_of

MANUAL = "sandbox-ion"

_STATES = {"active": True, "inactive": False}


def list_points(request: Request) -> Response:
    """Show the connection points, and whether messages need one that somebody has made."""
    points = sandbox_of(request).ion.points
    state = ListState.of(request, sorts=["name"], filters=("q", "status"))
    query = PointQuery(
        text=state.filters["q"],
        is_active=_STATES.get(state.filters["status"]),
        descending=state.descending,
        page=state.request,
    )
    with tenant_read(request) as access:
        found = points.list_points(access, query)
        is_strict = points.is_strict(access)
    context = {"state": state, "page_of": found, "is_strict": is_strict}
    return render(request, "ion_desk/connection_points/list.html", context)


def set_strict(request: Request) -> Response:
    """Set whether messages need a connection point that somebody has made."""
    is_strict = is_on(visit_of(request).form, "is_strict")
    with tenant_write(request) as access:
        sandbox_of(request).ion.points.set_strict(access, is_strict)
    text = (
        _("From now on a message needs a connection point that somebody has made.")
        if is_strict
        else _("From now on the sandbox opens a connection point when a new sender comes.")
    )
    return redirect(request, _list_url(request), text=text)


def add_form(request: Request) -> Response:
    """Show the empty form of a new connection point."""
    return _add_page(request, {"documents": "Sync.CaptureDocument"}, {})


def add(request: Request) -> Response:
    """Make a connection point."""
    values = _new_form(request, {}).sent(visit_of(request).form)
    try:
        with tenant_write(request) as access:
            point = sandbox_of(request).ion.points.create_point(access, _draft(values))
    except InvalidInput as error:
        return _add_page(request, values, errors_of(error), error.status)
    except Conflict as error:
        return _add_page(request, values, {"name": error.text}, error.status)
    text = _("The connection point is saved. Its Logical ID is {id}.").format(id=point.logical_id)
    return redirect(request, _point_url(request, point.id), text=text)


def _add_page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    tenant, missing = tenant_scope(request).tenant_id, None
    if not _apps(request, {}):
        missing = Missing(
            _(
                "A connection point belongs to an authorized app, and there is none yet. Add one"
                " first."
            ),
            path_to(request, "authorized_app_add", tenant=tenant),
            _("Add an authorized app"),
        )
    return show_form(
        request, _new_form(request, values), values, errors,
        heading=_("Add a connection point"), button=_("Save"),
        crumbs=[(_("ION Desk"), None), (_("Connection Points"), _list_url(request))],
        last=_("Add"), missing=missing, status=status,
        intro=[_("Type: IMS via API Gateway. Application has no IMS End Point.")],
    )  # fmt: skip


def show(request: Request) -> Response:
    """Show a connection point with the form to change it."""
    point = _point(request)
    values = _stored(point)
    show_stored(request, values)
    return _detail_page(request, point, values, {})


def _stored(point: ConnectionPoint) -> dict[str, str]:
    return {
        "description": point.description,
        "client_id": point.client_id,
        "documents": "\n".join(point.documents),
    }


def change(request: Request) -> Response:
    """Change description, app and documents."""
    values = _form(request, {}).sent(visit_of(request).form)
    try:
        with tenant_write(request) as access:
            points, point_id = sandbox_of(request).ion.points, str(request.path_params["point"])
            require_unchanged(
                request,
                access,
                point_id,
                lambda: _stored(points.get_point(access, point_id)),
            )
            point = points.change_point(access, point_id, _draft(values))
    except (InvalidInput, ChangedMeanwhile) as error:
        return _detail_page(request, _point(request), values, errors_of(error), error.status)
    return redirect(
        request, _point_url(request, point.id), text=_("The connection point is saved.")
    )


def _detail_page(
    request: Request,
    point: ConnectionPoint,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    status: int = 200,
) -> Response:
    with visit_of(request).services.database.read() as work:
        trail = trail_of(request, work, [point.id])
    context = {
        "point": point,
        "form": _form(request, values),
        "values": values,
        "errors": errors,
        "trail": trail,
    }
    return render(request, "ion_desk/connection_points/detail.html", context, status=status)


def activate(request: Request) -> Response:
    """Let a connection point send again."""
    return _set_active(request, True, _("The connection point is active."))


def deactivate(request: Request) -> Response:
    """Let a connection point send nothing more."""
    text = _("The connection point is inactive: its messages are refused with 412.")
    return _set_active(request, False, text)


def _set_active(request: Request, active: bool, text: str) -> Response:
    point_id = str(request.path_params["point"])
    with tenant_write(request) as access:
        sandbox_of(request).ion.points.set_active(access, point_id, active=active)
    return redirect(request, _point_url(request, point_id), text=text)


def delete_form(request: Request) -> Response:
    """Ask before a connection point is deleted."""
    point = _point(request)
    text = _(
        "Senders with the Logical ID {id} have no connection point then. Messages that came through"
        " it stay."
    ).format(id=point.logical_id)
    crumbs = [
        (_("ION Desk"), None),
        (_("Connection Points"), _list_url(request)),
        (point.name, _point_url(request, point.id)),
    ]
    heading = _("Delete {name}?").format(name=point.name)
    return ask_first(request, heading, [text], _("Delete"), crumbs=crumbs)


def delete(request: Request) -> Response:
    """Delete a connection point."""
    with tenant_write(request) as access:
        sandbox_of(request).ion.points.delete_point(access, request.path_params["point"])
    return redirect(request, _list_url(request), text=_("The connection point is deleted."))


def _point(request: Request) -> ConnectionPoint:
    with tenant_read(request) as access:
        return sandbox_of(request).ion.points.get_point(access, request.path_params["point"])


def _apps(request: Request, values: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the tenant's apps by client id, and the one that is chosen if it is gone."""
    with tenant_read(request) as access:
        apps = infor_of(request).apps.list_apps(
            access, AppQuery(page=PageRequest(per_page=MAX_PER_PAGE))
        )
    choices = [(app.client_id, f"{app.name} · {app.client_id[-8:]}") for app in apps.items]
    chosen = values.get("client_id", "")
    known = {client_id for client_id, _name in choices}
    return [*choices, (chosen, chosen)] if chosen and chosen not in known else choices


def _new_form(request: Request, values: Mapping[str, str]) -> Form:
    name = FormField(
        "name", _("Name"), required=True, limit=100,
        help=_(
            "The Logical ID is made from it: DocBits_Export becomes lid://infor.ims.docbits_export."
            " It cannot be changed later."
        ),
    )  # fmt: skip
    return Form([name, *_form(request, values).parts])


def _form(request: Request, values: Mapping[str, str]) -> Form:
    """Return the fields that can be changed later."""
    return Form(
        [
            FormField("description", _("Description"), limit=500),
            FormField(
                "client_id", _("ION API Client ID"), FieldKind.CHOICE, required=True,
                choices=_apps(request, values), empty=_("Choose an app"),
                help=_(
                    "The authorized app whose credentials the sender uses: ci in its .ionapi file."
                    " Messages of other apps under this Logical ID are refused with 403."
                ),
            ),
            FormField(
                "documents", _("Documents"), FieldKind.LINES, rows=4,
                help=_("What it may send, one on each line, such as Sync.CaptureDocument."),
            ),
        ]
    )  # fmt: skip


def _draft(values: Mapping[str, str]) -> PointDraft:
    return PointDraft(
        name=values.get("name", ""),
        description=values["description"],
        client_id=values["client_id"],
        documents=values["documents"].split(),
    )


def _list_url(request: Request) -> str:
    return path_to(request, "connection_points", tenant=tenant_scope(request).tenant_id)


def _point_url(request: Request, point_id: str) -> str:
    tenant = tenant_scope(request).tenant_id
    return path_to(request, "connection_point", tenant=tenant, point=point_id)


_BASE = "/ion-api/{tenant}/connection-points"
_POINT = f"{_BASE}/{{point}}"
ROUTES = [
    *form_routes(_BASE, list_points, set_strict, name="connection_points"),
    *form_routes(f"{_BASE}/add", add_form, add, name="connection_point_add"),
    *form_routes(_POINT, show, change, name="connection_point"),
    Route(f"{_POINT}/activate", activate, methods=["POST"], name="connection_point_activate"),
    Route(f"{_POINT}/deactivate", deactivate, methods=["POST"], name="connection_point_deactivate"),
    *form_routes(f"{_POINT}/delete", delete_form, delete, name="connection_point_delete"),
]
