"""The form view of a mapping file: a row for each line, edited without touching other lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import NotFound
from ionport.core.i18n import _
from ionport.mappings.completions import sources, targets
from ionport.mappings.grammars.entries.editing import edited, entries_of, has_rows
from ionport.mappings.grammars.entries.model import (
    Entries,
    Entry,
    EntryError,
    Order,
    Reason,
    Typed,
)
from ionport.mappings.grammars.entries.reading import Reading, reading_of
from ionport.mappings.grammars.files import recognise_kind
from ionport.mappings.model import Finding, MappingKind, MappingVersion
from ionport.mappings.versions.differences import with_line_ends
from ionport.web.forms.fields import lines_of, number_in, text_of, whole_number
from ionport.web.pages.mappings.deleted import keep_as_new
from ionport.web.pages.mappings.file import (
    Checked,
    checked_text,
    chosen_document,
    findings_of,
    fixed,
    newest_of,
    save_text,
    text_page,
)
from ionport.web.pages.mappings.preview import offered_documents
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "mapping-files"

ROWS = 150
"""How many rows a page of the form has: two fields for each fill the limit of a form."""
_ADD, _TEXT, _SAVE, _PAGE = "add", "text", "save", "page"
_OF_ROW = frozenset({"remove", "up", "down"})


@dataclass(frozen=True, slots=True)
class Row:
    """A row as the page shows it; each finding has its number among all, for its quick fix."""

    entry: Entry
    reading: Reading | None
    findings: Sequence[tuple[int, Finding]]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A sent form: the text that it began with, and the requested change."""

    text: str
    action: str
    number: int
    typed: Mapping[int, Typed]
    order: Order


def show(request: Request) -> Response:
    """Show the newest version of a file as rows; a stylesheet leads to its text."""
    file, version = newest_of(request)
    if not has_rows(version.kind):
        url = path_to(request, "mapping_file", mapping=file.id)
        return redirect(request, url, text=_no_form())
    return _page(request, version, version.text)


def send(request: Request) -> Response:
    """Change rows, look at findings and preview, go over to the text, or save."""
    form = visit_of(request).form
    try:
        _file, newest = newest_of(request)
        asked = _asked(form, newest.text)
        return _answer(request, newest, asked)
    except NotFound:
        asked = _asked(form, "")
        kind = recognise_kind(asked.text)
        return keep_as_new(request, _edited(kind, asked)[0] if kind else asked.text)


def _answer(request: Request, newest: MappingVersion, asked: _Asked) -> Response:
    if not has_rows(newest.kind):
        return text_page(request, newest, asked.text)
    text, error = _edited(newest.kind, asked)
    if error is not None:
        return _page(request, newest, asked.text, asked.typed, error, status=422)
    if asked.action == _TEXT:
        return text_page(request, newest, text)
    if asked.action == _SAVE:
        return save_text(request, newest, text, then="mapping_file_form")
    if asked.action == "fix":
        text = _mended(newest.kind, asked, text)
    return _page(request, newest, text)


def _mended(kind: MappingKind, asked: _Asked, text: str) -> str:
    """Return the text with the quick fix of a finding that the page showed.

    Typed changes may have changed the findings, so that it is looked up again.
    """
    shown = findings_of(asked.text, kind)[asked.number - 1 : asked.number]
    for number, finding in enumerate(findings_of(text, kind), start=1):
        if [(one.code, one.line) for one in shown] == [(finding.code, finding.line)]:
            return fixed(text, kind, number)
    return text


def _edited(kind: MappingKind, asked: _Asked) -> tuple[str, EntryError | None]:
    try:
        return edited(kind, asked.text, asked.typed, asked.order), None
    except EntryError as error:
        # A text that cannot be read has no rows: the page shows it as it is.
        is_unread = error.reason is Reason.UNREADABLE
        return asked.text, None if is_unread else error


