"""The list of documents as a CSV file: every document that matches, in the order of the list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ionport.core.i18n import _
from ionport.core.paging import MAX_PER_PAGE
from ionport.documents.bulk.model import MAX_DOCUMENTS
from ionport.documents.listing.model import ListPage, ListQuery
from ionport.documents.model import DocumentSort, DocumentSummary
from ionport.web.pages.documents.listing.filters import NAMES, filter_of
from ionport.web.rendering.csv_lines import BYTE_ORDER_MARK, csv_line
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.lists import ListState
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "document-list"


def download(request: Request) -> Response:
    """Send the documents that the filters find as CSV, page by page as they are read."""
    visit = visit_of(request)
    state = ListState.of(
        request,
        sorts=[DocumentSort.CREATED_AT.value, *(sort.value for sort in DocumentSort)],
        filters=NAMES,
        default_descending=True,
    )
    query = ListQuery(
        filter_of(state.filters, visit.services.clock.now()),
        DocumentSort(state.sort),
        descending=state.descending,
        limit=MAX_PER_PAGE,
    )
    # What goes wrong at once is told by a page, and not in the middle of the file.
    first = _page(request, query)
    headers = attachment(b"", "documents.csv").headers
    kept = ("content-disposition", "content-security-policy", "cache-control")
    return StreamingResponse(
        _lines(request, query, first),
        media_type="text/csv",
        headers={name: headers[name] for name in kept},
    )


def _lines(request: Request, query: ListQuery, page: ListPage) -> Iterator[bytes]:
    yield BYTE_ORDER_MARK + csv_line(_headings())
    left = MAX_DOCUMENTS
    while True:
        yield b"".join(csv_line(_cells(item)) for item in page.items[:left])
        left -= len(page.items)
        if page.next is None or left <= 0:
            return
        page = _page(request, replace(query, cursor=page.next))


def _page(request: Request, query: ListQuery) -> ListPage:
    """Read one page in a transaction of its own, which no slow receiver keeps open."""
    with visit_of(request).read(organization_scope(request)) as access:
        service = documents_of(request).documents
        return service.browse(access, query)


def _headings() -> list[str]:
    return [
        _("Document Name"),
        _("Id"),
        _("Status"),
        _("Type"),
        _("Invoice Number"),
        _("Supplier Name"),
        _("Invoice Date"),
        _("Total Amount"),
        _("Currency"),
        _("Findings that hold"),
        _("Imported On"),
        _("Created By"),
        _("Updated"),
    ]


def _cells(item: DocumentSummary) -> list[str]:
    return [
        item.filename,
        item.id,
        item.status.label,
        item.document_type,
        item.number,
        item.supplier_name,
        item.invoice_date,
        item.total_amount,
        item.currency,
        str(item.open_findings),
        item.created_at.isoformat(timespec="seconds"),
        item.created_by,
        item.updated_at.isoformat(timespec="seconds"),
    ]


ROUTES = [Route("/documents/list.csv", download, name="documents_csv")]
