"""Markdown of the manual as HTML: no raw HTML, ids for headings, heads of columns for tables.

Pictures have their size, so that nothing moves when they arrive.
"""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

from ionport.manual import ManualPage, anchor_of, picture_at
from ionport.manual.sections import new_parser

_markdown = new_parser()


def _column_heading(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    tokens[index].attrSet("scope", "col")
    return renderer.renderToken(tokens, index, options, env)


def _heading(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    own = anchor_of(tokens[index + 1].content)
    is_title = tokens[index].tag == "h1"
    tokens[index].attrSet("id", own if is_title else next(env["anchors"], own))
    return renderer.renderToken(tokens, index, options, env)


_RULES = ("rules", "mapping-rules")
"""The pages with a table of rules."""


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


def _image(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    width, height = picture_at(str(tokens[index].attrGet("src"))).size
    for name, value in (("width", width), ("height", height), ("loading", "lazy")):
        tokens[index].attrSet(name, str(value))
    return renderer.image(tokens, index, options, env)


_markdown.add_render_rule("image", _image)
_markdown.add_render_rule("th_open", _column_heading)
_markdown.add_render_rule("tr_open", _row)
_markdown.add_render_rule("heading_open", _heading)


def page_html(page: ManualPage) -> Markup:
    """Return a page of the manual as HTML; its headings have the ids of the English page."""
    env = {"has_rules": page.name in _RULES, "anchors": iter(page.anchors)}
    return Markup(_markdown.render(page.text, env))  # noqa: S704 - our own


def html_of(text: str) -> Markup:
    """Return Markdown of the manual, a part of a page, as HTML that is safe to show."""
    return Markup(_markdown.render(text, {"anchors": iter(())}))  # noqa: S704 - our own
