"""Correcting a document: its header fields, or one row of a table, in one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput, IonportError, NotFound
from ionport.core.i18n import _
from ionport.documents.invoice.corrections import Target
from ionport.documents.model import Document
from ionport.documents.review.decisions.corrections import value_of
from ionport.documents.review.decisions.values import is_correctable
from ionport.documents.types import Field, document_type
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "decisions"

_VALUE, _SEEN = "value ", "seen "


@dataclass(frozen=True, slots=True)
class Input:
    """One field of the form: its target, what it says now, and what is shown in it."""

    target: str
    field: Field
    seen: str
    value: str
    error: str


def form(request: Request) -> Response:
    """Show the values that can be corrected."""
    return _page(request, {})


def correct(request: Request) -> Response:
    """Correct what was changed in the form; everything else stays as it is."""
    visit = visit_of(request)
    names = [name.removeprefix(_VALUE) for name in visit.form if name.startswith(_VALUE)]
    values = {name: text_of(visit.form, _VALUE + name) for name in names}
    seen = {name: text_of(visit.form, _SEEN + name) for name in names}
    changed = {name: text for name, text in values.items() if text != seen[name]}
    try:
        made = documents_of(request).documents.corrections.correct(
            visit.services.database,
            organization_scope(request),
            visit.actor,
            request.path_params["document"],
            changed,
            seen,
        )
    except InvalidInput as error:
        return _page(request, errors_of(error), error.status)
    except NotFound:
        raise
    except IonportError as error:
        return _page(request, {"": error.text}, error.status)
    text = _("The document was corrected and judged anew.") if made else _("Nothing was changed.")
    return redirect(request, _url(request), kind="success" if made else "info", text=text)


def _page(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    service = documents_of(request).documents
    with visit.services.database.read() as work:
        document = service.get(work, scope, request.path_params["document"])
        findings = [each for each in service.findings(work, scope, document.id) if each.is_open]
    groups = _groups(request, document, errors)
    shown = {one.target for _label, inputs in groups for one in inputs}
    context = {
        "document": document,
        "findings": findings,
        "groups": groups,
        "wanted": request.query_params.get("field", ""),
        "errors": {name: text for name, text in errors.items() if name not in shown},
    }
    return render(request, "documents/correct.html", context, status=status)


def _groups(
    request: Request, document: Document, errors: Mapping[str, str]
) -> list[tuple[str, list[Input]]]:
    """Return the inputs in the groups of the validation screen; of a row all in one."""
    kind, form = document_type(document.document_type), visit_of(request).form
    table_id, row = request.query_params.get("table", ""), request.query_params.get("row", "")
    table = next((one for one in kind.tables if one.id == table_id), None)
    number = int(row) if row.isascii() and row.isdigit() and len(row) < 6 else 0
    if table is not None and not 1 <= number <= len(document.tables.get(table.id, ())) + 1:
        raise NotFound(_("There is no such row."))
    groups: dict[str, list[Input]] = {}
    for field in kind.fields if table is None else table.columns:
        target = Target(field.id) if table is None else Target(field.id, table.id, number)
        if not is_correctable(target, field):
            continue
        name, seen = str(target), value_of(document, target)
        typed = form.get(_VALUE + name)
        value = typed if isinstance(typed, str) else seen
        label = _("{table}, row {row}").format(table=table.label, row=number) if table else ""
        groups.setdefault(label or _(field.group), []).append(
            Input(name, field, seen, value, errors.get(name, ""))
        )
    return list(groups.items())


def _url(request: Request) -> str:
    return path_to(request, "document", document=request.path_params["document"])


_ONE = "/documents/{document}/correct"
ROUTES = [
    Route(_ONE, form, methods=["GET"], name="document_correct"),
    Route(_ONE, correct, methods=["POST"]),
]
