"""Connections that lead to no Infor tenant: choose a kind, add, change."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.connections.model import Connection, TargetKind
from ionport.connections.targets import TARGET_TYPES, target_type_of
from ionport.connections.targets.model import Target, TargetField, TargetType
from ionport.connections.targets.service import TargetService, checked_name
from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.exports.destinations import DESTINATIONS
from ionport.identity.groups.permissions import Permission
from ionport.web.forms.declared import FieldKind, Form, FormField
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of, lines_of, text_of
from ionport.web.pages.connections.connections import start_check
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope, organization_write, visit_of

MANUAL = "other-targets"

_SECRET = "secret"  # noqa: S105 (the name of a field)


def choose(request: Request) -> Response:
    """Show the kinds of connections that can be added."""
    _require(request)
    return render(request, "connections/targets/choose.html", {"kinds": TARGET_TYPES})


def add_form(request: Request) -> Response:
    """Show the empty form of a kind."""
    kind = _kind(request.path_params["kind"])
    values = {each.name: each.default for each in kind.fields}
    values["method"] = request.query_params.get("method", "")
    return _page(request, kind, values, {})


def add(request: Request) -> Response:
    """Keep a target, and prove it at once."""
    _require(request)
    visit, scope = visit_of(request), organization_scope(request)
    kind = _kind(request.path_params["kind"])
    form = _form(kind)
    values = form.sent(visit.form) | {"method": text_of(visit.form, "method")}
    targets = documents_of(request).connections.targets
    try:
        prepared = _prepared(targets, _sent(kind, form, values, _typed_secret(request)), values)
        with visit.write(scope) as access:
            made = targets.add(access, values["name"], prepared)
    except (InvalidInput, Conflict) as error:
        return _page(request, kind, values, errors_of(error), status=error.status)
    except (Forbidden, Unavailable) as error:
        return _page(request, kind, values, {"": error.text}, status=error.status)
    start_check(request, made.id)
    text = _("{name} is saved. Watch its proof below.").format(name=made.name)
    method = values["method"]
    if any(each.method == method and each.target is kind.kind for each in DESTINATIONS):
        url = f"{path_to(request, 'export_new', method=method)}?connection={made.id}"
        text = _("{name} is saved, and is being proved.").format(name=made.name)
        return redirect(request, url, text=text)
    return redirect(request, path_to(request, "connection", connection=made.id), text=text)


def change_form(request: Request) -> Response:
    """Show the form of a stored target."""
    _require(request)
    connection = _get(request)
    show_stored(request, _stored(connection))
    return _page(request, target_type_of(connection.target), _stored(connection), {}, connection)


def change(request: Request) -> Response:
    """Change a target, and prove it anew; an empty secret keeps the one that is stored."""
    _require(request)
    visit = visit_of(request)
    connection = _get(request)
    kind = target_type_of(connection.target)
    form = _form(kind)
    values = form.sent(visit.form)
    service = documents_of(request).connections
    targets = service.targets
    try:
        with organization_read(request) as access:
            kept = targets.open(access, connection.id)
        secret = _typed_secret(request) or kept.secret
        prepared = _prepared(targets, _sent(kind, form, values, secret), values)
        with organization_write(request) as access:
            require_unchanged(
                request, access, connection.id, lambda: _stored(service.get(access, connection.id))
            )
            targets.change(access, connection.id, values["name"], prepared)
    except (InvalidInput, Conflict) as error:
        return _page(request, kind, values, errors_of(error), connection, error.status)
    except (Forbidden, Unavailable) as error:
        return _page(request, kind, values, {"": error.text}, connection, error.status)
    start_check(request, connection.id)
    text = _("The changes are saved. Watch the proof below.")
    return redirect(request, path_to(request, "connection", connection=connection.id), text=text)


def _page(
    request: Request,
    kind: TargetType,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    connection: Connection | None = None,
    status: int = 200,
) -> Response:
    _require(request)
    with organization_read(request) as access:
        root = documents_of(request).connections.targets.root_of(access)
    context = {
        "kind": kind,
        "form": _form(kind, str(root.path) if root and kind.kind is TargetKind.FOLDER else ""),
        "values": values,
        "errors": {name: text for name, text in errors.items() if name != _SECRET},
        "secret_error": errors.get(_SECRET, ""),
        "connection": connection,
        "proposed": "" if connection else kind.proposed_secret().reveal(),
        "needs_command": kind.kind is TargetKind.FOLDER and root is None,
    }
    return render(request, "connections/targets/form.html", context, status=status)


def _form(kind: TargetType, below: str = "") -> Form:
    name = FormField("name", _("Name"), required=True, limit=200, autofocus=True)
    return Form([name, *(_field(each, below) for each in kind.fields)])


def _field(each: TargetField, below: str) -> FormField:
    shown = (
        FieldKind.NUMBER
        if each.is_number
        else FieldKind.LINES
        if each.has_lines
        else FieldKind.TEXT
    )
    told = _("A folder below {root}.").format(root=below) if below else each.help()
    return FormField(
        each.name,
        each.label(),
        shown,
        required=each.required,
        limit=0 if each.has_lines else each.limit,
        help=told,
    )


def _sent(kind: TargetType, form: Form, values: Mapping[str, str], secret: Secret) -> Target:
    """Return what was typed; raises InvalidInput beside each field that cannot be."""
    form.check(values)
    return Target(kind.kind, {each.name: values[each.name] for each in kind.fields}, secret)


def _prepared(targets: TargetService, sent: Target, values: Mapping[str, str]) -> Target:
    """Return the target as it is kept; raises InvalidInput with all that is wrong, the name too."""
    wrong: dict[str, str] = {}
    try:
        checked_name(values["name"])
    except InvalidInput as error:
        wrong |= error.fields
    try:
        prepared = targets.prepare(sent)
    except InvalidInput as error:
        if not (wrong and error.fields):
            raise
        wrong |= error.fields
    if wrong:
        raise InvalidInput(next(iter(wrong.values())), fields=wrong)
    return prepared


def _typed_secret(request: Request) -> Secret:
    return Secret(lines_of(visit_of(request).form, _SECRET).strip("\r\n"))


def _stored(connection: Connection) -> dict[str, str]:
    return {"name": connection.name, **connection.parameters}


def _get(request: Request) -> Connection:
    with organization_read(request) as access:
        found = documents_of(request).connections.get(access, request.path_params["connection"])
    if found.is_infor:
        raise NotFound(_("There is no such connection."))
    return found


def _kind(slug: str) -> TargetType:
    found = next((each for each in TARGET_TYPES if each.kind == slug), None)
    if found is None:
        raise NotFound(_("There is no such kind of connection."))
    return found


def _require(request: Request) -> None:
    scope = organization_scope(request)
    visit_of(request).actor.require(scope.organization_id, Permission.MANAGE_CONNECTIONS)


_BASE = "/settings/connections"
ROUTES = [
    Route(f"{_BASE}/kinds", choose, name="target_choose"),
    *form_routes(f"{_BASE}/new/{{kind}}", add_form, add, name="target_add"),
    *form_routes(f"{_BASE}/{{connection}}/edit", change_form, change, name="target_change"),
]
