"""Infor side: contents of the Data Lake and objects of the Data Catalog.

Source: docs/reference/data-fabric.md#data-lake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.i18n import _
from ionport.sandbox.datafabric.filters import LakeField
from ionport.sandbox.datafabric.model import LakeQuery, ObjectType
from ionport.sandbox.kit.texts import load_json_object
from ionport.web.forms.declared import FieldKind, Form, FormField
from ionport.web.forms.fields import errors_of, uploads_of
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.form_page import Missing, show_form
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import filesize, path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import sandbox_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write, visit_of

MANUAL = "sandbox-datafabric"

_SORTS = {
    "time": LakeField.EVENT_DATE,
    "name": LakeField.DOCUMENT_NAME,
    "size": LakeField.SIZE,
}


def list_contents(request: Request) -> Response:
    """Show the data objects of the lake, the newest first."""
    state = ListState.of(request, sorts=list(_SORTS), default_descending=True)
    query = LakeQuery(sort=[(_SORTS[state.sort], state.descending)], text=state.filters["q"])
    with tenant_read(request) as access:
        found = sandbox_of(request).ion.lake.list_contents(access, query, state.request)
    return render(request, "ion_desk/data_lake/lake.html", {"state": state, "page_of": found})


def upload_form(request: Request) -> Response:
    """Show the form that puts a file into the lake."""
    return _upload_page(request, {}, {})


def upload(request: Request) -> Response:
    """Put a file into the lake."""
    visit, scope = visit_of(request), tenant_scope(request)
    values = _upload_fields([]).sent(visit.form)
    files = uploads_of(visit.form, "file")
    try:
        content = files[0].content if files else b""
        sandbox_of(request).ion.lake.upload(
            visit.services.database, scope, visit.actor, values["document_name"], content
        )
    except InvalidInput as error:
        return _upload_page(request, values, errors_of(error), error.status)
    except TooLarge as error:
        return _upload_page(request, values, {"file": error.text}, error.status)
    url = path_to(request, "data_lake", tenant=scope.tenant_id)
    return redirect(request, url, text=_("The file is in the Data Lake."))


def _upload_fields(names: Sequence[str]) -> Form:
    return Form(
        [
            FormField(
                "document_name", _("Object"), FieldKind.CHOICE, required=True,
                choices=[(name, name) for name in names],
                empty=_("Choose an object of the Data Catalog"),
            ),
            FormField("file", _("File"), FieldKind.FILE, required=True, help=_("At most 6 MB.")),
        ]
    )  # fmt: skip


def _upload_page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    visit, scope = visit_of(request), tenant_scope(request)
    with visit.read(scope) as access:
        objects = sandbox_of(request).ion.lake.list_objects(access)
    missing = Missing(
        _(
            "A data object belongs to an object of the Data Catalog, and there is none yet. Add one"
            " first."
        ),
        path_to(request, "data_catalog_add", tenant=scope.tenant_id),
        _("Add an object"),
    )
    url = path_to(request, "data_lake", tenant=scope.tenant_id)
    return show_form(
        request, _upload_fields([one.name for one in objects]), values, errors,
        heading=_("Upload to the Data Lake"), button=_("Upload"),
        crumbs=[(_("ION Desk"), None), (_("Data Lake"), url)], last=_("Upload"),
        missing=None if objects else missing, status=status,
    )  # fmt: skip


def download(request: Request) -> Response:
    """Send the content of a data object, to be saved."""
    with tenant_read(request) as access:
        item, content = sandbox_of(request).ion.lake.get_content(
            access, request.path_params["data_object"]
        )
    return attachment(content, f"{item.document_name}-{item.id}")


def purge_form(request: Request) -> Response:
    """Ask before a data object is purged."""
    with tenant_read(request) as access:
        item, _content = sandbox_of(request).ion.lake.get_content(
            access, request.path_params["data_object"]
        )
    text = _("{name} of {size} from {sender} is no longer in the Data Lake.").format(
        name=item.document_name, size=filesize(item.size), sender=item.sender
    )
    url = path_to(request, "data_lake", tenant=tenant_scope(request).tenant_id)
    crumbs = [(_("ION Desk"), None), (_("Data Lake"), url)]
    return ask_first(request, _("Purge the data object?"), [text], _("Purge"), crumbs=crumbs)


def purge(request: Request) -> Response:
    """Purge a data object."""
    with tenant_write(request) as access:
        sandbox_of(request).ion.lake.remove_content(access, request.path_params["data_object"])
    url = path_to(request, "data_lake", tenant=tenant_scope(request).tenant_id)
    return redirect(request, url, text=_("The data object is purged."))


def list_objects(request: Request) -> Response:
    """Show the objects of the Data Catalog."""
    with tenant_read(request) as access:
        objects = sandbox_of(request).ion.lake.list_objects(access)
    return render(request, "ion_desk/data_lake/catalog.html", {"objects": objects})


def add_object_form(request: Request) -> Response:
    """Show the empty form of an object."""
    visit_of(request).actor.require_tenant_administrator(tenant_scope(request).tenant_id)
    return _object_page(request, {"type": ObjectType.JSON.value}, {})


def add_object(request: Request) -> Response:
    """Add an object, or replace the one of its name."""
    visit, scope = visit_of(request), tenant_scope(request)
    values = _object_fields().sent(visit.form)
    try:
        content = {
            **values,
            "schema": _json(values["schema"], "schema"),
            "properties": _json(values["properties"], "properties"),
        }
        with visit.write(scope) as access:
            entry = sandbox_of(request).ion.lake.add_object(access, content)
    except InvalidInput as error:
        return _object_page(request, values, errors_of(error), error.status)
    url = path_to(request, "data_catalog", tenant=scope.tenant_id)
    return redirect(request, url, text=_("Object {name} is saved.").format(name=entry.name))


def _object_fields() -> Form:
    types = [(one.value, one.value) for one in ObjectType]
    return Form(
        [
            FormField(
                "name", _("Name"), required=True, limit=250,
                help=_(
                    "What messages carry as documentName. An object of this name is replaced."
                ),
            ),
            FormField(
                "type", _("Type"), FieldKind.CHOICE, choices=types
            ),
            FormField(
                "schema", _("Schema"), FieldKind.LINES, rows=6,
                help=_("A JSON object; DSV and JSON need one, ANY has none."),
            ),
            FormField("properties", _("Properties"), FieldKind.LINES),
        ]
    )  # fmt: skip


def _object_page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    url = path_to(request, "data_catalog", tenant=tenant_scope(request).tenant_id)
    return show_form(
        request, _object_fields(), values, errors, heading=_("Add an object"), button=_("Save"),
        crumbs=[(_("ION Desk"), None), (_("Data Catalog"), url)], last=_("Add"), status=status,
    )  # fmt: skip


def _json(text: str, field: str) -> Any:
    """Return a JSON object, None for an empty text; raises InvalidInput."""
    try:
        return load_json_object(text.encode()) if text else None
    except InvalidInput as error:
        wrong = _("Enter a JSON object, or nothing.")
        raise InvalidInput(wrong, fields={field: wrong}) from error


def delete_object_form(request: Request) -> Response:
    """Ask before an object is deleted."""
    with tenant_read(request) as access:
        entry = sandbox_of(request).ion.lake.get_object(access, request.path_params["object_name"])
    text = _(
        "Messages with the documentName {name} are refused with 412 then. What the Data Lake holds"
        " of it stays."
    ).format(name=entry.name)
    url = path_to(request, "data_catalog", tenant=tenant_scope(request).tenant_id)
    crumbs = [(_("ION Desk"), None), (_("Data Catalog"), url)]
    heading = _("Delete {name}?").format(name=entry.name)
    return ask_first(request, heading, [text], _("Delete"), crumbs=crumbs)


def delete_object(request: Request) -> Response:
    """Delete an object; what the lake holds of it stays."""
    name = request.path_params["object_name"]
    with tenant_write(request) as access:
        sandbox_of(request).ion.lake.remove_object(access, name)
    url = path_to(request, "data_catalog", tenant=tenant_scope(request).tenant_id)
    return redirect(request, url, text=_("Object {name} is deleted.").format(name=name))


_LAKE = "/ion-api/{tenant}/data-lake"
_CATALOG = "/ion-api/{tenant}/data-catalog"
ROUTES = [
    Route(_LAKE, list_contents, name="data_lake"),
    *form_routes(f"{_LAKE}/upload", upload_form, upload, name="data_lake_upload"),
    Route(f"{_LAKE}/{{data_object}}/file", download, name="data_lake_file"),
    *form_routes(f"{_LAKE}/{{data_object}}/purge", purge_form, purge, name="data_lake_purge"),
    Route(_CATALOG, list_objects, name="data_catalog"),
    *form_routes(f"{_CATALOG}/add", add_object_form, add_object, name="data_catalog_add"),
    *form_routes(
        f"{_CATALOG}/{{object_name}}/delete",
        delete_object_form,
        delete_object,
        name="data_catalog_delete",
    ),
]
