"""The manual: `ionport.manual` as pages."""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ionport.core.errors import NotFound
from ionport.core.i18n import _
from ionport.manual import CONTENTS, page_names, read_page
from ionport.web.rendering.templating import path_to, render

# Raw HTML is off: what the pages of the manual may contain is Markdown alone.
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


def _column_heading(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    tokens[index].attrSet("scope", "col")
    return renderer.renderToken(tokens, index, options, env)


def _row(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    """Give each rule of the table of rules an address: findings link to it."""
    is_cell = env.get("has_rules") and tokens[index + 1].type == "td_open"
    if is_cell and (name := tokens[index + 2].content.partition(" ")[0]):
        tokens[index].attrSet("id", name)
    return renderer.renderToken(tokens, index, options, env)


_markdown.add_render_rule("th_open", _column_heading)
_markdown.add_render_rule("tr_open", _row)


def first_page(request: Request) -> Response:
    """Lead to the first page."""
    return RedirectResponse(path_to(request, "manual_page", page=page_names()[0]), 303)


def show(request: Request) -> Response:
    """Show a page beside the contents."""
    name = str(request.path_params["page"])
    if name not in page_names():
        raise NotFound(_("The manual has no such page."))
    page = read_page(name)
    contents = [
        (section, [(name, read_page(name).title) for name in names]) for section, names in CONTENTS
    ]
    # The text is ours and rendered without raw HTML, hence safe to show as it is.
    html = Markup(_markdown.render(page.text, {"has_rules": name == "rules"}))  # noqa: S704
    return render(
        request, "general/manual.html", {"page": page, "contents": contents, "html": html}
    )


ROUTES = [
    Route("/manual", first_page, name="manual"),
    Route("/manual/{page}", show, name="manual_page"),
]
