"""The manual: `ionport.docs` as pages."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ionport.docs import CONTENTS, page_names, read_page
from ionport.web.templating import path_to, render

# Raw HTML is off: what the pages of the manual may contain is Markdown alone.
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


def first_page(request: Request) -> Response:
    """Lead to the first page."""
    return RedirectResponse(path_to(request, "manual_page", page=page_names()[0]), 303)


def show(request: Request) -> Response:
    """Show a page beside the contents."""
    page = read_page(str(request.path_params["page"]))
    contents = [
        (section, [(name, read_page(name).title) for name in names]) for section, names in CONTENTS
    ]
    # The text is ours and rendered without raw HTML, hence safe to show as it is.
    html = Markup(_markdown.render(page.text))  # noqa: S704
    return render(request, "manual/page.html", {"page": page, "contents": contents, "html": html})


ROUTES = [
    Route("/manual", first_page, name="manual"),
    Route("/manual/{page}", show, name="manual_page"),
]
