"""Lists of the manual's pages for programs: `llms.txt`, a site map, and what robots may read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape

from ionport.manual import CONTENTS, LANGUAGES, read_page


def language_model_list(
    address_of: Callable[[str], str], *, can_be_asked: bool, language: str = LANGUAGES[0]
) -> str:
    """Return the pages as Markdown, as `llms.txt` proposes (https://llmstxt.org).

    `address_of` gives the address of a page's Markdown by its name; `can_be_asked` says that a
    server answers questions there. Titles are in `language` where the page is.
    """
    lines = ["# ionport", "", "> Documents to Infor, and Infor's side of the wire, self-hosted."]
    for section, names in CONTENTS:
        lines += ["", f"## {section}", ""]
        lines += [f"- [{read_page(name, language).title}]({address_of(name)})" for name in names]
    if can_be_asked:
        lines += ["", "Ask any page: `GET <page>.md?ask=<question>`."]
    return "\n".join([*lines, ""])


def robots_rules(origin: str) -> str:
    """Return which addresses of a server search engines may read: the manual's (RFC 9309)."""
    rules = ("User-agent: *", "Allow: /manual", "Allow: /llms.txt", "Disallow: /", "")
    return "\n".join((*rules, f"Sitemap: {origin}/manual/sitemap.xml", ""))


def site_map(pages: Iterable[Mapping[str, str]]) -> str:
    """Return a site map (https://www.sitemaps.org/protocol.html).

    `pages`: of each page its whole addresses by language. Each address names the others, as search
    engines ask for it (https://developers.google.com/search/docs/specialty/international).
    """
    entries = [
        f"  <url><loc>{escape(address)}</loc>{_alternates(page)}</url>"
        for page in pages
        for address in page.values()
    ]
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        ' xmlns:xhtml="http://www.w3.org/1999/xhtml">'
    )
    return "\n".join([head, *entries, "</urlset>", ""])


def _alternates(page: Mapping[str, str]) -> str:
    if len(page) < 2:
        return ""
    return "".join(
        f'<xhtml:link rel="alternate" hreflang="{language}" href="{escape(address)}"/>'
        for language, address in page.items()
    )
