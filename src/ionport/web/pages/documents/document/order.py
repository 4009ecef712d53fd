"""The list that a document was opened from: the way back to it, and to the next document of it.

The list's filters and order are kept in a cookie when a person comes from there; whatever they
decide on the way, the next document is that of the same list.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.i18n import _
from ionport.documents.listing.model import ListQuery
from ionport.documents.model import Document, DocumentSort
from ionport.store import Work
from ionport.web.middleware import cookies
from ionport.web.pages.documents.listing.filters import filter_of
from ionport.web.rendering.templating import came_from, path_to, redirect
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "decisions"

_MAX_QUERY: Final = 1_000


def remember_list(request: Request, response: Response) -> None:
    """Keep the list in the response's cookie, when the person comes from one."""
    query = _came_with(request)
    if query is not None:
        secure = visit_of(request).secure_cookies
        value = base64.urlsafe_b64encode(query.encode()).decode()
        name = cookies.names(request, secure=secure).list
        response.headers.append("Set-Cookie", cookies.made(name, value, secure))


def list_url(request: Request) -> str:
    """Return the address of the list that the person came from, with its filters."""
    query = _query(request)
    return path_to(request, "documents") + (f"?{query}" if query else "")


def show_next(request: Request) -> Response:
    """Go on to the next document of the list; back to the list where there is none."""
    return next_page(request, "")


def next_page(request: Request, text: str) -> Response:
    """Go on to the next document and say `text` there, if anything."""
    visit, scope = visit_of(request), organization_scope(request)
    with visit.services.database.read() as work:
        document = documents_of(request).documents.get(
            work.within(scope), request.path_params["document"]
        )
        following = _following(request, work, document)
    if following:
        return redirect(request, path_to(request, "document", document=following), text=text)
    last = _("That was the last document of the list.")
    return redirect(request, list_url(request), kind="info", text=f"{text} {last}".strip())


def _following(request: Request, work: Work, document: Document) -> str:
    """Return the id of the document behind this one, which may have left the list meanwhile."""
    values = dict(parse_qsl(_query(request)))
    sort, descending = _order(values)
    wanted = filter_of(visit_of(request), values)
    query = ListQuery(wanted, sort, descending=descending)
    scope = organization_scope(request)
    found = documents_of(request).documents.following(work.within(scope), query, document.id)
    return found.id if found is not None else ""


def _order(values: Mapping[str, str]) -> tuple[DocumentSort, bool]:
    sort = values.get("sort", "")
    if sort not in list(DocumentSort):
        return DocumentSort.CREATED_AT, True
    return DocumentSort(sort), values.get("dir", "desc") == "desc"


def _query(request: Request) -> str:
    query = _came_with(request)
    if query is not None:
        return query
    name = cookies.names(request, secure=visit_of(request).secure_cookies).list
    try:
        text = base64.urlsafe_b64decode(request.cookies.get(name, "")).decode()
    except (ValueError, binascii.Error):
        return ""
    return text if _is_query(text) else ""


def _came_with(request: Request) -> str | None:
    """Return the query of the list that led here; None when it was another page."""
    path, _mark, query = came_from(request).partition("?")
    if path != path_to(request, "documents"):
        return None
    return query if _is_query(query) else ""


def _is_query(text: str) -> bool:
    return len(text) <= _MAX_QUERY and text.isascii() and text.isprintable()


ROUTES = [Route("/documents/{document}/next", show_next, name="document_next")]
