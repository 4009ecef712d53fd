"""Correcting a document: its header fields, or one row of a table, on the document's page."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput, IonportError, NotFound
from ionport.core.i18n import _, ngettext
from ionport.documents.intake.imports.numbers import typed_number
from ionport.documents.retention.model import PURGED
from ionport.documents.types import DOCUMENT_TYPES, FieldType, document_type, number_of
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.pages.documents.document.order import next_page
from ionport.web.pages.documents.document.page import Form, document_page
from ionport.web.rendering.templating import path_to, redirect
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, organization_write, visit_of

MANUAL = "decisions"

_VALUE, _SEEN = "value ", "seen "
_MAX_ROW = 6
_NAME_LENGTH = 60
_LONGEST = 100
# The same in every document type.
_NUMBERS = frozenset(
    one.id
    for kind in DOCUMENT_TYPES.values()
    for fields in (kind.fields, *(table.columns for table in kind.tables))
    for one in fields
    if one.type in (FieldType.AMOUNT, FieldType.NUMBER)
)


def form(request: Request) -> Response:
    """Show the values in a form, and show others who has it open."""
    with organization_write(request) as access:
        documents_of(request).documents.editing.begin(access, request.path_params["document"])
    return _page(request, {})


def take_over(request: Request) -> Response:
    """Edit a document that another person edits, which the timeline and this page show them."""
    document_id = request.path_params["document"]
    with organization_write(request) as access:
        documents_of(request).documents.editing.take_over(access, document_id)
    return redirect(request, path_to(request, "document_correct", document=document_id))


def correct(request: Request) -> Response:
    """Correct what was changed in the form; everything else stays as it is."""
    visit = visit_of(request)
    names = [name.removeprefix(_VALUE) for name in visit.form if name.startswith(_VALUE)]
    seen = {name: text_of(visit.form, _SEEN + name) for name in names}
    try:
        changed = _changed(
            request, {name: text_of(visit.form, _VALUE + name) for name in names}, seen
        )
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
        if error.code == PURGED:
            raise
        return _page(request, {"": error.text}, error.status)
    with visit.write(organization_scope(request)) as access:
        documents_of(request).documents.editing.end(access, request.path_params["document"])
    text = _corrected_text(request) if made else _("Nothing was changed.")
    if "next" in visit.form:
        return next_page(request, text)
    return redirect(request, _url(request), kind="success" if made else "info", text=text)


def _changed(
    request: Request, typed: Mapping[str, str], seen: Mapping[str, str]
) -> Mapping[str, str]:
    """Return what somebody has changed, numbers as they are stored.

    Raises InvalidInput for numbers that can be read in two ways.
    """
    language = request.headers.get("accept-language", "en").strip().lower()
    changed, wrong = {}, {}
    for name, text in typed.items():
        value, is_number = text, name.rpartition("/")[2] in _NUMBERS and len(text) <= _LONGEST
        if is_number:
            try:
                value = typed_number(text, reads_english=language.startswith(("en", "*")))
            except ValueError as error:
                wrong[name] = str(error)
        if value != seen[name] and not (is_number and _is_same(value, seen[name])):
            changed[name] = value
    if wrong:
        raise InvalidInput(next(iter(wrong.values())), code="two_ways", fields=wrong)
    return changed


def _is_same(typed: str, seen: str) -> bool:
    """Tell whether two texts are one number: an editor has more digits than what is stored."""
    try:
        return Decimal(typed) == Decimal(seen)
    except InvalidOperation:
        return False


def _corrected_text(request: Request) -> str:
    """Return the message about the corrected document: the next page may show another one."""
    visit = visit_of(request)
    with visit.read(organization_scope(request)) as access:
        document = documents_of(request).documents.get(access, request.path_params["document"])
    name = number_of(document.fields)[:_NAME_LENGTH] or document.filename
    text = _("{name} was corrected and judged anew.").format(name=name)
    if document.open_findings:
        held = ngettext("{n} finding holds it.", "{n} findings hold it.", document.open_findings)
        text = f"{text} {held.format(n=document.open_findings)}"
    return text


def _page(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    visit = visit_of(request)
    typed = {
        name.removeprefix(_VALUE): value
        for name, value in visit.form.items()
        if name.startswith(_VALUE) and isinstance(value, str)
    }
    table, row = _row(request)
    wanted = request.query_params.get("field", "")
    return document_page(request, Form(typed, errors, wanted, table, row), status)


def _row(request: Request) -> tuple[str, int]:
    """Return the table and the row that the address names, empty and 0 for the header."""
    wanted, text = request.query_params.get("table", ""), request.query_params.get("row", "")
    visit = visit_of(request)
    with visit.read(organization_scope(request)) as access:
        document = documents_of(request).documents.get(access, request.path_params["document"])
    tables = document_type(document.document_type).tables
    table = next((one for one in tables if one.id == wanted), None)
    if table is None:
        return "", 0
    number = int(text) if text.isascii() and text.isdigit() and len(text) < _MAX_ROW else 0
    if not 1 <= number <= len(document.tables.get(table.id, ())) + 1:
        raise NotFound(_("There is no such row."))
    return table.id, number


def _url(request: Request) -> str:
    return path_to(request, "document", document=request.path_params["document"])


_ONE = "/documents/{document}/correct"
ROUTES = [
    *form_routes(_ONE, form, correct, name="document_correct"),
    Route(f"{_ONE}/take-over", take_over, methods=["POST"], name="document_take_over"),
]
