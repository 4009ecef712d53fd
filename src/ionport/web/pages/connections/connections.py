"""Connections (uploaded `.ionapi` files): list, detail, proof with its stages live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.connections.credential_ends import WARN_DAYS
from ionport.connections.intake import PreparedConnection, prepare_connection
from ionport.connections.model import Check, Connection
from ionport.connections.proofs import sees_user
from ionport.core.errors import Conflict, InvalidInput, TooLarge
from ionport.core.i18n import _, ngettext
from ionport.exports.acknowledgements.model import address_of
from ionport.identity.access import Access
from ionport.identity.edits import ChangedMeanwhile
from ionport.identity.groups.permissions import Permission
from ionport.store import Work
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import is_judged, text_of, uploads_of
from ionport.web.pages.connections.remedies import remedy_links
from ionport.web.rendering.confirm import ask_first, tell_why_not
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope, organization_write, visit_of

MANUAL = "prove-a-connection"
_END = "credentials_end_on"
_SOON = "soon"


def list_connections(request: Request) -> Response:
    """Show the organization's connections."""
    state = ListState.of(request, sorts=["name"], filters=("q", "ends"))
    with organization_read(request) as access:
        service = documents_of(request).connections
        text, today = state.filters["q"], service.ends.today()
        if state.filters["ends"] == _SOON:
            found = service.ends.ending(access, state.request, text)
        else:
            found = service.list(access, state.request, text)
        held = Counter[str]()
        by_both = documents_of(request).deliveries.held(access)
        for (_configuration, connection_id), count in by_both.items():
            held[connection_id] += count
        silent = documents_of(request).deliveries.without_answer(access)
        context = {
            "state": state,
            "page_of": found,
            "checks": service.latest_checks(access, [each.id for each in found.items]),
            "held": held,
            "days_left": {
                each.id: left
                for each in found.items
                if (left := each.days_left(today)) is not None and left <= max(WARN_DAYS)
            },
            "soon": _SOON,
            "silent": silent,
        }
    return render(request, "connections/connections/list.html", context)


def upload_form(request: Request) -> Response:
    """Show the form that takes an `.ionapi` file."""
    scope = organization_scope(request)
    visit_of(request).actor.require(scope.organization_id, Permission.MANAGE_CONNECTIONS)
    return _upload_page(request)


def upload(request: Request) -> Response:
    """Keep an `.ionapi` file as a connection, and prove it at once."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require(scope.organization_id, Permission.MANAGE_CONNECTIONS)
    try:
        given = uploaded_credential(visit.form)
        if given is None:
            raise InvalidInput(_("Choose the .ionapi file from Download Credentials."))
        if is_judged(visit.form):
            return _upload_page(request)
        with visit.write(scope) as access:
            kept = documents_of(request).connections.upload(
                access, *given, name=text_of(visit.form, "name") or None
            )
    except (InvalidInput, TooLarge) as error:
        status = 200 if is_judged(visit.form) else error.status
        return _upload_page(request, error.text, status)
    start_check(request, kept.id)
    text = _("{name} is saved and sealed. Watch its proof below.").format(name=kept.name)
    return redirect(request, _url(request, kept.id), text=text)


def uploaded_credential(form: FormData) -> tuple[str, PreparedConnection] | None:
    """Read the `.ionapi` file of a form; None when the box is empty.

    Raises:
        InvalidInput: the file is another one, or has errors; names them all.
    """
    uploads = uploads_of(form, "connection_file")
    return (uploads[0].filename, prepare_connection(uploads[0].content)) if uploads else None


def _upload_page(request: Request, error: str = "", status: int = 200) -> Response:
    name = text_of(visit_of(request).form, "name") if error else ""
    context = {"error": error, "name": name, "check": None, "sees_user": False}
    return render(request, "connections/connections/upload.html", context, status=status)


def show(request: Request) -> Response:
    """Show a connection, never its secrets, with its latest proof."""
    return _detail_page(request)


def _stored(connection: Connection) -> dict[str, str]:
    return {"name": connection.name, _END: connection.credentials_end_on or ""}


def _detail_page(
    request: Request, errors: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    service = documents_of(request).connections
    with organization_read(request) as access:
        connection = service.get(access, request.path_params["connection"])
        check = service.latest_check(access, connection.id)
        used = service.usage.used(access, connection) if connection.is_infor else []
        last_used = service.usage.last_used(access, connection.id)
        former = service.files.former(access, connection.id)
        proofs, uses = service.proofs(access, connection.id), service.uses
        used_by = uses.titles(access, connection.id) if uses else ()
        links = remedy_links(request, access.work, connection, check)
        acknowledgements = documents_of(request).acknowledgements
        endpoint = acknowledgements.endpoint(access, connection.id)
        received = acknowledgements.received(access, connection.id)
        silent = documents_of(request).deliveries.without_answer(access).get(connection.id)
    if request.method == "GET":
        show_stored(request, _stored(connection))
    stored, form = _stored(connection), visit_of(request).form
    context = {
        "connection": connection,
        "check": check,
        "remedy_links": links,
        "earlier": [each for each in proofs if check is None or each.id != check.id],
        "used_by": used_by,
        "former": former,
        "used": used,
        "last_used": last_used,
        "sees_user": sees_user(check),
        "days_left": connection.days_left(service.ends.today()),
        "errors": errors or {},
        "values": {each: text_of(form, each) for each in stored} if errors else stored,
        "endpoint": endpoint,
        "received": received,
        "silent": silent,
        "address": address_of(visit_of(request).services.origin, connection.id),
    }
    return render(request, "connections/connections/detail.html", context, status=status)


def change(request: Request) -> Response:
    """Change the name that people see, and until when its credentials are good."""
    service = documents_of(request).connections
    connection_id = str(request.path_params["connection"])
    try:
        with organization_write(request) as access:
            access.require(Permission.MANAGE_CONNECTIONS)
            require_unchanged(
                request,
                access,
                connection_id,
                lambda: _stored(service.get(access, connection_id)),
            )
            form = visit_of(request).form
            service.rename(access, connection_id, text_of(form, "name"))
            service.ends.note(access, connection_id, text_of(form, _END))
    except ChangedMeanwhile as error:
        return _detail_page(request, {"name": error.text}, error.status)
    except InvalidInput as error:
        return _detail_page(request, error.fields or {"name": error.text}, error.status)
    return redirect(request, _url(request, connection_id), text=_("The connection is changed."))


def check(request: Request) -> Response:
    """Start a proof and go back to the page that shows it."""
    connection_id = request.path_params["connection"]
    start_check(request, connection_id)
    back = text_of(visit_of(request).form, "back")
    is_own = back.startswith("/settings/") and "\\" not in back and back.isprintable()
    return redirect(request, back if is_own else _url(request, connection_id))


def start_check(request: Request, connection_id: str) -> Check:
    """Start a proof; it runs in a thread of its own while pages poll it."""
    visit, scope = visit_of(request), organization_scope(request)
    service = documents_of(request).connections
    with visit.write(scope) as access:
        started = service.start_check(access, connection_id)
    service.run_check_in_background(visit.services.database, scope, started.id)
    return started


def check_status(request: Request) -> Response:
    """Answer with the proof's stages as a fragment, for the page that polls."""
    service = documents_of(request).connections
    with organization_read(request) as access:
        connection = service.get(access, request.path_params["connection"])
        latest = service.latest_check(access, connection.id)
        links = remedy_links(request, access.work, connection, latest)
    back = request.query_params.get("back", "")
    context = {"connection": connection, "check": latest, "back": back, "remedy_links": links}
    return render(request, "connections/connections/proof.html", context)


