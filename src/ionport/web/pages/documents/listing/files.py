"""The list of documents as a file: every document that matches, in the order of the list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ionport.core.i18n import _
from ionport.documents.list_files import csv_file
from ionport.documents.list_files.model import FileFormat
from ionport.documents.list_files.service import ListFileService
from ionport.documents.listing.columns import file_columns
from ionport.documents.listing.model import ListQuery
from ionport.documents.model import DocumentSort, DocumentSummary
from ionport.identity.groups.permissions import Permission
from ionport.web.forms.fields import text_of
from ionport.web.pages.documents.listing.filters import NAMES, filter_of, told
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "document-list"


def stream(request: Request) -> Response:
    """Send the documents that the filters find as CSV, page by page as they are read."""
    state = ListState.of(
        request,
        sorts=[DocumentSort.CREATED_AT.value, *(sort.value for sort in DocumentSort)],
        filters=NAMES,
        default_descending=True,
    )
    query = ListQuery(
        filter_of(visit_of(request), state.filters),
        DocumentSort(state.sort),
        descending=state.descending,
    )
    pages = documents_of(request).list_files.pages(organization_scope(request), query)
    # An error of the first page is shown as a page, and not in the middle of the file.
    first = next(pages)
    headers = attachment(b"", "documents.csv").headers
    kept = ("content-disposition", "content-security-policy", "cache-control")
    return StreamingResponse(
        _lines(chain([first], pages)),
        media_type="text/csv",
        headers={name: headers[name] for name in kept},
    )


def _lines(pages: Iterator[Sequence[DocumentSummary]]) -> Iterator[bytes]:
    every = file_columns()
    yield csv_file.head(every)
    for items in pages:
        yield csv_file.lines(items, every)


def make(request: Request) -> Response:
    """Send a short list as a file; a long one is made while its page tells how far it is."""
    visit, scope, files = visit_of(request), organization_scope(request), _files(request)
    name, sort = text_of(visit.form, "format"), text_of(visit.form, "sort")
    if name not in list(FileFormat):
        text = _("Choose how the list is written.")
        return redirect(request, path_to(request, "documents"), kind="warning", text=text)
    values = {each: text_of(visit.form, each) for each in NAMES}
    shown = None
    if text_of(visit.form, "columns") == "shown":
        with visit.read(scope) as access:
            shown = documents_of(request).list_settings.get(access).columns
    query = ListQuery(
        filter_of(visit, values),
        DocumentSort(sort) if sort in list(DocumentSort) else DocumentSort.CREATED_AT,
        descending=text_of(visit.form, "dir") != "asc",
        columns=None if shown is None else tuple(each.id for each in shown),
    )
    order = {"sort": query.sort.value, "dir": "desc" if query.descending else "asc"}
    with visit.write(scope) as access:
        file = files.ask(access, query, FileFormat(name), {**told(values), **order})
    if file is None:
        return attachment(files.make(scope, query, FileFormat(name)), f"documents.{name}")
    documents_of(request).list_file_runner.wake()
    return redirect(request, path_to(request, "documents_file", file=file.id))


def show(request: Request) -> Response:
    """Show the progress of a file, and offer it when it is done."""
    with visit_of(request).read(organization_scope(request)) as access:
        file = _files(request).get(access, request.path_params["file"])
        is_seen = file.is_within(access.types_for(Permission.SEE))
    percent = 100 * file.done // file.total if file.total else 100
    context = {"file": file, "percent": percent, "is_seen": is_seen}
    return render(request, "documents/listing/files.html", context)


def content(request: Request) -> Response:
    """Send a file that is done."""
    with visit_of(request).read(organization_scope(request)) as access:
        file, found = _files(request).content(access, request.path_params["file"])
    return attachment(found, file.name)


def cancel(request: Request) -> Response:
    """Stop making a file."""
    file_id = request.path_params["file"]
    with visit_of(request).write(organization_scope(request)) as access:
        _files(request).cancel(access, file_id)
    return redirect(request, path_to(request, "documents_file", file=file_id))


def _files(request: Request) -> ListFileService:
    return documents_of(request).list_files


_ONE = "/documents/files/{file}"
ROUTES = [
    Route("/documents/list.csv", stream, name="documents_csv"),
    Route("/documents/files", make, methods=["POST"], name="documents_files"),
    Route(_ONE, show, name="documents_file"),
    Route(f"{_ONE}/content", content, name="documents_file_content"),
    Route(f"{_ONE}/cancel", cancel, methods=["POST"], name="documents_file_cancel"),
]
