"""Document types: demands on fields, effects of findings, approvals, and their file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput, NotFound, TooLarge
from ionport.core.i18n import _
from ionport.core.paging import MAX_PER_PAGE, PageRequest
from ionport.documents.type_settings.model import (
    MAX_LENGTH,
    MAX_VALUES,
    FieldSetting,
    TypeSettings,
    settings_as_json,
    settings_of,
)
from ionport.documents.type_settings.rule_words import rule_title
from ionport.documents.types import DOCUMENT_TYPES, DocumentType, Field, document_type
from ionport.exports.configurations.model import ExportConfiguration
from ionport.identity.edits import ChangedMeanwhile
from ionport.store import Work
from ionport.web.forms.declared import FieldKind, Form, FormField
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import each_upload, errors_of, is_on, text_of
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.rendering.trail import organization_trail
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope, organization_write, visit_of

MANUAL = "document-types"

_MAX_FILE = 1024 * 1024
_FLAGS = ("second_is_another_person", "who_changed_may_not_approve", "exports_by_itself")


@dataclass(frozen=True, slots=True)
class TypeRow:
    """A type in the list; `demands` are the labels of fields with demands."""

    kind: DocumentType
    settings: TypeSettings
    configurations: Sequence[ExportConfiguration]
    demands: Sequence[str]

    @classmethod
    def of(
        cls,
        kind: DocumentType,
        settings: TypeSettings,
        configurations: Sequence[ExportConfiguration],
    ) -> TypeRow:
        """Return the row, with the fields in the order of the type."""
        demands = [field.label for field in kind.fields if field.id in settings.fields]
        return cls(kind, settings, configurations, demands)


def list_types(request: Request) -> Response:
    """Show the document types with what is set for each, and where each goes."""
    with organization_read(request) as access:
        active = (
            documents_of(request)
            .configurations.list(access, PageRequest(per_page=MAX_PER_PAGE), only_active=True)
            .items
        )
        rows = [
            TypeRow.of(
                kind,
                _settings(request, access.work, kind.id),
                [one for one in active if one.document_type == kind.id],
            )
            for kind in DOCUMENT_TYPES.values()
        ]
    return render(request, "settings/document_types/list.html", {"rows": rows})


def show(request: Request) -> Response:
    """Show a document type: approvals, fields, tables, history."""
    return _detail_page(request, {})


def _detail_page(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    form, kind = visit_of(request).form, _kind(request)
    with visit_of(request).services.database.read() as work:
        settings = _settings(request, work, kind.id)
        trail = organization_trail(request, work, [kind.id])
    values = _approvals_of(settings)
    if request.method == "GET":
        show_stored(request, _stored(settings, "approvals"))
    else:
        values = {name: text_of(form, name) for name in ("first_from", "second_from")}
        values |= {name: "on" if is_on(form, name) else "" for name in _FLAGS}
    context = {
        "kind": kind,
        "settings": settings,
        "effects": [
            (code, rule_title(code), effect) for code, effect in sorted(settings.effects.items())
        ],
        "groups": _groups(kind),
        "demanded": [field for field in kind.fields if field.id in settings.fields],
        "default": FieldSetting(),
        "values": values,
        "errors": errors,
        "trail": trail,
    }
    return render(request, "settings/document_types/detail.html", context, status=status)


def set_approvals(request: Request) -> Response:
    """Save from which amounts documents need one and two approvals."""
    kind, form = _kind(request), visit_of(request).form
    values: dict[str, object] = {
        name: text_of(form, name) or None for name in ("first_from", "second_from")
    }
    values |= {name: is_on(form, name) for name in _FLAGS}
    try:
        with organization_write(request) as access:
            _require_unchanged(request, access.work, kind, "approvals")
            documents_of(request).types.set_approvals(access, kind.id, values)
    except (InvalidInput, ChangedMeanwhile) as error:
        return _detail_page(request, _named(error, "approvals."), error.status)
    return redirect(request, _url(request), text=_("The approvals are saved."))


def field_form(request: Request) -> Response:
    """Show what is demanded of one field."""
    return _field_page(request, None, {})


def set_field(request: Request) -> Response:
    """Save what is demanded of one field."""
    visit = visit_of(request)
    kind, field = _kind(request), _field(request)
    form = _field_fields()
    values = form.sent(visit.form)
    try:
        form.check(values)
        with organization_write(request) as access:
            _require_unchanged(request, access.work, kind, f"fields.{field.id}")
            documents_of(request).types.set_field(access, kind.id, field.id, _typed(values))
    except (InvalidInput, ChangedMeanwhile) as error:
        errors = _named(error, f"fields.{field.id}.")
        return _field_page(request, values, errors, error.status)
    text = _("{field} is saved. Documents that wait are judged anew.")
    return redirect(request, _url(request), text=text.format(field=field.label))


def _field_page(
    request: Request,
    values: Mapping[str, str] | None,
    errors: Mapping[str, str],
    status: int = 200,
) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    kind, field = _kind(request), _field(request)
    with visit.services.database.read() as work:
        settings = _settings(request, work, kind.id)
    if request.method == "GET":
        show_stored(request, _stored(settings, f"fields.{field.id}"))
    if values is None:
        values = _demands(settings, field.id)
    context = {
        "kind": kind,
        "field": field,
        "form": _field_fields(),
        "values": values,
        "errors": errors,
    }
    return render(request, "settings/document_types/field.html", context, status=status)


def _field_fields() -> Form:
    pattern = _(
        "The whole value has to fit, such as 45[0-9]{5}. The manual tells what it may have."
    )
    values = _("One on each line, at most {n}; the value has to be one of them.")
    return Form(
        [
            FormField("required", _("Required"), FieldKind.SWITCH),
            FormField("read_only", _("Read only"), FieldKind.SWITCH, help=_("Nobody corrects it.")),
            FormField("pattern", _("Pattern"), limit=200, help=pattern),
            FormField(
                "max_length",
                _("Length"),
                FieldKind.NUMBER,
                help=_("At most so many characters, up to {n}.").format(n=MAX_LENGTH),
            ),
            FormField(
                "values", _("List of values"), FieldKind.LINES, help=values.format(n=MAX_VALUES)
            ),
            FormField(
                "erp_field_name",
                _("ERP field name"),
                limit=60,
                help=_("Another name by which mapping files may call the field."),
            ),
        ]
    )


def _demands(settings: TypeSettings, field_id: str) -> dict[str, str]:
    """Return what is demanded of a field, as its form has it."""
    one = settings.fields.get(field_id, FieldSetting())
    return {
        "required": "on" if one.required else "",
        "read_only": "on" if one.read_only else "",
        "pattern": one.pattern,
        "max_length": str(one.max_length or ""),
        "values": "\n".join(one.values),
        "erp_field_name": one.erp_field_name,
    }


def _typed(values: Mapping[str, str]) -> dict[str, object]:
    """Return the form's values as the file has them."""
    return {
        "required": values["required"] == "on",
        "read_only": values["read_only"] == "on",
        "pattern": values["pattern"],
        "max_length": int(values["max_length"]) if values["max_length"] else None,
        "values": [line.strip() for line in values["values"].splitlines() if line.strip()],
        "erp_field_name": values["erp_field_name"],
    }