def delete_form(request: Request) -> Response:
    """Ask before a connection is deleted, or show what keeps it."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require(scope.organization_id, Permission.MANAGE_CONNECTIONS)
    with organization_read(request) as access:
        connection = documents_of(request).connections.get(
            access, request.path_params["connection"]
        )
        held = held_over(request, access.work, connection_id=connection.id)
        kept = documents_of(request).connections.why_kept(access, connection.id)
    crumbs = [
        (_("Settings"), path_to(request, "settings")),
        (_("Connections"), path_to(request, "connections")),
        (connection.name, _url(request, connection.id)),
    ]
    heading = _("Delete {name}?").format(name=connection.name)
    if kept is not None:
        return tell_why_not(request, heading, [kept.text, *held_text(held)], crumbs=crumbs)
    texts = [
        _(
            "No configuration uses it, and no delivery went over it. The sealed credential is"
            " deleted: to use it again, add the connection anew."
        ),
    ]
    return ask_first(request, heading, texts, _("Delete"), crumbs=crumbs)


def delete(request: Request) -> Response:
    """Delete a connection that nothing uses."""
    connection_id = request.path_params["connection"]
    try:
        with organization_write(request) as access:
            documents_of(request).connections.delete(access, connection_id)
    except Conflict as error:
        return redirect(request, _url(request, connection_id), kind="danger", text=error.text)
    text = _("The connection and its sealed credential are deleted.")
    return redirect(request, path_to(request, "connections"), text=text)


def held_over(
    request: Request, work: Work, *, configuration_id: str = "", connection_id: str = ""
) -> int:
    """Return how many deliveries of a configuration, or over a connection, are held."""
    visit, scope = visit_of(request), organization_scope(request)
    held = documents_of(request).deliveries.held(Access(work, scope, visit.actor))
    return sum(
        count
        for (configuration, connection), count in held.items()
        if configuration_id in ("", configuration) and connection_id in ("", connection)
    )


def held_text(held: int) -> list[str]:
    """Return a delete dialog's text about held deliveries; empty when there are none."""
    if not held:
        return []
    text = ngettext(
        "{n} delivery is held. It stays held until you decide on its page or cancel it.",
        "{n} deliveries are held. They stay held until you decide on their pages or cancel them.",
        held,
    )
    return [text.format(n=held)]


def _url(request: Request, connection_id: str) -> str:
    return path_to(request, "connection", connection=connection_id)


_BASE = "/settings/connections"
_ONE = f"{_BASE}/{{connection}}"
ROUTES = [
    Route(_BASE, list_connections, name="connections"),
    *form_routes(f"{_BASE}/new", upload_form, upload, name="connection_upload"),
    *form_routes(_ONE, show, change, name="connection"),
    Route(f"{_ONE}/check", check, methods=["POST"], name="connection_check"),
    Route(f"{_ONE}/proof", check_status, name="connection_proof"),
    *form_routes(f"{_ONE}/delete", delete_form, delete, name="connection_delete"),
]
