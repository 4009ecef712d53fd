"""Markdown of the manual as HTML: no raw HTML, ids for headings, heads of columns for tables."""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

from ionport.manual.sections import anchor_of, new_parser

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
    tokens[index].attrSet("id", anchor_of(tokens[index + 1].content))
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


_markdown.add_render_rule("th_open", _column_heading)
_markdown.add_render_rule("tr_open", _row)
_markdown.add_render_rule("heading_open", _heading)


def html_of(text: str, page: str = "") -> Markup:
    """Return Markdown of the manual as HTML that is safe to show; `page`: a whole page's name."""
    return Markup(_markdown.render(text, {"has_rules": page in _RULES}))  # noqa: S704 - our own
