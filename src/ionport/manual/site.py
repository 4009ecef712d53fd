"""What lists the pages of the manual for programs: `llms.txt` and a site map."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

from ionport.manual import CONTENTS, read_page


def language_model_list(address_of: Callable[[str], str], *, can_be_asked: bool) -> str:
    """Return the pages as Markdown, as `llms.txt` proposes (https://llmstxt.org).

    `address_of` gives the address of a page's Markdown by its name; `can_be_asked` says that a
    server answers questions there.
    """
    lines = ["# ionport", "", "> Documents to Infor, and Infor's side of the wire, self-hosted."]
    for section, names in CONTENTS:
        lines += ["", f"## {section}", ""]
        lines += [f"- [{read_page(name).title}]({address_of(name)})" for name in names]
    if can_be_asked:
        lines += ["", "Ask any page: `GET <page>.md?ask=<question>`."]
    return "\n".join([*lines, ""])


def site_map(addresses: Iterable[str]) -> str:
    """Return a site map of whole addresses (https://www.sitemaps.org/protocol.html)."""
    entries = [f"  <url><loc>{escape(address)}</loc></url>" for address in addresses]
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">',
            *entries,
            "</urlset>",
            "",
        ]
    )
