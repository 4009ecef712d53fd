"""The page as HTML: one article, every text escaped, without scripts and styles of its own."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from ionport.documents.invoice.rendering.model import (
    Block,
    Columns,
    Fact,
    Facts,
    Row,
    Sheet,
    Table,
)

_STYLE = Path(__file__).with_name("page.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def stylesheet() -> str:
    """Return the style of the article, for light and dark screens and for paper."""
    return _STYLE.read_text(encoding="utf-8")


def html_article(sheet: Sheet, heading: int = 1) -> str:
    """Return the page as an `article`; `heading` is the level of its title (1 to 4)."""
    return "".join(_article(sheet, heading))


def html_page(sheet: Sheet) -> str:
    """Return the page as a complete file, which loads nothing and runs nothing."""
    return (
        f'<!DOCTYPE html>\n<html lang="{sheet.language}">\n<head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(sheet.title)}</title>\n<style>\n{stylesheet()}</style></head>\n"
        f'<body class="invoice-file">\n{html_article(sheet)}</body>\n</html>\n'
    )


def _article(sheet: Sheet, heading: int) -> Iterator[str]:
    yield f'<article class="invoice" lang="{sheet.language}">\n'
    yield f"<h{heading}>{_text(sheet.title)}</h{heading}>\n"
    for block in sheet.blocks:
        yield from _block(block, heading + 1)
    yield "</article>\n"


def _block(block: Block, heading: int) -> Iterator[str]:
    if isinstance(block, Columns):
        yield '<div class="invoice-columns">\n'
        for part in block.parts:
            yield from _facts(part, heading)
        yield "</div>\n"
    elif isinstance(block, Facts):
        yield from _facts(block, heading)
    else:
        yield from _table(block, heading)


def _facts(facts: Facts, heading: int) -> Iterator[str]:
    numeric = ' class="invoice-sums"' if facts.is_numeric else ""
    yield f"<section{numeric}>\n<h{heading}>{_text(facts.title)}</h{heading}>\n<dl>\n"
    for row in facts.rows:
        yield f"<dt{_term(row)}>{_text(row.label)}</dt><dd>{_changed(row)}</dd>\n"
    yield "</dl>\n</section>\n"


def _table(table: Table, heading: int) -> Iterator[str]:
    title = escape(table.title, quote=True)
    yield f"<section>\n<h{heading}>{_text(table.title)}</h{heading}>\n"
    if table.remark:
        yield f'<p class="invoice-remark">{_text(table.remark)}</p>\n'
    # A table wider than the screen scrolls alone, by keyboard too.
    yield f'<div class="invoice-table" tabindex="0" role="region" aria-label="{title}">\n<table>\n'
    yield "<thead><tr>"
    for head, is_numeric in zip(table.heads, table.numeric, strict=True):
        yield f'<th scope="col"{_number(is_numeric)}>{_text(head)}</th>'
    yield "</tr></thead>\n<tbody>\n"
    for row in table.rows:
        yield from _row(row, table)
    yield "</tbody>\n</table>\n</div>\n</section>\n"


def _row(row: Row, table: Table) -> Iterator[str]:
    kind = f' class="invoice-level-{row.level}{" invoice-uncounted" if row.remark else ""}"'
    yield f"<tr{kind}>"
    was = row.was or (None,) * len(row.cells)
    for cell, is_numeric, before in zip(row.cells, table.numeric, was, strict=True):
        yield f"<td{_number(is_numeric)}>{_marked(cell, before)}</td>"
    yield "</tr>\n"
    if not (row.details or row.remark):
        return
    yield f'<tr{kind}><td class="invoice-details" colspan="{len(row.cells)}">'
    if row.remark:
        yield f"<p>{_text(row.remark)}</p>"
    if row.details:
        yield "<ul>"
        for fact in row.details:
            yield f"<li{_term(fact)}><span>{_text(fact.label)}</span> {_changed(fact)}</li>"
        yield "</ul>"
    yield "</td></tr>\n"


def _number(is_numeric: bool) -> str:
    return ' class="number"' if is_numeric else ""


def _term(fact: Fact) -> str:
    return f' title="{escape(fact.term, quote=True)}"' if fact.term else ""


def _changed(fact: Fact) -> str:
    return _marked(fact.text, fact.was)


def _marked(text: str, was: str | None) -> str:
    """Return a text; one that a person has corrected with the old one struck out behind it."""
    if was is None:
        return _text(text)
    return f"<ins>{_text(text)}</ins>" + (f" <del>{_text(was)}</del>" if was else "")


def _text(text: str) -> str:
    """Escape, and keep direction marks of one value from reversing the text beside it."""
    return f"<bdi>{escape(text)}</bdi>" if not text.isascii() else escape(text)
