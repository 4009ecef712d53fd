"""The invoice as people know it, on the document's page: its article, its PDF, the files inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import IonportError, NotFound
from ionport.core.i18n import _
from ionport.core.i18n import language as page_language
from ionport.core.unpacking.pdf import is_pdf
from ionport.core.unpacking.pdf_pages import MEDIA_TYPE, PageSizes
from ionport.documents.invoice.attachments import Attachment
from ionport.documents.invoice.rendering.html import html_article, stylesheet
from ionport.documents.invoice.rendering.model import Block, Language, Sheet, Table
from ionport.documents.model import Document
from ionport.documents.review.decisions.model import DocumentDecision
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.templating import path_to
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope

MANUAL = "readable-invoice"

MAX_ROWS: Final = 200
"""Rows of a table that the document's page shows; the PDF has them all."""

_PDF = "application/pdf"
_NAMES = {Language.ENGLISH: "English", Language.GERMAN: "Deutsch", Language.FRENCH: "Français"}
# The browser's own reader shows the file, in a frame of our page and of no other.
_SHOWN_HERE = {
    "Content-Disposition": "inline",
    "Content-Security-Policy": "default-src 'none'; object-src 'self'; frame-ancestors 'self'",
    "Cache-Control": "no-store",
}


# The received file never changes; only the person's own browser may cache it.
_KEPT_FOR_A_DAY = {"Cache-Control": "private, max-age=86400, immutable"}


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """The same page in another language."""

    name: str
    language: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class ShownInvoice:
    """What the partial `_invoice.html` shows; `problem` says why there is no article.

    With `is_gone` retention has removed the content.
    """

    article: Markup
    problem: str
    is_pdf: bool
    pages: PageSizes | None
    """Of a received PDF that can be drawn; else the browser's own reader shows it."""
    pdf_url: str
    languages: Sequence[LanguageLink]
    attachments: Sequence[tuple[int, Attachment]]
    is_gone: bool = False


def shown_invoice(
    request: Request, document: Document, decisions: Sequence[DocumentDecision]
) -> ShownInvoice:
    """Return the invoice of a document; called without a transaction."""
    language = _language(request)
    here = path_to(request, "document", document=document.id)
    pdf_url = path_to(request, "document_pdf", document=document.id)
    article, problem, files = Markup(), "", []
    is_received = document.mime_type == _PDF
    try:
        sheet, inside = documents_of(request).readable_pages.shown(document, decisions, language)
        # Every text of the article is escaped where it is made.
        article = Markup(html_article(_shortened(sheet), heading=3))  # noqa: S704
        files = [(number, each) for number, each in enumerate(inside, start=1) if each.size]
    except IonportError as error:
        problem = error.text
    return ShownInvoice(
        article=article,
        problem=problem,
        is_pdf=is_received,
        pages=_pages(request, document) if is_received else None,
        pdf_url=f"{pdf_url}?language={language}",
        languages=[
            LanguageLink(name, each, f"{here}?language={each}#invoice", each == language)
            for each, name in _NAMES.items()
        ],
        attachments=files,
        is_gone=document.purged_at is not None,
    )


def _pages(request: Request, document: Document) -> PageSizes | None:
    try:
        return documents_of(request).pictures.sizes(document)
    except IonportError:
        return None


def pdf(request: Request) -> Response:
    """Show or, with `download`, save the PDF: the one received, or the one made of the XML."""
    services, document_id = documents_of(request), request.path_params["document"]
    with organization_read(request) as access:
        document = services.documents.get(access, document_id)
    content = services.readable_pages.pdf(
        organization_scope(request), document_id, _language(request)
    )
    if "download" in request.query_params or not is_pdf(content):
        return attachment(content, document.filename.removesuffix(".xml") + ".pdf")
    return Response(content, media_type=_PDF, headers=_SHOWN_HERE)


def page_picture(request: Request) -> Response:
    """Send a page of the received PDF as a picture; the browser keeps it for a day."""
    content = documents_of(request).pictures.picture(
        organization_scope(request), request.path_params["document"], request.path_params["number"]
    )
    return Response(content, media_type=MEDIA_TYPE, headers=_KEPT_FOR_A_DAY)


def attached_file(request: Request) -> Response:
    """Send a file that stands inside the invoice."""
    scope = organization_scope(request)
    document_id, number = request.path_params["document"], request.path_params["number"]
    files = documents_of(request).readable_pages.attachments(scope, document_id)
    chosen = files[number - 1] if 0 < number <= len(files) else None
    if chosen is None or not chosen.content:
        raise NotFound(_("There is no such attachment."), code="no_attachment")
    return attachment(chosen.content, chosen.filename or chosen.reference or "attachment")


def style(request: Request) -> Response:
    """Send the style of the article."""
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(stylesheet(), media_type="text/css", headers=headers)


def _language(request: Request) -> Language:
    """Return the language that is asked for, else that of the page."""
    wanted = request.query_params.get("language", "").strip()[:2].lower()
    return Language(wanted if wanted in set(Language) else page_language())


def _shortened(sheet: Sheet) -> Sheet:
    return replace(sheet, blocks=tuple(map(_first_rows, sheet.blocks)))


def _first_rows(block: Block) -> Block:
    if not isinstance(block, Table) or len(block.rows) <= MAX_ROWS:
        return block
    remark = _("The first {shown} of {count} rows; the PDF has them all.").format(
        shown=MAX_ROWS, count=len(block.rows)
    )
    return replace(block, rows=block.rows[:MAX_ROWS], remark=f"{block.remark} {remark}".strip())


_ONE = "/documents/{document}"
ROUTES = [
    Route("/documents/invoice.css", style, name="invoice_style"),
    Route(f"{_ONE}/page.pdf", pdf, name="document_pdf"),
    Route(f"{_ONE}/pages/{{number:int}}.webp", page_picture, name="document_page"),
    Route(f"{_ONE}/attachments/{{number:int}}", attached_file, name="document_attachment"),
]
