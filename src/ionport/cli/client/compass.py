"""`ionport compass query`: SQL over the Data Lake of a tenant from the command line."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ionport.cli.client.opening import calling
from ionport.cli.output import as_json_option, print_json, print_rows
from ionport.ionapi.datafabric.operations import MAX_ROWS


@click.group()
def compass() -> None:
    """Query the Data Lake with an .ionapi file."""


@compass.command("query")
@click.argument("sql")
@click.argument(
    "credential", metavar="FILE", type=click.Path(path_type=Path), envvar="IONPORT_IONAPI"
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, the names of the columns first.")
@as_json_option
@click.option(
    "--most",
    type=click.IntRange(1, MAX_ROWS),
    default=MAX_ROWS,
    help="Refuse a result with more rows.",
)
@click.option(
    "--within",
    type=click.IntRange(1, 3_600),
    default=600,
    show_default=True,
    help="Seconds to wait for the query's end; then it is cancelled.",
)
def query(sql: str, credential: Path, as_csv: bool, as_json: bool, most: int, within: int) -> None:
    """Run SQL over the Data Lake with the .ionapi FILE and print the rows.

    For example: ionport compass query 'SELECT TOP 5 * FROM "MITMAS"' DocBits.ionapi --csv
    """
    if as_csv and as_json:
        raise click.UsageError("Choose one of --csv and --json.")
    with calling(credential, as_json=as_json) as client:
        found = client.datafabric.query(sql, most=most, within=within)
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(found.columns)
        writer.writerows(_cells(found.rows, found.columns))
    elif as_json:
        print_json([dict(row) for row in found.rows])
    else:
        filled = [{name: row.get(name) for name in found.columns} for row in found.rows]
        print_rows(filled, as_json=False, shown=found.columns, empty="No rows.")


def _cells(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[list[Any]]:
    for row in rows:
        values = (row.get(name) for name in columns)
        yield ["" if value is None else value for value in values]