def _asked(form: FormData, stored: str) -> _Asked:
    action, _colon, which = text_of(form, "action").partition(":")
    number = number_in(which) or 0
    typed = {
        line: Typed(text_of(form, f"name.{line}"), text_of(form, f"value.{line}"))
        for line in _numbers(form)
    }
    order = Order()
    if action in _OF_ROW:
        order = Order(action, number)
    elif action == _ADD:
        new = Typed(text_of(form, "new.name"), text_of(form, "new.value"))
        order = Order(_ADD, group=text_of(form, "new.group"), typed=new)
    text = with_line_ends(lines_of(form, "text"), stored)
    return _Asked(text, action, number, typed, order)


def _numbers(form: FormData) -> Iterator[int]:
    for name in form:
        prefix, _dot, number = name.partition(".")
        if prefix == "name" and f"value.{number}" in form and (found := number_in(number)):
            yield found


def _page(
    request: Request,
    newest: MappingVersion,
    text: str,
    typed: Mapping[int, Typed] | None = None,
    error: EntryError | None = None,
    status: int = 200,
) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    with visit.read(scope) as access:
        file = documents_of(request).mappings.get(access, newest.mapping_id)
    form, kind = visit.form, newest.kind
    checked = checked_text(request, text, kind)
    try:
        entries = entries_of(kind, text)
    except EntryError:
        entries = Entries((), ())
    pages = max(1, -(-len(entries.rows) // ROWS))
    page = min(max(_page_number(form), 1), pages)
    rows = _rows(kind, entries.rows[(page - 1) * ROWS : page * ROWS], checked)
    shown = {row.entry.number for row in rows}
    context = {
        "file": file,
        "saved": newest,
        "text": text,
        "checked": checked,
        "rows": rows,
        "others": [
            (number, finding)
            for number, finding in enumerate(checked.findings, start=1)
            if finding.line not in shown
        ],
        "groups": entries.groups,
        "total": len(entries.rows),
        "page_number": page,
        "pages": pages,
        "typed": typed or {},
        "error": error,
        "error_text": _error_text(error) if error else "",
        "new": {name: text_of(form, f"new.{name}") for name in ("group", "name", "value")}
        if error
        else {"group": text_of(form, "new.group"), "name": "", "value": ""},
        "sources": sources(kind),
        "targets": targets(kind),
        "based_on": whole_number(form, "based_on") or newest.number,
        "is_edited": text != newest.text,
        "documents": offered_documents(request),
        "document_id": chosen_document(request),
    }
    return render(request, "mappings/form.html", context, status=status)


def _page_number(form: FormData) -> int:
    action, _colon, which = text_of(form, "action").partition(":")
    return (number_in(which) if action == _PAGE else whole_number(form, "page")) or 1


def _rows(kind: MappingKind, entries: Sequence[Entry], checked: Checked) -> list[Row]:
    by_line: dict[int, list[tuple[int, Finding]]] = {}
    for number, finding in enumerate(checked.findings, start=1):
        if finding.line is not None:
            by_line.setdefault(finding.line, []).append((number, finding))
    return [Row(one, reading_of(kind, one), by_line.get(one.number, ())) for one in entries]


def _error_text(error: EntryError) -> str:
    return {
        Reason.NAME_EMPTY: _("Enter a name."),
        Reason.NAME_SIGNS: _(
            "A name has no “=”, “,” or “:”, does not begin with “#”, and is one line."
        ),
        Reason.VALUE_LINES: _("A value is one line."),
        Reason.NAME_TAKEN: _("There is a line with this name already. Change that one."),
        Reason.NO_ROW: _("This line is not there any more. Look at the rows and try again."),
        Reason.UNREADABLE: _("The text cannot be read as rows."),
    }[error.reason]


def _no_form() -> str:
    return _("A stylesheet is a program: it is edited as text alone.")


ROUTES = form_routes("/settings/mapping-files/{mapping}/form", show, send, name="mapping_file_form")