def export(request: Request) -> Response:
    """Send the settings of a type as JSON that can be imported."""
    kind = _kind(request)
    with visit_of(request).services.database.read() as work:
        settings = _settings(request, work, kind.id)
    text = json.dumps(settings_as_json(settings), indent=2, ensure_ascii=False)
    return attachment(f"{text}\n".encode(), f"{kind.id.lower()}.json")


def import_form(request: Request) -> Response:
    """Show the form that takes a JSON file."""
    return _import_page(request)


def import_file(request: Request) -> Response:
    """Replace the settings of a type by those of a file."""
    visit, scope, kind = visit_of(request), organization_scope(request), _kind(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    try:
        settings = _read(request, kind)
        with organization_write(request) as access:
            _require_unchanged(request, access.work, kind)
            documents_of(request).types.put(access, settings)
    except (InvalidInput, TooLarge, ChangedMeanwhile) as error:
        return _import_page(request, error.text, error.status)
    text = _("The file's settings are saved. Documents that wait are judged anew.")
    return redirect(request, _url(request), text=text)


def _import_page(request: Request, error: str = "", status: int = 200) -> Response:
    visit, scope, kind = visit_of(request), organization_scope(request), _kind(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    if request.method == "GET":
        with visit.services.database.read() as work:
            show_stored(request, _stored(_settings(request, work, kind.id)))
    context = {"kind": kind, "error": error}
    return render(request, "settings/document_types/import.html", context, status=status)


def _read(request: Request, kind: DocumentType) -> TypeSettings:
    file = next(each_upload(visit_of(request).form, "file", _MAX_FILE), None)
    if file is None:
        raise InvalidInput(_("Choose a JSON file."))
    if len(file.content) > _MAX_FILE:
        raise TooLarge(_("The file has more than 1 MB."))
    try:
        data = json.loads(file.content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(_("This is no JSON file.")) from error
    settings = settings_of(data)
    if settings.document_type != kind.id:
        text = _("The file is of {other}. Import it on the page of that type.")
        raise InvalidInput(text.format(other=settings.document_type))
    return settings


def _settings(request: Request, work: Work, type_id: str) -> TypeSettings:
    return documents_of(request).types.get(work.within(organization_scope(request)), type_id)


def _kind(request: Request) -> DocumentType:
    return document_type(str(request.path_params["type"]))


def _field(request: Request) -> Field:
    """Return the field in the path; raises NotFound."""
    wanted = request.path_params["field"]
    found = [one for one in _kind(request).fields if one.id == wanted]
    if not found:
        raise NotFound(_("There is no such field."))
    return found[0]


def _groups(kind: DocumentType) -> list[tuple[str, list[Field]]]:
    groups: dict[str, list[Field]] = {}
    for field in kind.fields:
        groups.setdefault(field.group, []).append(field)
    return [(_(group) if group else _("Other"), fields) for group, fields in groups.items()]


def _stored(settings: TypeSettings, part: str = "") -> dict[str, str]:
    """Return what is stored by place, such as `fields.due_date`.

    With `part` what the form of that place shows, by the names of its fields.
    """
    if part == "approvals":
        return _approvals_of(settings)
    if part:
        return _demands(settings, part.removeprefix("fields."))
    data = settings_as_json(settings)
    places = {f"fields.{name}": json.dumps(one) for name, one in data["fields"].items()}
    places |= {f"effects.{code}": effect for code, effect in data["effects"].items()}
    places["approvals"] = json.dumps(data["approvals"])
    return places


def _require_unchanged(request: Request, work: Work, kind: DocumentType, part: str = "") -> None:
    """Compare the part that a form changes with what it showed; others may change the rest."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    require_unchanged(
        request,
        work.within(scope),
        kind.id,
        lambda: _stored(_settings(request, work, kind.id), part),
    )


def _approvals_of(settings: TypeSettings) -> dict[str, str]:
    policy = settings_as_json(settings)["approvals"]
    amounts = {name: policy[name] or "" for name in ("first_from", "second_from")}
    return {**amounts, **{name: "on" if policy[name] else "" for name in _FLAGS}}


def _named(error: InvalidInput | ChangedMeanwhile, place: str) -> dict[str, str]:
    """Return errors by the names of the form's fields."""
    return {name.removeprefix(place): text for name, text in errors_of(error).items()}


def _url(request: Request) -> str:
    return path_to(request, "document_type", type=_kind(request).id)


_BASE = "/settings/document-types"
_ONE = f"{_BASE}/{{type}}"
ROUTES = [
    Route(_BASE, list_types, name="document_types"),
    Route(_ONE, show, name="document_type"),
    Route(f"{_ONE}/approvals", set_approvals, methods=["POST"], name="document_type_approvals"),
    *form_routes(f"{_ONE}/fields/{{field}}", field_form, set_field, name="document_type_field"),
    Route(f"{_ONE}/settings.json", export, name="document_type_export"),
    *form_routes(f"{_ONE}/import", import_form, import_file, name="document_type_import"),
]
