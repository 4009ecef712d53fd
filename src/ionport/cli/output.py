"""How commands print: tables with headers and pages for people, JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click

from ionport.core.paging import MAX_PER_PAGE, Page, PageRequest

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])
Row = Mapping[str, Any]

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def paged(command: Command) -> Command:
    """Give a command the options --page and --per-page."""
    per_page = click.option(
        "--per-page",
        type=click.IntRange(1, MAX_PER_PAGE),
        default=50,
        show_default=True,
        help="Rows of a page.",
    )
    page = click.option("--page", type=click.IntRange(1), default=1, help="Which page to show.")
    return page(per_page(command))


def print_json(value: Any) -> None:
    """Print `value` for machines, indented."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_page(
    page: Page[T], row_of: Callable[[T], Row], *, as_json: bool, shown: Iterable[str], empty: str
) -> None:
    """Print one page of a list: all of each row as JSON, or the columns `shown` as a table.

    `empty` says what to do when there is nothing.
    """
    rows = [row_of(item) for item in page.items]
    print_rows(rows, as_json=as_json, shown=shown, empty=empty if page.request.number == 1 else "")
    if not as_json and page.pages > 1:
        click.echo(f"Page {page.request.number} of {page.pages}, {page.total} in all (--page).")


def print_rows(rows: Sequence[Row], *, as_json: bool, shown: Iterable[str], empty: str) -> None:
    """Print rows as JSON, or the columns `shown` as a table with headers."""
    if as_json:
        print_json(rows)
    elif rows:
        _print_table(rows, list(shown))
    elif empty:
        click.echo(empty)


def whole(items: Sequence[T]) -> Page[T]:
    """Return a bounded list as its only page."""
    return Page(items, len(items), PageRequest(per_page=MAX_PER_PAGE))


def _print_table(rows: Sequence[Row], shown: Sequence[str]) -> None:
    cells = [[name.replace("_", " ").upper() for name in shown]]
    cells += [[_cell(row[name]) for name in shown] for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(shown))]
    for line in cells:
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    # Names come from outside: they must not control the terminal or break a line.
    return "".join(sign if sign.isprintable() else " " for sign in str(value))
